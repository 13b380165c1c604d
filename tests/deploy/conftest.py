"""Replicas behind a proxy, which the tests of a file share, and somebody's browser."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from tests.conftest import chromium_path
from tests.deploy.hands import BODY, BUSY_KEY, KEY, LOAD_KEY, MOST, House
from tests.deploy.house import NAME, PROXY, Proxy, Replica, all_of
from tests.pages.conftest import FLAGS
from tests.servers.postgres import postgres


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two replicas that serve pages, a third that serves the doors alone, and the proxy in front."""
    folder = tmp_path_factory.mktemp("house")
    pages = [Replica(folder, f"pages-{number}", pages=True) for number in range(2)]
    doors = Replica(folder, "doors", pages=False)
    names = [replica.name for replica in pages]
    proxy = Proxy(names, [doors.name, *(f"{name} backup" for name in names)])
    with postgres().database() as url:
        given = {
            "DATABASE_URL": url, "API_KEYS": f"{KEY},{BUSY_KEY},{LOAD_KEY}",
            "FORWARDED_ALLOW_IPS": PROXY, "EVENT_PROCESSING_RATE_LIMIT": f"{MOST}/minute", "MAX_BODY_BYTES": str(BODY),
            "CORS_ORIGIN": proxy.url,
        }  # fmt: skip
        for replica in (*pages, doors):
            replica.environment.update(given)
        pages[1].environment["STREAMLIT_SERVER_ADDRESS"] = "0.0.0.0"  # as on a machine of its own
        with all_of(*pages, doors):
            yield House(proxy, pages, doors)
    proxy.close()


@pytest.fixture(scope="module")
def visitor(house: House) -> Iterator[BrowserContext]:
    """Somebody's browser, for which the public name leads to the proxy."""
    chromium = chromium_path()
    if chromium is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not here")
    with sync_playwright() as playwright:
        flags = [*FLAGS, f"--host-resolver-rules=MAP {NAME} {PROXY}"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser.new_context(ignore_https_errors=True)
        browser.close()
