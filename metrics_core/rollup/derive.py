"""Work out measures and ratios from totals, and how a figure changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metrics_core.model.measure import REGISTRY, TOTALS, Measure, Ratio, Unit
from metrics_core.rollup.totals import Totals

_PLACE = {name: place for place, name in enumerate(TOTALS)}


def additive(measure: Measure, totals: Totals) -> int:
    """A measure made of sums, from the totals of its window (of everything before its end, for a level)."""
    return sum(sign * totals[_PLACE[term]] for term, sign in measure.terms)


def ratio(row: Ratio, values: Mapping[str, int | None]) -> float | None:
    """A ratio from the values of its two measures; None (n/a) where the bottom is 0 or missing."""
    top, bottom = values.get(row.top), values.get(row.bottom)
    if not bottom or top is None:
        return None
    return row.scale * top / bottom


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure compares: `amount` in percent or percentage points; `how` is percent, points, flat, new or none."""

    amount: float | None
    how: str


def change(name: str, now: float | None, before: float | None) -> Change:
    """From nothing to something is "new", never infinity; a missing side is "none"; rates differ in percentage points."""
    if now is None or before is None:
        return Change(None, "none")
    if now == before:
        return Change(0.0, "flat")
    if REGISTRY[name].unit is Unit.PERCENT:
        return Change(now - before, "points")
    if before == 0:
        return Change(None, "new")
    return Change((now - before) / abs(before) * 100, "percent")
