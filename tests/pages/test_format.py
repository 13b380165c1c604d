"""How figures, changes and ages are written in the browser."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ASSETS = Path(__file__).resolve().parents[2] / "assets"
USD = {"code": "USD", "digits": 2}
YEN = {"code": "JPY", "digits": 0}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page that can import our modules, served from their folder without a server."""
    page = browser.new_page()
    page.route("http://assets.test/*", lambda route: _serve(route))
    page.goto("http://assets.test/")
    yield page
    page.close()


def _serve(route: Any) -> None:
    name = route.request.url.rpartition("/")[2]
    if not name:
        route.fulfill(body="<!doctype html><title>assets</title>", content_type="text/html")
        return
    route.fulfill(body=(ASSETS / name).read_text(encoding="utf-8"), content_type="text/javascript")


def written(page: Page, name: str, *given: object, module: str = "format.js") -> Any:
    """What a function of a module says."""
    return page.evaluate("async ([m, n, g]) => (await import('/' + m))[n](...g)", [module, name, list(given)])


@pytest.mark.parametrize(
    ("value", "text"),
    (
        (53362.97, "$53,362.97"),
        (-36.2, "−$36.20"),
        (0, "$0.00"),
        (43701410, "$43,701,410"),
    ),
)
def test_money(page: Page, value: float, text: str) -> None:
    assert written(page, "money", USD, value) == text


def test_money_without_decimals(page: Page) -> None:
    assert written(page, "money", YEN, 1250) == "¥1,250"


@pytest.mark.parametrize(
    ("value", "text"),
    ((1873859.66, "$1.87M"), (43701410, "$43.7M"), (96000, "$96k"), (103000, "$103k"), (350, "$350"), (-1873859, "−$1.87M")),
)
def test_money_in_tight_places(page: Page, value: float, text: str) -> None:
    assert written(page, "shortMoney", USD, value) == text


@pytest.mark.parametrize(
    ("change", "good", "text", "arrow", "mood"),
    (
        ({"as": "percent", "change": 2.6}, "up", "2.6%", "up", "good"),
        ({"as": "percent", "change": -1.3}, "up", "1.3%", "down", "bad"),
        ({"as": "percent", "change": 4.0}, "down", "4.0%", "up", "bad"),
        ({"as": "percent", "change": 4.0}, None, "4.0%", "up", "none"),
        ({"as": "points", "change": 0.05}, "up", "0.05 pp", "up", "good"),
        ({"as": "percent", "change": 0.01}, "up", "no change", None, "none"),
        ({"as": "flat", "change": 0}, "up", "no change", None, "none"),
        ({"as": "new", "change": None}, "up", "new", None, "none"),
        ({"as": "none", "change": None}, "up", "n/a", None, "none"),
    ),
)
def test_a_change_is_an_arrow_and_a_judgement(
    page: Page, change: dict[str, Any], good: str | None, text: str, arrow: str | None, mood: str
) -> None:
    assert written(page, "change", change, good) == {"text": text, "arrow": arrow, "mood": mood}


@pytest.mark.parametrize(
    ("seconds", "text"), ((2, "2 s ago"), (59.9, "59 s ago"), (372, "6 min 12 s old"), (11100, "3 h 05 min old"))
)
def test_ages(page: Page, seconds: float, text: str) -> None:
    assert written(page, "age", seconds) == text


def test_the_clock_is_that_of_the_zone(page: Page) -> None:
    assert written(page, "clock", "2026-11-19T13:32:05.123Z", "Europe/Berlin") == "14:32:05"
    assert written(page, "day", "2026-11-19T23:32:05Z", "Europe/Berlin") == "Fri 20 Nov 2026"
    assert written(page, "clock", "2026-11-19T13:32:05Z", "Nowhere/Else") == "13:32:05"


@pytest.mark.parametrize(
    ("given", "text"),
    (("58214", "58214"), ("r-0001-11-009", "r-0001-11-009"), ("d1ba6d8f9-498703-4", "d1ba6d…8703-4")),
)
def test_a_long_id_is_told_by_its_ends(page: Page, given: str, text: str) -> None:
    assert written(page, "shortId", given) == text


def test_a_moment_of_another_day_says_its_day(page: Page) -> None:
    today = "2026-11-22T07:00:00Z"
    assert written(page, "moment", "2026-11-22T06:59:10Z", "Europe/Berlin", today) == "07:59:10"
    assert written(page, "moment", "2026-11-20T23:53:26Z", "Europe/Berlin", today) == "Sat 21 Nov, 00:53:26"
    assert written(page, "moment", "2025-11-20T23:53:26Z", "Europe/Berlin", today) == "Fri 21 Nov 2025, 00:53:26"
    assert written(page, "dateOrClock", "2026-11-20T23:53:26Z", "Europe/Berlin", today) == "21 Nov"


@pytest.mark.parametrize(
    ("low", "high", "whole"), ((53229.02, 53362.97, False), (203, 214, True), (0, 0, False), (5, 5, True), (-20, 3, False))
)
def test_an_axis_has_at_most_five_lines_around_the_data(page: Page, low: float, high: float, whole: bool) -> None:
    ticks = written(page, "ticksFor", low, high, whole, module="scale.js")
    assert 2 <= len(ticks) <= 5
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert len({round(b - a, 6) for a, b in itertools.pairwise(ticks)}) == 1
    assert not whole or all(tick == int(tick) for tick in ticks)
