"""Pages that somebody means ill, or that lost their server, in a real browser: a clear sentence, and nothing in the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import Server
from tests.pages.grid import arrange, drawn, save, tile

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.usefixtures("patience")]

LONG = "x" * 10_000


def day(ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(days=ahead)).date().isoformat()


def alert(page: Page, words: str) -> None:
    expect(page.get_by_test_id("stAlert").filter(has_text=words)).to_be_visible()


def test_a_dashboard_that_is_gone_is_named_and_the_usual_one_shown(looking: Callable[..., Page]) -> None:
    page = looking("?d=[gone](http://elsewhere)")
    alert(page, "There is no dashboard '[gone](http://elsewhere)', or it is not shown to you. Overview is shown instead.")
    expect(page.get_by_test_id("stAlert").get_by_role("link")).to_have_count(0)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


@pytest.mark.parametrize(
    ("first", "last"), (("2026-11-10", "2026-11-01"), ("1900-01-01", "2026-11-01"), ("2026-11-01", "3000-01-01"))
)
def test_a_forged_period_is_refused_once_for_the_page_and_not_by_every_widget(
    looking: Callable[..., Page], ten: str, first: str, last: str
) -> None:
    page = looking(f"?d={ten}&period=custom&from={first}&to={last}")
    alert(page, f"There is no period from {first} to {last}")
    drawn(page, "w1")
    expect(page.get_by_text("Try now")).to_have_count(0)


def test_a_period_that_is_still_to_come_says_so(looking: Callable[..., Page], ten: str) -> None:
    page = looking(f"?d={ten}&period=custom&from={day(40)}&to={day(47)}")
    alert(page, "This period has not begun")
    expect(page.get_by_text("Nothing was recorded yet")).to_have_count(0)


def test_a_range_that_is_not_over_is_compared_with_as_much_of_it(looking: Callable[..., Page], ten: str) -> None:
    page = looking(f"?d={ten}&period=custom&from={day(-2)}&to={day(3)}")
    drawn(page, "w1")
    expect(page.get_by_text("vs the 5 days before by").first).to_be_attached()


def test_a_link_that_ended_says_when_in_words(looking: Callable[..., Page], ten: str, stocked: Server) -> None:
    token = stocked.post(f"/api/v1/dashboards/{ten}/share", {"days": 1e-6})["token"]
    page = looking(f"?s={token}")
    expect(page.get_by_text("This link does not open")).to_be_visible()
    expect(page.get_by_text("This link ended on")).to_contain_text("UTC. Ask whoever sent it for a new one.")


def test_a_dashboard_that_goes_while_it_is_looked_at_says_so(looking: Callable[..., Page], stocked: Server) -> None:
    widget: dict[str, Any] = {
        "id": "w1", "kind": "metric_card", "title": "", "place": {"x": 0, "y": 0, "w": 3, "h": 2},
        "spec": {"measure": "revenue"},
    }  # fmt: skip
    title = "From $5 to $10 **each**"
    name = stocked.post("/api/v1/dashboards", {"document": {"title": title, "widgets": [widget]}})["id"]
    page = looking(f"?d={name}&refresh=2")
    drawn(page, "w1")
    expect(page.get_by_role("heading", name=title)).to_be_visible()  # and no formula, and nothing bold
    stocked.delete(f"/api/v1/dashboards/{name}")
    expect(page.locator("[data-is=word]")).to_have_text("No longer there")
    expect(page.get_by_text(f"There is no dashboard '{name}', or it is not shown to you.")).to_be_visible()
    expect(tile(page, "w1").locator(".figure")).to_be_visible()


def test_a_text_that_is_too_long_is_refused_with_a_sentence(looking: Callable[..., Page], ten: str) -> None:
    page = looking(f"?d={ten}")
    drawn(page, "w1")
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("For whom").fill(LONG)
    dialog.get_by_role("button", name="Make the link").click()
    alert(page, "The label of a link has 10,000 characters, more than 120.")


def test_after_arranging_figures_have_their_room_again(looking: Callable[..., Page], ten: str) -> None:
    page = looking(f"?d={ten}")
    drawn(page, "w1")
    figure = tile(page, "w1").locator(".figure")
    whole = figure.inner_text()
    line = tile(page, "w1").locator(".sparkbox path.line")
    wide = line.evaluate("(path) => path.getBBox().width")
    arrange(page)
    page.locator(".bartitle").fill("Another name")
    page.keyboard.press("Enter")
    save(page)
    expect(figure).to_have_text(whole)
    page.wait_for_function(
        "([path, wide]) => Math.abs(path.getBBox().width - wide) < 2", arg=[line.element_handle(), wide]
    )


def test_without_its_server_a_page_says_so_itself_and_comes_back(looking: Callable[..., Page], stocked: Server) -> None:
    page = looking(f"{stocked.url}/data")
    live = looking(f"{stocked.url}/")
    expect(page.get_by_role("heading", name="1 Connection")).to_be_visible()
    expect(live.locator("[data-is=pill]")).to_have_attribute("data-mood", "live")
    stocked.stop()
    try:
        expect(page.get_by_role("status").filter(has_text="The server does not answer.")).to_be_visible()
        expect(live.locator("[data-is=word]")).to_have_text("Reconnecting")
        # No dialog of the framework's covers what still stands there.
        for one in (page, live):
            expect(one.get_by_role("dialog")).to_have_count(0)
        live.get_by_text("Figures as tables").click(trial=True)
    finally:
        stocked.start()
    expect(page.locator("#away")).to_have_count(0, timeout=60_000)
    expect(live.locator("[data-is=pill]")).to_have_attribute("data-mood", "live", timeout=60_000)
