"""Which time a question is about: its window, and the window it is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from metrics_core.errors import BadRequestError
from metrics_core.model.instant import DAY, Instant, instant, moment
from metrics_core.model.window import PERIODS, Calendar, Window
from metrics_core.reads.names import known, quoted

_FIRST_YEAR, _LAST_YEAR = 1970, 2100
_RANGE = '{"start": "2026-11-01", "end": "2026-11-08"}'


class Compared(NamedTuple):
    """The window to compare with, and what it is in words."""

    window: Window
    note: str


def window_of(over: object, calendar: Calendar, now: Instant) -> Window:
    """The window of a period's name, or of a start and an end."""
    if isinstance(over, str):
        return calendar.window(known("period", over, PERIODS), now)
    if isinstance(over, Mapping):
        return _range(over, "over", calendar, now)
    msg = f"`over` says which time is asked about: a period ({', '.join(PERIODS)}), or a range like {_RANGE}."
    raise BadRequestError(msg)


def compared_of(compare: object, over: object, calendar: Calendar, now: Instant) -> Compared | None:
    """What to compare with: nothing, what came before, or a start and an end. All of time has nothing before it."""
    if compare is None or compare is False:
        return None
    if isinstance(compare, Mapping):
        window = _range(compare, "compare", calendar, now)
        first, last = (moment(at, calendar.zone) for at in (window.start, window.end))
        return Compared(window, f"vs {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}")
    if isinstance(compare, str):
        known("comparison", compare, ("previous",))
    elif compare is not True:
        msg = f'`compare` is true, false, "previous", or a range like {_RANGE}.'
        raise BadRequestError(msg)
    if isinstance(over, str):
        before = calendar.compared(over, now)
        return None if before is None else Compared(*before)
    window = window_of(over, calendar, now)
    before = previous(window, calendar)
    return _as_far(before, now - window.start, calendar) if window.start < now < window.end else before


def previous(window: Window, calendar: Calendar) -> Compared:
    """What came before a range: as many whole months, as many whole days, or as much time."""
    first, last = _midnight(window.start, calendar), _midnight(window.end, calendar)
    if first is None or last is None or first == last:
        return Compared(Window(window.start - window.length, window.start), "vs the same length of time before")
    days = (last - first).days
    if first.day == last.day == 1:
        months = (last.year - first.year) * 12 + last.month - first.month
        before = _months_before(first, months)
        note = f"vs {before:%B %Y}" if months == 1 else f"vs the {months} months before"
        days_before = (first - before).days
        if days_before != days:
            note += f" ({days_before} days against {days})"
    else:
        before = first - timedelta(days=days)
        note = "vs the day before" if days == 1 else f"vs the {days} days before"
    start = instant(datetime.combine(before, time(), calendar.zone))
    return Compared(Window(start, window.start), note)


def _as_far(before: Compared, elapsed: Instant, calendar: Calendar) -> Compared:
    """As much of what came before as has elapsed of a range that is not over, in hours that really passed."""
    end = before.window.start + elapsed
    if end >= before.window.end:
        return before
    when = moment(end, calendar.zone)
    day = f"{when:%a}" if before.window.length <= 7 * DAY else f"{when.day} {when:%b}"
    return Compared(Window(before.window.start, end), f"{before.note.partition(' (')[0]} by {day} {when:%H:%M}")


def _range(span: Mapping[object, object], field: str, calendar: Calendar, now: Instant) -> Window:
    for name in span:
        known(f"field of `{field}`", name, ("start", "end"))
    if span.get("start") is None:
        msg = f"`{field}` has no start. A range is like {_RANGE}; without an end it lasts until now."
        raise BadRequestError(msg)
    start = time_of(span["start"], f"{field}.start", calendar)
    end = now if span.get("end") is None else time_of(span["end"], f"{field}.end", calendar)
    if end <= start:
        first, last = (moment(at, calendar.zone).isoformat() for at in (start, end))
        msg = f"`{field}` must end ({last}) after it starts ({first}). One whole day ends at the next: the end is left out."
        raise BadRequestError(msg)
    return Window(start, end)


def time_of(text: object, field: str, calendar: Calendar) -> Instant:
    """ISO 8601; without an offset it is read in the zone of the question, a date alone as that day's midnight."""
    try:
        when = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        when = None
    if when is None:
        msg = f"`{field}` is {quoted(text)}, which is no time. Write ISO 8601: 2026-11-19, or 2026-11-19T14:30:00+01:00."
        raise BadRequestError(msg)
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        msg = f"`{field}` is in the year {when.year}. Ask about the years {_FIRST_YEAR} to {_LAST_YEAR}."
        raise BadRequestError(msg)
    return instant(when if when.tzinfo else when.replace(tzinfo=calendar.zone))


def _midnight(at: Instant, calendar: Calendar) -> date | None:
    """The local day that begins at this instant, if one does."""
    return moment(at, calendar.zone).date() if calendar.start_of("day", at) == at else None


def _months_before(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
