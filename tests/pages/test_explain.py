"""The drawer that explains a figure and the dialog that exports one: words without a browser, and both in a real one."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest

from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.model.access import LOCAL
from metrics_core.model.measure import REGISTRY
from metrics_core.widgets.numbers import Numbers
from pages.parts import explain
from pages.parts.explain_words import told
from tests.pages.conftest import Server

Opened = Callable[..., AppTest]


def sell(house: Engine) -> None:
    line = {"productId": "lamp", "quantity": 1, "revenue": "10.00"}
    orders = [
        {"orderId": f"o{number}", "userId": f"u{number % 4}", "channel": "online" if number % 3 else "retail",
         "region": "Europe", "lines": [line]}
        for number in range(25)
    ]  # fmt: skip
    views = [{"type": "content_view", "userId": f"u{number}", "contentId": "home"} for number in range(9)]
    refund = {"refundId": "r1", "orderId": "o1", "amount": "2.50"}
    assert not house.accept([*orders, *views]).refused
    assert house.accept([refund]).accepted == 1


# ----------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize("measure", tuple(REGISTRY))
def test_every_measure_is_told_in_words(house: Engine, measure: str) -> None:
    sell(house)
    body = house.explain({"measure": measure, "over": "24h"})
    shown = told(body, Numbers("USD", 2), "last 24 h")
    assert shown["check"]["mood"] == "good"
    assert "Recomputed from its" in shown["check"]["words"]
    assert shown["formula"][-1]["amount"] == shown["figure"]
    assert [row[0] for row in shown["where"]][-3:] == ["Filters", "Origin", "Complete to"]
    for split in shown["moved"]["splits"]:
        assert all(len(row["cells"]) == len(split["columns"]["names"]) for row in split["rows"]), split["name"]


def test_the_words_of_revenue_are_its_terms_and_what_moved_it(house: Engine) -> None:
    sell(house)
    shown = told(house.explain({"measure": "revenue", "over": "24h"}), Numbers("USD", 2), "last 24 h")
    assert [piece.get("sign") or piece["amount"] for piece in shown["formula"]] == ["$250.00", "−", "$2.50", "=", "$247.50"]
    assert [piece.get("label") for piece in shown["formula"]][::2] == ["25 completed orders", "1 refund", "revenue"]
    assert shown["check"]["words"] == "Recomputed from its 26 rows: the same, to the cent."
    channels = shown["moved"]["splits"][0]
    assert [row["cells"] for row in channels["rows"]] == [
        ["Online", "$157.50", "+$157.50"], ["Retail", "$90.00", "+$90.00"],
    ]  # fmt: skip
    assert channels["total"]["cells"] == ["Revenue", "$247.50", "+$247.50"]
    assert [row["bar"]["wide"] for row in channels["rows"]] == [100.0, pytest.approx(100 * 90 / 157.5)]
    assert {row[0]: row[1] for row in shown["where"]}["Origin"] == "Real data: 26 live rows, none made up"


def test_a_wrong_figure_is_told_with_both_and_what_lies_between(house: Engine) -> None:
    sell(house)
    body = house.explain({"measure": "revenue", "over": "24h"})
    body["check"] |= {"ok": False, "second": 240.0, "difference": -7.5}
    check = told(body, Numbers("USD", 2), "last 24 h")["check"]
    assert check["mood"] == "bad"
    assert check["words"].startswith("Recomputed from its 26 rows: $240.00, not $247.50, −$7.50.")


def test_a_widget_is_asked_with_its_own_period_and_filters(house: Engine) -> None:
    state = State.of({"period": "7d", "where": {"channel": ["online"]}, "zone": "Asia/Tokyo"})
    spec = {"measures": ["revenue", "orders"], "by": ["region"], "over": "24h",
            "where": [{"dimension": "region", "op": "in", "values": ["Europe"]}]}  # fmt: skip
    question, measures = explain.figure_of("table", spec, state, None)
    assert measures == ["revenue", "orders"]
    assert (question["over"], question["zone"], question["compare"]) == ("24h", "Asia/Tokyo", "previous")
    assert [row["dimension"] for row in question["where"]] == ["channel", "region"]
    assert house.explain({**question, "measure": "revenue"})["check"]["ok"] is True


# ------------------------------------------------------------------------------------------------------ without a browser


def at_dialog(opened: Opened, house: Engine, **what: Any) -> AppTest:
    sell(house)
    at = opened("dashboards")
    at.session_state["board_open"] = {"number": 1, **what}
    return at.run()


def test_the_rows_are_there_with_a_search_and_pages(opened: Opened, house: Engine) -> None:
    at = at_dialog(opened, house, name="explain", widget="w1", measure="revenue", as_of=None)
    assert not at.exception
    assert any("1 to 10 of 26, newest first" in row.value for row in at.caption)
    assert len(at.dataframe[0].value) == 10
    at.button(key="explain1_1_revenue_older").click().run()
    assert any("11 to 20 of 26" in row.value for row in at.caption)
    at.text_input(key="explain1_1_revenue_search").set_value("retail").run()
    assert set(at.dataframe[0].value["Channel"]) == {"retail"}
    assert any("1 to 9, newest first" in row.value for row in at.caption)


def test_the_export_dialog_writes_the_file_that_is_chosen(opened: Opened, house: Engine) -> None:
    at = at_dialog(opened, house, name="export")
    assert not at.exception
    assert any(".pdf" in row.value for row in at.caption)
    at.selectbox(key="export1_what").set_value("w1").run()
    assert not at.exception
    assert any("overview-revenue-" in row.value for row in at.caption)


def test_nobody_is_offered_what_they_may_not(opened: Opened, house: Engine) -> None:
    sell(house)
    closed, token = house.shares.create("overview", LOCAL, state=State())
    at = opened("dashboards")
    at.query_params.clear()
    at.query_params["s"] = token
    at.run()
    assert not at.exception
    assert "board_export" not in [row.key for row in at.button]
    assert not closed.export


# -------------------------------------------------------------------------------------------------------- in a real browser


@pytest.fixture
def page(browser: Browser, shop: Server) -> Iterator[Page]:
    if not shop.get("/api/v1/snapshot")["origin"]["counts"]:
        for number in range(14):
            shop.sell(f"sold-{number}", "12.50", channel="online" if number % 2 else "retail", staffId="=1+1")
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    found = context.new_page()
    found.goto(f"{shop.url}/dashboards?period=24h&refresh=0")
    yield found
    context.close()


def explained(page: Page) -> Page:
    page.get_by_role("button", name="Explain Revenue", exact=True).click(timeout=30_000)
    expect(page.locator("[data-is=words]")).to_contain_text("Recomputed from its 14 rows", timeout=30_000)
    return page


@pytest.mark.browser
def test_a_figure_opens_its_drawer_its_terms_and_its_rows(page: Page) -> None:
    explained(page)
    drawer = page.get_by_role("dialog")
    expect(drawer.locator("[data-is=figure]")).to_have_text("$175.00")
    expect(drawer.locator("tr.total")).to_contain_text("$175.00")
    drawer.get_by_role("button", name="Staff").click()
    expect(drawer.locator("table[data-is=table]")).to_contain_text("=1+1")
    drawer.get_by_role("button", name="14 completed orders").click()
    expect(drawer.locator("[data-is=name]")).to_have_text("Gross revenue", timeout=20_000)
    drawer.get_by_role("button", name="Revenue", exact=True).click()
    expect(drawer.locator("[data-is=name]")).to_have_text("Revenue", timeout=20_000)
    with page.expect_download() as download:
        drawer.get_by_role("button", name="Export").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"), newline="")))
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal("175.00")
    assert {row["staff"] for row in rows} == {"'=1+1"}
    drawer.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.browser
def test_a_dashboard_is_taken_away_as_excel(page: Page) -> None:
    page.get_by_role("button", name="Export", exact=True).click(timeout=30_000)
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Excel").click()
    expect(dialog.get_by_text(".xlsx")).to_be_visible(timeout=20_000)
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert (book["Revenue"]["B2"].value, book["Orders"]["B2"].value) == (175, 14)


@pytest.mark.browser
def test_on_a_phone_the_drawer_is_the_screen_and_nothing_is_cut_off(browser: Browser, page: Page, shop: Server) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    phone = context.new_page()
    phone.goto(f"{shop.url}/dashboards?period=24h&refresh=0")
    explained(phone)
    width = phone.get_by_role("dialog").evaluate("node => node.getBoundingClientRect().width")
    assert width > 390 * 0.9
    wider = phone.locator("[data-is=room].explain").evaluate("node => node.scrollWidth - node.clientWidth")
    assert wider <= 0
    context.close()
