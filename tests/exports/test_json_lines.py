"""Exports as JSON lines: events that come back unchanged, and the collections in the shapes of seed 000."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics_core.exports import json_lines
from metrics_core.ingest import files
from metrics_core.ingest.admit import Admission
from metrics_core.model.event import ORDER_COMPLETED, Event
from metrics_core.model.instant import DAY, HOUR, MINUTE
from metrics_core.model.query import Query, Result
from metrics_core.model.window import Calendar
from metrics_core.store.foreign import key_of, key_of_metrics
from metrics_core.store.memory.store import MemoryStore
from metrics_core.synth.history import history
from metrics_core.synth.sample import sample
from tests.given import NOON, activity_record, completed, event_record, numbered, order_record, sale_record

UTC = ZoneInfo("UTC")


DIGITS = {"USD": 2, "JPY": 0, "KWD": 3}


def admitted(
    records: list[dict[str, Any]], *, origin: str = "live", run_id: str | None = None, code: str = "USD"
) -> list[Event]:
    door = Admission(DIGITS[code], code)
    result = door.admit(records, record=None, source="till", origin=origin, run_id=run_id, now=NOON)
    assert result.refused == []
    return result.events


def again(event: Event, code: str = "USD") -> Event:
    """The event that an exported line makes."""
    told = json.loads(json_lines.line(json_lines.event_document(event, code, DIGITS[code])))
    by = told.pop(json_lines.EXPORT_KEY)
    door = Admission(DIGITS[code], code)
    result = door.admit(
        [told], record=by["record"], source=by["source"], origin=by["origin"], run_id=by.get("runId"), now=NOON
    )
    assert result.refused == []
    return result.events[0]


def same(one: Event, other: Event) -> bool:
    return one._replace(received_at=0) == other._replace(received_at=0)


@pytest.mark.parametrize("code", ("USD", "JPY", "KWD"))
def test_every_made_up_event_comes_back_as_it_was(code: str) -> None:
    digits = DIGITS[code]
    records = [r for chunk in history(seed=1, start=NOON - DAY, end=NOON, zone=UTC, digits=digits) for r in chunk]
    records += sample(now=NOON, zone=UTC, digits=digits)
    for event in admitted(records, origin="demo", run_id="demo-1", code=code):
        assert same(again(event, code), event)


ODD: tuple[dict[str, Any], ...] = (
    order_record(
        "A", staffId=7, coupon={"code": "X", "tags": [1, None, True]},
        lines=[
            {"productId": "", "quantity": 0, "revenue": 0, "note": "gift"},
            {"productId": "p", "quantity": 1, "revenue": "9.99"},
        ],
    ),
    order_record("B", ts=NOON - 1, status="pending", segment="vip", timestamp="2026-01-01T00:00:00Z"),
    order_record("C", source="newsletter", origin="Lisbon", runId=4),
    sale_record(id="s1"),
    event_record("signup", properties={"plan": "pro", "feature": "Funnels"}, sessionId="s", staffId="x", count=3),
    event_record(ts=NOON - 123),
    activity_record(custom=1.5, sessionId="s9"),
    {"userId": "ann", "lastActionTime": "2026-11-19T11:00:00Z", "isActive": False},
    {"record": "activity", "userId": "ann", "name": "Ann", "pages_viewed": 3, "timestamp": "2026-11-19T11:00:00.123456Z"},
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(ODD)))
def test_odd_records_come_back_as_they_were(number: int) -> None:
    (event,) = admitted(numbered([ODD[number]]), run_id="r-1")
    assert same(again(event), event)


def test_follow_ups_are_told_without_what_they_took_from_their_order() -> None:
    follow = completed("A", id="A-done", at=NOON, placed=False, user="ann")
    told = json_lines.event_document(follow, "USD", 2)
    assert told[json_lines.EXPORT_KEY]["record"] == "status"
    assert {key: told[key] for key in told if key != json_lines.EXPORT_KEY} == {
        "id": "A-done", "orderId": "A", "status": "completed", "ts": "2026-11-19T12:00:00.000000Z",
    }  # fmt: skip


def test_the_import_knows_the_export_by_the_same_key() -> None:
    assert json_lines.EXPORT_KEY == files.EXPORT_KEY


def test_sales_have_the_shape_of_the_collection_a_line_each() -> None:
    store = MemoryStore()
    with store.batch() as batch:
        assert batch.append([completed("A", id="a", at=NOON - HOUR), completed("B", id="b", at=NOON, origin="sim")])
    first, *others = json_lines.sales(store.events, digits=2, origins=("live",))
    assert len(others) == 1
    assert first == {
        "_id": {"$oid": key_of(completed("A", id="a", at=NOON - HOUR), 0)}, "orderId": "A", "productId": "lamp",
        "quantity": 2, "revenue": 50.0, "channel": "online", "region": "Europe",
        "date": {"$date": "2026-11-19T11:00:00.000Z"}, "userId": "ann",
        "createdAt": {"$date": "2026-11-19T11:00:01.000Z"}, "updatedAt": {"$date": "2026-11-19T11:00:01.000Z"},
    }  # fmt: skip
    assert [event.kind for chunk in store.events.scan() for event in chunk] == [ORDER_COMPLETED] * 2


def test_metrics_have_the_shape_of_the_collection() -> None:
    asked: list[Query] = []

    def answer(query: Query) -> Result:
        asked.append(query)
        columns = (("start",) if query.grain else ()) + query.measures
        row = (15_000_000, 1_200, 12_500.4, 3_000, 3.5044)
        rows = tuple((start, *row) for start in range(query.window.start, query.window.end, HOUR)) if query.grain else (row,)
        return Result(columns, rows, query.window, NOON)

    now = NOON + 14 * MINUTE
    documents = list(json_lines.metrics(answer, now=now, calendar=Calendar(UTC), digits=2, origins=("live",)))
    assert documents[0] == {
        "_id": {"$oid": key_of_metrics("current", now)},
        "period": "current", "totalRevenue": 150_000.0, "totalOrders": 1_200, "avgOrderValue": 125.0, "totalQuantity": 3_000,
        "conversionRate": 3.5, "timestamp": {"$date": "2026-11-19T12:14:00.000Z"}, "isLive": True,
        "metadata": {"hour": 12, "dayOfWeek": 4, "hourMultiplier": 1.5, "weekendMultiplier": 1.0},
    }  # fmt: skip
    assert [one["period"] for one in documents[:5]] == ["current", "1h", "24h", "7d", "30d"]
    hourly = documents[5:]
    assert len(hourly) == 168
    assert {one["period"] for one in hourly} == {"1h"}
    # Two hours of the clock for the last of them: the one that is over, and the one that is not.
    assert len({one["_id"]["$oid"] for one in documents}) == len(documents)
    assert not any(one["isLive"] for one in documents[1:])
    assert hourly[-1]["timestamp"] == {"$date": "2026-11-19T11:00:00.000Z"}
    assert {query.origins for query in asked} == {("live",)}
