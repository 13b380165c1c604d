"""Take events out again, in steps of bounded size, each with exactly its share in every total: nobody sees half a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from pyroaring import BitMap

from metrics_core.errors import ContendedError
from metrics_core.logs import log
from metrics_core.model.event import ORDER_COMPLETED
from metrics_core.model.instant import DAY, HOUR, Instant
from metrics_core.model.measure import TOTALS
from metrics_core.model.window import Window
from metrics_core.rollup.fold import fold
from metrics_core.rollup.totals import SETS as SET_NAMES
from metrics_core.store.mongo.facts import event_of, is_active
from metrics_core.store.mongo.kept import (
    SetPlace,
    add_totals,
    drop_zeros,
    empty_sets,
    empty_totals,
    every_set_between,
    every_total_between,
    kept_sets,
    replace_sets,
    rows_of,
)
from metrics_core.store.mongo.schema import FACTS, META, Fields
from metrics_core.store.mongo.server import Server, State
from metrics_core.store.mongo.turns import Turn, turn, turn_at_start
from metrics_core.store.mongo.users import UserNumbers
from metrics_core.store.mongo.versions import users_at
from metrics_core.store.mongo.writers import is_at_work, who

MOST = 20_000
"""Events in one step: a server ends a transaction that takes longer than a minute."""
_TRIES = 3
_NOTE = {"_id": "forgetting"}
_EVER = Window(-(1 << 62), 1 << 62)
_LONG_BEFORE = 110_000 * DAY
"""No event is so long before 1970; remainders of negative numbers are negative."""
_EVENTS = TOTALS.index("events")

Done = TypeVar("Done")


class Chosen(NamedTuple):
    """What is to go: of these origins, or of one run, or with neither all; what came after `until` stays."""

    origins: tuple[str, ...]
    run_id: str | None
    until: int

    @property
    def condition(self) -> Fields:
        """On facts."""
        if self.run_id is not None:
            return {"run_id": self.run_id}
        return {"origin": {"$in": list(self.origins)}} if self.origins else {}

    @property
    def facts(self) -> Fields:
        return {**self.condition, "kept": True, "_id": {"$lte": self.until}}


def forget(server: Server, users: UserNumbers, origins: Sequence[str], run_id: str | None, most: int = MOST) -> int:
    """Remove these events; how many there were. What a crash breaks off in the middle, `go_on` brings to its end."""
    with turn(server) as mine:
        chosen = Chosen(tuple(origins), run_id, mine.seq)
        parts = _parts(mine, chosen, most)
        if not parts:
            return _forget_all(mine, users, chosen)
        # Noted before anything goes; from here on it is done in the end, whatever happens.
        asked = {"$push": {"asked": {**chosen._asdict(), "by": who(server)}}}
        mine.database[META].update_one(_NOTE, asked, upsert=True, session=mine.session)
    return sum(_steps(server, users, chosen, parts, most))


def go_on(server: Server, users: UserNumbers, most: int = MOST) -> None:
    """Bring to its end what was noted and broke off. Doing it twice, or two at the same time, is the same."""
    noted = server.database[META].find_one(_NOTE)
    for asked in (noted or {}).get("asked", ()):
        if is_at_work(asked["by"], server):
            continue
        chosen = Chosen(tuple(asked["origins"]), asked["run_id"], int(asked["until"]))
        try:
            with turn_at_start(server) as mine:
                parts = _parts(mine, chosen, most)
            gone = sum(_steps(server, users, chosen, parts, most))
        except ContendedError as error:  # somebody else is at it, or the next start does it
            log(__name__).warning("events that were to be forgotten are still there", why=str(error))
        else:
            log(__name__).warning("what a crash had broken off was forgotten to its end", events=gone)


def _steps(server: Server, users: UserNumbers, chosen: Chosen, parts: Sequence[Window], most: int) -> Iterator[int]:
    """Each step is there whole or not at all, and after each the totals are those of the facts that are left."""
    for part in parts:
        is_all = False
        while not is_all:
            some = partial(_forget_some, users=users, chosen=chosen, part=part, most=most)
            number, is_all = _in_a_turn(server, some)
            yield number
    yield _in_a_turn(server, partial(_forget_the_rest, users=users, chosen=chosen))


def _in_a_turn(server: Server, do: Callable[[Turn], Done]) -> Done:
    """A step, tried again where others were in its way: nothing of it was done."""
    for again in range(_TRIES, -1, -1):
        try:
            with turn_at_start(server) as mine:
                return do(mine)
        except ContendedError:
            if not again:
                raise
    raise AssertionError


def _forget_the_rest(turn: Turn, users: UserNumbers, chosen: Chosen) -> int:
    number = _forget_all(turn, users, chosen)
    turn.database[META].update_one(_NOTE, {"$pull": {"asked": chosen._asdict()}}, session=turn.session)
    return number


def _parts(turn: Turn, chosen: Chosen, most: int) -> list[Window]:
    """Days that follow one another with not too many of these events, or one day with more; none where all fit together."""
    parts: list[Window] = []
    inside, whole = most, 0
    for day, number in _days(turn, chosen):
        whole += number
        if inside + number <= most:
            parts[-1], inside = Window(parts[-1].start, day + DAY), inside + number
        else:
            parts.append(Window(day, day + DAY))
            inside = number
    return parts if whole > most else []


def _days(turn: Turn, chosen: Chosen) -> list[tuple[Instant, int]]:
    """The days with any of these events, and about how many."""
    if chosen.run_id is None:
        rows = rows_of(turn.database, State(turn.session, None, None), (), DAY, _EVER)
        return [(day, totals[_EVENTS]) for day, origin, _, totals in rows
                if not chosen.origins or origin in chosen.origins]  # fmt: skip
    start = {"$subtract": ["$at", {"$mod": [{"$add": ["$at", _LONG_BEFORE]}, DAY]}]}
    stages: list[Fields] = [
        {"$match": chosen.facts}, {"$group": {"_id": start, "number": {"$sum": 1}}}, {"$sort": {"_id": 1}},
    ]  # fmt: skip
    found = turn.database[FACTS].aggregate(stages, session=turn.session, allowDiskUse=True)
    return [(int(row["_id"]), int(row["number"])) for row in found]


def _forget_all(turn: Turn, users: UserNumbers, chosen: Chosen) -> int:
    """All that is left of it, at once."""
    _changes(turn)
    if chosen.run_id is not None or _has_later(turn, chosen, {}):
        return _subtract(turn, users, list(turn.database[FACTS].find(chosen.facts, session=turn.session)))
    of_origins: Fields = {"_id.origin": {"$in": list(chosen.origins)}} if chosen.origins else {}
    empty_totals(turn, [of_origins])
    empty_sets(turn, of_origins)
    return _remove(turn, chosen.facts)


def _forget_some(turn: Turn, users: UserNumbers, chosen: Chosen, part: Window, most: int) -> tuple[int, bool]:
    """The latest of it in these days; how many, and whether that is all."""
    _changes(turn)
    inside: Fields = {"at": {"$gte": part.start, "$lt": part.end}}
    facts = turn.database[FACTS]
    latest = facts.find({**chosen.facts, **inside}, session=turn.session).sort([("at", -1), ("_id", -1)])
    found = list(latest.limit(most + 1))
    if len(found) <= most and chosen.run_id is None and not _has_later(turn, chosen, inside):
        # Nothing of these origins is left on these days.
        of_origins: Fields = {"_id.origin": {"$in": list(chosen.origins)}} if chosen.origins else {}
        empty_totals(turn, [{**some, **of_origins} for some in every_total_between(part)])
        empty_sets(turn, {**every_set_between(part), **of_origins})
        return _remove(turn, {**chosen.facts, **inside}), True
    return _subtract(turn, users, found[:most]), len(found) <= most


def _changes(turn: Turn) -> None:
    turn.beyond_facts = True
    turn.generation += 1


def _has_later(turn: Turn, chosen: Chosen, inside: Fields) -> bool:
    """Something of these origins came after it was asked to forget them, and stays."""
    later = {**chosen.condition, **inside, "kept": True, "_id": {"$gt": chosen.until}}
    return turn.database[FACTS].find_one(later, {"_id": 1}, session=turn.session, hint="_id_") is not None


def _remove(turn: Turn, these: Fields) -> int:
    facts = turn.database[FACTS]
    if turn.number is None:
        return facts.delete_many(these, session=turn.session).deleted_count
    # Who looks at what was before goes on seeing them, while their ids are free for others.
    return facts.update_many(these, {"$set": {"gone": turn.number}, "$unset": {"kept": ""}}).modified_count


def _subtract(turn: Turn, users: UserNumbers, found: Sequence[Fields]) -> int:
    """Remove these facts and take their share out of every total and set."""
    hours: dict[tuple[Instant, str], set[Instant]] = {}
    for first in range(0, len(found), MOST):
        rows = found[first : first + MOST]
        numbers = {int(row["user"]) for row in rows if row.get("user") is not None}
        names = users.names(turn.database, turn.session, numbers)
        events = [event_of(row, names) for row in rows]
        for event in events:
            hours.setdefault((event.at - event.at % DAY, event.origin), set()).add(event.at - event.at % HOUR)
        shares = [row._replace(totals=tuple([-value for value in row.totals])) for row in fold(events).rows]
        drop_zeros(turn, add_totals(turn, shares))
        _remove(turn, {"_id": {"$in": [row["_id"] for row in rows]}})
    for (day, origin), some in hours.items():
        _count_users_again(turn, day, origin, some)
    return len(found)


def _count_users_again(turn: Turn, day: Instant, origin: str, hours: set[Instant]) -> None:
    """The sets of these hours from the events that stayed, and those of their day from its hours."""
    left = {SetPlace(name, HOUR, hour, origin): BitMap() for name in SET_NAMES for hour in hours}
    columns = {"at": 1, "user": 1, "kind": 1, "placed": 1}
    for hour in hours:
        of_hour = {"at": {"$gte": hour, "$lt": hour + HOUR}, "origin": origin, "kept": True, "user": {"$exists": True}}
        for row in turn.database[FACTS].find(of_hour, columns, session=turn.session):
            belongs = {"buyers": row["kind"] == ORDER_COMPLETED, "active": is_active(row)}
            for name in SET_NAMES:
                if belongs[name]:
                    left[SetPlace(name, HOUR, hour, origin)].add(int(row["user"]))
    of_day = [SetPlace(name, HOUR, hour, origin) for name in SET_NAMES for hour in range(day, day + DAY, HOUR)]
    there = {place: users_at(row, None) for place, row in kept_sets(turn, of_day).items()} | left
    for name in SET_NAMES:
        users = [some for place, some in there.items() if place.name == name and place.grain == HOUR]
        left[SetPlace(name, DAY, day, origin)] = BitMap.union(*users) if users else BitMap()
    replace_sets(turn, left)
