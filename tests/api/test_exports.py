"""Files over HTTP: the same figures, at the same instant, for those who may have them."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader
from starlette.testclient import TestClient

from metrics_core.clock import SystemClock
from metrics_core.engine import Engine
from metrics_core.model.access import LOCAL, Role
from metrics_core.model.instant import SECOND
from tests import given

DOOR = "/api/v1/dashboards/overview/export"


@pytest.fixture
def stocked(client: TestClient) -> TestClient:
    now = SystemClock().now() - SECOND
    rows = (("online", "Europe"), ("retail", "Asia"), ("retail", "Asia"))
    records = [given.order_record(ts=now, channel=channel, region=region, staffId="kim") for channel, region in rows]
    assert client.post("/api/v1/orders", json=records).json()["accepted"] == 3
    return client


def figure(content: bytes) -> str:
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    return rows[1][1]


@pytest.mark.parametrize(
    ("format", "widget", "media", "ending"),
    (
        ("json", None, "application/json", ".json"), ("csv", "w1", "text/csv; charset=utf-8", ".csv"),
        ("csv", None, "application/zip", ".zip"), ("pdf", None, "application/pdf", ".pdf"),
        ("png", "w5", "image/png", ".png"),
        ("xlsx", None, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    ),
)  # fmt: skip
def test_a_file_says_what_it_is(stocked: TestClient, format: str, widget: str | None, media: str, ending: str) -> None:
    params = {"format": format} | ({"widget": widget} if widget else {})
    answer = stocked.get(DOOR, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media
    assert answer.headers["content-disposition"].endswith(f'{ending}"')
    assert answer.headers["cache-control"] == "no-store"


def test_a_link_and_a_body_say_the_same_state(stocked: TestClient) -> None:
    link = {"period": "7d", "where": "channel:retail"}
    got = stocked.get(DOOR, params={"format": "csv", "widget": "w1", "plain": "true", **link})
    state = {"period": "7d", "where": {"channel": ["retail"]}}
    posted = stocked.post(DOOR, json={"format": "csv", "widget": "w1", "plain": True, "state": state})
    assert figure(got.content) == figure(posted.content) == "501.00"


def test_the_figures_are_those_of_the_data_at_the_same_instant(stocked: TestClient) -> None:
    data = stocked.post("/api/v1/dashboards/overview/data", json={}).json()
    moment = data["instant"]
    book = openpyxl.load_workbook(io.BytesIO(stocked.get(DOOR, params={"format": "xlsx"}).content))
    info = {row[0].value: row[1].value for row in book["Info"].iter_rows()}
    assert (info["Snapshot"], info["Time zone"]) == (moment["seq"], moment["zone"])
    for name, widget in (("Revenue", "w1"), ("Orders", "w2"), ("Customers", "w3"), ("Average order value", "w4")):
        assert book[name]["B2"].value == data["widgets"][widget]["drawing"]["value"]
    text = PdfReader(io.BytesIO(stocked.get(DOOR, params={"format": "pdf"}).content)).pages[0].extract_text()
    assert data["widgets"]["w1"]["drawing"]["figure"] in text


def test_only_those_export_who_may_and_only_their_part(stocked: TestClient, engine: Engine) -> None:
    def ticket(name: str, role: Role, **filters: Any) -> dict[str, str]:
        engine.people.keep(name, LOCAL, role=role, filters=filters, name=name)
        return {"X-Ticket": engine.tickets.mint(engine.people.principal(name))}

    params = {"format": "csv", "widget": "w2", "plain": "true"}
    assert figure(stocked.get(DOOR, params=params).content) == "3"
    ida = ticket("ida@example.com", Role.ANALYST, region=["Europe"])
    assert figure(stocked.get(DOOR, params=params, headers=ida).content) == "1"
    assert stocked.get(DOOR, params=params, headers=ticket("vic@example.com", Role.VIEWER)).status_code == 403


@pytest.mark.parametrize("export", (True, False))
def test_a_link_exports_only_where_it_says_so_and_what_it_shows(stocked: TestClient, export: bool) -> None:
    share = {"state": {"period": "24h", "where": {"region": ["Europe"]}}, "export": export}
    made = stocked.post("/api/v1/dashboards/overview/share", json=share).json()
    assert made["share"]["export"] is export
    ticket = stocked.post("/api/v1/shares/open", json={"token": made["token"]}).json()["ticket"]
    params = {"format": "csv", "widget": "w2", "plain": "true", "where": "region:Asia", "period": "7d", "ticket": ticket}
    answer = stocked.get(DOOR, params=params)
    assert answer.status_code == (200 if export else 403)
    if export:
        assert figure(answer.content) == "1"
        elsewhere = stocked.get("/api/v1/dashboards/sales/export", params=params)
        assert elsewhere.status_code == 404


@pytest.mark.parametrize(
    ("params", "status", "words"),
    (
        ({"format": "docx"}, 422, "format"), ({"format": "png"}, 422, "widget=w1"),
        ({"format": "csv", "widget": "w99"}, 404, "w99"), ({"format": "csv", "period": "ever"}, 422, "period"),
        ({"format": "csv", "theme": "pink"}, 422, "theme"),
    ),
)  # fmt: skip
def test_what_cannot_be_exported_is_said(stocked: TestClient, params: dict[str, str], status: int, words: str) -> None:
    answer = stocked.get(DOOR, params=params)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]
    assert stocked.get("/api/v1/dashboards/nowhere/export").status_code == 404
