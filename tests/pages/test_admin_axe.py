"""The admin page and its dialogs have no serious accessibility problem, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import Page, expect

from tests.pages.axe import stumbles
from tests.pages.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.usefixtures("patience")]

TABS = {
    "People and roles": "Add a person", "Keys": "Make a key", "Sharing": "Ended ones too", "Audit": "newest first.",
    "Health": "Records kept",
}  # fmt: skip
"""A word that stands on each tab when it is there."""


@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_every_tab_and_what_can_be_added(looking: Callable[..., Page], stocked: Server, scheme: str) -> None:
    stocked.post("/api/v1/dashboards/overview/share", {"label": "Board", "password": "a long one"})
    page = looking(f"{stocked.url}/admin", color_scheme=scheme)
    for tab, word in TABS.items():
        page.goto(f"{stocked.url}/admin?tab={quote_plus(tab)}")
        expect(page.get_by_text(word).first).to_be_visible()
        assert stumbles(page) == [], tab
    for tab, button in (("Keys", "Make a key"), ("People and roles", "Add a person")):
        page.goto(f"{stocked.url}/admin?tab={quote_plus(tab)}")
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert stumbles(page) == [], button
