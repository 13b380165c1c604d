"""Watching: the health of every part, and the figures for Prometheus."""

from __future__ import annotations

import re

from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from metrics_core.health import DEGRADED, DOWN, OK, Part, report_of


def meter(client: TestClient, name: str, **labels: str) -> float:
    found = 0.0
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                found += sample.value
    return found


def test_health_tells_every_part_its_state_and_the_counts(client: TestClient) -> None:
    for path in ("/health", "/api/v1/health"):
        answer = client.get(path)
        assert answer.status_code == 200
        report = answer.json()
        assert report["status"] in ("ok", "degraded")
        assert {"store", "feed"} <= set(report["parts"])
        assert all(part["state"] and part["detail"] for part in report["parts"].values())
        assert report["counts"]
        assert answer.headers["cache-control"] == "no-store"


def test_health_counts_who_listens(client: TestClient) -> None:
    with client.websocket_connect("/ws/metrics?topics=live") as ws:
        ws.receive_json()
        assert meter(client, "pulseboard_subscribers", door="socket") == 1
        assert re.search(r'"live": ?1', client.get("/health").text)


def test_what_comes_in_is_counted_for_prometheus(client: TestClient) -> None:
    accepted = meter(client, "pulseboard_records_accepted_total", origin="live")
    refused = meter(client, "pulseboard_records_refused_total", step="has_a_type")
    answered = meter(client, "pulseboard_requests_total", route="/v1/events", method="POST", status="200")
    client.post("/api/v1/events", json=[{"type": "login"}, {"type": 5}])
    assert meter(client, "pulseboard_records_accepted_total", origin="live") == accepted + 1
    assert meter(client, "pulseboard_records_refused_total", step="has_a_type") == refused + 1
    assert meter(client, "pulseboard_requests_total", route="/v1/events", method="POST", status="200") == answered + 1
    assert meter(client, "pulseboard_commit_seconds_count") > 0
    assert meter(client, "pulseboard_snapshot_seconds_count") > 0
    assert meter(client, "pulseboard_part_up", part="store") == 1


def test_the_whole_is_as_well_as_its_parts() -> None:
    well, poorly = Part(OK, "fine", essential=True), Part(DOWN, "gone")
    assert report_of({"a": well}, {})["status"] == OK
    assert report_of({"a": well, "b": poorly}, {})["status"] == DEGRADED
    assert report_of({"a": Part(DEGRADED, "slow", essential=True)}, {})["status"] == DEGRADED
    assert report_of({"b": poorly, "a": Part(DOWN, "gone", essential=True)}, {})["status"] == DOWN
    assert report_of({"a": Part(OK, "fine", figures={"lag": 2})}, {"n": 1}) == {
        "status": OK, "parts": {"a": {"state": OK, "detail": "fine", "lag": 2}}, "counts": {"n": 1},
    }
