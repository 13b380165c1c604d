"""What makes sense to draw: which figures add up, over time and over the values of a dimension, and which do not."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from metrics_core.errors import BadRequestError
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.measure import REGISTRY, How, Measure, parts
from metrics_core.widgets.options import Condition

_SETTLED_ELSEWHERE = ("kind", "source", "hour", "weekday")
"""Where an order is placed in one and settled in another, so that what is pending in it makes no sense."""

_BY_LINE = ("revenue", "gross_revenue", "refunds", "quantity")
"""What belongs to the lines of an order, and so adds up over products too."""


def label(name: str) -> str:
    """What a measure or dimension is called."""
    return REGISTRY[name].label if name in REGISTRY else DIMENSIONS[name].label


def is_count(measure: str) -> bool:
    """Whether nothing is a zero; a ratio of nothing is n/a."""
    return isinstance(REGISTRY[measure], Measure)


def adds_up_over_time(measure: str) -> bool:
    """Whether the figure of a day is the sum of its hours."""
    row = REGISTRY[measure]
    return isinstance(row, Measure) and row.how is How.SUM


def adds_up_over(measure: str, dimension: str) -> bool:
    """Whether the figures of all values of a dimension make up the figure of everything."""
    row = REGISTRY[measure]
    if not isinstance(row, Measure) or row.how not in (How.SUM, How.LEVEL):
        return False
    return not DIMENSIONS[dimension].of_lines or measure in _BY_LINE


def check_question(
    measures: Sequence[str], *, by: Sequence[str] = (), grain: bool = False, where: Collection[Condition] = ()
) -> None:
    """Refuse what a question would be refused for, when the widget is made rather than when it is looked at."""
    needed = {row.name for name in measures for row in parts(name)}
    filtered = {row.dimension for row in where}
    if "pending" in needed:
        for name in _SETTLED_ELSEWHERE:
            if name in by or name in filtered:
                _refuse(f"What is pending cannot be told by {name}: an order may be placed in one and settled in another. "
                        "Choose transactions, completed or failed.")  # fmt: skip
    if "active_now" in needed and grain:
        _refuse("Active users now is a figure of one moment and has no course over time. Choose active_users.")
    if "peak_24h" in needed and (by or grain or {"hour", "weekday"} & set(filtered)):
        _refuse("The peak is one figure of 24 h. Choose active_users to split it, or to see it by hour, weekday or time.")


def check_one_unit(measures: Sequence[str]) -> None:
    """One axis shows one unit."""
    first = REGISTRY[measures[0]]
    for name in measures[1:]:
        if REGISTRY[name].unit is not first.unit:
            _refuse(f"{first.label} ({first.unit}) and {REGISTRY[name].label} ({REGISTRY[name].unit}) do not share an axis. "
                    "Draw them in two widgets.")  # fmt: skip


def check_running(measures: Sequence[str]) -> None:
    """Only what adds up over time has a running total."""
    for name in measures:
        if not adds_up_over_time(name):
            _refuse(f"{label(name)} has no running total: {_why(name)}. Leave `cumulative` off, or choose a measure that "
                    "adds up.")  # fmt: skip


def check_stacked(measures: Sequence[str], split: str | None) -> None:
    """Only what adds up over the values of the split can stand on top of one another, or be shares of a whole."""
    if split is None:
        if len(measures) > 1 and set(measures) - {"pending", "completed", "failed"}:
            _refuse("Measures are not parts of one another, so they are not stacked. Split one measure by a dimension, or "
                    "leave `stack` off.")  # fmt: skip
        return
    for name in measures:
        if not adds_up_over(name, split):
            why = _why(name)
            if DIMENSIONS[split].of_lines and adds_up_over_time(name):
                why = f"an order of two {label(split).lower()}s counts for both"
            _refuse(f"{label(name)} by {label(split).lower()} cannot be stacked or be shares of a whole: {why}. "
                    "Leave `stack` off.")  # fmt: skip


def check_series(measures: Sequence[str], split: str | None) -> None:
    """Either several measures, or one measure with a split."""
    if split is not None and len(measures) > 1:
        _refuse(f"A chart is split by {label(split).lower()} or shows several measures, not both. Keep {measures[0]!r}, or "
                "leave `split` out.")  # fmt: skip


def _why(name: str) -> str:
    row = REGISTRY[name]
    if not isinstance(row, Measure):
        return "a ratio of a whole is not the sum of the ratios of its parts"
    if row.how is How.DISTINCT:
        return "somebody who comes twice would count twice"
    return "it is a state of one moment"


def _refuse(sentence: str) -> None:
    raise BadRequestError(sentence)
