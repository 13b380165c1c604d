"""Live messages: their topics and views, and their bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from metrics_core.errors import UnknownNameError
from metrics_core.model.event import ORIGINS
from metrics_core.model.query import Filter

METRICS = "metrics"
LIVE = "live"
CURVES = "curves"
TOPICS = (METRICS, LIVE, CURVES)
VIEWS = ("real", "all", *ORIGINS)
"""Which data a message shows: the default rule for real data, everything, or one origin."""


def topics_of(text: str | None) -> tuple[str, ...]:
    """The topics a caller asked for, with commas between them; `metrics` when none is named."""
    names = [name.strip() for name in (text or METRICS).split(",") if name.strip()]
    for name in names:
        if name not in TOPICS:
            raise UnknownNameError(what="topic", name=name, known=TOPICS)
    return tuple(dict.fromkeys(names)) or (METRICS,)


def view_of(text: str | None) -> str:
    """The view a caller asked for; `real` when none is named."""
    name = (text or "real").strip()
    if name not in VIEWS:
        raise UnknownNameError(what="origin", name=name, known=VIEWS)
    return name


def channel_of(view: str, filters: Sequence[Filter]) -> str:
    """The view that somebody's messages are of: one of its own for each part of the data that is seen."""
    if not filters:
        return view
    told = [[row.dimension, list(row.values), row.negated] for row in sorted(filters, key=repr)]
    return f"{view}?{orjson.dumps(told).decode()}"


def part_of(channel: str) -> tuple[str, tuple[Filter, ...]]:
    """The view of a channel, and the filters that narrow it."""
    view, _, told = channel.partition("?")
    rows = orjson.loads(told) if told else ()
    return view, tuple(Filter(name, tuple(values), negated) for name, values, negated in rows)


def encode(topic: str, body: Mapping[str, Any]) -> bytes:
    """The bytes of a message."""
    return orjson.dumps({"type": topic, "data": body})


def metrics_of(live: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a `metrics` message, made from the body of the `live` message of the same snapshot.

    Transactions and content are of today, like every figure that does not name its window.
    """
    active, today = live["activeUsers"], live["periods"]["today"]["figures"]
    rate = today["conversion_rate"]["value"]
    return {
        "revenue": live["revenue"],
        "activeUsers": {"current": active["current"], "today": active["today"], "peak24h": active["peak24h"]},
        "transactions": live["transactions"],
        "content": {
            "totalViews": today["views"]["value"],
            "totalPurchases": today["purchases"]["value"],
            "conversionRate": None if rate is None else round(rate, 2),
        },
        "timestamp": live["snapshot"]["asOf"],
        "snapshot": live["snapshot"],
    }
