"""The curves beside the live figures: today against yesterday, sparklines, and how content performs."""

from __future__ import annotations

from typing import Any

from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant, iso
from metrics_core.model.measure import TOTALS
from metrics_core.model.query import Query
from metrics_core.model.window import Calendar, Window
from metrics_core.reads.answer import answer
from metrics_core.reads.cells import count
from metrics_core.store.protocols import Store

STEP: Instant = 30 * MINUTE
SPARKED = {"today": HOUR, "1h": 5 * MINUTE, "24h": HOUR, "7d": 6 * HOUR, "30d": DAY}
"""Periods with a sparkline, and how long each of its points is."""
TOP_CONTENT = 5


def curves(
    store: Store, calendar: Calendar, *, origins: tuple[str, ...], seq: int, now: Instant, scale: int
) -> dict[str, Any]:
    """The body of a `curves` message at `now`."""
    with store.view():
        today = calendar.start_of("day", now)
        yesterday = calendar.start_of("day", today - 1)
        windows = {name: calendar.window(name, now) for name in SPARKED}
        return {
            "seq": seq,
            "day": {
                "step": STEP // 1_000_000, "start": iso(today),
                "today": _running(store, origins, Window(today, now), scale),
                "yesterday": _running(store, origins, Window(yesterday, today), scale),
            },
            "sparks": {name: _sparks(store, origins, windows[name], step, scale) for name, step in SPARKED.items()},
            "content": {name: _content(store, origins, windows[name]) for name in SPARKED},
            "pace": None,
        }  # fmt: skip


def _buckets(store: Store, origins: tuple[str, ...], window: Window, step: Instant) -> list[dict[str, int]]:
    found = []
    start = window.start
    while start < window.end:
        cut = Window(start, min(start + step, window.end))
        cells = count(store, Query((), cut, origins=origins), cut, TOTALS, None)
        found.append(cells.get((None, ()), {}))
        start += step
    return found


def _running(store: Store, origins: tuple[str, ...], window: Window, scale: int) -> list[float]:
    total = 0
    points = []
    for cell in _buckets(store, origins, window, STEP):
        total += cell.get("gross", 0) - cell.get("refunds", 0)
        points.append(total / scale)
    return points


def _sparks(
    store: Store, origins: tuple[str, ...], window: Window, step: Instant, scale: int
) -> dict[str, list[float | None]]:
    cells = _buckets(store, origins, window, step)
    gross = [cell.get("gross", 0) for cell in cells]
    orders = [cell.get("completed", 0) for cell in cells]
    views = [cell.get("views", 0) for cell in cells]
    return {
        "revenue": [(amount - cell.get("refunds", 0)) / scale for amount, cell in zip(gross, cells, strict=True)],
        "orders": list(orders),
        "avg_order_value": [sum_ / number / scale if number else None for sum_, number in zip(gross, orders, strict=True)],
        "conversion_rate": [100 * number / seen if seen else None for number, seen in zip(orders, views, strict=True)],
    }


def _content(store: Store, origins: tuple[str, ...], window: Window) -> dict[str, Any]:
    query = Query(("views", "purchases", "conversion_rate"), window, by=("content",), origins=origins)
    rows = [row for row in answer(store, query).rows if row[0] is not None]
    return {
        "rows": [
            {"content": row[0], "views": row[1], "purchases": row[2], "conversion": row[3]} for row in rows[:TOP_CONTENT]
        ],
        "of": len(rows),
    }
