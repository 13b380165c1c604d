"""What people see is the same on every store: a dashboard, its files, explained figures and a part of the data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader

from metrics_core.clock import SetClock
from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.exports.formats import Wish
from metrics_core.model.access import LOCAL, Principal, Role
from metrics_core.model.event import LIVE
from metrics_core.model.query import Filter
from metrics_core.settings import Settings
from metrics_core.store.memory.store import MemoryStore
from metrics_core.store.protocols import Store
from tests import given
from tests.truth.segments import some_named
from tests.truth.world import keep

AUTUMN_EVENING = given.at("2026-11-02 18:00:30.123")
EVENTS = [event._replace(origin=LIVE) for event in some_named(29, 220)]
RITA = Principal("rita@example.com", "Rita", Role.MANAGER, (Filter("region", ("Europe",)),))
CARDS = ("revenue", "orders", "buyers", "active_users", "avg_order_value", "conversion_rate", "pending", "peak_24h")
WIDGETS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("metric_card", {"measure": name}) for name in CARDS),
    ("line_chart", {"measures": ["revenue"], "grain": "day"}),
    ("bar_chart", {"measures": ["orders"], "across": "hour"}),
    ("pie_chart", {"measure": "orders", "by": "segment"}),
    ("table", {"measures": ["revenue", "orders", "buyers"], "by": ["region"], "limit": 10}),
    ("heatmap", {"measure": "orders"}),
)
BOARD = {
    "title": "Everything", "visibility": "everyone",
    "state": {"period": "30d", "compare": "previous", "zone": "Europe/Berlin"},
    "widgets": [
        {"id": f"w{number}", "kind": kind, "title": f"Widget {number}", "spec": spec,
         "place": {"x": 0, "y": 4 * number, "w": 6, "h": 4}}
        for number, (kind, spec) in enumerate(WIDGETS)
    ],
}  # fmt: skip
TABLE = f"w{len(WIDGETS) - 2}"
WHO = pytest.mark.parametrize("who", (LOCAL, RITA), ids=("everything", "Europe"))


def house(store: Store) -> Engine:
    keep(store, EVENTS)
    made = Engine(
        Settings(_env_file=None, database_url="memory://", timezone="Europe/Berlin"), clock=SetClock(AUTUMN_EVENING),
        store=store,
    )  # fmt: skip
    made.start()
    return made


@pytest.fixture
def engine(store: Store) -> Iterator[Engine]:
    made = house(store)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def plain() -> Iterator[Engine]:
    """The same in the memory of this process, in the plainest way."""
    made = house(MemoryStore())
    yield made
    made.stop()


def board(engine: Engine, name: str, who: Principal) -> dict[str, Any]:
    kept = engine.shelf.read(name, who)
    return engine.boards.data(kept.dashboard, State.of(kept.dashboard.state), who, name=name)


def file(engine: Engine, name: str, format: str, who: Principal, widget: str | None = None) -> bytes:
    return engine.export(name, None, Wish(format, widget, plain=format == "csv"), who).content


@WHO
def test_every_screen_and_file_is_as_it_would_be_on_any_store(engine: Engine, plain: Engine, who: Principal) -> None:
    name, same = (made.shelf.create(BOARD, LOCAL).id for made in (engine, plain))
    drawn, wanted = board(engine, name, who)["widgets"], board(plain, same, who)["widgets"]
    assert {key: row.get("error") for key, row in drawn.items()} == dict.fromkeys(drawn)
    for key, row in wanted.items():
        assert drawn[key]["drawing"] == row["drawing"], key
    for widget in (TABLE, "w10"):
        assert file(engine, name, "csv", who, widget) == file(plain, same, "csv", who, widget)
    for measure in CARDS:
        question = {"measure": measure, "over": "30d", "compare": True, "zone": "Europe/Berlin"}
        found = engine.explain(question, who)
        assert found["check"]["ok"] is True, (measure, found["check"])
        told = plain.explain(question, who)
        for part in ("value", "before", "terms", "rows", "contributions", "moves", "peak_at"):
            assert found[part] == told[part], (measure, part)
        assert engine.explained_rows(question, who)["rows"] == plain.explained_rows(question, who)["rows"]


@WHO
def test_segments_are_explained_and_counted_again(engine: Engine, plain: Engine, who: Principal) -> None:
    for segment in ("new", "returning", "loyal", "won back", "vip"):
        question = {"measure": "revenue", "over": "30d", "by": {"segment": segment}}
        found = engine.explain(question, who)
        assert found["check"]["ok"] is True, segment
        assert found["value"] == plain.explain(question, who)["value"]
        assert {row["segment"] for row in engine.explained_rows(question, who)["rows"]} <= {segment}


def test_files_of_somebody_who_sees_a_part_hold_that_part(engine: Engine) -> None:
    name = engine.shelf.create(BOARD, LOCAL).id
    part = {"measures": ["revenue", "orders", "buyers"], "over": "30d"}
    ((revenue, orders, _),) = engine.ask(part, RITA).rows
    assert (revenue, orders) != engine.ask(part).rows[0][:2]
    head, *body = csv.reader(io.StringIO(file(engine, name, "csv", RITA, TABLE).decode(), newline=""))
    assert [(row[0], round(float(row[1]) * 100), int(row[2])) for row in body if row[0] != "Total"] == [
        ("Europe", revenue, orders)
    ], head
    book = openpyxl.load_workbook(io.BytesIO(file(engine, name, "xlsx", RITA)))
    sheet = [[one.value for one in row] for row in book[f"Widget {TABLE[1:]}"].iter_rows()]
    regions = {row[0] for row in sheet[1:]} - {"Total", "1 of 1", None}
    assert regions == {"Europe"}
    assert [round(row[1] * 100) for row in sheet if row[0] == "Europe"] == [revenue]
    info = " ".join(str(one.value) for row in book["Info"].iter_rows() for one in row)
    assert "Region: Europe" in info
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(file(engine, name, "pdf", RITA))).pages)
    assert "Region: Europe" in text
    assert f"{int(revenue or 0) / 100:,.2f}" in text
    for other in ("Asia", "Africa"):
        assert other not in text
        assert not any(other in str(one.value) for page in book.worksheets for row in page.iter_rows() for one in row)
