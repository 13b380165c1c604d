"""The bodies of live messages: a snapshot and its curves as JSON values, money in major units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metrics_core.model.event import REAL, REFUND, Event
from metrics_core.model.instant import Instant, iso
from metrics_core.model.measure import REGISTRY, Unit
from metrics_core.model.snapshot import PeriodFigures, Snapshot
from metrics_core.rollup.derive import change

SAID = ("reason", "text", "lastAction", "name")
"""What an event said that is shown in a feed, the first that there is."""
Trail = Iterable[tuple[Instant, int, int]]
"""Points of (when, revenue today in minor units, active users now)."""


def live_body(
    snapshot: Snapshot, *, trail: Trail, currency: str, digits: int, zone: str, stale: tuple[Instant, str] | None
) -> dict[str, Any]:
    """The body of a `live` message."""
    today = snapshot.periods["today"].figures
    scale = 10**digits

    def revenue(period: str) -> float:
        return _major(snapshot.periods[period].figures["revenue"], scale) or 0.0

    return {
        "snapshot": {
            "seq": snapshot.seq, "asOf": iso(snapshot.as_of),
            "dataThrough": None if snapshot.data_through is None else iso(snapshot.data_through),
            "computedAt": iso(snapshot.computed_at),
        },
        "origin": origin_body(snapshot),
        "currency": {"code": currency, "digits": digits},
        "zone": zone,
        "stale": None if stale is None else {"since": iso(stale[0]), "why": stale[1]},
        "revenue": {
            "total": revenue("all_time"), "today": revenue("today"),
            "thisWeek": revenue("week"), "thisMonth": revenue("month"),
        },
        "activeUsers": {
            "current": snapshot.active_now, "today": today["active_users"], "peak24h": snapshot.peak,
            "peakAt": None if snapshot.peak_at is None else iso(snapshot.peak_at),
        },
        "transactions": {
            "total": today["transactions"], "pending": today["pending"], "completed": today["completed"],
            "failed": today["failed"],
        },
        "periods": {name: _period(period, scale) for name, period in snapshot.periods.items()},
        "recent": [_event(event, scale) for event in snapshot.recent],
        "perMinute": snapshot.per_minute,
        "trail": [{"at": iso(at), "revenue": _major(amount, scale), "active": users} for at, amount, users in trail],
    }  # fmt: skip


def origin_body(snapshot: Snapshot) -> dict[str, Any]:
    """Which data is shown, and the words that must stand over it where not all of it is real."""
    shown = [name for name in (snapshot.origins or sorted(snapshot.counts)) if snapshot.counts.get(name)]
    made_up = any(name not in REAL for name in shown)
    mark = "All data" if snapshot.view == "all" else None
    if made_up and mark is None:
        mark = "Demo data" if "demo" in shown else "Simulated data"
    return {
        "view": snapshot.view, "shown": shown or list(snapshot.origins), "made_up": made_up, "watermark": mark,
        "counts": dict(snapshot.counts),
    }


def _period(period: PeriodFigures, scale: int) -> dict[str, Any]:
    before, against = period.before or {}, period.compared
    return {
        "start": iso(period.window.start), "end": iso(period.window.end), "against": period.against,
        "compared": None if against is None else {"start": iso(against.start), "end": iso(against.end)},
        "figures": {name: _figure(name, value, before.get(name), scale) for name, value in period.figures.items()},
    }


def _figure(name: str, value: float | None, before: float | None, scale: int) -> dict[str, Any]:
    changed = change(name, value, before)
    if REGISTRY[name].unit is Unit.MONEY:
        value, before = _major(value, scale), _major(before, scale)
    return {"value": value, "before": before, "change": changed.amount, "as": changed.how}


def _major(minor: float | None, scale: int) -> float | None:
    return None if minor is None else round(minor / scale, len(str(scale)) - 1)


def _event(event: Event, scale: int) -> dict[str, Any]:
    amount: int | None = sum(line.amount for line in event.lines) if event.lines else None
    if event.kind == REFUND:
        amount = -event.amount
    payload = event.payload or {}
    said = next((str(payload[key])[:80] for key in SAID if payload.get(key)), None)
    return {
        "id": event.id, "at": iso(event.at), "kind": event.kind, "order": event.order_id, "user": event.user,
        "channel": event.channel, "region": event.region, "amount": _major(amount, scale), "content": event.content,
        "feature": event.feature, "text": said, "origin": event.origin,
    }
