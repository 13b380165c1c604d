"""What comes before the first figures of a page, and what only after them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.conftest import Server
from tests.pages.grid import drawn

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.usefixtures("patience")]

WITNESS = """(() => {
  const roots = []
  const attach = Element.prototype.attachShadow
  Element.prototype.attachShadow = function (how) {
    const root = attach.call(this, how)
    roots.push(root)
    return root
  }
  const stands = () => roots.some((root) => root.querySelector(".tile[data-id=w1] .figure")?.textContent)
  window.before = { question: [], charts: [] }
  const fetched = window.fetch
  window.fetch = (what, how) => {
    if (String(what?.url ?? what).endsWith("/data")) before.question.push(!stands())
    return fetched(what, how)
  }
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node.src?.includes("vendor/plotly")) before.charts.push(!stands())
    }
  }).observe(document, { childList: true, subtree: true })
})()"""
"""Notes of every question to the server, and of the charts' library, whether it came before the first figure stood there."""


@pytest.fixture
def watched(browser: Browser) -> Callable[[str], Page]:
    """Opens an address with a witness."""

    def open_page(url: str) -> Page:
        page = browser.new_context().new_page()
        page.add_init_script(WITNESS)
        page.goto(url)
        return page

    return open_page


def test_the_first_figures_come_with_the_page_and_the_charts_library_after_them(
    watched: Callable[[str], Page], ten: str, stocked: Server
) -> None:
    page = watched(f"{stocked.url}/dashboards?d={ten}")
    drawn(page, *(f"w{number}" for number in range(1, 11)))
    assert page.evaluate("before.charts") == [False]
    assert True not in page.evaluate("before.question")
    page.context.close()


@pytest.mark.parametrize("path", ("", "dashboards", "data"))
def test_a_page_finds_its_server_at_the_first_try(browser: Browser, stocked: Server, path: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        wrong: list[str] = []
        page.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
        page.goto(f"{stocked.url}/{path}")
        expect(page.locator("[data-testid=stSidebar]")).to_contain_text("Pulseboard")
        expect(page.locator("h1").first).to_be_visible()
        assert wrong == []
