"""Keys, origins and limits, as a caller meets them over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import Open

KEY = "a-key-of-good-length"
EVENT = {"type": "login", "userId": "ann"}
SENDING = (
    "/api/v1/orders", "/api/v1/events", "/api/v1/activity", "/api/v1/refunds", "/api/v1/ingest", "/api/v1/orders/o1/status",
    "/api/metrics", "/api/metrics/bulk", "/api/events",
)
READING = (
    "/api/v1/measures", "/api/v1/snapshot", "/api/v1/analytics/realtime-metrics", "/api/metrics", "/api/v1/health",
    "/health", "/metrics", "/api/v1/stream?limit=1", "/api/docs", "/api/openapi.json",
)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_elsewhere_every_way_in_is_closed_and_says_what_to_set(opened: Open) -> None:
    client = opened("http://192.168.1.7:8501", bind_host="0.0.0.0")
    for path in SENDING:
        answer = client.post(path, json=EVENT)
        assert code(answer) == (403, "forbidden")
        assert "Set API_KEYS" in answer.json()["error"]["message"]


def test_elsewhere_reading_is_open(opened: Open) -> None:
    client = opened("http://192.168.1.7:8501", bind_host="0.0.0.0")
    for path in READING:
        assert client.get(path).status_code == 200, path
    assert client.post("/api/v1/query", json={"measures": ["revenue"], "over": "1h"}).status_code == 200


@pytest.mark.parametrize("base_url", ("http://127.0.0.1:8501", "http://192.168.1.7:8501"))
def test_a_key_opens_every_way_in(opened: Open, base_url: str) -> None:
    host = "127.0.0.1" if "127" in base_url else "0.0.0.0"
    client = opened(base_url, bind_host=host, api_keys=(KEY,))
    for path in SENDING:
        answer = client.post(path, json=EVENT)
        assert code(answer) == (401, "key_needed")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert code(client.post(path, json=EVENT, headers={"X-API-Key": "wrong"})) == (401, "key_needed")
    for headers in ({"Authorization": f"Bearer {KEY}"}, {"authorization": f"bearer {KEY}"}, {"X-API-Key": KEY}):
        assert client.post("/api/v1/events", json=EVENT, headers=headers).status_code == 200
    assert code(client.post(f"/api/v1/events?key={KEY}", json=EVENT)) == (401, "key_needed")


def test_what_is_refused_is_not_read(opened: Open) -> None:
    client = opened(api_keys=(KEY,))
    assert code(client.post("/api/v1/events", content=b"{")) == (401, "key_needed")


def test_a_page_elsewhere_may_not_send_in_the_name_of_its_reader(client: TestClient) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}):
        plain = {**headers, "Content-Type": "text/plain"}  # what a browser sends without asking first
        assert code(client.post("/api/v1/events", json=EVENT, headers=plain)) == (403, "forbidden")
    assert client.post("/api/v1/events", json=EVENT, headers={"Origin": "http://127.0.0.1:8501"}).status_code == 200


def test_a_name_that_leads_here_from_elsewhere_opens_nothing(client: TestClient) -> None:
    rebound = {"Host": "evil.example:8501", "Origin": "http://evil.example:8501"}
    for path in ("/api/v1/snapshot", "/metrics", "/api/v1/stream?limit=1"):
        assert code(client.get(path, headers=rebound)) == (403, "forbidden")
    assert code(client.post("/api/v1/events", json=EVENT, headers=rebound)) == (403, "forbidden")


def test_pages_of_cors_origin_may_send_and_read(opened: Open) -> None:
    client = opened(cors_origin=("https://shop.example",))
    ours, evil = {"Origin": "https://shop.example"}, {"Origin": "https://evil.example"}
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-api-key"}
    assert client.options("/api/v1/events", headers={**ours, **asks}).status_code == 200
    assert client.options("/api/v1/events", headers={**evil, **asks}).status_code == 400
    sent = client.post("/api/v1/events", json=EVENT, headers=ours)
    assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (200, "https://shop.example")
    assert "access-control-allow-origin" not in client.get("/api/v1/measures", headers=evil).headers


def test_an_error_can_be_read_by_a_page_of_cors_origin(opened: Open) -> None:
    client = opened(cors_origin=("https://shop.example",))
    answer = client.post("/api/v1/events", content=b"{", headers={"Origin": "https://shop.example"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (400, "https://shop.example")


def test_whoever_sends_too_often_is_asked_to_come_back(opened: Open) -> None:
    client = opened(api_keys=(KEY, "another-key-of-good-length"), event_processing_rate_limit="3/minute")
    for _ in range(3):
        assert client.post("/api/v1/events", json=[], headers={"X-API-Key": KEY}).status_code == 200
    answer = client.post("/api/v1/events", json=[], headers={"X-API-Key": KEY})
    assert code(answer) == (429, "too_many")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert client.post("/api/v1/events", json=[], headers={"X-API-Key": "another-key-of-good-length"}).status_code == 200
    assert client.get("/api/v1/measures").status_code == 200


def test_on_loopback_there_is_no_limit(client: TestClient) -> None:
    for _ in range(150):
        assert client.post("/api/v1/events", json=[]).status_code == 200
