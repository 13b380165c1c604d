"""Laws of tiling: the pieces of a window are the window, disjoint, in order, and of whole buckets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_core.model.event import Event
from metrics_core.model.instant import DAY, HOUR, MINUTE
from metrics_core.model.window import Window
from metrics_core.rollup.fold import contribution, fold
from metrics_core.rollup.tile import ALL_GRAINS, tile
from metrics_core.rollup.totals import ZERO, Grain, Piece, Totals, add
from tests.given import at
from tests.laws.made import EARLY, LATE, instants, many

moments = st.one_of(instants, st.integers(0, LATE), st.integers(EARLY // DAY, LATE // DAY).map(lambda day: day * DAY))
windows = st.tuples(moments, moments).map(lambda pair: Window(min(pair), max(pair)))
grains = st.sampled_from((ALL_GRAINS, ALL_GRAINS[:2], ALL_GRAINS[1:], ALL_GRAINS[:1], ()))


@given(windows, grains)
def test_the_pieces_cover_the_window_exactly_and_do_not_overlap(window: Window, grains: tuple[Grain, ...]) -> None:
    pieces = tile(window, grains)
    assert sum(piece.end - piece.start for piece in pieces) == window.length
    assert all(piece.start < piece.end for piece in pieces)
    assert all(left.end == right.start for left, right in pairwise(pieces))
    if pieces:
        assert (pieces[0].start, pieces[-1].end) == (window.start, window.end)


@given(windows, grains)
def test_a_piece_of_totals_holds_only_whole_buckets(window: Window, grains: tuple[Grain, ...]) -> None:
    for piece in tile(window, grains):
        if piece.grain is not None:
            assert piece.grain in grains
            assert piece.start % piece.grain == 0
            assert piece.end % piece.grain == 0


@given(windows)
def test_what_is_read_from_finer_grains_is_less_than_one_bucket_of_the_coarser(window: Window) -> None:
    pieces = tile(window)
    assert len(pieces) <= 7
    for piece in pieces:
        if piece.grain is None:
            assert piece.end - piece.start < 2 * MINUTE
        elif piece.grain == Grain.MINUTE:
            assert piece.end - piece.start < 2 * HOUR
        elif piece.grain == Grain.HOUR:
            assert piece.end - piece.start < 2 * DAY


@given(many, windows)
def test_totals_read_by_tiles_are_the_totals_of_the_events(events: list[Event], window: Window) -> None:
    rows = [row for row in fold(events).rows if row.by == ()]
    tiled = ZERO
    for piece in tile(window):
        for row in rows:
            if row.grain == piece.grain and piece.start <= row.start < piece.end:
                tiled = add(tiled, row.totals)
        if piece.grain is None:
            tiled = add(tiled, _total([event for event in events if piece.start <= event.at < piece.end]))
    assert tiled == _total([event for event in events if window.start <= event.at < window.end])


@pytest.mark.parametrize("moment", ("2026-11-19 00:00", "2026-11-19 13:37:05.000001"))
def test_an_empty_window_has_no_pieces(moment: str) -> None:
    assert tile(Window(at(moment), at(moment))) == ()


def test_a_whole_day_is_one_piece() -> None:
    day = Window(at("2026-11-19 00:00"), at("2026-11-20 00:00"))
    assert tile(day) == (Piece(Grain.DAY, day.start, day.end),)


def test_a_ragged_window_goes_from_fine_to_coarse_to_fine() -> None:
    window = Window(at("2026-11-17 22:58:30"), at("2026-11-20 01:01:15"))
    assert [piece.grain for piece in tile(window)] == [
        None, Grain.MINUTE, Grain.HOUR, Grain.DAY, Grain.HOUR, Grain.MINUTE, None,
    ]


def _total(events: list[Event]) -> Totals:
    total = ZERO
    for event in events:
        total = add(total, contribution(event))
    return total
