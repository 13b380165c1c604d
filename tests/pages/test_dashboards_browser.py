"""Dashboards in a real browser: they refresh in place, are arranged by hand and by keyboard, filtered, shared and kept."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import Server
from tests.pages.grid import WATCH, arrange, drag, drawn, places, refresh, save, tile

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.usefixtures("patience")]

REFRESHES = 20
CHARTS = "assets/vendor/plotly/plotly-cartesian.min.js"


def test_a_tile_that_was_dragged_and_resized_is_there_for_everyone(looking: Callable[..., Page], ten: str) -> None:
    page = looking(f"?d={ten}")
    drawn(page, "w1", "w6")
    before = places(page)
    arrange(page)
    drag(page, tile(page, "w6").locator(".title"), -660, 0)
    expect(page.get_by_text("1 change not saved")).to_be_visible()
    drag(page, tile(page, "w7").locator(".ui-resizable-se"), 180, 73)
    expect(page.get_by_text("2 changes not saved")).to_be_visible()
    moved = places(page)
    assert moved["w6"][0] < before["w6"][0]
    assert (moved["w7"][2], moved["w7"][3]) == (before["w7"][2] + 2, before["w7"][3] + 1)
    save(page)
    assert places(page) == moved
    other = looking(f"?d={ten}")
    drawn(other, "w1")
    assert places(other) == moved
    figure = tile(page, "w1").locator(".figure")
    expect(tile(other, "w1").locator(".figure")).to_have_text(figure.inner_text())


def test_refreshes_draw_in_place_and_keep_what_people_did(looking: Callable[..., Page], ten: str, stocked: Server) -> None:
    page = looking(f"?d={ten}&period=24h&refresh=300")
    drawn(page, *(f"w{number}" for number in range(1, 11)))
    plot = tile(page, "w5").locator(".js-plotly-plot")
    drag(page, plot.locator(".nsewdrag").first, 120, 0)  # a zoom
    expect(tile(page, "w5").get_by_text("Paused")).to_be_visible()
    tile(page, "w5").get_by_role("button", name="Resume").click()
    expect(tile(page, "w5").get_by_text("Paused")).to_be_hidden()
    plot.locator(".legendtoggle").first.click()  # a series hidden
    hidden = "(node) => node._fullData.filter((trace) => trace.visible === 'legendonly').map((trace) => trace.name)"
    expect(plot.locator(".legend .traces[style*='opacity: 0.5']").first).to_be_visible()
    zoomed = plot.evaluate("(node) => node._fullLayout.xaxis.range")
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_label("For whom")
    field.fill("Board mee")  # typed, and not yet sent
    page.evaluate(WATCH)
    first = tile(page, "w1").locator(".figure").inner_text()
    for number in range(REFRESHES):
        stocked.sell(f"{ten}-{number}", "7.00", channel="online" if number % 2 else "retail", region="Europe")
        refresh(page)
    assert tile(page, "w1").locator(".figure").inner_text() != first
    assert page.evaluate("gone") == []
    assert plot.evaluate("(node) => node._fullLayout.xaxis.range") == zoomed
    assert plot.evaluate(hidden) != []
    expect(dialog).to_be_visible()
    expect(field).to_have_value("Board mee")


def test_a_link_shows_the_same_figures_and_controls_in_a_fresh_browser(looking: Callable[..., Page], ten: str) -> None:
    page = looking(f"?d={ten}&refresh=300")
    drawn(page, "w1", "w6")
    page.get_by_role("radio", name="7d", exact=True).click()
    tile(page, "w6").locator(".key-row").first.click()
    chip = page.locator(".st-key-board_chip_region button").first
    expect(chip).to_be_visible()
    expect(tile(page, "w6").locator(".key-row")).to_have_count(1, timeout=15_000)
    figure = tile(page, "w1").locator(".figure").inner_text()
    other = looking(page.url)
    drawn(other, "w1")
    expect(tile(other, "w1").locator(".figure")).to_have_text(figure)
    expect(other.locator(".st-key-board_chip_region")).to_contain_text("Region: ")
    assert other.locator(".st-key-board_chip_region").inner_text() == chip.inner_text()
    expect(other.get_by_role("radio", name="7d", exact=True)).to_be_checked()
    page.get_by_role("button", name="Undo").click()
    expect(chip).to_be_hidden()


def test_a_hidden_tab_asks_for_nothing_and_catches_up_on_return(looking: Callable[..., Page], ten: str) -> None:
    page = looking(f"?d={ten}&refresh=2")
    drawn(page, "w1")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/data") else None)
    show = """(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange')) }"""
    with page.expect_request("**/data"):
        pass
    page.evaluate(show, True)
    asked.clear()
    page.wait_for_timeout(4_500)
    assert asked == []
    with page.expect_request("**/data"):
        page.evaluate(show, False)


def test_everything_is_arranged_by_keyboard(looking: Callable[..., Page], ten: str) -> None:
    page = looking(f"?d={ten}")
    drawn(page, "w1", "w2")
    page.get_by_role("button", name="Arrange").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tiles.grid-stack")).to_be_visible()
    before = places(page)
    tile(page, "w1").focus()
    for key in ("Enter", "ArrowRight", "ArrowRight", "ArrowRight", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    moved = places(page)
    assert (moved["w1"][0], moved["w1"][3]) == (before["w1"][0] + 3, before["w1"][3] + 1)
    expect(tile(page, "w1")).to_be_focused()
    for key in ("Enter", "ArrowLeft", "Escape"):
        page.keyboard.press(key)
    assert places(page) == moved
    page.keyboard.press("Control+z")
    assert places(page) == before
    page.keyboard.press("Control+Shift+z")
    page.get_by_role("button", name="Save version").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Arrange")).to_be_visible()
    assert places(page) == moved


def test_who_saves_second_sees_who_was_first_and_chooses(looking: Callable[..., Page], ten: str, stocked: Server) -> None:
    page = looking(f"?d={ten}")
    drawn(page, "w1")
    arrange(page)
    tile(page, "w10").get_by_role("button", name="Remove").click()
    expect(tile(page, "w10")).to_have_count(0)
    saved = stocked.get(f"/api/v1/dashboards/{ten}")
    document = {**saved["document"], "title": "Ten of theirs"}
    stocked.put(f"/api/v1/dashboards/{ten}", {"document": document, "expecting": saved["version"]})
    page.get_by_role("button", name="Save version").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"saved version {saved['version'] + 1}")).to_be_visible()
    dialog.get_by_role("button", name="Save mine").click()
    expect(page.get_by_role("button", name="Arrange")).to_be_visible()
    kept = stocked.get(f"/api/v1/dashboards/{ten}")
    assert kept["version"] == saved["version"] + 2
    assert "w10" not in [widget["id"] for widget in kept["document"]["widgets"]]


def test_a_new_widget_is_set_in_its_drawer_and_drawn_before_it_is_saved(looking: Callable[..., Page], ten: str) -> None:
    page = looking(f"?d={ten}")
    drawn(page, "w1")
    arrange(page)
    page.get_by_role("button", name="Metric", exact=True).click()
    added = tile(page, "w11")
    expect(added.locator(".figure")).to_contain_text("$", timeout=15_000)
    added.get_by_role("button", name="Settings").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator(".tile .figure")).to_contain_text("$", timeout=15_000)
    drawer.get_by_label("Title", exact=True).fill("Sold")
    expect(drawer.locator(".tile .title")).to_have_text("Sold", timeout=15_000)
    drawer.get_by_role("button", name="Apply").click()
    expect(added.locator(".title")).to_have_text("Sold")
    page.get_by_role("button", name="Undo").click()
    expect(added.locator(".title")).not_to_have_text("Sold")


def test_a_forged_link_unlocks_no_filter(looking: Callable[..., Page], ten: str, stocked: Server) -> None:
    sent = {"state": {"period": "24h", "where": {"channel": ["online"]}}, "allowed": ["region"]}
    token = stocked.post(f"/api/v1/dashboards/{ten}/share", sent)["token"]
    page = looking(f"?s={token}")
    drawn(page, "w1")
    expect(page.get_by_text("Channel: online")).to_be_visible()
    figure = tile(page, "w1").locator(".figure").inner_text()
    forged = looking(f"?s={token}&period=24h&where=channel:retail,online")
    drawn(forged, "w1")
    expect(tile(forged, "w1").locator(".figure")).to_have_text(figure)
    for name in ("Arrange", "Share"):
        expect(forged.get_by_role("button", name=name)).to_have_count(0)


def test_a_screen_on_the_wall_has_the_dashboard_and_no_buttons(looking: Callable[..., Page], ten: str) -> None:
    page = looking(f"?d={ten}&embed=true")
    drawn(page, "w1")
    expect(page.locator("[data-testid=stSidebar]")).to_have_count(0)
    expect(page.get_by_role("button", name="Arrange")).to_have_count(0)
    expect(tile(page, "w1").locator(".tools")).to_be_hidden()


def test_the_browser_is_told_ahead_what_a_dashboard_needs(looking: Callable[..., Page], ten: str, stocked: Server) -> None:
    asked = urllib.request.Request(f"{stocked.url}/dashboards?d={ten}", headers={"Accept": "text/html"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        named = set(re.findall(r'href="\./(assets/[^"]+)"', answer.read().decode()))
    page = looking(f"?d={ten}")
    drawn(page, *(f"w{number}" for number in range(1, 11)))
    paths = "performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname.slice(1))"
    loaded: list[str] = page.evaluate(paths)
    ours = [name for name in loaded if name.startswith("assets/")]
    assert set(ours) == named | {CHARTS}
    assert len(ours) == len(set(ours)), "nothing is fetched twice"
