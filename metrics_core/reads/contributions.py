"""What a figure consists of, value by value of a dimension, and what each of them did to its change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from metrics_core.model.measure import REGISTRY, How, Measure, Ratio, Unit
from metrics_core.model.query import Query, Result, Value
from metrics_core.reads.answer import answer
from metrics_core.store.protocols import Store

SHOWN = 8
"""So many values of a dimension are told one by one; the others together."""

Number: TypeAlias = int | float
Cells: TypeAlias = Mapping[Value, tuple[Number | None, ...]]
"""The parts of a measure by value."""

_OF_ORDERS = ("channel", "region", "product", "segment", "staff", "content", "company", "user", "hour", "weekday", "source")
_OF_ANYTHING = ("kind", "channel", "region", "content", "feature", "company", "source", "hour", "weekday")
_SPLITS: Mapping[str, tuple[str, ...]] = {
    "views": ("content", "channel", "region", "company", "user", "hour", "weekday", "source"),
    "conversion_rate": ("content", "channel", "region", "company", "hour", "weekday"),
    "visitor_conversion": ("channel", "region", "company", "hour", "weekday"),
    "events": (*_OF_ANYTHING, "user"),
    "active_users": _OF_ANYTHING,
    "active_now": _OF_ANYTHING,
    "buyers": tuple(name for name in _OF_ORDERS if name != "user"),
    "pending": ("channel", "region", "product", "segment", "staff", "content", "company", "user"),
    "peak_24h": (),
}
"""The dimensions that tell something about a measure, the most telling first; without a row, those of orders."""


@dataclass(frozen=True, slots=True)
class Share:
    """One value's part in a figure. Money in minor units."""

    value: Value
    now: Number | None
    before: Number | None
    """None without a comparison, and where there was nothing to divide by."""
    moved: Number | None
    """What it did to the change of the whole; None where that cannot be told."""


@dataclass(frozen=True, slots=True)
class Contributions:
    """A figure split by a dimension: the largest, the others together, and whether they add up to it."""

    dimension: str
    shares: tuple[Share, ...]
    others: Share | None
    """All values that are not told by themselves; `value` is how many."""
    adds_up: bool
    """The figures, those of the others included, come to the figure of the whole."""
    moves_add_up: bool
    """What they did to the change comes to the whole change."""
    why: str | None
    """Why they do not add up, or cannot be told."""


def splits_of(name: str, query: Query) -> tuple[str, ...]:
    """The dimensions that a figure can sensibly be split by: those that are not held at one value."""
    held = {row.dimension for row in query.where if not row.negated and len(row.values) == 1}
    found = [split for split in _SPLITS.get(name, _OF_ORDERS) if split not in held]
    if name != "peak_24h" and len(query.origins) != 1 and "origin" not in held:
        found.append("origin")
    return tuple(found)


def contributions(store: Store, query: Query, dimension: str) -> Contributions:
    """The parts of the one measure of a query by a dimension, in both of its windows."""
    (name,) = query.measures
    row = REGISTRY[name]
    measures = (row.top, row.bottom) if isinstance(row, Ratio) else (name,)
    asked = replace(query, measures=measures, by=(dimension,), grain=None)
    result = answer(store, asked)
    now, before = _cells(result), None if result.compared is None else _cells(result.compared)
    why = _why_not(row, dimension)
    if isinstance(row, Ratio):
        return _of_ratio(row, dimension, now, before, why)
    return _of_counts(dimension, now, before, why)


def _cells(result: Result) -> dict[Value, tuple[Number | None, ...]]:
    return {row[0]: tuple(cell if not isinstance(cell, str) else None for cell in row[1:]) for row in result.rows}


def _why_not(row: Measure | Ratio, dimension: str) -> str | None:
    """Why the parts of a measure do not add up; None where they do."""
    measures = [REGISTRY[row.top], REGISTRY[row.bottom]] if isinstance(row, Ratio) else [row]
    for measure in measures:
        assert isinstance(measure, Measure)
        if measure.how is How.DISTINCT:
            return f"A user may count under several of them, so {_said(measure)} by {_called(dimension)} do not add up."
        if dimension == "product" and measure.unit is not Unit.MONEY and measure.name != "quantity":
            return f"An order counts once for each product it holds, so {_said(measure)} by product do not add up."
    return None


def _said(measure: Measure) -> str:
    return measure.label[:1].lower() + measure.label[1:]


def _called(dimension: str) -> str:
    return {"hour": "hour of day"}.get(dimension, dimension)


# -------------------------------------------------------------------------------------------------------------- counts


def _of_counts(dimension: str, now: Cells, before: Cells | None, why: str | None) -> Contributions:
    rows = []
    for value in {**now, **(before or {})}:
        there = now.get(value, (0,))[0] or 0
        then = None if before is None else before.get(value, (0,))[0] or 0
        rows.append(Share(value, there, then, None if then is None else there - then))
    shown, hidden = _largest(rows)
    others = None
    if hidden and why is None:
        sums = [sum(_int(part) for part in parts) for parts in zip(*((row.now, row.before, row.moved) for row in hidden),
                                                                  strict=True)]  # fmt: skip
        told = before is not None
        others = Share(len(hidden), sums[0], sums[1] if told else None, sums[2] if told else None)
    elif hidden:
        others = Share(len(hidden), None, None, None)
    shown.sort(key=lambda share: -(share.now or 0))
    return Contributions(dimension, tuple(shown), others, why is None, why is None and before is not None, why)


def _int(part: Number | None) -> int:
    return int(part or 0)


# -------------------------------------------------------------------------------------------------------------- ratios


def _of_ratio(row: Ratio, dimension: str, now: Cells, before: Cells | None, why: str | None) -> Contributions:
    """Each value's own rate, and what its top and bottom did to the rate of the whole.

    With T / B the whole now and T0 / B0 before, the change is the sum over all values of
    (t - t0) x (1/B + 1/B0) / 2 - (b - b0) x (T + T0) / 2 / (B x B0), exactly: what more at the top and more at the
    bottom did, each at the average of then and now.
    """
    top, bottom = _totals(now)
    top0, bottom0 = _totals(before or {})
    split = why is None and before is not None and bottom != 0 and bottom0 != 0
    rows: list[tuple[Share, tuple[int, int, int, int]]] = []
    for value in {**now, **(before or {})}:
        t, b = _pair(now, value)
        t0, b0 = _pair(before or {}, value)
        rows.append((_share(row, value, (t, b, t0, b0), before is not None), (t, b, t0, b0)))
    if split:
        rate = (Fraction(1, bottom) + Fraction(1, bottom0)) / 2
        weight = Fraction(top + top0, 2 * bottom * bottom0)
        moves = [row.scale * ((t - t0) * rate - (b - b0) * weight) for _, (t, b, t0, b0) in rows]
        rows = [(replace(share, moved=float(move)), parts) for (share, parts), move in zip(rows, moves, strict=True)]
    order = {id(share): parts for share, parts in rows}
    weights = {id(share): parts[1] + parts[3] for share, parts in rows}
    shown, hidden = _largest([share for share, _ in rows], weights)
    others = None
    if hidden:
        sums = [sum(order[id(share)][place] for share in hidden) for place in range(4)]
        others = _share(row, len(hidden), (sums[0], sums[1], sums[2], sums[3]), before is not None)
        moved = float(sum(Fraction(share.moved or 0) for share in hidden)) if split else None
        others = replace(others, moved=moved) if why is None else Share(len(hidden), None, None, None)
    if why is None:
        why = "Rates do not add up; what each did to the change of the whole does." if split else "Rates do not add up."
    return Contributions(dimension, tuple(shown), others, False, split, why)


def _totals(cells: Cells) -> tuple[int, int]:
    return sum(_int(parts[0]) for parts in cells.values()), sum(_int(parts[1]) for parts in cells.values())


def _pair(cells: Cells, value: Value) -> tuple[int, int]:
    parts = cells.get(value, (0, 0))
    return _int(parts[0]), _int(parts[1])


def _share(row: Ratio, value: Value, parts: tuple[int, int, int, int], compared: bool) -> Share:
    t, b, t0, b0 = parts
    return Share(value, row.scale * t / b if b else None, row.scale * t0 / b0 if compared and b0 else None, None)


def _largest(rows: Sequence[Share], weights: Mapping[int, Number] | None = None) -> tuple[list[Share], list[Share]]:
    """Those that moved it most, or without a comparison the greatest; and the others."""

    def size(share: Share) -> tuple[float, float, str]:
        weight = abs(share.now or 0) if weights is None else weights[id(share)]
        return (-abs(share.moved or 0), -weight, str(share.value))

    chosen = sorted(rows, key=size)
    cut = SHOWN if len(chosen) > SHOWN + 1 else len(chosen)
    return chosen[:cut], chosen[cut:]
