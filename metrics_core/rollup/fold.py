"""Make totals from events. This is the only way a total is ever made."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW, Event
from metrics_core.model.instant import HOUR, Instant
from metrics_core.rollup.totals import ROLLUPS, SET_GRAINS, ZERO, Grain, Key, Rollup, RollupRow, SetRow, Totals, add


class Folded(NamedTuple):
    """Totals and sets of users of some events."""

    rows: list[RollupRow]
    sets: list[SetRow]


def is_buyer(event: Event) -> bool:
    """The event makes its user a buyer."""
    return event.kind == ORDER_COMPLETED and event.user is not None


def is_active(event: Event) -> bool:
    """The event is something its user did: not a refund, and not the later failure of an order."""
    kind = event.kind
    return event.user is not None and kind != REFUND and (kind != ORDER_FAILED or event.placed)


def contribution(event: Event) -> Totals:
    """What one event adds to the totals of every bucket it falls in."""
    totals = [0] * len(ZERO)
    _count(totals, event)
    return tuple(totals)


def _count(totals: list[int], event: Event) -> None:
    """Add one event to running totals, in the order of `TOTALS`."""
    kind = event.kind
    if event.placed:
        totals[0] += 1
    if kind == ORDER_COMPLETED:
        totals[1] += 1
        for _, quantity, amount in event.lines:
            totals[3] += quantity
            totals[4] += amount
    elif kind == ORDER_FAILED:
        totals[2] += 1
    elif kind == REFUND:
        totals[5] += event.amount
    elif kind == VIEW:
        totals[6] += event.count
    totals[7] += 1


Cell: TypeAlias = tuple[Instant, str, Key]
"""A bucket's start, an origin and a key."""


class _Cut(NamedTuple):
    """The finest cells that some rollups need: those whose finest grain is the same."""

    grain: Grain
    dimensions: tuple[str, ...]
    key_of: Callable[[Event], Key]
    cells: dict[Cell, list[int]]


def fold(events: Iterable[Event], rollups: Sequence[Rollup] = ROLLUPS) -> Folded:
    """The totals and sets of these events, each rollup at each of its grains."""
    # Millions of events pass here: each is added to one cell of each cut, and only cells are coarsened.
    cuts = {grain: _cut(grain, rollups) for grain in sorted({min(rollup.grains) for rollup in rollups})}
    passes = [(int(cut.grain), cut.key_of, cut.cells) for cut in cuts.values()]
    buyers: dict[tuple[Instant, str], set[str]] = {}
    active: dict[tuple[Instant, str], set[str]] = {}
    for event in events:
        at, origin, user = event.at, event.origin, event.user
        for grain, key_of, cells in passes:
            cell = (at - at % grain, origin, key_of(event))
            totals = cells.get(cell)
            if totals is None:
                totals = cells[cell] = [0] * len(ZERO)
            _count(totals, event)
        if user is not None:
            spot = (at - at % HOUR, origin)
            if event.kind == ORDER_COMPLETED:
                if spot not in buyers:
                    buyers[spot] = set()
                buyers[spot].add(user)
            if is_active(event):
                if spot not in active:
                    active[spot] = set()
                active[spot].add(user)
    rows = [row for rollup in rollups for row in _coarsen(cuts[min(rollup.grains)], rollup)]
    return Folded(rows, [*_sets("buyers", buyers), *_sets("active", active)])


def _cut(grain: Grain, rollups: Sequence[Rollup]) -> _Cut:
    dimensions = sorted({name for rollup in rollups if min(rollup.grains) == grain for name in rollup.by})
    return _Cut(grain, tuple(dimensions), _picker([Event._fields.index(name) for name in dimensions]), {})


def _picker(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """What reads these places of a row."""
    if len(places) > 1:
        return operator.itemgetter(*places)
    return lambda row: tuple([row[place] for place in places])


def merge(rows: Iterable[RollupRow]) -> list[RollupRow]:
    """Rows of the same bucket, origin and key added up; rows that come to nothing are left out."""
    merged: dict[tuple[tuple[str, ...], Grain, Instant, str, Key], Totals] = {}
    for row in rows:
        place = row[:5]
        before = merged.get(place)
        merged[place] = row.totals if before is None else add(before, row.totals)
    return [RollupRow(*place, totals) for place, totals in merged.items() if totals != ZERO]


def _coarsen(cut: _Cut, rollup: Rollup) -> list[RollupRow]:
    """The rows of one rollup at each of its grains."""
    rows: list[RollupRow] = []
    pick = _picker([cut.dimensions.index(name) for name in rollup.by])
    finer: dict[Cell, list[int]] = {}
    for (start, origin, values), totals in cut.cells.items():
        _gather(finer, (start, origin, pick(values)), totals)
    for grain in sorted(rollup.grains):
        coarser: dict[Cell, list[int]] = {}
        for (start, origin, key), totals in finer.items():
            _gather(coarser, (start - start % grain, origin, key), totals)
        rows += [
            RollupRow(rollup.by, grain, start, origin, key, tuple(totals))
            for (start, origin, key), totals in coarser.items()
        ]
        finer = coarser
    return rows


def _gather(into: dict[Cell, list[int]], cell: Cell, totals: list[int]) -> None:
    before = into.get(cell)
    into[cell] = totals if before is None else list(map(operator.add, before, totals))


def _sets(name: str, hours: dict[tuple[Instant, str], set[str]]) -> list[SetRow]:
    rows: list[SetRow] = []
    for grain in SET_GRAINS:
        users: dict[tuple[Instant, str], set[str]] = {}
        for (start, origin), names in hours.items():
            users.setdefault((start - start % grain, origin), set()).update(names)
        rows += [SetRow(name, grain, start, origin, frozenset(names)) for (start, origin), names in users.items()]
    return rows
