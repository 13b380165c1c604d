"""JSON lines, as mongoimport takes them: events that can be taken in again unchanged, and the collections of seed 000."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import orjson

from metrics_core.model.event import ACTIVITY, ORDER_COMPLETED, ORDER_FAILED, ORDER_PLACED, REFUND, Event, Line
from metrics_core.model.instant import DAY, HOUR, Instant, iso, moment
from metrics_core.model.query import Query, Result
from metrics_core.model.window import ROLLING, Calendar, Window
from metrics_core.store.foreign import key_of_metrics, sales_of
from metrics_core.store.protocols import EventLog
from metrics_core.synth.patterns import mark

Document: TypeAlias = dict[str, Any]

EXPORT_KEY: Final = "pulseboard"
"""Under this key a line says where its event is from, for the import to put it back there."""

MEASURES: Final = ("revenue", "orders", "avg_order_value", "quantity", "conversion_rate")
_STATUS = {ORDER_PLACED: "pending", ORDER_COMPLETED: "completed", ORDER_FAILED: "failed"}
_OBJECT_ID = re.compile("[0-9a-f]{24}")
_TIMELY = ("timestamp", "lastActionTime")


def line(document: Document) -> bytes:
    return orjson.dumps(document) + b"\n"


# -------------------------------------------------------------------------------------------------------------- events


def events(log: EventLog, *, currency: str, digits: int, origins: Sequence[str] = ()) -> Iterator[Document]:
    """Every event as the record that makes it: an order before what became of it, in the order of time."""
    for chunk in log.scan(origins=origins):
        for event in chunk:
            yield event_document(event, currency, digits)


def event_document(event: Event, currency: str, digits: int) -> Document:
    """One event as the record that makes it again, with its id, its exact time and where it is from."""
    record, said = _told(event, currency, digits)
    origin: Document = {
        "record": record,
        "source": event.source,
        "origin": event.origin,
        "receivedAt": _exact(event.received_at),
    }
    if event.run_id is not None:
        origin["runId"] = event.run_id
    return {EXPORT_KEY: origin, "id": event.id, **said}


def _told(event: Event, currency: str, digits: int) -> tuple[str, Document]:
    beside = dict(event.payload or {})
    if event.kind == ACTIVITY:
        timed = (
            {} if any(name in beside for name in _TIMELY) and "timestamp" not in beside else {"timestamp": _exact(event.at)}
        )
        names = {"sessionId": event.session, "contentId": event.content, "channel": event.channel, "region": event.region,
                 "segment": event.segment}  # fmt: skip
        return "activity", {**beside, **_present(names), **timed}
    if event.kind == REFUND:
        return "refund", {"orderId": event.order_id, "amount": _money(event.amount, digits), "currency": currency,
                          "ts": _exact(event.at), **beside}  # fmt: skip
    if event.kind in _STATUS and not event.placed:
        return "status", {"orderId": event.order_id, "status": _STATUS[event.kind], "ts": _exact(event.at), **beside}
    names = {"userId": event.user, "sessionId": event.session, "channel": event.channel, "region": event.region,
             "staffId": event.staff, "contentId": event.content, "feature": event.feature, "segment": event.segment,
             "company": event.company}  # fmt: skip
    if event.kind in _STATUS:
        more = beside.pop("lines", None)
        lines = [_line(row, digits) for row in event.lines]
        if isinstance(more, list) and len(more) == len(lines):
            lines = [{**also, **own} for also, own in zip(more, lines, strict=True)]
        said: Document = {"orderId": event.order_id, "ts": _exact(event.at), "status": _STATUS[event.kind]}
        return "order", {**said, "currency": currency, **_present(names), "lines": lines, **beside}
    said = {"type": event.kind, "ts": _exact(event.at), "count": event.count, **_present(names)}
    return "event", {**said, "properties": beside} if beside else said


# --------------------------------------------------------------------------------------------------------------- sales


def sales(log: EventLog, *, digits: int, origins: Sequence[str] = ()) -> Iterator[Document]:
    """A document of the `sales` collection for each line of each completed order, dated when it completed."""
    for chunk in log.scan(kinds=(ORDER_COMPLETED,), origins=origins):
        for event in chunk:
            for document in sales_of(event, digits):
                times = {name: _date(document[name]) for name in ("date", "createdAt", "updatedAt")}
                yield {**document, "_id": _key(document["_id"]), **times}


# ------------------------------------------------------------------------------------------------------------- metrics


def metrics(
    answer: Callable[[Query], Result], *, now: Instant, calendar: Calendar, digits: int, origins: Sequence[str]
) -> Iterator[Document]:
    """Documents of the `metrics` collection: current, the last 1h, 24h, 7d and 30d, and an hour each for seven days."""
    for document in figures(answer, now=now, calendar=calendar, digits=digits, origins=origins):
        at = document["timestamp"]
        yield {"_id": _key(key_of_metrics(document["period"], at)), **document, "timestamp": _date(at)}


def figures(
    answer: Callable[[Query], Result], *, now: Instant, calendar: Calendar, digits: int, origins: Sequence[str]
) -> Iterator[Document]:
    """The same with instants for times."""
    base = Query(
        MEASURES, calendar.window("current", now), zone=calendar.zone, week_start=calendar.week_start, origins=tuple(origins)
    )
    yield from _documents("current", answer(base), now, calendar.zone, digits, live=True)
    for period in ROLLING:
        result = answer(replace(base, window=calendar.window(period, now)))
        yield from _documents(period, result, now, calendar.zone, digits)
    hours = Window((now - 7 * DAY) // HOUR * HOUR, now // HOUR * HOUR)
    yield from _documents("1h", answer(replace(base, window=hours, grain="hour")), None, calendar.zone, digits)


def _documents(
    period: str, result: Result, at: Instant | None, zone: ZoneInfo, digits: int, *, live: bool = False
) -> Iterator[Document]:
    for row in result.rows:
        said = dict(zip(result.columns, row, strict=True))
        when = said["start"] if at is None else at
        if not isinstance(when, int):
            continue
        seen = mark(when, zone)
        yield {
            "period": period,
            "totalRevenue": _major(said["revenue"], digits),
            "totalOrders": said["orders"],
            "avgOrderValue": _rounded(_major(said["avg_order_value"], digits), max(digits, 2)),
            "totalQuantity": said["quantity"],
            "conversionRate": _rounded(said["conversion_rate"], 2),
            "timestamp": when,
            "isLive": live,
            "metadata": {
                "hour": seen.hour,
                "dayOfWeek": seen.day_of_week,
                "hourMultiplier": seen.hour_multiplier,
                "weekendMultiplier": seen.weekend_multiplier,
            },
        }


def _major(value: object, digits: int) -> float | None:
    return value / 10**digits if isinstance(value, int | float) else None


def _rounded(value: object, decimals: int) -> float | None:
    return round(value, decimals) if isinstance(value, int | float) else None


def _line(row: Line, digits: int) -> Document:
    return {"productId": row.product or "", "quantity": row.quantity, "revenue": _money(row.amount, digits)}


def _money(minor: int, digits: int) -> str:
    return f"{minor // 10**digits}.{minor % 10**digits:0{digits}d}" if digits else str(minor)


def _present(names: Document) -> Document:
    return {name: value for name, value in names.items() if value is not None}


def _date(at: Instant) -> Document:
    return {"$date": iso(at)}


def _key(key: str) -> Document | str:
    """An `_id` as mongoimport takes it: an ObjectId where it can be one."""
    return {"$oid": key} if _OBJECT_ID.fullmatch(key) else key


def _exact(at: Instant) -> str:
    return moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")
