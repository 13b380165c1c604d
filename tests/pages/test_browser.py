"""The pages in a real browser, on a real server: they move, keep what people do, and come back after trouble."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.pages.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PAGES = {
    "": "[data-is=today].counter[data-text]",
    "simulator": "[data-is=bars]",
    "data": "text=Send your own",
    "data?tab=Import": "[data-testid=stFileUploader]",
    "data?tab=Verify": "text=Run verify",
    "data?tab=Clear": "text=What goes",
}
"""Every page and tab, and what is there once it is drawn."""

WATCH = """() => {
  window.seen = { stale: 0, removed: [], dimmed: 0 };
  const look = (root) => new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes" && change.target.getAttribute("data-stale") === "true") seen.stale++;
      for (const node of change.removedNodes) if (node.nodeType === 1) seen.removed.push(node.nodeName);
    }
  }).observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-stale"] });
  look(document.querySelector("[data-testid=stMain]"));
  for (const node of document.querySelectorAll("*")) if (node.shadowRoot) look(node.shadowRoot);
  const frame = () => {
    for (const node of document.querySelectorAll("[data-stale=true]")) if (getComputedStyle(node).opacity < 1) seen.dimmed++;
    requestAnimationFrame(frame);
  };
  frame();
}"""


@pytest.fixture(scope="module")
def contexts(browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    """One browser profile for each sort of visitor: what it has loaded once it need not load again."""
    opened: dict[str, BrowserContext] = {}
    yield opened
    for context in opened.values():
        context.close()


@pytest.fixture
def visit(browser: Browser, contexts: dict[str, BrowserContext], shop: Server) -> Iterator[Callable[..., Page]]:
    """Opens an address of the server, each time as a visit of its own; `first` is done before it is opened."""
    pages = []
    if not shop.running:  # an earlier test stopped it and failed before it started it again
        shop.start()

    def open_page(path: str = "", first: Callable[[Page], object] | None = None, **options: Any) -> Page:
        sort = repr(sorted(options.items()))
        if sort not in contexts:
            contexts[sort] = browser.new_context(**{"viewport": DESKTOP, **options})
        page = contexts[sort].new_page()
        pages.append(page)
        if first is not None:
            first(page)
        page.goto(f"{shop.url}/{path}")
        return page

    yield open_page
    for page in pages:
        page.close()


def figure(page: Page, name: str = "today") -> Locator:
    """A figure that rolls, by its name."""
    return page.locator(f"[data-is={name}].counter")


def shows(page: Page, text: str, name: str = "today", *, timeout: float = 10_000) -> None:
    expect(figure(page, name)).to_have_attribute("data-text", text, timeout=timeout)


def is_live(page: Page, *, timeout: float = 30_000) -> None:
    expect(page.locator("[data-is=pill]")).to_have_attribute("data-mood", "live", timeout=timeout)


def worth(page: Page) -> Decimal:
    """Revenue today, as the page shows it once it is live."""
    is_live(page)
    return shown(page)


def shown(page: Page) -> Decimal:
    text = figure(page).get_attribute("data-text")
    assert text is not None
    return Decimal(text.lstrip("$").replace(",", ""))


def dollars(amount: Decimal) -> str:
    return f"${amount:,.2f}"


def test_a_link_to_any_page_opens_it_with_its_frame_right_after_a_start(visit: Callable[..., Page]) -> None:
    # The first test of the file, on a server that nobody has visited.
    page = visit("simulator")
    expect(page.get_by_role("heading", name="Simulator")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Local administrator").first).to_be_visible()
    expect(page.get_by_role("link", name="Live")).to_be_visible()


def test_an_empty_store_tells_how_to_send_the_first_order(visit: Callable[..., Page], shop: Server) -> None:
    assert not shop.get("/api/v1/snapshot")["origin"]["counts"], "an earlier test of this file has sold something"
    page = visit()
    expect(page.get_by_text("No order has arrived yet")).to_be_visible()
    expect(page.locator("[data-is=curl]")).to_contain_text(f"{shop.url}/api/v1/orders")
    shows(page, "$0.00")
    shop.sell("the-first")
    expect(page.get_by_text("No order has arrived yet")).to_be_hidden()
    shows(page, "$10.00")


def test_a_posted_order_changes_the_revenue_without_a_reload(visit: Callable[..., Page], shop: Server) -> None:
    page = visit()
    before = worth(page)
    completed = int(page.locator("[data-is=completed]").last.inner_text())
    page.evaluate("window.same = true")
    shop.sell("posted-1", "1234.56")
    shows(page, dollars(before + Decimal("1234.56")), timeout=5_000)
    shop.sell("posted-2", "0.44")
    shows(page, dollars(before + 1235), timeout=5_000)
    assert page.evaluate("window.same"), "the page was loaded again"
    expect(page.locator("[data-is=completed]").last).to_have_text(str(completed + 2))


def test_twenty_refreshes_leave_nothing_stale_dim_or_redrawn(visit: Callable[..., Page], shop: Server) -> None:
    page = visit()
    before = worth(page)
    chart = page.locator("[data-is=revenuechart]").element_handle()
    page.evaluate(WATCH)
    for number in range(1, 21):
        shop.sell(f"refresh-{number}")
        shows(page, dollars(before + 10 * number), timeout=5_000)
    seen = page.evaluate("window.seen")
    assert seen["stale"] == 0
    assert seen["dimmed"] == 0
    assert [name for name in seen["removed"] if name.lower() in ("svg", "path", "g", "canvas", "section", "div")] == []
    assert chart.evaluate("(node) => node.isConnected")


def test_the_feed_writes_a_long_id_short_and_the_whole_of_it_in_the_title(visit: Callable[..., Page], shop: Server) -> None:
    page = visit()
    is_live(page)
    shop.sell("WEB-2026-11-22-000017")
    line = page.locator("[data-is=feed] li").first
    expect(line).to_contain_text("Order WEB-20…000017 completed")
    expect(line).to_have_attribute("title", re.compile("WEB-2026-11-22-000017"))


def runs(page: Page) -> None:
    """Start the simulator, and wait for its first tick; the next is an hour away."""
    field = page.get_by_role("spinbutton", name="Seconds between ticks")
    field.fill("3600")
    field.press("Enter")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("[data-is=nothing]")).to_be_hidden(timeout=15_000)


def refreshed(page: Page, times: int) -> None:
    """Wait until the card of the run was drawn again so many times: it tells how long the run goes on."""
    standing = page.get_by_text(re.compile(r"run r-\d+ · started"))
    for _ in range(times):
        expect(standing).not_to_have_text(standing.inner_text(), timeout=10_000)


def test_the_simulator_page_refreshes_without_dimming_and_keeps_what_is_half_typed(visit: Callable[..., Page]) -> None:
    page = visit("simulator")
    runs(page)
    field = page.get_by_role("spinbutton", name="Seed")
    field.fill("4711")  # typed, and not yet sent
    page.evaluate(WATCH)
    refreshed(page, 3)
    seen = page.evaluate("window.seen")
    assert seen["dimmed"] == 0
    assert "svg" not in [name.lower() for name in seen["removed"]]
    expect(field).to_have_value("4711")
    expect(field).to_be_focused()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Start")).to_be_visible()


def test_an_open_dialog_survives_refreshes_and_the_purge_proves_itself(visit: Callable[..., Page]) -> None:
    page = visit("simulator")
    runs(page)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Start").click()  # another run goes on behind the dialog
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.get_by_role("button", name="Purge").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    refreshed(page, 3)
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Purge r-").click()
    expect(page.get_by_text("every other total unchanged")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Start")).to_be_visible()


def test_a_zoomed_chart_stays_until_it_is_let_go(visit: Callable[..., Page], shop: Server) -> None:
    page = visit()
    before = worth(page)
    chart = page.locator("[data-is=revenuechart]")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.95, box["y"] + 40, steps=5)
    page.mouse.up()
    paused = page.locator("[data-is=revenuepause]")
    expect(paused).to_be_visible()
    line = chart.locator("path.line").get_attribute("d")
    shop.sell("later", "500.00")
    shows(page, dollars(before + 500))
    assert chart.locator("path.line").get_attribute("d") == line
    page.locator("[data-is=revenueresume]").click()
    expect(paused).to_be_hidden()
    assert chart.locator("path.line").get_attribute("d") != line


def test_it_reconnects_after_the_server_restarts(visit: Callable[..., Page], shop: Server) -> None:
    page = visit()
    before = worth(page)
    shop.stop()
    expect(page.locator("[data-is=word]")).to_have_text("Reconnecting", timeout=10_000)
    shows(page, dollars(before))
    shop.start()
    is_live(page, timeout=60_000)
    shop.sell("after-restart", "3.00")
    shows(page, dollars(before + 3))


def test_after_five_tries_it_offers_a_button(visit: Callable[..., Page], shop: Server) -> None:
    page = visit(first=lambda page: page.clock.install())
    is_live(page)
    shop.stop()
    for number, wait in enumerate((1, 2, 4, 8, 16), 1):
        expect(page.locator("[data-is=age]")).to_have_text(f"try {number} of 5 in {wait} s", timeout=10_000)
        page.clock.fast_forward(wait * 1000)
    expect(page.locator("[data-is=word]")).to_have_text(re.compile(r"Offline since \d\d:\d\d"), timeout=10_000)
    shop.start()
    page.locator("[data-is=again]").click()
    is_live(page)


def test_a_link_shows_the_second_browser_the_same_view(visit: Callable[..., Page], shop: Server) -> None:
    first = visit()
    today = dollars(worth(first))
    first.get_by_role("radio", name="7d").click()
    expect(first.get_by_role("heading", name="Last 7 days")).to_be_visible()
    first.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first.locator("[data-is=copy]").click()
    expect(first.locator("[data-is=copied]")).to_have_text("Copied")
    link = first.evaluate("navigator.clipboard.readText()")
    assert link.startswith(shop.url)
    for part in ("period=7d", "origin=Real", "zone=Europe%2FBerlin"):
        assert part in link
    for address in (link, first.url):
        second = visit(address.removeprefix(shop.url).removeprefix("/"), timezone_id="Asia/Tokyo", locale="ja-JP")
        is_live(second)
        expect(second.get_by_role("heading", name="Last 7 days")).to_be_visible()
        expect(second.locator("[data-is=instant]")).to_contain_text("Europe/Berlin")
        shows(second, today)


def test_all_data_and_another_clock_are_in_the_link_too(visit: Callable[..., Page]) -> None:
    page = visit("?origin=All&zone=Asia%2FTokyo&period=1h")
    is_live(page)
    expect(page.get_by_text("All data").first).to_be_visible()
    expect(page.locator("[data-is=instant]")).to_contain_text("Asia/Tokyo")
    expect(page.get_by_role("heading", name="Last hour")).to_be_visible()
    assert "origin=All" in page.url


def test_without_a_socket_the_page_refreshes_by_itself(visit: Callable[..., Page], shop: Server) -> None:
    def without(page: Page) -> None:
        page.clock.install()
        page.route_web_socket(re.compile("/ws/metrics"), lambda socket: socket.close())

    page = visit(first=without)
    expect(page.locator("[data-is=age]")).to_have_text("try 1 of 5 in 1 s", timeout=20_000)
    page.clock.fast_forward(1_000)
    expect(page.locator("[data-is=age]")).to_have_text("try 2 of 5 in 2 s")
    page.clock.fast_forward(2_000)
    expect(page.locator("[data-is=word]")).to_have_text("Refreshing every 10 s")
    before = shown(page)
    shop.sell("by-itself", "77.00")
    later = dollars(before + 77)
    for _ in range(20):
        page.clock.fast_forward(10_000)
        with suppress(AssertionError):
            shows(page, later, timeout=1_000)
            break
    shows(page, later)


def test_a_page_has_one_socket_and_leaving_it_closes_it(visit: Callable[..., Page]) -> None:
    opened: list[str] = []
    closed: list[str] = []

    def keep(socket: Any) -> None:
        if "/ws/metrics" in socket.url:
            opened.append(socket.url)
            socket.on("close", lambda _: closed.append(socket.url))

    page = visit("data", first=lambda page: page.on("websocket", keep))
    page.get_by_role("link", name="Live").click()
    is_live(page)
    for period, heading in (("1h", "Last hour"), ("7d", "Last 7 days"), ("30d", "Last 30 days")):
        page.get_by_role("radio", name=period).click()
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert len(opened) == 1, "a rerun opened another socket"
    with page.expect_event("console", predicate=lambda told: told.text == "left"):
        page.get_by_role("link", name="Data").click()
        expect(page.get_by_role("heading", name="Data")).to_be_visible()
        expect(page.locator("[data-is=pill]")).to_have_count(0)
        page.evaluate("setTimeout(() => console.log('left'))")
    assert len(closed) == len(opened) == 1


def test_coming_back_to_the_page_shows_its_figures_again(visit: Callable[..., Page]) -> None:
    page = visit()
    before = dollars(worth(page))
    page.get_by_role("link", name="Data").click()
    expect(page.get_by_role("heading", name="Data")).to_be_visible()
    page.get_by_role("link", name="Live").click()
    shows(page, before)
    is_live(page)


class Tour:
    """What was seen on a way through every page and tab, on a phone, light and dark."""

    def __init__(self) -> None:
        self.widths: dict[str, int] = {}
        self.requests: list[str] = []
        self.errors: list[str] = []

    def go(self, page: Page, server: Server) -> None:
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        for path, drawn in PAGES.items():
            page.goto(f"{server.url}/{path}")
            page.locator(drawn).first.wait_for()
            page.wait_for_load_state("networkidle")
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                widths = page.evaluate(
                    """() => [document.documentElement, ...document.querySelectorAll("[data-testid=stMain]")]
                      .map((node) => node.scrollWidth)"""
                )
                self.widths[f"{path or 'live'}, {scheme}"] = max(widths)


@pytest.fixture(scope="module")
def tour(browser: Browser, shop: Server) -> Tour:
    shop.sell("wide", "1234567.89")
    seen = Tour()
    with browser.new_context(viewport=PHONE, has_touch=True) as context:
        seen.go(context.new_page(), shop)
    return seen


def test_on_a_phone_nothing_is_wider_than_the_screen(tour: Tour) -> None:
    assert len(tour.widths) == 2 * len(PAGES)
    assert {name: width for name, width in tour.widths.items() if width > PHONE["width"]} == {}


def test_nothing_is_fetched_from_anywhere_else_and_no_script_fails(tour: Tour, shop: Server) -> None:
    assert tour.requests
    assert [url for url in tour.requests if not _ours(url, shop)] == []
    assert tour.errors == []


def _ours(url: str, server: Server) -> bool:
    return url.startswith((server.url, server.url.replace("http", "ws"), "data:", "blob:"))


def test_names_of_senders_are_text_and_never_markup(visit: Callable[..., Page], shop: Server) -> None:
    evil = "<img src=x onerror=window.hit=1>"
    shop.post("/api/v1/events", {"type": "content_view", "userId": evil, "contentId": evil, "count": 3})
    page = visit()
    is_live(page)
    expect(page.locator("[data-is=content] tbody")).to_contain_text(evil)
    expect(page.locator("[data-is=feed]")).to_contain_text(evil)
    assert page.evaluate("window.hit") is None
