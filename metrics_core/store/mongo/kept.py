"""Totals and sets of users as they are kept: how a place is written, how more is added, and how they are read of a state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pymongo import DeleteMany, DeleteOne, ReplaceOne, UpdateMany, UpdateOne
from pyroaring import BitMap

from metrics_core.model.instant import Instant
from metrics_core.model.measure import TOTALS
from metrics_core.model.window import Window
from metrics_core.rollup.fold import merge
from metrics_core.rollup.totals import ROLLUPS, SET_GRAINS, SETS, ZERO, Key, RollupRow, Totals
from metrics_core.store.mongo.schema import SETS as SETS_NAME
from metrics_core.store.mongo.schema import TOTALS as TOTALS_NAME
from metrics_core.store.mongo.schema import Collections, Fields
from metrics_core.store.mongo.server import State
from metrics_core.store.mongo.turns import Turn
from metrics_core.store.mongo.versions import adding, emptying, replaced_set, totals_at, users_at

_AT_ONCE = 5_000


class SetPlace(NamedTuple):
    """Where a set is kept."""

    name: str
    grain: int
    start: Instant
    origin: str


# --------------------------------------------------------------------------------------------------------------- totals


def add_totals(turn: Turn, rows: Iterable[RollupRow]) -> list[Fields]:
    """Add these to the totals kept; their places."""
    # In the order of the index: neighbours are changed together.
    told = sorted(((_place(row), row.totals) for row in merge(rows)), key=lambda pair: _order(pair[0]))
    for first in range(0, len(told), _AT_ONCE):
        some = told[first : first + _AT_ONCE]
        changes = [UpdateOne({"_id": place}, _addition(turn, totals), upsert=True) for place, totals in some]
        turn.renew()
        turn.database[TOTALS_NAME].bulk_write(changes, ordered=False, session=turn.session)
    return [place for place, _ in told]


def empty_totals(turn: Turn, conditions: Sequence[Fields]) -> None:
    """Take everything out of the totals for which any of these holds."""
    table = turn.database[TOTALS_NAME]
    changes: list[DeleteMany | UpdateMany] = [
        DeleteMany(some) if turn.number is None else UpdateMany(some, emptying(turn.number, turn.keep))
        for some in conditions
    ]
    if changes:
        table.bulk_write(changes, session=turn.session)


def drop_zeros(turn: Turn, places: Sequence[Fields]) -> None:
    """Remove those of these totals that came to nothing. On a standalone server they stay for whoever looks back."""
    if turn.number is None:
        for first in range(0, len(places), _AT_ONCE):
            some = {"_id": {"$in": places[first : first + _AT_ONCE]}, "events": 0}
            turn.database[TOTALS_NAME].delete_many(some, session=turn.session)


def rows_of(
    database: Collections, state: State, by: tuple[str, ...], grain: int, window: Window
) -> Iterator[tuple[Instant, str, Key, Totals]]:
    """(start, origin, key, totals) of one rollup, in that order."""
    found = database[TOTALS_NAME].find(totals_between(by, grain, window), session=state.session).sort("_id", 1)
    for row in found:
        totals = totals_at(row, state.batch)
        if totals != ZERO:
            place = row["_id"]
            yield int(place["start"]), place["origin"], tuple(place["key"]), totals


def totals_between(by: tuple[str, ...], grain: int, window: Window) -> Fields:
    """The condition for one rollup and the buckets that start in a window: a stretch of the one index there is."""
    head = {"rollup": ",".join(by), "grain": int(grain)}
    return {"_id": {"$gte": {**head, "start": window.start}, "$lt": {**head, "start": window.end}}}


def every_total_between(window: Window) -> list[Fields]:
    return [totals_between(rollup.by, grain, window) for rollup in ROLLUPS for grain in rollup.grains]


def _addition(turn: Turn, totals: Totals) -> Any:
    if turn.number is not None:
        return adding(totals, turn.number, turn.keep)
    return {"$inc": dict(zip(TOTALS, totals, strict=True))}


def _place(row: RollupRow) -> Fields:
    return {
        "rollup": ",".join(row.by), "grain": int(row.grain), "start": row.start, "origin": row.origin, "key": list(row.key),
    }


def _order(place: Fields) -> tuple[Any, ...]:
    return place["rollup"], place["grain"], place["start"], place["origin"], [value or "" for value in place["key"]]


# ----------------------------------------------------------------------------------------------------------------- sets


def add_sets(turn: Turn, groups: Mapping[SetPlace, BitMap]) -> None:
    """Add users to the sets kept."""
    before = kept_sets(turn, list(groups))
    changes: dict[SetPlace, BitMap] = {}
    for place, users in groups.items():
        there = before.get(place)
        kept = BitMap() if there is None else users_at(there, None)
        if there is None or not users.issubset(kept):
            changes[place] = kept | users
    _put(turn, before, changes)


def replace_sets(turn: Turn, groups: Mapping[SetPlace, BitMap]) -> None:
    """Keep these sets in the place of what was kept; an empty one is none."""
    before = kept_sets(turn, list(groups))
    _put(turn, before, {place: users for place, users in groups.items() if users or place in before})


def empty_sets(turn: Turn, condition: Fields) -> None:
    """Take everybody out of the sets for which this holds."""
    table = turn.database[SETS_NAME]
    if turn.number is None:
        table.delete_many(condition, session=turn.session)
        return
    before = {set_place(found["_id"]): found for found in table.find(condition)}
    _put(turn, before, {place: BitMap() for place in before})


def sets_of(
    database: Collections, state: State, name: str, grain: int, window: Window
) -> dict[tuple[Instant, str], BitMap]:
    """The sets of a grain in the window, by (start, origin)."""
    found: dict[tuple[Instant, str], BitMap] = {}
    for row in database[SETS_NAME].find(sets_between(name, grain, window), session=state.session):
        users = users_at(row, state.batch)
        if users:
            found[int(row["_id"]["start"]), row["_id"]["origin"]] = users
    return found


def sets_between(name: str, grain: int, window: Window) -> Fields:
    head = {"name": name, "grain": int(grain)}
    return {"_id": {"$gte": {**head, "start": window.start}, "$lt": {**head, "start": window.end}}}


def every_set_between(window: Window) -> Fields:
    return {"$or": [sets_between(name, grain, window) for name in SETS for grain in SET_GRAINS]}


def set_place(told: Fields) -> SetPlace:
    return SetPlace(told["name"], int(told["grain"]), int(told["start"]), told["origin"])


def kept_sets(turn: Turn, places: Sequence[SetPlace]) -> dict[SetPlace, Fields]:
    """The documents of those of these sets that are kept."""
    found: dict[SetPlace, Fields] = {}
    for first in range(0, len(places), _AT_ONCE):
        some = {"_id": {"$in": [place._asdict() for place in places[first : first + _AT_ONCE]]}}
        rows = turn.database[SETS_NAME].find(some, session=turn.session)
        found.update((set_place(row["_id"]), row) for row in rows)
    return found


def _put(turn: Turn, before: Mapping[SetPlace, Fields], sets: Mapping[SetPlace, BitMap]) -> None:
    changes: list[DeleteOne | ReplaceOne[Fields]] = []
    for place, users in sorted(sets.items(), key=lambda pair: pair[0]):
        here = {"_id": place._asdict()}
        if turn.number is not None:
            document = replaced_set(before.get(place), here["_id"], users, turn.number, turn.keep)
            changes.append(ReplaceOne(here, document, upsert=True))
        elif users:
            changes.append(ReplaceOne(here, {**here, "users": users.serialize()}, upsert=True))
        else:
            changes.append(DeleteOne(here))
    for first in range(0, len(changes), _AT_ONCE):
        turn.renew()
        turn.database[SETS_NAME].bulk_write(changes[first : first + _AT_ONCE], ordered=False, session=turn.session)
