"""The live doors: the newest at once, every change after it, and an answer to whatever a client sends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from metrics_core.clock import SystemClock
from metrics_core.model.instant import SECOND
from tests import given
from tests.api.conftest import Open

METRICS = ["revenue", "activeUsers", "transactions", "content", "timestamp", "snapshot"]


def sent_order(client: TestClient, amount: float = 25) -> None:
    order = given.order_record(ts=SystemClock().now() - SECOND, amount=amount)
    assert client.post("/api/v1/orders", json=order).json()["accepted"] == 1


def until(ws: WebSocketTestSession, kind: str) -> dict[str, Any]:
    """The next message of this type; figures may come in between."""
    while (message := ws.receive_json())["type"] != kind:
        pass
    return dict(message)


def test_the_newest_comes_at_once_and_every_change_after_it(client: TestClient) -> None:
    with client.websocket_connect("/ws/metrics") as ws:
        first = ws.receive_json()
        assert first["type"] == "metrics"
        assert list(first["data"]) == METRICS
        assert first["data"]["revenue"]["total"] == 0
        sent_order(client, 128.40)
        while (message := ws.receive_json())["data"]["revenue"]["total"] == 0:
            pass
        assert message["data"]["revenue"]["total"] == 128.40
        assert message["data"]["snapshot"]["seq"] > first["data"]["snapshot"]["seq"]


def test_two_who_listen_hear_the_same(client: TestClient) -> None:
    with client.websocket_connect("/ws/metrics") as one, client.websocket_connect("/ws/metrics") as other:
        sent_order(client)
        heard: list[dict[int, Any]] = []
        for ws in (one, other):
            told: dict[int, Any] = {}
            while True:
                data = ws.receive_json()["data"]
                told[data["snapshot"]["seq"]] = data
                if data["revenue"]["total"]:
                    break
            heard.append(told)
        both = heard[0].keys() & heard[1].keys()
        assert both
        assert [heard[0][seq] for seq in both] == [heard[1][seq] for seq in both]


def test_a_ping_is_answered(client: TestClient) -> None:
    with client.websocket_connect("/ws/metrics") as ws:
        assert ws.receive_json()["type"] == "metrics"
        ws.send_json({"type": "ping"})
        assert until(ws, "pong") == {"type": "pong"}
        ws.send_bytes(b'{"type": "ping"}')
        assert until(ws, "pong") == {"type": "pong"}


def test_each_topic_comes_at_once(client: TestClient) -> None:
    with client.websocket_connect("/ws/metrics?topics=live,curves,metrics&origin=all") as ws:
        first = [ws.receive_json() for _ in range(3)]
    found = {message["type"]: message["data"] for message in first}
    assert set(found) == {"live", "curves", "metrics"}
    assert found["live"]["origin"]["view"] == "all"
    assert {"snapshot", "currency", "revenue", "activeUsers", "transactions", "periods", "recent"} <= set(found["live"])
    assert {"day", "sparks", "content"} <= set(found["curves"])


@pytest.mark.parametrize("query", ("topics=metric", "origin=reel"))
def test_an_unknown_topic_or_origin_is_told_what_was_meant_and_the_socket_closed(client: TestClient, query: str) -> None:
    with client.websocket_connect(f"/ws/metrics?{query}") as ws:
        message = ws.receive_json()
        assert (message["type"], message["error"]["code"]) == ("error", "unknown_name")
        assert "Did you mean" in message["error"]["message"]
        with pytest.raises(WebSocketDisconnect) as closed:
            ws.receive_json()
        assert closed.value.code == 1008


@pytest.mark.parametrize(
    ("text", "code"),
    (
        ("{", "malformed"), ("", "malformed"), ("[" * 100_000, "malformed"), ("[]", "unknown_name"), ("5", "unknown_name"),
        ('{"type": "hello"}', "unknown_name"), ('{"type": ["ping"]}', "unknown_name"), ('{"no": "type"}', "unknown_name"),
    ),
)
def test_what_a_client_sends_wrongly_is_answered_and_the_socket_goes_on(client: TestClient, text: str, code: str) -> None:
    with client.websocket_connect("/ws/metrics") as ws:
        ws.send_text(text)
        assert until(ws, "error")["error"]["code"] == code
        ws.send_json({"type": "ping"})
        until(ws, "pong")


def test_users_come_in_by_the_socket_too(client: TestClient) -> None:
    ann, bob, carl = (given.activity_record(name, ts=SystemClock().now() - SECOND) for name in ("ann", "bob", "carl"))
    with client.websocket_connect("/ws/metrics") as ws:
        ws.send_json({"type": "user_metric", "metric": ann})
        assert until(ws, "receipt") == {"type": "receipt", "accepted": 1, "duplicates": 0, "refused": []}
        ws.send_json({"type": "bulk_metrics", "metrics": [bob, {"userName": "nobody"}, carl]})
        receipt = until(ws, "receipt")
        assert receipt["accepted"] == 2
        assert [(one["index"], one["field"]) for one in receipt["refused"]] == [(1, "userId")]
        ws.send_json({"type": "user_metric"})
        assert until(ws, "receipt")["accepted"] == 0
    assert {user["userId"] for user in client.get("/api/metrics").json()["metrics"]} == {"ann", "bob", "carl"}


def test_a_message_over_a_mebibyte_closes_the_socket(client: TestClient) -> None:
    with client.websocket_connect("/ws/metrics") as ws:
        ws.send_text("ä" * (512 * 1024 + 1))
        with pytest.raises(WebSocketDisconnect) as closed:
            until(ws, "nothing more")
        assert closed.value.code == 1009


def test_one_reader_too_many_is_asked_to_try_later(opened: Open) -> None:
    client = opened(websocket_max_connections=1)
    with client.websocket_connect("/ws/metrics") as ws:
        assert ws.receive_json()["type"] == "metrics"
        with client.websocket_connect("/ws/metrics") as late:
            assert late.receive_json()["error"]["code"] == "busy"
            with pytest.raises(WebSocketDisconnect) as closed:
                late.receive_json()
            assert closed.value.code == 1013
        stream = client.get("/api/v1/stream?limit=1")
        assert (stream.status_code, stream.json()["error"]["code"]) == (503, "busy")
        assert int(stream.headers["retry-after"]) > 0
    with client.websocket_connect("/ws/metrics") as ws:
        assert ws.receive_json()["type"] == "metrics"


def test_pages_of_other_addresses_may_not_listen(opened: Open) -> None:
    client = opened(cors_origin=("https://shop.example",))
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/ws/metrics", headers={"Origin": "https://evil.example"}),
    ):
        pass
    for origin in ("https://shop.example", "http://testserver"):
        with client.websocket_connect("/ws/metrics", headers={"Origin": origin}) as ws:
            assert ws.receive_json()["type"] == "metrics"


def test_sending_by_the_socket_needs_a_key_where_sending_does(opened: Open) -> None:
    client = opened(api_keys=("a-key-of-good-length",))
    ann = given.activity_record(ts=SystemClock().now() - SECOND)
    with client.websocket_connect("/ws/metrics") as ws:
        ws.send_json({"type": "user_metric", "metric": ann})
        assert until(ws, "error")["error"]["code"] == "key_needed"
    with client.websocket_connect("/ws/metrics?key=a-key-of-good-length") as ws:
        ws.send_json({"type": "user_metric", "metric": ann})
        assert until(ws, "receipt")["accepted"] == 1


def test_the_stream_has_the_same_messages(client: TestClient) -> None:
    sent_order(client, 10)
    answer = client.get("/api/v1/stream?topics=metrics,live&limit=2")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    retry, *frames = answer.text.strip().split("\n\n")
    assert retry == "retry: 1000"
    messages = [json.loads(frame.removeprefix("data: ")) for frame in frames]
    assert [message["type"] for message in messages] == ["metrics", "live"]
    assert list(messages[0]["data"]) == METRICS
    assert messages[0]["data"]["revenue"] == client.get("/api/v1/analytics/realtime-metrics").json()["revenue"]


@pytest.mark.parametrize("query", ("topics=metric", "origin=reel", "limit=0"))
def test_a_stream_of_nothing_known_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/v1/stream?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]["message"]


def test_whoever_leaves_is_forgotten(client: TestClient) -> None:
    for _ in range(3):
        with client.websocket_connect("/ws/metrics") as ws:
            ws.receive_json()
    client.get("/api/v1/stream?limit=1")
    assert 'pulseboard_subscribers{door="socket"}' not in client.get("/metrics").text
