"""Signing in with a real OpenID provider, in a real browser: an administrator, a regional manager, one without a role."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.pages.conftest import Server
from tests.servers import oidc

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

KEY = "a-key-of-good-length"
PEOPLE = {
    "mara": {"email": "mara@example.com", "name": "Mara Lind", "email_verified": True},
    "rita": {"email": "rita@example.com", "name": "Rita Sommer", "email_verified": True},
    "ina": {"email": "ina@example.com", "name": "Ina Berg", "email_verified": True, "teams": ["numbers"]},
    "tom": {"email": "tom@example.com", "name": "Tom Okafor", "email_verified": True},
    "eve": {"email": "mara@example.com", "name": "Not Mara", "email_verified": False},
}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with oidc.provider(PEOPLE) as url:
        yield url


class Office(Server):
    """The product, where people sign in. Browsers call it by the name that the provider sends them back to."""

    def __init__(self, folder: Path, provider: str) -> None:
        super().__init__(
            folder, STREAMLIT_SECRETS_FILES=str(folder / "secrets.toml"), ADMIN_EMAILS="mara@example.com", API_KEYS=KEY,
            ROLE_CLAIM="teams", ROLE_MAP="numbers=analyst", SIGN_IN_LABEL="Company SSO",
        )  # fmt: skip
        self.url = f"http://localhost:{self.port}"
        oidc.secrets(folder, provider, public=self.url)

    def ask(self, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, provider: str) -> Iterator[Office]:
    running = Office(tmp_path_factory.mktemp("office"), provider)
    running.start()
    for number, (region, amount) in enumerate((("Europe", "10.00"), ("Asia", "99.00"))):
        line = {"productId": "lamp", "quantity": 1, "revenue": amount}
        order = {"orderId": f"o{number}", "userId": f"u{number}", "region": region, "lines": [line]}
        status, receipt = running.ask("/api/v1/orders", order, **{"X-API-Key": KEY})
        assert (status, receipt["accepted"]) == (200, 1)
    yield running
    running.stop()


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, office: Office) -> Iterator[Visit]:
    """A browser of somebody's own; with a name, they sign in first."""
    contexts: list[BrowserContext] = []

    def open_page(name: str | None = None, path: str = "", **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{office.url}/{path if name is None else ''}")
        if name is not None:
            sign_in(page, name)
            if path:
                page.goto(f"{office.url}/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()


def sign_in(page: Page, name: str) -> None:
    page.get_by_role("button", name="Continue with Company SSO").click()
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_url(re.compile(r"^http://localhost:\d+/$"))


def is_live(page: Page, amount: str) -> None:
    expect(page.locator("[data-is=pill]")).to_have_attribute("data-mood", "live", timeout=30_000)
    expect(page.locator("[data-is=today].counter")).to_have_attribute("data-text", amount, timeout=15_000)


def test_nothing_is_seen_before_signing_in(visit: Visit, office: Office) -> None:
    for path in ("", "dashboards", "data", "admin?tab=Keys"):
        page = visit(path=path)
        expect(page.get_by_role("heading", name="Sign in to see your dashboards")).to_be_visible(timeout=20_000)
        expect(page.get_by_role("link", name="Live")).to_have_count(0)
    for path in ("/api/v1/snapshot", "/api/v1/dashboards", "/metrics", "/api/metrics"):
        assert office.ask(path)[0] == 401
    assert office.ask("/api/v1/query", {"measures": ["revenue"], "over": "24h"})[0] == 401
    assert office.ask("/health")[1]["counts"] == {}


def test_an_administrator_gives_a_role_and_a_regional_manager_sees_her_region(visit: Visit, office: Office) -> None:
    mara = visit("mara")
    is_live(mara, "$109.00")
    expect(mara.get_by_text("Mara Lind")).to_be_visible()
    mara.get_by_role("link", name="Admin").click()
    mara.get_by_role("button", name="Add a person").click()
    drawer = mara.get_by_role("dialog")
    drawer.get_by_role("textbox", name="E-mail address").fill("rita@example.com")
    drawer.get_by_role("textbox", name="E-mail address").press("Enter")
    choose(drawer.get_by_role("combobox", name="Role"), mara, "Manager")
    for field, value in (("Sees only", "Region"), ("Region", "Europe")):
        choose(drawer.get_by_role("combobox", name=field, exact=True), mara, value)
        mara.keyboard.press("Tab")  # closes the list of what could be chosen besides
    drawer.get_by_role("button", name="Save").click()
    expect(mara.get_by_text("sees Region: Europe")).to_be_visible(timeout=15_000)

    rita = visit("rita")
    is_live(rita, "$10.00")
    # Beside the title, and at the foot of the sidebar.
    expect(rita.get_by_text("Limited to Region: Europe").filter(visible=True)).to_have_count(2)
    expect(rita.get_by_text("No order has arrived yet")).to_be_hidden()
    for name in ("Simulator", "Data", "Admin"):
        expect(rita.get_by_role("link", name=name)).to_have_count(0)
    rita.get_by_role("link", name="Dashboards").click()
    expect(rita.get_by_role("heading", name=re.compile("overview|Overview"))).to_be_visible(timeout=20_000)
    expect(rita.get_by_text("$10.00").first).to_be_visible(timeout=20_000)
    assert "$109.00" not in rita.content()
    expect(rita.get_by_text("Limited to Region: Europe").filter(visible=True)).to_have_count(2)
    rita.get_by_role("button", name="Explain").first.click()
    where = rita.get_by_role("dialog").locator("dl, table, .where").filter(has_text="Limited to").first
    expect(where).to_contain_text("Region: Europe", timeout=20_000)
    rita.keyboard.press("Escape")
    # What her page asks with is hers, and says no more elsewhere.
    rita.goto(f"{office.url}/")
    is_live(rita, "$10.00")
    assert rita.evaluate("fetch('api/v1/snapshot').then((answer) => answer.status)") == 401

    mara.get_by_role("button", name="Change", exact=True).last.click()
    drawer = mara.get_by_role("dialog")
    expect(drawer.get_by_text("May come in")).to_be_visible()
    drawer.get_by_text("May come in").click()
    drawer.get_by_role("button", name="Save").click()
    expect(mara.get_by_text("Shut out")).to_be_visible(timeout=15_000)
    expect(rita.locator("[data-is=pill]")).not_to_have_attribute("data-mood", "live", timeout=20_000)
    rita.reload()
    expect(rita.get_by_text("Your account is shut out. Ask Mara Lind.")).to_be_visible(timeout=20_000)


def choose(box: Any, page: Page, option: str) -> None:
    box.click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_claim_of_the_provider_gives_a_role(visit: Visit) -> None:
    page = visit("ina")
    is_live(page, "$109.00")
    expect(page.get_by_text("Analyst", exact=True)).to_be_visible()


def test_somebody_without_a_role_is_told_whom_to_ask(visit: Visit) -> None:
    page = visit("tom")
    expect(page.get_by_text("Your account has no role here. Ask Mara Lind.")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("link", name="Live")).to_have_count(0)


def test_an_address_that_the_provider_does_not_vouch_for_opens_nothing(visit: Visit) -> None:
    page = visit("eve")
    expect(page.get_by_text("has not confirmed that mara@example.com is yours")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Mara Lind")).to_have_count(0)


def test_a_link_opens_without_signing_in_and_leads_nowhere_else(visit: Visit, office: Office) -> None:
    status, made = office.ask("/api/v1/dashboards/overview/share", {}, **{"X-API-Key": KEY})
    assert status == 201
    page = visit(path=f"dashboards?s={made['token']}")
    expect(page.get_by_text("$109.00").first).to_be_visible(timeout=20_000)
    expect(page.get_by_role("link", name="Live")).to_have_count(0)
    page.goto(f"{office.url}/admin?s={made['token']}")
    expect(page.get_by_role("heading", name="Sign in to see your dashboards")).to_be_visible(timeout=20_000)


def test_whoever_opened_an_address_lands_there_after_signing_in(visit: Visit, office: Office) -> None:
    page = visit(path="dashboards?d=sales&period=30d")
    page.get_by_role("button", name="Continue with Company SSO").click()
    page.get_by_role("button", name="mara", exact=True).click()
    expect(page.get_by_role("heading", name="Sales")).to_be_visible(timeout=30_000)
    assert page.url.startswith(f"{office.url}/dashboards?d=sales")
    expect(page.get_by_role("radio", name="30d", exact=True)).to_be_checked()
    # Once: whoever then goes to the first page stays there.
    page.goto(f"{office.url}/")
    is_live(page, "$109.00")
    assert page.url == f"{office.url}/"


def test_who_signs_out_is_out_and_back_at_the_door(visit: Visit, office: Office) -> None:
    page = visit("mara")
    expect(page.get_by_text("Mara Lind")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("end_session"))
    # The provider has ended its own session, and sends them back to where it was told to.
    (back,) = parse_qs(urlsplit(page.url).query)["post_logout_redirect_uri"]
    page.goto(back)
    expect(page.get_by_role("heading", name="Sign in to see your dashboards")).to_be_visible(timeout=20_000)
    assert page.url == f"{office.url}/"
