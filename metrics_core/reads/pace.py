"""Fair pace: where today's revenue is heading, by how the same weekday went on from this time of day before."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from metrics_core.model.instant import Instant, moment
from metrics_core.model.measure import TOTALS
from metrics_core.model.window import Calendar, Window
from metrics_core.reads.running import Running

WEEKS = 8
FEWEST = 3
"""Fewer days like this one say nothing."""

_GROSS, _REFUNDS, _EVENTS = (TOTALS.index(name) for name in ("gross", "refunds", "events"))


def moments(calendar: Calendar, now: Instant) -> list[Instant]:
    """The moments whose running totals `pace` needs."""
    days = [edge for edges in _days(calendar, now) for edge in edges]
    return [calendar.start_of("day", now), now, *days]


def pace(running: Running, calendar: Calendar, now: Instant, origins: tuple[str, ...], scale: int) -> dict[str, Any] | None:
    """What today's revenue comes to if the rest of the day brings what it brought on the same weekday of the last eight
    weeks: the middle one of them, with the least and the most; None with fewer than three such days.

    A day counts where something had been recorded before it began. "This time" is as many hours after midnight as have
    passed today, so days of 23 and 25 hours are compared by what really elapsed.
    """
    def revenue(start: Instant, end: Instant) -> int:
        totals = running.over(Window(start, end), origins)
        return totals[_GROSS] - totals[_REFUNDS]

    today = calendar.start_of("day", now)
    rests = [
        revenue(by_now, end)
        for start, by_now, end in _days(calendar, now)
        if running.before(start, origins)[_EVENTS]
    ]
    if len(rests) < FEWEST:
        return None
    so_far = revenue(today, now)
    return {
        "value": (so_far + round(median(rests))) / scale, "low": (so_far + min(rests)) / scale,
        "high": (so_far + max(rests)) / scale, "days": len(rests), "weekday": f"{moment(now, calendar.zone):%A}",
    }  # fmt: skip


def _days(calendar: Calendar, now: Instant) -> Iterator[tuple[Instant, Instant, Instant]]:
    """The same weekday of each of the weeks before: its start, this time of it, and its end."""
    day = calendar.start_of("day", now)
    elapsed = now - day
    for _ in range(WEEKS):
        for _ in range(7):
            end, day = day, calendar.start_of("day", day - 1)
        yield day, min(day + elapsed, end), end
