"""The counts behind an answer: from kept totals and sets where they are exact, else from the events themselves."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple, TypeAlias

from pyroaring import BitMap

from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.instant import Instant
from metrics_core.model.measure import TOTALS
from metrics_core.model.query import Filter, Query, Value
from metrics_core.model.window import Window
from metrics_core.reads import segments
from metrics_core.reads.zones import UTC_SHIFTS, Shift, Slice, shifts, slices
from metrics_core.rollup.tile import tile
from metrics_core.rollup.totals import ROLLUPS, SET_GRAINS, SETS, ZERO, Grain, Key, Piece, Rollup, Totals, add
from metrics_core.store.protocols import Store, Tally

Place: TypeAlias = tuple[int | None, tuple[Value, ...]]
"""A bucket (None without a grain) and the values of the dimensions of a split."""

Cells: TypeAlias = dict[Place, dict[str, int]]
"""Terms by place. A place that is missing, or a term that is missing in it, is 0."""

_RAW_SHARE = 4
"""Kept totals are read where at most one part in so many of the window has to be read from the events all the same."""
_MOST_RAW = 500
_MANY = 64


class Part(NamedTuple):
    """A piece of the window and the bucket it belongs to."""

    bucket: int | None
    piece: Piece


def count(store: Store, query: Query, window: Window, terms: Iterable[str], grain: str | None) -> Cells:
    """The terms at every place of a window, split and filtered as the query says."""
    wanted = sorted(set(terms))
    cells: Cells = {}
    if window.start >= window.end or not wanted:
        return cells
    offsets = _offsets(query, window, grain)
    cuts = [Slice(window.start, window.end, 0)] if grain is None else slices(window, grain, offsets, query.week_start)
    sums = [term for term in wanted if term in TOTALS]
    users = [term for term in wanted if term in SETS]
    rollup = kept_rollup(query)
    parts = None if rollup is None or not sums else _parts(cuts, grain, sorted(rollup.grains, reverse=True), window)
    if rollup is not None and parts is not None:
        _from_totals(store, query, rollup, parts, sums, cells)
        sums = []
    parts = _parts(cuts, grain, sorted(SET_GRAINS, reverse=True), window) if users and _whole(query) else None
    if parts is not None:
        _from_sets(store, query, parts, users, cells)
        users = []
    if sums or users:
        tally = Tally(
            window, (*sums, *users), query.by, query.where, query.origins, grain, offsets, query.week_start
        )
        _from_events(store, tally, cells)
    return cells


def kept_rollup(query: Query) -> Rollup | None:
    """The rollup that knows every dimension this query names, if there is one."""
    named = {*query.by, *(row.dimension for row in query.where)} - {"origin"}
    return next((rollup for rollup in ROLLUPS if named <= set(rollup.by)), None)


def _whole(query: Query) -> bool:
    """Users are kept for everything together: by origin and no other dimension."""
    return {*query.by, *(row.dimension for row in query.where)} <= {"origin"}


def _offsets(query: Query, window: Window, grain: str | None) -> tuple[Shift, ...]:
    named = (*query.by, *(row.dimension for row in query.where))
    if grain is None and not any(DIMENSIONS[name].local for name in named):
        return UTC_SHIFTS
    return shifts(query.zone, window)


def _parts(cuts: Sequence[Slice], grain: str | None, grains: Sequence[Grain], window: Window) -> list[Part] | None:
    """The window tiled bucket by bucket; None where reading the events at once is the shorter way."""
    parts = [
        Part(None if grain is None else cut.bucket, piece)
        for cut in cuts
        for piece in tile(Window(cut.start, cut.end), grains)
    ]
    raw = [part.piece.end - part.piece.start for part in parts if part.piece.grain is None]
    return None if sum(raw) * _RAW_SHARE > window.length or len(raw) > _MOST_RAW else parts


# -------------------------------------------------------------------------------------------------------------- events


def _from_events(store: Store, tally: Tally, cells: Cells) -> None:
    first = 1 if tally.grain is not None else 0
    last = first + len(tally.by)
    for row in segments.tally(store, tally):
        bucket = int(row[0] or 0) if first else None
        cell = cells.setdefault((bucket, row[first:last]), {})
        for term, number in zip(tally.terms, row[last:], strict=True):
            cell[term] = int(number or 0)


# -------------------------------------------------------------------------------------------------------------- totals


def _from_totals(
    store: Store, query: Query, rollup: Rollup, parts: Sequence[Part], terms: Sequence[str], cells: Cells
) -> None:
    found: dict[Place, Totals] = {}
    dense = _is_dense(parts)
    rare = [part for part in parts if not (dense and part.piece.grain == dense)]
    sums = store.totals.sums(rollup.by, [part.piece for part in rare])
    for part, totals in zip(rare, sums, strict=True):
        for (origin, key), row in totals.items():
            _gather(query, rollup.by, part.bucket, origin, key, row, found)
    if dense:
        _from_rows(store, query, rollup, dense, [part for part in parts if part.piece.grain == dense], found)
    for place, row in found.items():
        if row != ZERO:
            cells.setdefault(place, {}).update((term, row[TOTALS.index(term)]) for term in terms)


def _is_dense(parts: Sequence[Part]) -> Grain | None:
    """The grain whose buckets are asked for one by one in great number: they are read at once rather than summed."""
    for grain in Grain:
        pieces = [part.piece for part in parts if part.piece.grain == grain]
        if len(pieces) > _MANY and all(piece.end - piece.start == grain for piece in pieces):
            return grain
    return None


def _from_rows(
    store: Store, query: Query, rollup: Rollup, grain: Grain, parts: Sequence[Part], found: dict[Place, Totals]
) -> None:
    buckets = {part.piece.start: part.bucket for part in parts}
    for row in store.totals.rows(rollup.by, grain, Window(parts[0].piece.start, parts[-1].piece.end)):
        if row.start in buckets:
            _gather(query, rollup.by, buckets[row.start], row.origin, row.key, row.totals, found)


def _gather(
    query: Query, by: Sequence[str], bucket: int | None, origin: str, key: Key, totals: Totals, found: dict[Place, Totals]
) -> None:
    values = {"origin": origin, **dict(zip(by, key, strict=True))}
    if _keeps(query, values):
        place = (bucket, tuple(values[name] for name in query.by))
        found[place] = add(found.get(place, ZERO), totals)


def _keeps(query: Query, values: Mapping[str, Value]) -> bool:
    if query.origins and values["origin"] not in query.origins:
        return False
    return all(_holds(row, values[row.dimension]) for row in query.where)


def _holds(row: Filter, value: Value) -> bool:
    return (value in row.values) != row.negated


# ---------------------------------------------------------------------------------------------------------------- sets


def _from_sets(store: Store, query: Query, parts: Sequence[Part], names: Sequence[str], cells: Cells) -> None:
    found: dict[tuple[Place, str], BitMap] = {}

    def include(bucket: int | None, origin: str, name: str, users: Iterable[int]) -> None:
        if _keeps(query, {"origin": origin}):
            place = (bucket, tuple(origin for _ in query.by))
            found.setdefault((place, name), BitMap()).update(users)

    for grain, run in groupby(parts, lambda part: part.piece.grain):
        stretch = list(run)
        if grain is None:
            for bucket, piece in stretch:
                for sighting in store.events.sightings(Window(piece.start, piece.end), query.origins):
                    for name, counts in (("buyers", sighting.buyer), ("active", sighting.active)):
                        if counts and name in names:
                            include(bucket, sighting.origin, name, (sighting.user,))
            continue
        starts = [part.piece.start for part in stretch]
        span = Window(starts[0], stretch[-1].piece.end)
        for name in names:
            for (start, origin), users in store.totals.users(name, grain, span).items():
                include(stretch[bisect_right(starts, start) - 1].bucket, origin, name, users)
    for (place, name), users in found.items():
        cells.setdefault(place, {})[name] = len(users)


def span_of(store: Store, origins: Sequence[str]) -> Window | None:
    """From the first event of these origins to just after the last; None without events."""
    ends = [(first, last) for origin, (_, first, last) in store.events.count().items() if not origins or origin in origins]
    if not ends:
        return None
    first: Instant = min(end[0] for end in ends)
    return Window(first, max(end[1] for end in ends) + 1)
