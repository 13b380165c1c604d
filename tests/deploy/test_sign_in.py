"""Signing in through nginx with TLS: a real OpenID provider, a real browser, two replicas that know the same people."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.deploy.hands import KEY, House, again, house_in, shows, went
from tests.deploy.house import nginx
from tests.servers import oidc
from tests.servers.postgres import binaries

pytestmark = [
    pytest.mark.servers, pytest.mark.timeout(300),
    pytest.mark.skipif(
        (nginx() is None or binaries() is None) and not os.environ.get("CI"), reason="nginx or PostgreSQL is not here"
    ),
]  # fmt: skip

PEOPLE = {"mara": {"email": "mara@example.com", "name": "Mara Lind", "email_verified": True}}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Behind the proxy, where people sign in."""
    folder: Path = tmp_path_factory.mktemp("house")
    with oidc.provider(PEOPLE) as provider:

        def signing_in(public: str) -> dict[str, str]:
            return {
                "STREAMLIT_SECRETS_FILES": oidc.secrets(folder, provider, public=public),
                "ADMIN_EMAILS": "mara@example.com",
            }

        with house_in(folder, signing_in) as made:
            yield made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Of a browser in which nobody is signed in."""
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


def sign_in(page: Page, house: House) -> None:
    page.goto(house.proxy.url)
    page.get_by_role("button", name="Continue with single sign-on").click(timeout=60_000)
    page.get_by_role("button", name="mara", exact=True).click()
    page.wait_for_url(f"{house.proxy.url}/")


def status(page: Page, path: str) -> int:
    """What the browser is answered, with its cookies."""
    return int(page.evaluate("path => fetch(path).then(answer => answer.status)", path))


def revenue(house: House) -> float:
    body = {"measures": ["revenue"], "over": "all_time"}
    return float(house.proxy.call("POST", "/api/v1/query", body, X_API_Key=KEY).json()["rows"][0][0])


def test_nothing_is_told_through_the_proxy_before_signing_in(house: House, page: Page) -> None:
    page.goto(house.proxy.url)
    expect(page.get_by_role("heading", name="Sign in to see your dashboards")).to_be_visible(timeout=60_000)
    for replica in (house.proxy, *house.pages, house.doors):
        assert replica.call("GET", "/api/v1/snapshot").status == 401
        assert replica.call("POST", "/api/v1/query", {"measures": ["revenue"], "over": "24h"}).status == 401


def test_who_signed_in_comes_back_to_the_public_address_and_sees_the_figures_move(house: House, page: Page) -> None:
    sign_in(page, house)
    expect(page.locator("[data-is=pill]")).to_have_attribute("data-mood", "live", timeout=60_000)
    expect(page.get_by_text("Mara Lind")).to_be_visible()
    page.evaluate("window.same = true")
    for replica in (house.doors, *house.pages):
        house.sell(f"signed in, by {replica.name}", at=replica)
        shows(page, revenue(house))
    assert page.evaluate("window.same"), "the page was loaded again"


def test_the_other_replica_knows_who_signed_in_when_one_dies(house: House, page: Page) -> None:
    sign_in(page, house)
    expect(page.get_by_text("Mara Lind")).to_be_visible(timeout=60_000)
    path = "/health"
    assert status(page, path) == 200
    mine = next(replica for replica in house.pages if replica.name == went(house, path)[-1])
    mine.kill()
    try:
        again(lambda: status(page, path) == 200)
        assert went(house, path)[-1] != mine.name
        page.reload()
        expect(page.get_by_text("Mara Lind")).to_be_visible(timeout=60_000)
        shows(page, revenue(house))
    finally:
        mine.start()
        mine.until_it_answers()


def test_who_signs_out_is_out(house: House, page: Page) -> None:
    sign_in(page, house)
    page.get_by_text("Mara Lind").wait_for(timeout=60_000)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()  # asks the provider
    expect(page.get_by_role("button", name="Continue with single sign-on")).to_be_visible(timeout=60_000)
    assert page.url.startswith(house.proxy.url)
