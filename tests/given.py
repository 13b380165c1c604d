"""Data by name: the events that stores and folds take, and the records that senders send."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from metrics_core.model.event import ACTIVITY, LIVE, ORDER_COMPLETED, ORDER_FAILED, ORDER_PLACED, REFUND, VIEW, Event, Line
from metrics_core.model.instant import SECOND, Instant, instant, iso

NOON: Instant = instant(datetime(2026, 11, 19, 12, tzinfo=UTC))
"""A Thursday; what has no time of its own happens here."""

LINES = (Line("lamp", 2, 5_000), Line("desk", 1, 20_050))
"""Two products, three units, 250.50."""

_numbers = itertools.count(1)


def at(text: str) -> Instant:
    """`at("2026-03-29 01:30")` in UTC, or with an offset of its own."""
    when = datetime.fromisoformat(text)
    return instant(when if when.tzinfo else when.replace(tzinfo=UTC))


# ------------------------------------------------------------------------------------------------------------- events


def event(kind: str = "login", *, at: Instant = NOON, id: str | None = None, **fields: Any) -> Event:
    """Any event; what is not said is the same every time, but for the id."""
    name = id or f"e{next(_numbers)}"
    fields.setdefault("received_at", at + SECOND)
    fields.setdefault("source", "shop")
    fields.setdefault("origin", LIVE)
    digest = crc32(repr((kind, at, sorted(fields.items(), key=lambda item: item[0]))).encode())
    return Event(id=name, digest=digest, kind=kind, at=at, **fields)


def _order(kind: str, order: str | None, fields: dict[str, Any]) -> Event:
    name = order or f"o{next(_numbers)}"
    for key, value in {"user": "ann", "channel": "online", "region": "Europe", "lines": LINES}.items():
        fields.setdefault(key, value)
    return event(kind, order_id=name, **fields)


def placed(order: str | None = None, **fields: Any) -> Event:
    """A pending order, by Ann, online, in Europe."""
    return _order(ORDER_PLACED, order, {"placed": True, **fields})


def completed(order: str | None = None, **fields: Any) -> Event:
    """An order that arrived completed; with `placed=False`, the completion of one that was pending."""
    return _order(ORDER_COMPLETED, order, {"placed": True, **fields})


def failed(order: str | None = None, **fields: Any) -> Event:
    """An order that arrived failed; with `placed=False`, the failure of one that was pending."""
    return _order(ORDER_FAILED, order, {"placed": True, **fields})


def refunded(order: str, amount: int, **fields: Any) -> Event:
    """Money given back, in minor units, with the dimensions of its order."""
    return _order(REFUND, order, {"amount": amount, "lines": (), **fields})


def viewed(content: str = "home", *, user: str | None = "ann", count: int = 1, **fields: Any) -> Event:
    return event(VIEW, content=content, user=user, count=count, **fields)


def seen(user: str = "ann", **fields: Any) -> Event:
    """A user noticed by a tracker."""
    return event(ACTIVITY, user=user, **fields)


# ------------------------------------------------------------------------------------------------------------ records


def order_record(
    order: str | None = None, *, ts: Instant = NOON, amount: str | float = "250.50", **fields: Any
) -> dict[str, Any]:
    """An order as a shop sends it, of one line unless `lines` says more."""
    name = order or f"o{next(_numbers)}"
    return {
        "orderId": name, "userId": "ann", "ts": iso(ts), "channel": "online", "region": "Europe",
        "lines": [{"productId": "lamp", "quantity": 1, "revenue": amount}], **fields,
    }


def sale_record(*, ts: Instant = NOON, **fields: Any) -> dict[str, Any]:
    """A sale in the shape of the `sales` collection."""
    return {
        "productId": "lamp", "quantity": 2, "revenue": 50.0, "channel": "retail", "region": "Asia", "date": iso(ts),
        "userId": "bob", **fields,
    }


def status_record(order: str, status: str = "completed", *, ts: Instant = NOON, **fields: Any) -> dict[str, Any]:
    return {"orderId": order, "status": status, "ts": iso(ts), **fields}


def refund_record(order: str, amount: str | float, *, ts: Instant = NOON, **fields: Any) -> dict[str, Any]:
    return {"refundId": f"r{next(_numbers)}", "orderId": order, "amount": amount, "ts": iso(ts), **fields}


def event_record(type: str = "content_view", *, ts: Instant = NOON, **fields: Any) -> dict[str, Any]:
    return {"type": type, "userId": "ann", "contentId": "home", "ts": iso(ts), **fields}


def activity_record(user: str = "ann", *, ts: Instant = NOON, **fields: Any) -> dict[str, Any]:
    """What one user is doing now, with all twenty fields."""
    return {
        "userId": user, "userName": user.title(), "email": f"{user}@example.com", "company": "Acme Corp",
        "timestamp": iso(ts), "sessionDuration": 25, "pageViews": 42, "clickCount": 156, "scrollDepth": 75,
        "featuresUsed": ["Dashboard", "Funnels", "Revenue"], "activeFeature": "Revenue",
        "featureTime": {"Dashboard": 10, "Funnels": 8, "Revenue": 7}, "eventsTriggered": 23, "queriesRun": 5,
        "reportsCreated": 2, "dashboardsViewed": 3, "isActive": True, "lastAction": "Viewed revenue report",
        "lastActionTime": iso(ts), **fields,
    }


def numbered(records: Sequence[dict[str, Any]], prefix: str = "id") -> list[dict[str, Any]]:
    """The same records, each with an `id`, so that sending them again changes nothing."""
    return [{**record, "id": f"{prefix}-{number}"} for number, record in enumerate(records)]
