"""The pages in a real browser, on a real server: they move, keep what people do, and come back after trouble."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect, sync_playwright

from tests.pages.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PAGES = ("", "simulator", "data", "data?tab=Import", "data?tab=Verify", "data?tab=Clear")

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
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Opens an address of the server as another visitor each time."""
    contexts = []

    def open_page(path: str = "", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{server.url}/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()


def figure(page: Page, name: str = "today") -> Locator:
    """A figure that rolls, by its name."""
    return page.locator(f"[data-is={name}].counter")


def shows(page: Page, text: str, name: str = "today", *, timeout: float = 10_000) -> None:
    expect(figure(page, name)).to_have_attribute("data-text", text, timeout=timeout)


def is_live(page: Page, *, timeout: float = 30_000) -> None:
    expect(page.locator("[data-is=pill]")).to_have_attribute("data-mood", "live", timeout=timeout)


def test_a_posted_order_changes_the_revenue_without_a_reload(visit: Callable[..., Page], server: Server) -> None:
    page = visit()
    is_live(page)
    shows(page, "$0.00")
    page.evaluate("window.same = true")
    server.sell("o1", "1234.56")
    shows(page, "$1,234.56", timeout=2_000)
    server.sell("o2", "0.44")
    shows(page, "$1,235.00", timeout=2_000)
    assert page.evaluate("window.same"), "the page was loaded again"
    expect(page.locator("[data-is=completed]").last).to_have_text("2")


def test_an_empty_store_tells_how_to_send_the_first_order(visit: Callable[..., Page], server: Server) -> None:
    page = visit()
    expect(page.get_by_text("No order has arrived yet")).to_be_visible()
    expect(page.locator("[data-is=curl]")).to_contain_text(f"{server.url}/api/v1/orders")
    server.sell("o1")
    expect(page.get_by_text("No order has arrived yet")).to_be_hidden()


def test_twenty_refreshes_leave_nothing_stale_dim_or_redrawn(visit: Callable[..., Page], server: Server) -> None:
    page = visit()
    is_live(page)
    server.sell("o0")
    shows(page, "$10.00")
    chart = page.locator("[data-is=revenuechart]").element_handle()
    page.evaluate(WATCH)
    for number in range(1, 21):
        server.sell(f"o{number}")
        shows(page, f"${10 * (number + 1)}.00", timeout=5_000)
    seen = page.evaluate("window.seen")
    assert seen["stale"] == 0
    assert seen["dimmed"] == 0
    assert [name for name in seen["removed"] if name.lower() in ("svg", "path", "g", "canvas", "section", "div")] == []
    assert chart.evaluate("(node) => node.isConnected")


def test_the_simulator_page_refreshes_without_dimming_and_keeps_what_is_half_typed(visit: Callable[..., Page]) -> None:
    page = visit("simulator")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    field = page.get_by_role("spinbutton", name="Seed")
    field.fill("4711")  # typed, and not yet sent
    page.evaluate(WATCH)
    expect(page.locator("[data-is=nothing]")).to_be_hidden(timeout=15_000)
    page.wait_for_timeout(8_000)
    seen = page.evaluate("window.seen")
    assert seen["dimmed"] == 0
    assert "svg" not in [name.lower() for name in seen["removed"]]
    expect(field).to_have_value("4711")
    expect(field).to_be_focused()
    page.get_by_role("button", name="Stop").click()


def test_an_open_dialog_survives_refreshes_and_the_purge_proves_itself(visit: Callable[..., Page]) -> None:
    page = visit("simulator")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("[data-is=nothing]")).to_be_hidden(timeout=15_000)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Purge").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.wait_for_timeout(7_000)
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Purge r-").click()
    expect(page.get_by_text("every other total unchanged")).to_be_visible(timeout=15_000)


def test_a_zoomed_chart_stays_until_it_is_let_go(visit: Callable[..., Page], server: Server) -> None:
    page = visit()
    is_live(page)
    for number in range(6):
        server.sell(f"o{number}")
        shows(page, f"${10 * (number + 1)}.00")
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
    server.sell("later", "500.00")
    shows(page, "$560.00")
    assert chart.locator("path.line").get_attribute("d") == line
    page.locator("[data-is=revenueresume]").click()
    expect(paused).to_be_hidden()
    assert chart.locator("path.line").get_attribute("d") != line


def test_it_reconnects_after_the_server_restarts(visit: Callable[..., Page], server: Server) -> None:
    page = visit()
    is_live(page)
    server.sell("o1", "12.00")
    shows(page, "$12.00")
    server.stop()
    expect(page.locator("[data-is=word]")).to_have_text("Reconnecting", timeout=10_000)
    shows(page, "$12.00")
    server.start()
    is_live(page, timeout=60_000)
    server.sell("o2", "3.00")
    shows(page, "$15.00")


def test_after_five_tries_it_offers_a_button(visit: Callable[..., Page], server: Server) -> None:
    page = visit()
    is_live(page)
    server.stop()
    expect(page.locator("[data-is=word]")).to_have_text(re.compile(r"Offline since \d\d:\d\d"), timeout=60_000)
    server.start()
    page.keyboard.press("Escape")  # Streamlit's own word about the connection lies over the page
    page.locator("[data-is=again]").click()
    is_live(page)


def test_a_link_shows_the_second_browser_the_same_view(visit: Callable[..., Page], server: Server) -> None:
    server.sell("o1", "12.00")
    first = visit()
    is_live(first)
    first.get_by_role("button", name="7d").or_(first.get_by_text("7d", exact=True)).first.click()
    expect(first.get_by_role("heading", name="Last 7 days")).to_be_visible()
    first.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first.locator("[data-is=copy]").click()
    link = first.evaluate("navigator.clipboard.readText()")
    assert link.startswith(server.url)
    for part in ("period=7d", "origin=Real", "zone=Europe%2FBerlin"):
        assert part in link
    for address in (link, first.url):
        second = visit(address.removeprefix(server.url).removeprefix("/"), timezone_id="Asia/Tokyo", locale="ja-JP")
        is_live(second)
        expect(second.get_by_role("heading", name="Last 7 days")).to_be_visible()
        expect(second.locator("[data-is=instant]")).to_contain_text("Europe/Berlin")
        shows(second, "$12.00")


def test_all_data_and_another_clock_are_in_the_link_too(visit: Callable[..., Page], server: Server) -> None:
    server.sell("o1", "12.00")
    page = visit("?origin=All&zone=Asia%2FTokyo&period=1h")
    is_live(page)
    expect(page.get_by_text("All data").first).to_be_visible()
    expect(page.locator("[data-is=instant]")).to_contain_text("Asia/Tokyo")
    expect(page.get_by_role("heading", name="Last hour")).to_be_visible()
    assert "origin=All" in page.url


def test_without_a_socket_the_page_refreshes_by_itself(visit: Callable[..., Page], server: Server) -> None:
    page = visit("data")

    def refuse(socket: WebSocketRoute) -> None:
        socket.close()

    page.route_web_socket(re.compile("/ws/metrics"), refuse)
    page.goto(server.url)
    expect(page.locator("[data-is=word]")).to_have_text("Refreshing every 10 s", timeout=20_000)
    server.sell("o1", "77.00")
    shows(page, "$77.00", timeout=25_000)


def test_a_page_has_one_socket_and_leaving_it_closes_it(visit: Callable[..., Page]) -> None:
    page = visit("data")
    opened: list[str] = []
    closed: list[str] = []

    def keep(socket: Any) -> None:
        if "/ws/metrics" in socket.url:
            opened.append(socket.url)
            socket.on("close", lambda _: closed.append(socket.url))

    page.on("websocket", keep)
    page.get_by_role("link", name="Live").click()
    is_live(page)
    for period in ("1h", "7d", "30d"):
        page.get_by_text(period, exact=True).first.click()
        page.wait_for_timeout(600)
    assert len(opened) == 1, "a rerun opened another socket"
    page.get_by_role("link", name="Data").click()
    expect(page.get_by_role("heading", name="Data")).to_be_visible()
    page.wait_for_timeout(500)
    assert len(closed) == 1


@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_on_a_phone_nothing_is_wider_than_the_screen(visit: Callable[..., Page], server: Server, scheme: str) -> None:
    server.sell("o1", "1234567.89")
    for path in PAGES:
        page = visit(path, viewport=PHONE, color_scheme=scheme, has_touch=True)
        page.get_by_role("heading").first.wait_for()
        page.wait_for_timeout(1_000)
        wide = page.evaluate(
            """() => [document.documentElement, ...document.querySelectorAll("[data-testid=stMain]")]
              .map((node) => node.scrollWidth)"""
        )
        assert max(wide) <= PHONE["width"], f"{path or 'live'} is {max(wide)} wide"


def test_nothing_is_fetched_from_anywhere_else(visit: Callable[..., Page], server: Server) -> None:
    page = visit("data")
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if not _ours(request.url, server) else None)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for path in PAGES:
        page.goto(f"{server.url}/{path}")
        page.get_by_role("heading").first.wait_for()
        page.wait_for_timeout(800)
    assert elsewhere == []
    assert errors == []


def _ours(url: str, server: Server) -> bool:
    return url.startswith((server.url, server.url.replace("http", "ws"), "data:", "blob:"))


def test_a_link_to_any_page_opens_it_with_its_frame_right_after_a_start(visit: Callable[..., Page]) -> None:
    page = visit("simulator")
    expect(page.get_by_role("heading", name="Simulator")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Local administrator").first).to_be_visible()
    expect(page.get_by_role("link", name="Live")).to_be_visible()


def test_names_of_senders_are_text_and_never_markup(visit: Callable[..., Page], server: Server) -> None:
    evil = "<img src=x onerror=window.hit=1>"
    server.post("/api/v1/events", {"type": "content_view", "userId": evil, "contentId": evil, "count": 3})
    page = visit()
    is_live(page)
    expect(page.locator("[data-is=content] tbody")).to_contain_text(evil)
    expect(page.locator("[data-is=feed]")).to_contain_text(evil)
    assert page.evaluate("window.hit") is None
