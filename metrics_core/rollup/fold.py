"""Make totals from events. This is the only way a total is ever made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW, Event
from metrics_core.model.instant import HOUR, MINUTE, Instant
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


def fold(events: Iterable[Event], rollups: Sequence[Rollup] = ROLLUPS) -> Folded:
    """The totals and sets of these events, each rollup at each of its grains."""
    dimensions = sorted({name for rollup in rollups for name in rollup.by})
    # Millions of events pass here: each is added to one cell of the finest cut, and only cells are coarsened.
    cells: dict[tuple[Instant, str, Key], list[int]] = {}
    buyers: dict[tuple[Instant, str], set[str]] = {}
    active: dict[tuple[Instant, str], set[str]] = {}
    key_of = _reader(dimensions)
    for event in events:
        at, origin, user = event.at, event.origin, event.user
        cell = (at - at % MINUTE, origin, key_of(event))
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
    summed = {place: tuple(totals) for place, totals in cells.items()}
    return Folded(_coarsen(summed, rollups, dimensions), [*_sets("buyers", buyers), *_sets("active", active)])


def _reader(dimensions: Sequence[str]) -> Callable[[Event], Key]:
    """What reads these dimensions of an event."""
    if len(dimensions) > 1:
        return attrgetter(*dimensions)
    return lambda event: tuple(getattr(event, name) for name in dimensions)


def merge(rows: Iterable[RollupRow]) -> list[RollupRow]:
    """Rows of the same bucket, origin and key added up; rows that come to nothing are left out."""
    merged: dict[tuple[tuple[str, ...], Grain, Instant, str, Key], Totals] = {}
    for row in rows:
        place = row[:5]
        before = merged.get(place)
        merged[place] = row.totals if before is None else add(before, row.totals)
    return [RollupRow(*place, totals) for place, totals in merged.items() if totals != ZERO]


def _coarsen(
    cells: dict[tuple[Instant, str, Key], Totals], rollups: Sequence[Rollup], dimensions: list[str]
) -> list[RollupRow]:
    rows: list[RollupRow] = []
    for rollup in rollups:
        picks = [dimensions.index(name) for name in rollup.by]
        finer: dict[tuple[Instant, str, Key], Totals] = {}
        for (start, origin, values), totals in cells.items():
            _gather(finer, (start, origin, tuple(values[pick] for pick in picks)), totals)
        for grain in sorted(rollup.grains):
            coarser: dict[tuple[Instant, str, Key], Totals] = {}
            for (start, origin, key), totals in finer.items():
                _gather(coarser, (start - start % grain, origin, key), totals)
            rows += [
                RollupRow(rollup.by, grain, start, origin, key, totals) for (start, origin, key), totals in coarser.items()
            ]
            finer = coarser
    return rows


def _gather(into: dict[tuple[Instant, str, Key], Totals], place: tuple[Instant, str, Key], totals: Totals) -> None:
    before = into.get(place)
    into[place] = totals if before is None else add(before, totals)


def _sets(name: str, hours: dict[tuple[Instant, str], set[str]]) -> list[SetRow]:
    rows: list[SetRow] = []
    for grain in SET_GRAINS:
        users: dict[tuple[Instant, str], set[str]] = {}
        for (start, origin), names in hours.items():
            users.setdefault((start - start % grain, origin), set()).update(names)
        rows += [SetRow(name, grain, start, origin, frozenset(names)) for (start, origin), names in users.items()]
    return rows
