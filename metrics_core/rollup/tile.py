"""Cover a window with the coarsest buckets that fit exactly; what is left over at the ends is read from the events."""

from __future__ import annotations

from collections.abc import Sequence

from metrics_core.model.window import Window
from metrics_core.rollup.totals import Grain, Piece

ALL_GRAINS = (Grain.DAY, Grain.HOUR, Grain.MINUTE)


def tile(window: Window, grains: Sequence[Grain] = ALL_GRAINS) -> tuple[Piece, ...]:
    """Disjoint pieces, in order of time, that together are exactly the window. `grains` go from coarse to fine."""
    if window.start >= window.end:
        return ()
    if not grains:
        return (Piece(None, window.start, window.end),)
    grain, finer = grains[0], grains[1:]
    first = -(-window.start // grain) * grain
    last = window.end // grain * grain
    if first >= last:
        return tile(window, finer)
    return (
        *tile(Window(window.start, first), finer),
        Piece(grain, first, last),
        *tile(Window(last, window.end), finer),
    )
