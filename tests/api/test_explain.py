"""Explanations over HTTP: for those who may, of what they may see, in the figures of the query API."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from starlette.testclient import TestClient

from metrics_core.clock import SystemClock
from metrics_core.engine import Engine
from metrics_core.model.access import LOCAL, Role
from metrics_core.model.instant import MINUTE, SECOND
from metrics_core.model.measure import REGISTRY
from tests import given

EXPLAIN = "/api/v1/explain"


@pytest.fixture
def stocked(client: TestClient) -> TestClient:
    """Twelve orders online in Europe, six in retail in Asia, two refunds, some views and a pending order."""
    now = SystemClock().now() - SECOND
    rows = [("online", "Europe")] * 12 + [("retail", "Asia")] * 6
    records = [
        given.order_record(f"o{number}", ts=now - number * MINUTE, channel=channel, region=region, userId=f"u{number % 5}",
                           staffId="=1+1")
        for number, (channel, region) in enumerate(rows)
    ]  # fmt: skip
    records.append(given.order_record("waiting", ts=now, status="pending"))
    records += [given.refund_record(f"o{number}", "20.25", ts=now) for number in (0, 13)]
    records += [given.event_record(ts=now - number * SECOND, count=9) for number in range(4)]
    assert client.post("/api/v1/ingest", json=records).json()["accepted"] == len(records)
    return client


def explain(client: TestClient, measure: str, headers: dict[str, str] | None = None, **figure: Any) -> dict[str, Any]:
    answer = client.post(EXPLAIN, json={"measure": measure, "over": "24h", **figure}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def value(client: TestClient, measure: str, **question: Any) -> Any:
    answer = client.post("/api/v1/query", json={"measures": [measure], "over": "24h", **question})
    return answer.json()["rows"][0][0]


def ticket(engine: Engine, role: Role, **filters: Any) -> dict[str, str]:
    engine.people.keep("ida@example.com", LOCAL, role=role, filters=filters, name="Ida")
    return {"X-Ticket": engine.tickets.mint(engine.people.principal("ida@example.com"))}


def test_a_figure_is_told_with_its_terms_its_rows_and_a_second_count(stocked: TestClient) -> None:
    found = explain(stocked, "revenue")
    assert found["value"] == value(stocked, "revenue") == 18 * 250.50 - 40.50
    assert [(term["operator"], term["measure"], term["value"], term["rows"]) for term in found["terms"]] == [
        ("", "gross_revenue", 4509.0, 18), ("-", "refunds", 40.5, 2),
    ]  # fmt: skip
    assert found["check"] == {**found["check"], "ok": True, "second": found["value"], "rows": 20}
    assert found["rows"]["by_kind"] == {"order_completed": 18, "refund": 2}
    channels = found["contributions"][0]
    assert (channels["dimension"], channels["adds_up"]) == ("channel", True)
    parts = {row["value"]: row["now"] for row in channels["rows"]}
    assert parts == {"online": 12 * 250.5 - 20.25, "retail": 6 * 250.5 - 20.25}
    assert found["window"]["end_utc"] == found["instant"]["asOf"]
    assert found["origin"]["watermark"] is None


@pytest.mark.parametrize("measure", tuple(REGISTRY))
def test_every_measure_is_explained_and_right(stocked: TestClient, measure: str) -> None:
    found = explain(stocked, measure)
    assert found["check"]["ok"] is True
    assert found["value"] == value(stocked, measure)


def test_it_is_asked_as_a_question_is(stocked: TestClient) -> None:
    found = explain(stocked, "orders", where={"channel": "online"}, by={"region": "Europe"}, zone="Asia/Kathmandu",
                    dimensions=["staff"], compare=False)  # fmt: skip
    assert (found["value"], found["before"], found["compared"]) == (12, None, None)
    assert [row["dimension"] for row in found["where"]] == ["channel", "region"]
    assert found["window"]["start"].endswith("+05:45")
    assert [split["dimension"] for split in found["contributions"]] == ["staff"]


def test_a_figure_of_an_earlier_instant_is_the_figure_of_then(stocked: TestClient) -> None:
    before = explain(stocked, "orders")
    assert stocked.post("/api/v1/orders", json=given.order_record(ts=SystemClock().now())).json()["accepted"] == 1
    again = explain(stocked, "orders", as_of=before["instant"]["asOf"])
    assert (again["value"], again["instant"]["asOf"]) == (18, before["instant"]["asOf"])


def test_the_rows_are_paged_searched_and_taken_away(stocked: TestClient) -> None:
    figure = {"measure": "revenue", "over": "24h", "as_of": explain(stocked, "revenue")["instant"]["asOf"]}
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = stocked.post(f"{EXPLAIN}/rows", json={**figure, "limit": 7, "after": after}).json()
        found += page["rows"]
        after = page["next"]
        if after is None:
            break
    assert (len(found), len({row["id"] for row in found})) == (20, 20)
    assert round(sum(row["amount"] for row in found), 2) == value(stocked, "revenue")
    times = [row["at"] for row in found]
    assert times == sorted(times, reverse=True)
    some = stocked.post(f"{EXPLAIN}/rows", json={**figure, "search": "ASIA"}).json()["rows"]
    assert len(some) == 7
    file = stocked.post(f"{EXPLAIN}/rows.csv", json=figure)
    assert "revenue-rows.csv" in file.headers["content-disposition"]
    head, *body = csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline=""))
    assert len(body) == 20
    assert {row[head.index("staff")] for row in body} == {"'=1+1"}
    assert sorted(row[head.index("amount")] for row in body)[:2] == ["-20.25", "-20.25"]


def test_whoever_sees_a_part_is_told_of_that_part_only(stocked: TestClient, engine: Engine) -> None:
    ida = ticket(engine, Role.ANALYST, region=["Asia"])
    found = explain(stocked, "revenue", ida, where={"region": ["Asia", "Europe"]})
    assert found["value"] == 6 * 250.5 - 20.25
    assert found["where"][-1] == {"dimension": "region", "label": "Region", "op": "in", "values": ["Asia"], "own": True}
    assert found["origin"]["counts"] == {}
    rows = stocked.post(f"{EXPLAIN}/rows", json={"measure": "revenue", "over": "24h"}, headers=ida).json()["rows"]
    assert {row["region"] for row in rows} == {"Asia"}
    file = stocked.post(f"{EXPLAIN}/rows.csv", json={"measure": "revenue", "over": "24h"}, headers=ida)
    assert "Europe" not in file.text
    asia, whole = (explain(stocked, "peak_24h", who) for who in (ida, None))
    assert asia["check"]["ok"] is whole["check"]["ok"] is True
    assert 0 < asia["rows"]["count"] < whole["rows"]["count"]


def test_whoever_only_looks_or_came_by_a_link_is_refused(stocked: TestClient, engine: Engine) -> None:
    link = stocked.post("/api/v1/dashboards/overview/share", json={}).json()
    guest = stocked.post("/api/v1/shares/open", json={"token": link["token"]}).json()["ticket"]
    for headers in (ticket(engine, Role.VIEWER), {"X-Ticket": guest}):
        for door in (EXPLAIN, f"{EXPLAIN}/rows", f"{EXPLAIN}/rows.csv"):
            assert stocked.post(door, json={"measure": "revenue"}, headers=headers).status_code in (401, 403)


@pytest.mark.parametrize(
    ("body", "words"),
    (
        ({"measure": "revenu"}, "Did you mean 'revenue'"), ({}, "measure"),
        ({"measure": "revenue", "dimension": ["x"]}, "dimensions"), ({"measure": "revenue", "over": "yesterday"}, "period"),
        ({"measure": "revenue", "as_of": "2099-01-01"}, "still to come"),
        ({"measure": "pending", "dimensions": ["hour"]}, "channel"),
        ({"measure": "peak_24h", "where": {"hour": [3]}}, "peak_24h"),
    ),
)  # fmt: skip
def test_what_cannot_be_explained_is_said_in_a_sentence(client: TestClient, body: dict[str, Any], words: str) -> None:
    answer = client.post(EXPLAIN, json=body)
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]
