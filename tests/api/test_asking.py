"""Asking: figures with their columns, the registry, the snapshot, and an unknown name answered with what was meant."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from metrics_core.clock import SystemClock
from metrics_core.feed.message import VIEWS
from metrics_core.model.instant import SECOND
from metrics_core.model.measure import REGISTRY
from tests import given


@pytest.fixture
def stocked(client: TestClient) -> TestClient:
    """Two orders of today, 125.50 online and 74.50 in retail, a refund of 10, and three views."""
    now = SystemClock().now() - SECOND
    records = [
        given.order_record("o1", ts=now, amount="125.50"),
        given.order_record("o2", ts=now, amount=74.5, channel="retail", userId="bob"),
        given.refund_record("o1", 10, ts=now),
        given.event_record(ts=now, count=3),
    ]
    assert client.post("/api/v1/ingest", json=records).json()["accepted"] == 4
    return client


def ask(client: TestClient, **question: Any) -> Any:
    answer = client.post("/api/v1/query", json={"over": "1h", **question})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_columns_are_start_dimensions_and_measures(stocked: TestClient) -> None:
    split = {"by": ["channel"], "grain": "day", "order_by": "-revenue", "zone": "Asia/Kathmandu"}
    answer = ask(stocked, measures=["revenue", "orders"], **split)
    assert answer["columns"] == ["start", "channel", "revenue", "orders"]
    assert [row[1:] for row in answer["rows"]] == [["online", 115.5, 1], ["retail", 74.5, 1]]
    assert all(row[0].endswith("T00:00:00+05:45") for row in answer["rows"])
    assert set(answer) >= {"columns", "rows", "window", "as_of", "compared", "origin"}
    assert set(answer["window"]) == {"start", "end"}
    assert answer["compared"] is None


def test_a_comparison_has_the_same_columns_over_its_own_window(stocked: TestClient) -> None:
    answer = ask(stocked, measures=["revenue"], over="24h", compare=True)
    assert answer["compared"]["columns"] == ["revenue"]
    assert answer["compared"]["window"]["end"] == answer["window"]["start"]
    assert answer["compared"]["note"] == "vs the 24 h before"


def test_what_cannot_be_said_is_null(client: TestClient) -> None:
    answer = ask(client, measures=["conversion_rate", "avg_order_value", "revenue"])
    assert answer["rows"] == [[None, None, 0]]


@pytest.mark.parametrize(
    ("question", "meant"),
    (
        ({"measures": ["revenu"]}, "Did you mean 'revenue'"),
        ({"measures": ["revenue"], "by": ["chanel"]}, "Did you mean 'channel'"),
        ({"measures": ["revenue"], "over": "25h"}, "Did you mean"),
        ({"measures": ["revenue"], "zone": "Europe/Berlyn"}, "Did you mean 'Europe/Berlin'"),
        ({"measures": ["revenue"], "grain": "days"}, "Did you mean 'day'"),
        ({"measures": ["revenue"], "origin": "reel"}, "Did you mean 'real'"),
        ({"measures": ["revenue"], "wher": {}}, "Did you mean 'where'"),
    ),
)
def test_an_unknown_name_is_answered_with_what_was_meant(client: TestClient, question: dict[str, Any], meant: str) -> None:
    answer = client.post("/api/v1/query", json={"over": "1h", **question})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "unknown_name"
    assert meant in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "question",
    (
        [], "revenue", {"measures": "revenue"}, {"measures": []}, {"measures": ["revenue"], "over": 5},
        {"measures": ["revenue"], "over": "1h", "limit": 0},
    ),
)
def test_a_question_that_makes_no_sense_says_why(client: TestClient, question: Any) -> None:
    answer = client.post("/api/v1/query", json=question)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].endswith((".", "}."))


def test_every_measure_can_be_split_by_the_dimensions_it_names(stocked: TestClient) -> None:
    registry = stocked.get("/api/v1/measures").json()
    assert [row["name"] for row in registry["measures"]] == list(REGISTRY)
    for row in registry["measures"]:
        assert row["label"]
        assert row["definition"]
        assert row["formula"]
        assert row["unit"] in ("money", "count", "percent")
        for name in row["dimensions"]:
            ask(stocked, measures=[row["name"]], by=[name])
    for name in registry["periods"]:
        ask(stocked, measures=["revenue"], over=name)


def test_the_real_time_metrics_have_the_agreed_keys_exactly(stocked: TestClient) -> None:
    body = stocked.get("/api/v1/analytics/realtime-metrics").json()
    assert list(body) == ["revenue", "activeUsers", "transactions", "content", "timestamp", "snapshot"]
    assert list(body["revenue"]) == ["total", "today", "thisWeek", "thisMonth"]
    assert list(body["activeUsers"]) == ["current", "today", "peak24h"]
    assert list(body["transactions"]) == ["total", "pending", "completed", "failed"]
    assert list(body["content"]) == ["totalViews", "totalPurchases", "conversionRate"]
    assert list(body["snapshot"]) == ["seq", "asOf", "dataThrough", "computedAt"]
    assert body["revenue"]["total"] == 190


def test_the_snapshot_holds_every_period(stocked: TestClient) -> None:
    body = stocked.get("/api/v1/snapshot").json()
    assert {"today", "1h", "24h", "7d", "30d", "week", "month", "all_time"} <= set(body["periods"])
    hour = body["periods"]["1h"]["figures"]
    assert (hour["revenue"]["value"], hour["orders"]["value"], hour["refunds"]["value"]) == (190, 2, 10)
    assert body["snapshot"]["seq"] >= 1


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_can_be_asked_for(stocked: TestClient, view: str) -> None:
    for path in ("/api/v1/snapshot", "/api/v1/analytics/realtime-metrics"):
        assert stocked.get(path, params={"origin": view}).status_code == 200
    assert stocked.get("/api/v1/snapshot", params={"origin": "reel"}).status_code == 422
