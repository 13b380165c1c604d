"""The curves beside the live figures: today against yesterday and its pace, sparklines, and how content performs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from metrics_core.model.instant import HOUR, MINUTE, Instant, iso
from metrics_core.model.measure import TOTALS
from metrics_core.model.query import Filter, Query
from metrics_core.model.window import Calendar, Window
from metrics_core.reads.answer import answer
from metrics_core.reads.pace import moments as pace_moments
from metrics_core.reads.pace import pace
from metrics_core.reads.running import Running
from metrics_core.rollup.totals import Totals
from metrics_core.store.protocols import Store

STEP: Instant = 30 * MINUTE
SPARKED = {"today": HOUR, "1h": 5 * MINUTE, "24h": HOUR, "7d": 6 * HOUR, "30d": 24 * HOUR}
"""Periods with a sparkline, and how long each of its points is."""
TOP_CONTENT = 5

_PLACE = {name: place for place, name in enumerate(TOTALS)}


def curves(
    store: Store, calendar: Calendar, *, origins: tuple[str, ...], seq: int, now: Instant, scale: int,
    where: tuple[Filter, ...] = (), totals: Callable[[Iterable[Instant]], Running] | None = None,
) -> dict[str, Any]:
    """The body of a `curves` message at `now`. Of a part of the data, `where` says which, and `totals` counts it."""
    today = calendar.start_of("day", now)
    yesterday = calendar.start_of("day", today - 1)
    windows = {name: calendar.window(name, now) for name in SPARKED}
    cuts = {name: _cuts(windows[name], step) for name, step in SPARKED.items()}
    day = {"today": _cuts(Window(today, now), STEP), "yesterday": _cuts(Window(yesterday, today), STEP)}
    with store.view():
        named = [moment for edges in (*cuts.values(), *day.values()) for moment in edges]
        moments = (*named, *pace_moments(calendar, now))
        running = Running(store, moments) if totals is None else totals(moments)
        return {
            "seq": seq,
            "day": {
                "step": STEP // 1_000_000, "start": iso(today),
                **{name: _rising(running, moments, origins, scale) for name, moments in day.items()},
            },
            "sparks": {name: _sparks(running, moments, origins, scale) for name, moments in cuts.items()},
            "content": {name: _content(store, origins, windows[name], where) for name in SPARKED},
            "pace": pace(running, calendar, now, origins, scale),
        }  # fmt: skip


def _cuts(window: Window, step: Instant) -> list[Instant]:
    """The edges of the points of a window; the last point may be shorter."""
    return [*range(window.start, window.end, step), window.end]


def _revenue(totals: Totals) -> int:
    return totals[_PLACE["gross"]] - totals[_PLACE["refunds"]]


def _rising(running: Running, moments: Sequence[Instant], origins: tuple[str, ...], scale: int) -> list[float]:
    """Revenue since the first moment, at each that follows."""
    first = _revenue(running.before(moments[0], origins))
    return [(_revenue(running.before(moment, origins)) - first) / scale for moment in moments[1:]]


def _sparks(
    running: Running, moments: Sequence[Instant], origins: tuple[str, ...], scale: int
) -> dict[str, list[float | None]]:
    points = [running.over(Window(*edges), origins) for edges in pairwise(moments)]
    gross, orders, views = ([point[_PLACE[name]] for point in points] for name in ("gross", "completed", "views"))
    return {
        "revenue": [_revenue(point) / scale for point in points],
        "orders": list(orders),
        "avg_order_value": [
            amount / number / scale if number else None for amount, number in zip(gross, orders, strict=True)
        ],
        "conversion_rate": [100 * number / seen if seen else None for number, seen in zip(orders, views, strict=True)],
    }


def _content(store: Store, origins: tuple[str, ...], window: Window, where: tuple[Filter, ...]) -> dict[str, Any]:
    query = Query(("views", "purchases", "conversion_rate"), window, by=("content",), where=where, origins=origins)
    rows = [row for row in answer(store, query).rows if row[0] is not None]
    return {
        "rows": [
            {"content": row[0], "views": row[1], "purchases": row[2], "conversion": row[3]} for row in rows[:TOP_CONTENT]
        ],
        "of": len(rows),
    }
