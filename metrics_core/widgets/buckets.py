"""The buckets of a chart over time: how fine, where they begin and end, and which of them are not whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant, iso, moment
from metrics_core.model.query import Result
from metrics_core.model.window import Window
from metrics_core.widgets import words
from metrics_core.widgets.drawing import Value
from metrics_core.widgets.frame import Frame, Over

Cut: TypeAlias = Literal["whole", "so far", "cut"]

_LENGTHS: dict[str, Instant] = {"minute": MINUTE, "hour": HOUR}
_UNITS = {"current": "day", "today": "day", "week": "week", "month": "month"}

_FINE: tuple[tuple[Instant, str], ...] = ((2 * HOUR, "minute"), (3 * DAY, "hour"), (93 * DAY, "day"), (731 * DAY, "week"))
_COARSE: tuple[tuple[Instant, str], ...] = ((HOUR, "minute"), (2 * DAY, "hour"), (62 * DAY, "day"), (400 * DAY, "week"))
"""Up to which length of the window which grain is taken: for lines, and for bars, of which fewer fit."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One cut of time. `x` is where it stands on the axis: its local time, without an offset."""

    start: Instant
    end: Instant
    x: str
    until: str
    """Where it ends on the axis."""
    label: str
    cut: Cut
    """"so far" is not over; "cut" begins or ends outside of the window."""

    @property
    def note(self) -> str:
        return {"whole": "", "so far": " so far", "cut": ", cut by the period"}[self.cut]


def grain_of(wanted: str, window: Window, *, coarse: bool = False) -> str:
    """The grain asked for; auto chooses one that gives a few dozen buckets."""
    if wanted != "auto":
        return wanted
    table = _COARSE if coarse else _FINE
    return next((grain for most, grain in table if window.length <= most), "month")


def buckets(starts: Sequence[Value], window: Window, grain: str, frame: Frame) -> tuple[Bucket, ...]:
    """The buckets that begin at these instants, in order."""
    zone = ZoneInfo(frame.zone)
    there = [int(start) for start in starts if isinstance(start, int)]
    ends = [*there[1:], *([_end(there[-1], grain, frame)] if there else [])]
    length = window.end - max(window.start, there[0]) if there else 0
    return tuple(
        Bucket(start, end, local_x(start, zone), local_x(end, zone), words.bucket(start, grain, zone, length),
               _cut(start, end, window, frame))
        for start, end in zip(there, ends, strict=True)
    )  # fmt: skip


def local_x(at: Instant, zone: ZoneInfo) -> str:
    """Where an instant stands on an axis of local time; the second time an hour comes, half an hour later."""
    when = moment(at, zone)
    shift = timedelta(minutes=30) if when.fold else timedelta()
    return (when.replace(tzinfo=None) + shift).isoformat()


def shifted(starts: Sequence[Value], first: Instant, onto: Instant, grain: str, frame: Frame) -> tuple[str, ...]:
    """Where the buckets of a window that begins at `first` stand on the axis of one that begins at `onto`, by the clock."""
    zone = ZoneInfo(frame.zone)
    by = words.local(onto, zone) - words.local(first, zone)
    found = []
    for place, start in enumerate(int(start) for start in starts if isinstance(start, int)):
        when = words.local(start, zone) + by
        if grain == "month":
            opening = words.local(onto, zone)
            month = opening.month - 1 + place
            when = opening.replace(year=opening.year + month // 12, month=month % 12 + 1, day=1)
        found.append(when.isoformat())
    return tuple(found)


def before(over: Over, frame: Frame) -> dict[str, str] | None:
    """The whole of yesterday, of last week or of last month, for a period that is so far; None for others."""
    if not isinstance(over, str) or over not in _UNITS:
        return None
    calendar = frame.calendar
    start = calendar.window(over, frame.now).start
    zone = ZoneInfo(frame.zone)
    return {"start": iso(calendar.start_of(_UNITS[over], start - 1), zone), "end": iso(start, zone)}


def whole_period(over: Over, frame: Frame) -> Window:
    """The window of a period to its end, also where that is not reached yet."""
    window = frame.window(over)
    if isinstance(over, str) and over in _UNITS:
        return Window(window.start, frame.calendar.next_start(_UNITS[over], window.start))
    return window


def _end(start: Instant, grain: str, frame: Frame) -> Instant:
    return start + _LENGTHS[grain] if grain in _LENGTHS else frame.calendar.next_start(grain, start)


def reached(answer: Result, frame: Frame) -> Result:
    """A course as far as it has come: of a range that reaches past now, without the buckets that have not begun."""
    if answer.window.end <= frame.now:
        return answer
    rows = tuple(row for row in answer.rows if isinstance(row[0], int) and row[0] < frame.now)
    return replace(answer, rows=rows, window=Window(answer.window.start, max(answer.window.start, frame.now)))


def _cut(start: Instant, end: Instant, window: Window, frame: Frame) -> Cut:
    if start < frame.now < end <= window.end:
        return "so far"
    if end > window.end:
        return "so far" if window.end >= frame.now else "cut"
    return "cut" if start < window.start else "whole"
