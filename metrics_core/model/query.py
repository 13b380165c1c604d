"""A question about figures, and its answer: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from zoneinfo import ZoneInfo

from metrics_core.model.instant import Instant
from metrics_core.model.window import Window

Value: TypeAlias = str | int | float | None
GRAINS = ("minute", "hour", "day", "week", "month")


@dataclass(frozen=True, slots=True)
class Filter:
    """Keep what has (or, negated, has not) one of these values; None stands for "not named"."""

    dimension: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Which measures, over which window, split how. Names are checked where a Query is made, not where it is answered."""

    measures: tuple[str, ...]
    window: Window
    by: tuple[str, ...] = ()
    grain: str | None = None
    where: tuple[Filter, ...] = ()
    compared: Window | None = None
    compared_note: str | None = None
    zone: ZoneInfo = ZoneInfo("UTC")
    week_start: int = 0
    origins: tuple[str, ...] = ()
    """The origins to count; empty is all of them."""
    order_by: tuple[tuple[str, bool], ...] = ()
    """Column and whether it is descending."""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of an answer: `start` (an Instant, with a grain), the dimensions of `by`, the measures, in that order.

    Money is in minor units, ratios are floats, None is n/a.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    window: Window
    as_of: Instant
    compared: Result | None = None
    note: str | None = None
