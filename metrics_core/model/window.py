"""Windows: two moments, start in, end out; and periods: windows with a name that move with now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from metrics_core.model.instant import DAY, HOUR, Instant, instant, moment


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A half-open stretch of time [start, end)."""

    start: Instant
    end: Instant

    def __post_init__(self) -> None:
        if self.end < self.start:
            msg = f"A window cannot end ({self.end}) before it starts ({self.start})."
            raise ValueError(msg)

    @property
    def length(self) -> Instant:
        return self.end - self.start


ROLLING: dict[str, Instant] = {"1h": HOUR, "24h": 24 * HOUR, "7d": 7 * DAY, "30d": 30 * DAY}
CALENDAR = ("today", "week", "month")
PERIODS = ("current", *ROLLING, *CALENDAR, "all_time")
"""Every period a question may name. `current` is today so far; `all_time` has no comparison."""

ALL_TIME_START: Instant = 0
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The reporting calendar: the zone whose midnights cut the days, and the day a week starts on (0 is Monday)."""

    zone: ZoneInfo
    week_start: int = 0

    def window(self, period: str, now: Instant) -> Window:
        """The window of a named period at `now`; KeyError for a name that is not in PERIODS."""
        if period in ROLLING:
            return Window(now - ROLLING[period], now)
        if period == "all_time":
            return Window(ALL_TIME_START, now)
        return Window(self.start_of(_UNIT[period], now), now)

    def compared(self, period: str, now: Instant) -> tuple[Window, str] | None:
        """The window a period is compared with and what it is in words; None for all time.

        A rolling window: the one of equal length before it. A calendar window: as much of the period before as has
        elapsed of this one, in hours that really passed, never past that period's end (31 March compares with all of
        February, and says so).
        """
        window = self.window(period, now)
        if period in ROLLING:
            return Window(window.start - window.length, window.start), f"vs the {_SPOKEN[period]} before"
        if period == "all_time":
            return None
        unit = _UNIT[period]
        before = self.start_of(unit, window.start - 1)
        end = before + window.length
        if end < window.start:
            return Window(before, end), f"vs {_BEFORE[unit]} by {_clock(end, unit, self.zone)}"
        whole = _MONTHS[moment(before, self.zone).month - 1] if unit == "month" else _BEFORE[unit]
        shorter = ", which was shorter" if end > window.start else ""
        return Window(before, window.start), f"vs all of {whole}{shorter}"

    def start_of(self, unit: str, at: Instant) -> Instant:
        """The instant at which the local day, week or month that contains `at` begins; never after `at`."""
        day = moment(at, self.zone).date()
        if self._midnight(day) > at:
            day -= timedelta(days=1)
        if unit == "week":
            day -= timedelta(days=self._into_week(day))
        elif unit == "month":
            day = day.replace(day=1)
        return self._midnight(day)

    def next_start(self, unit: str, start: Instant) -> Instant:
        """The start of the local day, week or month after the one that starts at `start`."""
        day = moment(start, self.zone).date()
        if unit == "week":
            day += timedelta(days=7 - self._into_week(day))
        elif unit == "month":
            day = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        else:
            day += timedelta(days=1)
        return self._midnight(day)

    def _into_week(self, day: date) -> int:
        return (day.weekday() - self.week_start) % 7

    def _midnight(self, day: date) -> Instant:
        """The instant from which it is this local day or a later one, for good."""
        # Where midnight does not exist (clocks jump at 00:00), the day begins at the first instant that does: fold=0
        # reads the gap with the offset before the jump, which names exactly that instant. Where midnight comes twice,
        # the day begins at the first one, unless the clock goes back into the day before in between (in St John's
        # it used to, from 00:01 to 23:01): then at the second, so that days follow one another without overlapping.
        wall = datetime.combine(day, time(), tzinfo=self.zone)
        first, second = instant(wall), instant(wall.replace(fold=1))
        if second > first and moment(second - 1, self.zone).date() < day:
            return second
        return first


_UNIT = {"current": "day", "today": "day", "week": "week", "month": "month"}
_BEFORE = {"day": "yesterday", "week": "last week", "month": "last month"}
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")
_SPOKEN = {"1h": "hour", "24h": "24 h", "7d": "7 days", "30d": "30 days"}


def _clock(at: Instant, unit: str, zone: ZoneInfo) -> str:
    when = moment(at, zone)
    if unit == "day":
        return f"{when:%H:%M}"
    if unit == "week":
        return f"{WEEKDAYS[when.weekday()][:3].capitalize()} {when:%H:%M}"
    return f"{when.day} {_MONTHS[when.month - 1][:3]} {when:%H:%M}"
