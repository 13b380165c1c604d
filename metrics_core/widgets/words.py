"""The words of widgets: periods, times, names of values, what is missing and how to fill it, texts for screen readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.instant import DAY, HOUR, Instant, moment
from metrics_core.model.measure import REGISTRY, Ratio
from metrics_core.model.query import Value
from metrics_core.model.window import WEEKDAYS, Window
from metrics_core.widgets.drawing import Delta, Empty
from metrics_core.widgets.frame import Frame, Over
from metrics_core.widgets.numbers import spoken

OTHER = "Other"
UNNAMED = "Not named"
DAYS = tuple(day.title() for day in WEEKDAYS)

_PERIODS = {
    "current": "today", "today": "today", "week": "this week", "month": "this month", "1h": "last hour", "24h": "last 24 h",
    "7d": "last 7 days", "30d": "last 30 days", "all_time": "all time",
}  # fmt: skip
BEFORE = {"current": "yesterday", "today": "yesterday", "week": "last week", "month": "last month"}


def period(over: Over, frame: Frame) -> str:
    """A period in words: "today", "last 24 h", "1 to 7 Nov 2026"."""
    if isinstance(over, str):
        return _PERIODS[over]
    window = frame.window(over)
    return span(window, ZoneInfo(frame.zone))


def span(window: Window, zone: ZoneInfo) -> str:
    """A range in words; of whole days where it begins and ends at midnight."""
    first, last = moment(window.start, zone), moment(window.end, zone)
    if (first.hour, first.minute, last.hour, last.minute) != (0, 0, 0, 0):
        if first.date() == last.date():
            return f"{first.day} {first:%b %Y}, {first:%H:%M} to {last:%H:%M}"
        return f"{first.day} {first:%b} {first:%H:%M} to {last.day} {last:%b %Y} {last:%H:%M}"
    last = moment(max(window.start, window.end - 1), zone)
    if first.date() == last.date():
        return f"{first.day} {first:%b %Y}"
    start = f"{first.day}" if (first.year, first.month) == (last.year, last.month) else (
        f"{first.day} {first:%b}" if first.year == last.year else f"{first.day} {first:%b %Y}")  # fmt: skip
    return f"{start} to {last.day} {last:%b %Y}"


def bucket(start: Instant, grain: str, zone: ZoneInfo, length: Instant) -> str:
    """A bucket as a label says it; `length` is that of the whole window, which says whether the day is needed."""
    when = moment(start, zone)
    if grain in ("minute", "hour"):
        return f"{when:%H:%M}" if length <= DAY + HOUR else f"{when:%a} {when.day} {when:%b}, {when:%H:%M}"
    if grain == "month":
        return f"{when:%b %Y}"
    return f"{'week of ' if grain == 'week' else ''}{when.day} {when:%b}"


def clock(at: Instant, zone: ZoneInfo) -> str:
    return f"{moment(at, zone):%H:%M}"


def name(dimension: str, value: Value) -> str:
    """A value of a dimension as people read it."""
    if value is None:
        return UNNAMED
    if dimension == "weekday" and isinstance(value, int):
        return DAYS[value]
    if dimension == "hour":
        return f"{int(value):02d}:00"
    text = str(value)
    if dimension in ("channel", "segment", "origin"):
        return text[:1].upper() + text[1:].replace("_", " ")
    return text


def pick(dimension: str, value: Value) -> Value:
    """A value of a dimension as a filter takes it."""
    return DAYS[value] if dimension == "weekday" and isinstance(value, int) else value


def in_figure(text: str) -> str:
    """Text that Plotly shows as it is: it would read tags and links in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def listed(names: Sequence[str]) -> str:
    """"Revenue, orders and refunds"."""
    rest = [name[:1].lower() + name[1:] if name[1:2].islower() else name for name in names[1:]]
    if not rest:
        return names[0]
    return f"{', '.join([names[0], *rest[:-1]])} and {rest[-1]}"


# ------------------------------------------------------------------------------------------------------------- empty

_MISSING: Mapping[str, tuple[str, str, str]] = {
    "staff": ("group", "No order names a staff member", "Send `staffId` with an order and the ranking starts with it."),
    "segment": ("diversity_3", "No order names its buyer", "Send `userId` with an order, or `segment`."),
    "channel": ("storefront", "Nothing names a channel", "Send `channel` with an order or an event."),
    "region": ("public", "Nothing names a region", "Send `region` with an order or an event."),
    "product": ("inventory_2", "No product was sold", "Send an order with `lines`, each with its `productId`."),
    "content": ("article", "No content was looked at", "Send a `content_view` event with its `contentId`."),
    "feature": ("touch_app", "No feature was used", "Send `feature` with an event or an activity."),
    "company": ("apartment", "Nobody names a company", "Send `company` with an order, an event or an activity."),
    "user": ("person", "Nobody did anything", "Send `userId` with an order or an event."),
}
_NEEDS: Mapping[str, str] = {
    "orders": "Send an order", "purchases": "Send an order", "views": "Send a `content_view` event",
    "active_users": "Send an event, an order or an activity with its `userId`",
}


def nothing_by(dimension: str, when: str) -> Empty:
    """There is nothing that has a value of a dimension."""
    icon, what, step = _MISSING.get(
        dimension, ("inbox", f"Nothing to split by {DIMENSIONS[dimension].label.lower()}", "Send an order or an event.")
    )
    return Empty(icon=icon, what=f"{what} {_in(when)}", step=f"{step} Or choose a longer period.")


def ahead(when: str) -> Empty:
    """A range of days that are still to come."""
    return Empty(icon="event_upcoming", what="This period has not begun", step=f"{capital(when)} is still to come.")


def nothing_yet() -> Empty:
    return Empty(icon="inbox", what="Nothing was recorded yet",
                 step="Send an order or an event, or fill in demo data under Data.")  # fmt: skip


def no_value(measure: str, when: str) -> Empty:
    """A ratio that has nothing to divide by."""
    row = REGISTRY[measure]
    bottom = row.bottom if isinstance(row, Ratio) else measure
    return Empty(
        icon="percent", what=f"No {REGISTRY[bottom].label.lower()} {_in(when)}",
        step=f"{row.label} needs them. {_NEEDS.get(bottom, 'Send an event')}, or choose a longer period.",
    )  # fmt: skip


def why_none(measure: str, when: str) -> str:
    """Why a figure is n/a."""
    row = REGISTRY[measure]
    if not isinstance(row, Ratio):
        return f"{row.label} has no value {_in(when)}."
    return f"No {REGISTRY[row.bottom].label.lower()} {_in(when)} to divide by."


def no_complete(grain: str) -> Empty:
    return Empty(icon="hourglass_top", what=f"No {grain} is complete yet",
                 step="Choose a longer period, or show periods that are not over.")  # fmt: skip


def _in(when: str) -> str:
    if when.startswith(("last", "this")):
        return f"in the {when}" if when.startswith("last") else when
    return {"today": "today", "all time": "yet"}.get(when, f"in {when}")


# --------------------------------------------------------------------------------------------------------------- alt


def card_alt(title: str, figure: str, delta: Delta | None, more: Sequence[str] = ()) -> str:
    """"Revenue today, $53,362.97, up 2.6 percent vs yesterday by 14:32."."""
    parts = [title, figure, *([spoken(delta)] if delta is not None else []), *more]
    return ", ".join(part for part in parts if part) + "."


def course_alt(subject: str, points: Sequence[tuple[str, float | None, str]], tail: Sequence[str] = ()) -> str:
    """A course over time: first, last, highest, lowest. A point is its label, its figure, and that in words."""
    there = [(label, value, text) for label, value, text in points if value is not None]
    if not there:
        return f"{subject}. No values."
    first, last = there[0], there[-1]
    high, low = max(there, key=lambda row: row[1]), min(there, key=lambda row: row[1])
    said = [f"First {first[2]} at {first[0]}, last {last[2]} at {last[0]}",
            f"Highest {high[2]} at {high[0]}, lowest {low[2]} at {low[0]}", *tail]  # fmt: skip
    return f"{subject}. {'. '.join(said)}."


def list_alt(subject: str, rows: Sequence[tuple[str, str]], of: int, tail: Sequence[str] = ()) -> str:
    """What a bar chart, a pie or a table shows, the first five by name."""
    said = ", ".join(f"{label} {text}" for label, text in rows[:5])
    more = f", and {of - 5} more" if of > 5 else ""
    return ". ".join([subject, f"{said}{more}", *tail]) + "."


def local(at: Instant, zone: ZoneInfo) -> datetime:
    """A local time without its offset, as an axis shows it."""
    return moment(at, zone).replace(tzinfo=None)
