"""Sending: every record is answered for in the receipt, good ones are kept beside bad ones."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from metrics_core.clock import SystemClock
from metrics_core.model.instant import SECOND, iso
from tests import given


def just_now(seconds: int = 1) -> str:
    return iso(SystemClock().now() - seconds * SECOND)


def order(order_id: str, amount: object = 25.0, **fields: Any) -> dict[str, Any]:
    record = given.order_record(order_id, ts=SystemClock().now() - SECOND, **fields)
    record["lines"][0]["revenue"] = amount
    return record


def figures(client: TestClient, *measures: str) -> list[Any]:
    answer = client.post("/api/v1/query", json={"measures": list(measures), "over": "1h"})
    assert answer.status_code == 200, answer.text
    row: list[Any] = answer.json()["rows"][0]
    return row


def kept(accepted: int = 1, duplicates: int = 0) -> dict[str, Any]:
    return {"accepted": accepted, "duplicates": duplicates, "refused": []}


def test_an_order_is_counted_as_soon_as_it_is_answered_for(client: TestClient) -> None:
    answer = client.post("/api/v1/orders", json=order("o1", 128.40))
    assert (answer.status_code, answer.json()) == (200, kept())
    assert figures(client, "revenue", "orders", "quantity", "buyers") == [128.40, 1, 1, 1]


@pytest.mark.parametrize("wrap", (lambda many: many, lambda many: {"records": many}, lambda many: {"orders": many}))
def test_a_body_is_one_record_or_a_list_or_an_object_with_the_list(client: TestClient, wrap: Any) -> None:
    assert client.post("/api/v1/orders", json=wrap([order("o1"), order("o2")])).json() == kept(2)


def test_an_empty_list_is_nothing_and_no_error(client: TestClient) -> None:
    answer = client.post("/api/v1/orders", json=[])
    assert (answer.status_code, answer.json()) == (200, kept(0))


def test_good_records_are_kept_beside_bad_ones(client: TestClient) -> None:
    bad = order("o2", -5)
    answer = client.post("/api/v1/orders", json=[order("o1", 10), {**bad, "id": "bad-one"}, "no order", order("o3", 20)])
    assert answer.status_code == 200
    receipt = answer.json()
    assert (receipt["accepted"], receipt["duplicates"]) == (2, 0)
    first, second = receipt["refused"]
    assert {key: first[key] for key in ("index", "id", "step", "field")} == {
        "index": 1, "id": "bad-one", "step": "is_not_negative", "field": "lines[0].revenue",
    }
    assert "-5" in first["reason"]
    assert (second["index"], second["step"]) == (2, "is_an_object")
    assert figures(client, "revenue") == [30]


def test_when_all_is_refused_the_receipt_comes_with_422(client: TestClient) -> None:
    answer = client.post("/api/v1/orders", json=[order("o1", -1), order("o2", "much")])
    assert answer.status_code == 422
    assert [one["index"] for one in answer.json()["refused"]] == [0, 1]


def test_sending_again_changes_nothing(client: TestClient) -> None:
    record = {**order("o1", 10), "id": "first"}
    assert client.post("/api/v1/orders", json=record).json() == kept()
    again = client.post("/api/v1/orders", json=record)
    assert (again.status_code, again.json()) == (200, kept(0, 1))
    assert figures(client, "revenue") == [10]


def test_an_id_sent_again_with_other_content_is_a_conflict(client: TestClient) -> None:
    ts = just_now()
    first = {"type": "login", "userId": "ann", "ts": ts, "id": "e1"}
    client.post("/api/v1/events", json=first)
    answer = client.post("/api/v1/events", json=[{**first, "userId": "bob"}, {"type": "login", "id": "e2", "ts": ts}])
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 1
    (refused,) = answer.json()["refused"]
    assert (refused["index"], refused["id"]) == (0, "e1")
    assert "e1" in refused["reason"]


def test_an_order_moves_on(client: TestClient) -> None:
    client.post("/api/v1/orders", json=[order("o1", 10, status="pending"), order("o2", 20, status="pending")])
    assert figures(client, "revenue", "pending") == [0, 2]
    assert client.post("/api/v1/orders/o1/status", json={"status": "completed"}).json() == kept()
    assert client.post("/api/v1/orders/o2/status", json={"status": "failed", "ts": just_now()}).json() == kept()
    assert figures(client, "revenue", "completed", "failed", "pending") == [10, 1, 1, 0]


def test_the_path_says_which_order_it_is_whatever_its_id(client: TestClient) -> None:
    client.post("/api/v1/orders", json=order("shop/2026 #1", 10, status="pending"))
    moved = client.post("/api/v1/orders/shop%2F2026%20%231/status", json={"status": "completed", "orderId": "another"})
    assert moved.json() == kept()
    assert figures(client, "revenue") == [10]


def test_a_status_of_an_unknown_order_may_succeed_later(client: TestClient) -> None:
    answer = client.post("/api/v1/orders/nobody/status", json={"status": "completed"})
    assert answer.status_code == 422
    (refused,) = answer.json()["refused"]
    assert refused["retryable"] is True
    assert "nobody" in refused["reason"]


def test_a_refund_gives_money_back(client: TestClient) -> None:
    client.post("/api/v1/orders", json=order("o1", 100))
    answer = client.post("/api/v1/refunds", json={"refundId": "r1", "orderId": "o1", "amount": "30.50"})
    assert answer.json() == kept()
    assert figures(client, "revenue", "gross_revenue", "refunds") == [69.5, 100, 30.5]


def test_one_door_takes_records_of_every_sort(client: TestClient) -> None:
    now = SystemClock().now() - SECOND
    mixed = [
        order("o1", 100, status="pending"), given.sale_record(ts=now), given.status_record("o1", ts=now),
        given.refund_record("o1", 10, ts=now), given.event_record(ts=now), given.activity_record("carl", ts=now),
    ]
    answer = client.post("/api/v1/ingest", json={"records": mixed})
    assert answer.json() == kept(6)
    assert figures(client, "revenue", "orders", "views", "active_users") == [140, 2, 1, 3]


def test_lines_of_json_each_stand_for_themselves(client: TestClient) -> None:
    lines = "\n".join(("", json.dumps(order("o1", 10)), '{"orderId": "o2", "lines"', "", json.dumps(order("o3", 20)), ""))
    for headers in ({"Content-Type": "application/x-ndjson"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        answer = client.post("/api/v1/ingest", content=lines, headers=headers)
        assert answer.status_code == 200
        assert answer.json()["accepted"] + answer.json()["duplicates"] == 2
        (refused,) = answer.json()["refused"]
        assert (refused["index"], refused["step"]) == (1, "is_json")
    assert figures(client, "revenue") == [30]


def test_a_body_may_be_packed(client: TestClient) -> None:
    body = gzip.compress(json.dumps([order("o1")]).encode()[:20]) + gzip.compress(json.dumps([order("o1")]).encode()[20:])
    answer = client.post("/api/v1/orders", content=body, headers={"Content-Encoding": "gzip"})
    assert answer.json() == kept()


def test_many_records_in_one_request(client: TestClient) -> None:
    records = [order(f"o{number}", 1) for number in range(1_500)]
    records[700]["lines"][0]["quantity"] = -1
    answer = client.post("/api/v1/orders", json=records)
    assert answer.json()["accepted"] == 1_499
    assert [one["index"] for one in answer.json()["refused"]] == [700]
    assert figures(client, "revenue") == [1_499]


def test_who_sends_can_be_said_and_asked_for(client: TestClient) -> None:
    client.post("/api/v1/orders?source=till-7", json=order("o1", 10))
    client.post("/api/v1/orders", json=order("o2", 5))
    answer = client.post("/api/v1/query", json={"measures": ["revenue"], "over": "1h", "by": ["source"]})
    assert sorted(answer.json()["rows"]) == [["api", 5], ["till-7", 10]]
    assert client.post("/api/v1/orders?source=a%20b", json=order("o3")).status_code == 422


SCRAPED = """{
    "user_id": "test123",
    "name": "Test User",
    "email": "test@example.com",
    "company": "Test Co",
    "session_time_minutes": 15,
    "pages_viewed": 10,
    "current_feature": "Dashboard",
    "is_currently_active": true
  }"""


def test_the_examples_of_the_integration_guide_work_as_written(client: TestClient) -> None:
    sent = client.post("/api/metrics", content=SCRAPED, headers={"Content-Type": "application/json"})
    assert (sent.status_code, sent.json()) == (200, kept())
    found = client.get("/api/metrics")
    assert found.status_code == 200
    (user,) = found.json()["metrics"]
    assert (user["userId"], user["userName"], user["sessionDuration"], user["pageViews"]) == ("test123", "Test User", 15, 10)
    assert (user["activeFeature"], user["isActive"]) == ("Dashboard", True)
    assert found.json()["events"] == []


@pytest.mark.parametrize("wrap", (lambda many: many, lambda many: {"metrics": many}))
def test_many_users_at_once(client: TestClient, wrap: Any) -> None:
    now = SystemClock().now() - SECOND
    users = [given.activity_record(name, ts=now) for name in ("ann", "bob")]
    assert client.post("/api/metrics/bulk", json=wrap(users)).json() == kept(2)
    assert {user["userId"] for user in client.get("/api/metrics").json()["metrics"]} == {"ann", "bob"}


def test_events_of_the_integration_guide_are_events(client: TestClient) -> None:
    event = {
        "type": "feature_used", "userId": "user123", "userName": "John Doe", "data": {"feature": "Revenue Analysis"},
        "timestamp": just_now(),
    }
    assert client.post("/api/events", json=event).json() == kept()
    assert figures(client, "events", "active_users") == [1, 1]
