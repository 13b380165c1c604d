"""Hours of the day and days of the week: dimensions with an order of their own, of which a window may have only some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from metrics_core.model.instant import DAY, MINUTE, moment
from metrics_core.model.window import Window

CYCLES: Mapping[str, int] = {"hour": 24, "weekday": 7}
"""How many values there are of each; all of them are shown."""

_QUARTER = 15 * MINUTE


def inside(dimensions: Sequence[str], window: Window, zone: ZoneInfo) -> frozenset[tuple[int, ...]] | None:
    """The hours, weekdays, or pairs of them, that a window has some of; None is all. Nothing is a zero only where one is."""
    if window.length >= (8 * DAY if "weekday" in dimensions else 26 * 60 * MINUTE):
        return None
    ends = (*range(window.start, window.end, _QUARTER), max(window.start, window.end - 1))
    when = [moment(at, zone) for at in ends]
    return frozenset(tuple(at.hour if name == "hour" else at.weekday() for name in dimensions) for at in when)
