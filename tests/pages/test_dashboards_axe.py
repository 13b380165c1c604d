"""Dashboards, their drawers and their dialogs have no serious accessibility problem, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages.axe import stumbles
from tests.pages.grid import arrange, drawn, tile

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.usefixtures("patience")]

Look = Callable[..., Page]


@pytest.fixture(params=["light", "dark"])
def page(looking: Look, ten: str, request: pytest.FixtureRequest) -> Page:
    """A dashboard of ten widgets, all drawn."""
    page = looking(f"?d={ten}&period=24h&refresh=300", color_scheme=request.param)
    drawn(page, *(f"w{number}" for number in range(1, 11)))
    return page


def test_ten_widgets_and_the_explain_drawer(page: Page) -> None:
    assert stumbles(page) == []
    tile(page, "w1").get_by_role("button", name="Explain").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("the same, to the cent")).to_be_visible()
    expect(drawer.get_by_text("Rows", exact=True)).to_be_visible()
    assert stumbles(page) == []


def test_the_export_dialog(page: Page) -> None:
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Download")).to_be_visible()
    assert stumbles(page) == []


def test_the_share_dialog_and_a_link(page: Page) -> None:
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("For whom")).to_be_visible()
    assert stumbles(page) == []
    dialog.get_by_role("button", name="Make the link").click()
    expect(dialog.get_by_text("This link is shown once.")).to_be_visible()
    assert stumbles(page) == []


def test_arranging_and_the_settings_drawer(page: Page) -> None:
    arrange(page)
    assert stumbles(page) == []
    tile(page, "w5").get_by_role("button", name="Settings").click()
    expect(page.get_by_role("dialog").locator(".tile .main-svg").first).to_be_visible()
    assert stumbles(page) == []


def test_filters_and_the_list_of_dashboards(page: Page) -> None:
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("combobox", name="Channel")).to_be_visible()
    assert stumbles(page) == []
    page.keyboard.press("Escape")
    page.locator(".st-key-board_switcher button:visible").click()
    expect(page.get_by_text("Come with Pulseboard")).to_be_visible()
    assert stumbles(page) == []
