"""Take events out again, with exactly their share in every total: for made-up data, and for clearing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from pyroaring import BitMap

from metrics_core.model.event import ORDER_COMPLETED
from metrics_core.model.instant import DAY, HOUR, Instant
from metrics_core.rollup.fold import fold
from metrics_core.rollup.totals import SETS as SET_NAMES
from metrics_core.store.mongo.facts import event_of, is_active
from metrics_core.store.mongo.kept import (
    SetPlace,
    add_totals,
    drop_zeros,
    empty_sets,
    empty_totals,
    replace_sets,
)
from metrics_core.store.mongo.schema import FACTS, Fields
from metrics_core.store.mongo.turns import Turn
from metrics_core.store.mongo.users import UserNumbers

_CHUNK = 20_000


def forget(turn: Turn, users: UserNumbers, origins: Sequence[str], run_id: str | None) -> int:
    """Remove these events; how many there were."""
    turn.beyond_facts = True
    turn.generation += 1
    if run_id is None:
        of_origins: Fields = {"_id.origin": {"$in": list(origins)}} if origins else {}
        empty_totals(turn, [of_origins])
        empty_sets(turn, of_origins)
        return _remove(turn, {"origin": {"$in": list(origins)}} if origins else {})
    chosen: Fields = {"run_id": run_id}
    hours = _subtract(turn, users, chosen)
    number = _remove(turn, chosen)
    for (day, origin), some in hours.items():
        _count_users_again(turn, day, origin, some)
    return number


def _remove(turn: Turn, chosen: Fields) -> int:
    facts = turn.database[FACTS]
    chosen = {**chosen, "kept": True}
    if turn.number is None:
        return facts.delete_many(chosen, session=turn.session).deleted_count
    # Who looks at what was before goes on seeing them, while their ids are free for others.
    return facts.update_many(chosen, {"$set": {"gone": turn.number}, "$unset": {"kept": ""}}).modified_count


def _subtract(turn: Turn, users: UserNumbers, chosen: Fields) -> dict[tuple[Instant, str], set[Instant]]:
    """Take the share of these events out of the totals; the hours they were in, by day and origin."""
    hours: dict[tuple[Instant, str], set[Instant]] = {}
    found = iter(turn.database[FACTS].find({**chosen, "kept": True}, session=turn.session))
    while rows := list(islice(found, _CHUNK)):
        numbers = {int(row["user"]) for row in rows if row.get("user") is not None}
        names = users.names(turn.database, turn.session, numbers)
        events = [event_of(row, names) for row in rows]
        for event in events:
            hours.setdefault((event.at - event.at % DAY, event.origin), set()).add(event.at - event.at % HOUR)
        shares = [row._replace(totals=tuple([-value for value in row.totals])) for row in fold(events).rows]
        drop_zeros(turn, add_totals(turn, shares))
    return hours


def _count_users_again(turn: Turn, day: Instant, origin: str, hours: set[Instant]) -> None:
    """The sets of these hours, and of their day, from the events that stayed."""
    left: dict[SetPlace, BitMap] = {}
    for name in SET_NAMES:
        left[SetPlace(name, DAY, day, origin)] = BitMap()
        left.update((SetPlace(name, HOUR, hour, origin), BitMap()) for hour in hours)
    of_day = {"at": {"$gte": day, "$lt": day + DAY}, "origin": origin, "kept": True, "user": {"$exists": True}}
    columns = {"at": 1, "user": 1, "kind": 1, "placed": 1}
    for row in turn.database[FACTS].find(of_day, columns, session=turn.session):
        user, hour = int(row["user"]), int(row["at"]) - int(row["at"]) % HOUR
        belongs = {"buyers": row["kind"] == ORDER_COMPLETED, "active": is_active(row)}
        for name in SET_NAMES:
            if belongs[name]:
                left[SetPlace(name, DAY, day, origin)].add(user)
                if hour in hours:
                    left[SetPlace(name, HOUR, hour, origin)].add(user)
    replace_sets(turn, left)
