"""Make totals from events. This is the only way a total is ever made."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple, TypeAlias

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW, Event
from metrics_core.model.events import EventColumns, columns_of
from metrics_core.model.instant import HOUR, Instant
from metrics_core.rollup.totals import ROLLUPS, SET_GRAINS, ZERO, Grain, Key, Rollup, RollupRow, SetRow, Totals, add


class Folded(NamedTuple):
    """Totals and sets of users of some events."""

    rows: list[RollupRow]
    sets: list[SetRow]


def is_buyer(event: Event) -> bool:
    """The event makes its user a buyer."""
    return event.user is not None and _buys(event.kind, event.placed)


def is_active(event: Event) -> bool:
    """The event is something its user did: not a refund, and not the later failure of an order."""
    return event.user is not None and _acts(event.kind, event.placed)


def contribution(event: Event) -> Totals:
    """What one event adds to the totals of every bucket it falls in."""
    added = dict(_added(columns_of([event])))
    return tuple(added[place][0] if place in added else 0 for place in range(len(ZERO)))


def _added(columns: EventColumns) -> Iterator[tuple[int, Sequence[int]]]:
    """What each event adds to totals, for every place in `TOTALS` that any of them can add to."""
    kinds = set(columns.kind)
    yield 0, columns.placed
    if ORDER_COMPLETED in kinds:
        yield 1, [kind == ORDER_COMPLETED for kind in columns.kind]
        bought = columns.lines
        if len(kinds) > 1:
            bought = [lines if kind == ORDER_COMPLETED else () for kind, lines in zip(columns.kind, bought, strict=True)]
        yield 3, [lines[0][1] if len(lines) == 1 else sum([quantity for _, quantity, _ in lines]) for lines in bought]
        yield 4, [lines[0][2] if len(lines) == 1 else sum([amount for _, _, amount in lines]) for lines in bought]
    if ORDER_FAILED in kinds:
        yield 2, [kind == ORDER_FAILED for kind in columns.kind]
    if REFUND in kinds:
        yield 5, [back if kind == REFUND else 0 for kind, back in zip(columns.kind, columns.amount, strict=True)]
    if VIEW in kinds:
        yield 6, [number if kind == VIEW else 0 for kind, number in zip(columns.kind, columns.count, strict=True)]
    yield 7, [1] * len(columns.kind)


Cell: TypeAlias = tuple[Instant, str, Key]
"""A bucket's start, an origin and a key."""


class _Cut(NamedTuple):
    """The finest cells that some rollups need: those whose finest grain is the same."""

    dimensions: tuple[str, ...]
    cells: dict[Cell, Totals]


def fold(events: Iterable[Event], rollups: Sequence[Rollup] = ROLLUPS) -> Folded:
    """The totals and sets of these events, each rollup at each of its grains."""
    # Millions of events pass here: each is added to one cell of each cut, column by column, and only cells are coarsened.
    columns = columns_of(events if isinstance(events, Sequence) else list(events))
    added = list(_added(columns))
    cuts = {grain: _cut(columns, added, grain, rollups) for grain in sorted({min(rollup.grains) for rollup in rollups})}
    rows = [row for rollup in rollups for row in _coarsen(cuts[min(rollup.grains)], rollup)]
    return Folded(rows, _sets(columns))


def _cut(
    columns: EventColumns, added: Sequence[tuple[int, Sequence[int]]], grain: Grain, rollups: Sequence[Rollup]
) -> _Cut:
    dimensions = sorted({name for rollup in rollups if min(rollup.grains) == grain for name in rollup.by})
    length = int(grain)
    starts = [at - at % length for at in columns.at]
    keys = zip(*[getattr(columns, name) for name in dimensions], strict=True) if dimensions else repeat((), len(starts))
    places: dict[Cell, int] = {}
    where = [places.setdefault(cell, len(places)) for cell in zip(starts, columns.origin, keys, strict=True)]
    sums = [[0] * len(places) for _ in ZERO]
    for total, values in added:
        into = sums[total]
        for place, value in zip(where, values, strict=True):
            into[place] += value
    return _Cut(tuple(dimensions), dict(zip(places, zip(*sums, strict=True), strict=True)))


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
    finer: dict[Cell, Totals] = {}
    for (start, origin, values), totals in cut.cells.items():
        _gather(finer, (start, origin, pick(values)), totals)
    for grain in sorted(rollup.grains):
        coarser: dict[Cell, Totals] = {}
        for (start, origin, key), totals in finer.items():
            _gather(coarser, (start - start % grain, origin, key), totals)
        rows += [RollupRow(rollup.by, grain, *cell, totals) for cell, totals in coarser.items()]
        finer = coarser
    return rows


def _gather(into: dict[Cell, Totals], cell: Cell, totals: Totals) -> None:
    before = into.get(cell)
    into[cell] = totals if before is None else add(before, totals)


def _sets(columns: EventColumns) -> list[SetRow]:
    hours = [at - at % HOUR for at in columns.at]
    here: defaultdict[tuple[Instant, str, str, bool], set[str | None]] = defaultdict(set)
    for user, place in zip(columns.user, zip(hours, columns.origin, columns.kind, columns.placed, strict=True), strict=True):
        here[place].add(user)
    rows: list[SetRow] = []
    united: dict[tuple[object, ...], frozenset[str]] = {}  # who buys is active too: many sets are the same
    for name, belongs in (("buyers", _buys), ("active", _acts)):
        for grain in SET_GRAINS:
            parts: dict[tuple[Instant, str], list[tuple[Instant, str, str, bool]]] = {}
            for place in here:
                start, origin, kind, placed = place
                if belongs(kind, placed):
                    parts.setdefault((start - start % grain, origin), []).append(place)
            for (start, origin), places in parts.items():
                these = tuple(places)
                if these not in united:
                    united[these] = frozenset([user for place in places for user in here[place] if user is not None])
                if united[these]:
                    rows.append(SetRow(name, grain, start, origin, united[these]))
    return rows


def _buys(kind: str, placed: bool) -> bool:
    return kind == ORDER_COMPLETED


def _acts(kind: str, placed: bool) -> bool:
    return kind != REFUND and (kind != ORDER_FAILED or placed)
