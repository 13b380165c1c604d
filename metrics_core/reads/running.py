"""Running totals: what had been counted by each of some moments. A window is the difference of two of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from operator import sub
from typing import TypeAlias

from metrics_core.model.instant import Instant
from metrics_core.model.window import ALL_TIME_START, Window
from metrics_core.rollup.totals import ZERO, Grain, Key, Piece, Totals, add
from metrics_core.store.protocols import Store

Kept: TypeAlias = dict[str, Totals]
"""Totals by origin."""

END_OF_TIME: Instant = 2**62 // Grain.DAY * Grain.DAY


class Running:
    """The totals of everything before a moment, for moments named beforehand: all of them are read at once.

    Between the days of two moments lie whole days, which are read once however many windows share them; from its day
    on, a moment costs its hours, its minutes, and the events of less than one minute.
    """

    def __init__(self, store: Store, moments: Iterable[Instant]) -> None:
        wanted = sorted({max(moment, ALL_TIME_START) for moment in moments})
        days = sorted({moment // Grain.DAY * Grain.DAY for moment in wanted} | {ALL_TIME_START})
        whole = [Piece(Grain.DAY, start, end) for start, end in pairwise((*days, END_OF_TIME))]
        ends = [_since_midnight(moment) for moment in wanted]
        found = iter(store.totals.sums((), [*whole, *(piece for pieces in ends for piece in pieces)]))
        before: dict[Instant, Kept] = {}
        total: Kept = {}
        for day in days:
            before[day] = total
            total = _sum((total, _by_origin(next(found))))
        self.ever: Mapping[str, Totals] = total
        """Everything that is kept, by origin."""
        self._before = {
            moment: _sum((before[moment // Grain.DAY * Grain.DAY], *(_by_origin(next(found)) for _ in pieces)))
            for moment, pieces in zip(wanted, ends, strict=True)
        }

    def before(self, moment: Instant, origins: Sequence[str]) -> Totals:
        """The totals of these origins (none named: of all) before a moment; KeyError for one not named beforehand."""
        kept = self._before[max(moment, ALL_TIME_START)]
        total = ZERO
        for origin, totals in kept.items():
            if not origins or origin in origins:
                total = add(total, totals)
        return total

    def over(self, window: Window, origins: Sequence[str]) -> Totals:
        """The totals of a window whose two ends were named."""
        return tuple(map(sub, self.before(window.end, origins), self.before(window.start, origins)))


def _since_midnight(moment: Instant) -> list[Piece]:
    """The day of a moment up to it, from whole hours, whole minutes and events."""
    day, hour, minute = (moment // grain * grain for grain in (Grain.DAY, Grain.HOUR, Grain.MINUTE))
    pieces = (Piece(Grain.HOUR, day, hour), Piece(Grain.MINUTE, hour, minute), Piece(None, minute, moment))
    return [piece for piece in pieces if piece.start < piece.end]


def _by_origin(sums: Mapping[tuple[str, Key], Totals]) -> Kept:
    return {origin: totals for (origin, _), totals in sums.items()}


def _sum(parts: Iterable[Kept]) -> Kept:
    total: Kept = {}
    for part in parts:
        for origin, totals in part.items():
            total[origin] = add(total[origin], totals) if origin in total else totals
    return total
