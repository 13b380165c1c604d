"""Replicas behind a proxy, which the tests of a file share, and somebody's browser."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.conftest import chromium_path
from tests.deploy.hands import House, house_in
from tests.deploy.house import NAME, PROXY
from tests.pages.conftest import FLAGS


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_in(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for which the public name leads to the proxy."""
    chromium = chromium_path()
    if chromium is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not here")
    with sync_playwright() as playwright:
        flags = [*FLAGS, f"--host-resolver-rules=MAP {NAME} {PROXY}"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visitor(house: House, browser: Browser) -> BrowserContext:
    """Somebody with it."""
    return browser.new_context(ignore_https_errors=True)
