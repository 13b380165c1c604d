"""The same questions asked of pandas: a row a line, filtered and grouped. What it says is the truth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from metrics_core.model.event import Event, Line
from metrics_core.model.instant import MINUTE, Instant
from metrics_core.model.query import Query, Value

Rows = set[tuple[Value, ...]]

_QUARTER = 15 * MINUTE
_EPOCH = pd.Timestamp("1970-01-01", tz="UTC")


def frame_of(events: Sequence[Event]) -> pd.DataFrame:
    """A row for each line, and one for an event without lines."""
    rows = [
        {**event._asdict(), "product": line.product, "quantity": line.quantity, "amount": line.amount}
        for event in events
        for line in event.lines or (Line(None, 0, event.amount),)
    ]
    frame = pd.DataFrame(rows).drop(columns=["lines", "payload"])
    frame["when"] = _EPOCH + pd.to_timedelta(frame["at"], unit="us")
    return frame


def rows_of(frame: pd.DataFrame, query: Query) -> Rows:
    """The rows of the answer, in no particular order, unlimited."""
    kept = _filtered(_local(frame, query.zone), query)
    inside = kept[(kept["at"] >= query.window.start) & (kept["at"] < query.window.end)]
    keys = [*(["start"] if query.grain else []), *query.by]
    if query.grain:
        inside = inside.assign(start=_starts(inside, query))
    figures = {name: _figure(inside, name, keys) for name in _SUMS if _needs(query, name)}
    if "pending" in query.measures:
        figures["pending"] = _pending(kept, inside, keys, query)
    if "active_now" in query.measures:
        t = query.window.end
        figures["active_now"] = _figure(kept[(kept["at"] > t - 5 * MINUTE) & (kept["at"] <= t)], "active_users", keys)
    places = _places(figures, query)
    return {(*place, *(_told(name, place, figures) for name in query.measures)) for place in places}


def peak(frame: pd.DataFrame, at: Instant, origins: Sequence[str]) -> int:
    """The most users active at a minute mark of the last 24 hours, mark by mark."""
    active = frame[_CONDITIONS["active_users"](frame) & frame["origin"].isin(list(origins))]
    most = 0
    for mark in range(at // MINUTE * MINUTE, at - 24 * 60 * MINUTE, -MINUTE):
        there = active[(active["at"] > mark - 5 * MINUTE) & (active["at"] <= mark)]
        most = max(most, there["user"].nunique())
    return most


# ------------------------------------------------------------------------------------------------------------- figures

_COMPLETED = "order_completed"
_CONDITIONS = {
    "gross_revenue": lambda f: f["kind"] == _COMPLETED,
    "quantity": lambda f: f["kind"] == _COMPLETED,
    "refunds": lambda f: f["kind"] == "refund",
    "orders": lambda f: f["kind"] == _COMPLETED,
    "completed": lambda f: f["kind"] == _COMPLETED,
    "purchases": lambda f: f["kind"] == _COMPLETED,
    "failed": lambda f: f["kind"] == "order_failed",
    "transactions": lambda f: f["placed"],
    "views": lambda f: f["kind"] == "content_view",
    "events": lambda f: f["kind"].notna(),
    "buyers": lambda f: (f["kind"] == _COMPLETED) & f["user"].notna(),
    "active_users": lambda f: (
        f["user"].notna() & (f["kind"] != "refund") & ((f["kind"] != "order_failed") | f["placed"])
    ),
}  # fmt: skip
_SUMS = {
    "gross_revenue": "amount", "quantity": "quantity", "refunds": "amount", "views": "count", "orders": "id",
    "completed": "id", "purchases": "id", "failed": "id", "transactions": "id", "events": "id", "buyers": "user",
    "active_users": "user",
}  # fmt: skip
"""The column that is added up, or (id, user) of which the different values are counted."""
_MADE_OF = {
    "revenue": ("gross_revenue", "refunds"), "avg_order_value": ("gross_revenue", "orders"),
    "conversion_rate": ("purchases", "views"), "visitor_conversion": ("buyers", "active_users"),
}  # fmt: skip


def _needs(query: Query, name: str) -> bool:
    return any(name == measure or name in _MADE_OF.get(measure, ()) for measure in query.measures)


def _figure(frame: pd.DataFrame, name: str, keys: list[str]) -> dict[tuple[Value, ...], int]:
    some, column = frame[_CONDITIONS[name](frame)], _SUMS[name]
    if not keys:
        return {(): int(some[column].nunique() if column in ("id", "user") else some[column].sum())}
    groups = some.groupby(keys, dropna=False)[column]
    found = groups.nunique() if column in ("id", "user") else groups.sum()
    index = (place if isinstance(place, tuple) else (place,) for place in found.index)
    return {tuple(_plain(value) for value in place): int(number) for place, number in zip(index, found, strict=True)}


def _pending(kept: pd.DataFrame, inside: pd.DataFrame, keys: list[str], query: Query) -> dict[tuple[Value, ...], int]:
    def waiting(until: Instant, by: list[str]) -> dict[tuple[Value, ...], int]:
        before = kept[kept["at"] < until]
        found: dict[tuple[Value, ...], int] = {}
        for name, sign in (("transactions", 1), ("completed", -1), ("failed", -1)):
            for place, number in _figure(before, name, by).items():
                found[place] = found.get(place, 0) + sign * number
        return {place: number for place, number in found.items() if number}

    if not query.grain:
        return waiting(query.window.end, keys)
    starts = sorted(_grid(query))
    ends = [*starts[1:], query.window.end]
    return {
        (start, *place): number
        for start, end in zip(starts, ends, strict=True)
        for place, number in waiting(end, list(query.by)).items()
    }


def _told(name: str, place: tuple[Value, ...], figures: dict[str, dict[tuple[Value, ...], int]]) -> Value:
    if name not in _MADE_OF:
        return figures[name].get(place, 0)
    top, bottom = (figures[part].get(place, 0) for part in _MADE_OF[name])
    if name == "revenue":
        return top - bottom
    return None if not bottom else (1 if name == "avg_order_value" else 100) * top / bottom


def _places(figures: dict[str, dict[tuple[Value, ...], int]], query: Query) -> set[tuple[Value, ...]]:
    if query.by:
        return {place for found in figures.values() for place in found}
    return {(start,) for start in _grid(query)} if query.grain else {()}


# -------------------------------------------------------------------------------------------------------- local time


def _local(frame: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    there = frame["when"].dt.tz_convert(zone)
    wall = there.dt.tz_localize(None)
    return frame.assign(wall=wall, hour=wall.dt.hour, weekday=wall.dt.day_of_week)


def _filtered(frame: pd.DataFrame, query: Query) -> pd.DataFrame:
    if query.origins:
        frame = frame[frame["origin"].isin(query.origins)]
    for row in query.where:
        named = frame[row.dimension].isin([value for value in row.values if value is not None])
        if None in row.values:
            named |= frame[row.dimension].isna()
        frame = frame[~named if row.negated else named]
    return frame


def _starts(frame: pd.DataFrame, query: Query) -> list[int]:
    return [_start(at, wall, query) for at, wall in zip(frame["at"], frame["wall"], strict=True)]


def _start(at: Instant, wall: pd.Timestamp, query: Query) -> Instant:
    """The instant at which the bucket begins that holds an event."""
    if query.grain in ("minute", "hour"):
        floor = wall.floor("min" if query.grain == "minute" else "h")
        start = int(at) - (wall - floor) // timedelta(microseconds=1)
        while _offset(start, query.zone) != _offset(int(at), query.zone):
            start = (start // _QUARTER + 1) * _QUARTER  # the clocks changed within the hour: it begins where they did
        return start
    day = wall.normalize()
    if query.grain == "week":
        day -= timedelta(days=(day.day_of_week - query.week_start) % 7)
    elif query.grain == "month":
        day = day.replace(day=1)
    midnight = day.tz_localize(query.zone, ambiguous=True, nonexistent="shift_forward")
    return (midnight - _EPOCH) // timedelta(microseconds=1)


def _grid(query: Query) -> set[Instant]:
    """Where the buckets of the window begin, found by walking through it."""
    step = MINUTE if query.grain == "minute" else _QUARTER
    edges = range(-(-query.window.start // step) * step, query.window.end, step)
    return {_start(at, _wall(at, query.zone), query) for at in (query.window.start, *edges)}


def _wall(at: Instant, zone: ZoneInfo) -> pd.Timestamp:
    return (_EPOCH + pd.Timedelta(at, unit="us")).tz_convert(zone).tz_localize(None)


def _offset(at: Instant, zone: ZoneInfo) -> timedelta:
    return (_EPOCH + pd.Timedelta(at, unit="us")).tz_convert(zone).utcoffset()


def _plain(value: object) -> Value:
    if value is None or (isinstance(value, float) and value != value):
        return None
    return value if isinstance(value, str) else int(value)  # type: ignore[call-overload]
