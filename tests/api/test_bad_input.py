"""Bad input: each gets its clear error, and nothing good beside it is lost."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from metrics_core.clock import SystemClock
from metrics_core.model.instant import HOUR, SECOND, iso
from tests.api.conftest import Open

INSIDE = ("Traceback", "sqlite", "SELECT", "/metrics_core/", "site-packages", ".py")
GOOD: dict[str, Any] = {"orderId": "good", "lines": [{"productId": "lamp", "quantity": 1, "revenue": 10}]}


def error_of(answer: Any, status: int, code: str) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error["code"] == code
    assert not [part for part in INSIDE if part in answer.text]
    message: str = error["message"]
    assert message.endswith(".")
    return message


@pytest.mark.parametrize(
    ("body", "says"),
    (
        (b"", "The body is empty"),
        (b"  \n ", "The body is empty"),
        (b'{"orderId": ', "line 1, column 13"),
        (b"[1, 2", "not JSON"),
        (b'{\n  "orderId": "o1",\n  oops\n}', "line 3"),
        (b"orderId=o1&amount=5", "not JSON"),
        (b'{"orderId": "o1"} and more', "line 1, column 19"),
        (b'{"orderId": "\xff\xfe"}', "not UTF-8: byte 13 is 0xff"),
        ('{"orderId": "ä"}'.encode("latin-1"), "not UTF-8"),
        ('{"orderId": "o1"}'.encode("utf-16"), "byte order mark"),
        (b'\xef\xbb\xbf{"orderId": "o1"}', "byte order mark"),
        (b'{"orderId": "\\ud800"}', "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b'[{"orderId": "o1", "x": NaN, "y": "\\ud800"}]', "not JSON"),
        (b'{"x": NaN, "y": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not JSON"),
    ),
)
def test_what_is_not_json_is_told_where_it_breaks(client: TestClient, body: bytes, says: str) -> None:
    for path in ("/api/v1/orders", "/api/v1/query"):
        assert says in error_of(client.post(path, content=body), 400, "malformed")


@pytest.mark.parametrize("body", (b"null", b"5", b'"text"', b"true", b'[[]]', b"[null, 1]", b"{}", b"[{}]"))
def test_what_is_no_record_is_refused_with_its_place(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/v1/ingest", content=body)
    assert answer.status_code == 422
    refused = answer.json()["refused"]
    assert [one["index"] for one in refused] == list(range(len(refused)))
    assert all(one["step"] and one["reason"] for one in refused)


def line(**fields: Any) -> list[dict[str, Any]]:
    return [{"productId": "lamp", "quantity": 1, "revenue": 10, **fields}]


@pytest.mark.parametrize(
    ("fields", "field"),
    (
        ({"lines": line(revenue="much")}, "lines[0].revenue"),
        ({"lines": line(revenue=True)}, "lines[0].revenue"),
        ({"lines": line(revenue=-0.01)}, "lines[0].revenue"),
        ({"lines": line(revenue=1e300)}, "lines[0].revenue"),
        ({"lines": line(revenue=9.999)}, "lines[0].revenue"),
        ({"lines": line(revenue="NaN")}, "lines[0].revenue"),
        ({"lines": line(revenue=[1])}, "lines[0].revenue"),
        ({"lines": line(quantity=-1)}, "lines[0].quantity"),
        ({"lines": line(quantity=1.5)}, "lines[0].quantity"),
        ({"lines": line(quantity=10**30)}, "lines[0].quantity"),
        ({"lines": []}, "lines"),
        ({"lines": "lamp"}, "lines"),
        ({"lines": [1]}, "lines[0]"),
        ({"currency": "XTS"}, "currency"),
        ({"currency": 5}, "currency"),
        ({"ts": "2026-11-19T14:32:05"}, "ts"),
        ({"ts": iso(SystemClock().now() + HOUR)}, "ts"),
        ({"ts": "yesterday"}, "ts"),
        ({"ts": 5}, "ts"),
        ({"ts": 1e40}, "ts"),
        ({"ts": {"$date": 1}}, "ts"),
        ({"status": "lost"}, "status"),
        ({"status": 1}, "status"),
        ({"orderId": {"a": 1}}, "orderId"),
        ({"orderId": ""}, "orderId"),
        ({"orderId": "x" * 10_000}, "orderId"),
        ({"orderId": None}, "orderId"),
        ({"id": [1]}, "id"),
        ({"userId": {"a": 1}}, "userId"),
        ({"channel": ["online"]}, "channel"),
        ({"note": {"deep": json.loads("[" * 500 + "]" * 500)}}, None),
        ({"note": "x" * 1_000_000}, None),
    ),
)
def test_a_bad_field_is_named_and_the_good_record_beside_it_is_kept(
    client: TestClient, fields: dict[str, Any], field: str | None
) -> None:
    bad = {"orderId": "bad", "lines": line(), **fields}
    answer = client.post("/api/v1/orders", json=[bad, {**GOOD, "orderId": f"good-{field}"}])
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 1
    (refused,) = answer.json()["refused"]
    assert refused["index"] == 0
    assert field is None or refused["field"] == field
    assert refused["reason"].endswith((".", "?"))
    assert len(refused["reason"]) < 600


@pytest.mark.parametrize("number", ("NaN", "Infinity", "-Infinity", "1e999", "-1e999"))
def test_an_impossible_number_spoils_only_its_own_record(client: TestClient, number: str) -> None:
    bad = '{"orderId": "bad", "lines": [{"productId": "p", "quantity": 1, "revenue": ' + number + "}]}"
    answer = client.post("/api/v1/orders", content=f"[{bad}, {json.dumps(GOOD)}]")
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 1
    (refused,) = answer.json()["refused"]
    assert (refused["index"], refused["field"]) == (0, "lines[0].revenue")


def test_ids_that_differ_only_in_their_last_digits_stay_apart(client: TestClient) -> None:
    ids = (2**53 + 1, 2**53 + 2, 2**64 - 1)
    answer = client.post("/api/v1/orders", json=[{**GOOD, "orderId": number} for number in ids])
    assert answer.json()["accepted"] == 3
    beyond = client.post("/api/v1/orders", content=json.dumps({**GOOD, "orderId": 10**30 + 1}))
    assert beyond.status_code == 422


def test_exact_money_survives_the_door(client: TestClient) -> None:
    amounts = ("0.10", 0.2, 70368744177.65, "999999999999.99")
    records = [{"orderId": f"o{n}", "lines": line(revenue=amount)} for n, amount in enumerate(amounts)]
    assert client.post("/api/v1/orders", json=records).json()["accepted"] == 4
    answer = client.post("/api/v1/query", json={"measures": ["revenue"], "over": "1h"})
    assert answer.json()["rows"] == [[1070368744177.94]]


def test_a_body_over_the_limit_is_refused_before_it_is_read(opened: Open) -> None:
    client = opened(max_body_bytes=10_000)
    assert "10000 bytes" in error_of(client.post("/api/v1/orders", content=b" " * 10_001), 413, "too_large")
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1_000
            yield b" " * 1_000

    # The test client reads a generator to its end before it calls; that the server stops reading is seen in
    # tests/carriers, over a real connection.
    error_of(client.post("/api/v1/orders", content=endless()), 413, "too_large")
    assert client.post("/api/v1/orders", content=json.dumps([GOOD]) + " " * 5_000).json()["accepted"] == 1


def test_a_small_packet_that_unpacks_to_a_large_body_is_refused(opened: Open) -> None:
    client = opened(max_body_bytes=100_000)
    bomb = gzip.compress(b" " * 10_000_000)
    assert len(bomb) < 100_000
    error_of(client.post("/api/v1/orders", content=bomb, headers={"Content-Encoding": "gzip"}), 413, "too_large")


@pytest.mark.parametrize("body", (b"not gzip", gzip.compress(b"[]", mtime=0)[:-4], gzip.compress(b"[]", mtime=0) + b"more"))
def test_what_is_not_gzip_is_said(client: TestClient, body: bytes) -> None:
    message = error_of(client.post("/api/v1/orders", content=body, headers={"Content-Encoding": "gzip"}), 400, "malformed")
    assert "gzip" in message


def test_other_packings_are_not_taken(client: TestClient) -> None:
    answer = client.post("/api/v1/orders", content=b"[]", headers={"Content-Encoding": "br"})
    assert "with gzip" in error_of(answer, 415, "unsupported")


def test_there_is_nothing_behind_an_unknown_door(client: TestClient) -> None:
    assert "/api/docs" in error_of(client.post("/api/v1/order", json={}), 404, "not_found")
    assert "DELETE" in error_of(client.delete("/api/v1/orders"), 405, "wrong_method")
    error_of(client.post("/health"), 405, "wrong_method")


@pytest.mark.parametrize("body", (b"[1]", b'"orders"', b"null"))
def test_a_status_is_an_object(client: TestClient, body: bytes) -> None:
    error_of(client.post("/api/v1/orders/o1/status", content=body), 422, "bad_request")


def test_a_full_inbox_asks_to_come_back_and_takes_nothing(opened: Open) -> None:
    client = opened(inbox_limit=10)
    records = [{"type": "login", "id": f"e{n}", "ts": iso(SystemClock().now() - SECOND)} for n in range(11)]
    answer = client.post("/api/v1/events", json=records)
    error_of(answer, 503, "busy")
    assert int(answer.headers["retry-after"]) >= 1
    assert client.post("/api/v1/events", json=records[:5]).json()["accepted"] == 5
