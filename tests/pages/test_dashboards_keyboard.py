"""A dashboard by keyboard alone: reached with Tab, done with Enter, left with Escape; and no arrangement is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import Server
from tests.pages.grid import arrange, drawn, places, refresh, tile

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.usefixtures("patience")]

MOST_STEPS = 150

Look = Callable[..., Page]


@pytest.fixture
def page(looking: Look, ten: str) -> Page:
    page = looking(f"?d={ten}&period=24h&refresh=300")
    drawn(page, *(f"w{number}" for number in range(1, 11)))
    return page


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(MOST_STEPS):
        if wanted.evaluate("(node) => node.getRootNode().activeElement === node"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {wanted}.")


def use(page: Page, wanted: Locator) -> None:
    reach(page, wanted)
    page.keyboard.press("Enter")


def test_a_figure_is_explained_and_the_focus_comes_back(page: Page) -> None:
    explain = tile(page, "w1").get_by_role("button", name="Explain")
    use(page, explain)
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("the same, to the cent")).to_be_visible()
    reach(page, drawer.get_by_role("textbox", name="Search rows"))
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(explain).to_be_focused()


def test_a_slice_filters_and_is_let_go(page: Page) -> None:
    use(page, tile(page, "w6").locator(".key-row").first)
    chip = page.locator(".st-key-board_chip_region button:visible")
    expect(chip).to_be_visible()
    use(page, chip)
    expect(chip).to_have_count(0)
    row = tile(page, "w7").locator("tr.picks").first
    use(page, row)
    picked = page.locator(".st-key-board_chip_channel button:visible")
    expect(picked).to_be_visible()
    use(page, picked)
    expect(picked).to_have_count(0)
    use(page, page.get_by_role("button", name="Filter"))
    expect(page.get_by_role("combobox", name="Channel")).to_be_visible()
    reach(page, page.get_by_role("combobox", name="Channel"))
    page.keyboard.type("online")
    page.keyboard.press("Enter")
    expect(picked).to_be_visible()


def test_a_widget_is_enlarged_and_put_back(page: Page) -> None:
    more = tile(page, "w5").get_by_role("button", name="more")
    use(page, more)
    page.keyboard.press("Enter")  # the first of the menu
    full = tile(page, "w5").locator(".card.full")
    expect(full).to_be_visible()
    page.keyboard.press("Escape")
    expect(full).to_have_count(0)
    expect(more).to_be_focused()


def test_a_link_is_made_and_a_file_is_taken(page: Page) -> None:
    use(page, page.get_by_role("button", name="Share"))
    dialog = page.get_by_role("dialog")
    use(page, dialog.get_by_role("button", name="Make the link"))
    expect(dialog.get_by_text("This link is shown once.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    use(page, page.get_by_role("button", name="Export"))
    with page.expect_download() as taken:
        use(page, dialog.get_by_role("button", name="Download"))
    assert taken.value.suggested_filename.endswith(".pdf")


def test_a_widget_is_added_removed_brought_back_and_saved(page: Page) -> None:
    use(page, page.get_by_role("button", name="Arrange"))
    use(page, page.get_by_role("button", name="Gauge", exact=True))
    added = tile(page, "w11")
    expect(added).to_be_focused()
    for key in ("Enter", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    wide = places(page)["w11"]
    use(page, added.get_by_role("button", name="Remove"))
    expect(added).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(added).to_be_visible()
    assert places(page)["w11"] == wide
    reach(page, page.get_by_label("Title of the dashboard"))
    page.keyboard.press("End")
    page.keyboard.type(" and one")
    page.keyboard.press("Enter")
    use(page, page.get_by_role("button", name="Save version"))
    expect(page.get_by_role("heading", name="Ten and one")).to_be_visible()
    expect(page.get_by_role("button", name="Arrange")).to_be_visible()
    assert places(page)["w11"] == wide


def test_a_half_made_arrangement_outlives_refreshes_a_restart_a_reload_and_anothers_save(
    looking: Look, ten: str, stocked: Server
) -> None:
    page = looking(f"?d={ten}&period=24h&refresh=300")
    drawn(page, "w1", "w10")
    arrange(page)
    tile(page, "w10").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("1 change not saved")).to_be_visible()
    for number in range(2):
        stocked.sell(f"{ten}-draft-{number}")
        refresh(page)
    expect(tile(page, "w10")).to_have_count(0)

    stocked.stop()
    stocked.start()
    refresh(page)
    expect(page.get_by_text("1 change not saved")).to_be_visible()
    expect(tile(page, "w10")).to_have_count(0)

    saved = stocked.get(f"/api/v1/dashboards/{ten}")
    theirs = {**saved["document"], "title": "Ten of theirs"}
    stocked.put(f"/api/v1/dashboards/{ten}", {"document": theirs, "expecting": saved["version"]})
    page.reload()
    page.evaluate("() => { delete window.board }")
    expect(page.get_by_role("heading", name="Ten of theirs")).to_be_visible()
    page.get_by_role("button", name="Arrange").click()
    expect(page.get_by_role("button", name="Discard")).to_be_visible()
    expect(tile(page, "w10")).to_have_count(0)

    # Whoever opens a drawer meanwhile reads the newer version: saving still asks.
    tile(page, "w1").get_by_role("button", name="Settings").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Save version").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"saved version {saved['version'] + 1}")).to_be_visible()
    expect(dialog.get_by_text("renamed it 'Ten of theirs'")).to_be_visible()
    dialog.get_by_role("button", name="Keep arranging").click()
    expect(dialog).to_have_count(0)
    expect(tile(page, "w10")).to_have_count(0)
    assert stocked.get(f"/api/v1/dashboards/{ten}")["document"]["title"] == "Ten of theirs"
    page.get_by_role("button", name="Save version").click()
    dialog.get_by_role("button", name="Save mine").click()
    expect(page.get_by_role("button", name="Arrange")).to_be_visible()
    kept = stocked.get(f"/api/v1/dashboards/{ten}")
    assert kept["document"]["title"] == "Ten"
    assert "w10" not in [widget["id"] for widget in kept["document"]["widgets"]]
