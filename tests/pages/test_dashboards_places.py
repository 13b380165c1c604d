"""Where tiles stand while they are arranged: nothing overlaps, nothing hangs in the air, and steps can be taken back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser

ASSETS = Path(__file__).resolve().parents[2] / "assets"
Places = dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page that can import our modules, served from their folder without a server."""
    page = browser.new_page()
    page.route("http://assets.test/**", _serve)
    page.goto("http://assets.test/")
    yield page
    page.close()


def _serve(route: Route) -> None:
    name = route.request.url.removeprefix("http://assets.test/")
    if not name:
        route.fulfill(body="<!doctype html><title>assets</title>", content_type="text/html")
        return
    route.fulfill(body=(ASSETS / name).read_text(encoding="utf-8"), content_type="text/javascript")


def says(page: Page, name: str, *given: object) -> Any:
    """What a function of place.js says."""
    return page.evaluate("async ([n, g]) => (await import('/board/place.js'))[n](...g)", [name, list(given)])


def place(x: int, y: int, w: int, h: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": w, "h": h}


def overlaps(a: dict[str, int], b: dict[str, int]) -> bool:
    beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
    return not beside and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]


def check(places: Places, *, dense: bool = True) -> None:
    """The rules a saved dashboard has to keep, and (dense) that nothing hangs in the air."""
    for one, other in combinations(places.values(), 2):
        assert not overlaps(one, other), (one, other)
    for name, one in places.items():
        assert 0 <= one["x"]
        assert one["x"] + one["w"] <= 12
        if not dense:
            continue
        up = {**one, "y": one["y"] - 1}
        assert one["y"] == 0 or any(overlaps(up, other) for key, other in places.items() if key != name)


@pytest.fixture(scope="module")
def layouts() -> list[Places]:
    dice = random.Random(3)
    return [
        {
            f"w{number}": place(dice.randrange(12), dice.randrange(14), dice.randint(1, 12), dice.randint(1, 5))
            for number in range(dice.randint(1, 12))
        }
        for _ in range(120)
    ]


def test_any_layout_settles_without_overlaps_and_gaps(page: Page, layouts: list[Places]) -> None:
    for layout in layouts:
        check(says(page, "settled", layout, None))


def test_settling_twice_changes_nothing(page: Page, layouts: list[Places]) -> None:
    for layout in layouts:
        once = says(page, "settled", layout, None)
        assert says(page, "settled", once, None) == once


def test_every_step_of_the_keyboard_keeps_the_rules(page: Page, layouts: list[Places]) -> None:
    steps = [[by if i == at else 0 for i in range(4)] for at in range(4) for by in (1, -1)]
    for layout in layouts[:40]:
        places = says(page, "settled", layout, None)
        for step in steps:
            check(says(page, "stepped", places, "w0", *step))


def test_a_step_down_goes_past_the_neighbour(page: Page) -> None:
    places = {"a": place(0, 0, 12, 2), "b": place(0, 2, 12, 4)}
    assert says(page, "stepped", places, "a", 0, 1, 0, 0) == {"a": place(0, 4, 12, 2), "b": place(0, 0, 12, 4)}
    assert says(page, "stepped", places, "b", 0, -1, 0, 0) == {"a": place(0, 4, 12, 2), "b": place(0, 0, 12, 4)}


def test_what_is_moved_pushes_the_others_away(page: Page) -> None:
    places = {"a": place(0, 0, 6, 2), "b": place(6, 0, 6, 2)}
    assert says(page, "stepped", places, "a", 1, 0, 0, 0) == {"a": place(1, 0, 6, 2), "b": place(6, 2, 6, 2)}


def test_no_widget_becomes_smaller_than_its_kind_allows(page: Page) -> None:
    places = {"a": place(0, 0, 3, 3)}
    small = says(page, "stepped", places, "a", 0, 0, -1, -1, {"w": 3, "h": 3})
    assert small == places


def test_a_new_widget_takes_the_first_place_that_is_free(page: Page) -> None:
    places = {"a": place(0, 0, 8, 4), "b": place(0, 4, 12, 2)}
    assert says(page, "free", places, {"w": 4, "h": 4}) == place(8, 0, 4, 4)
    assert says(page, "free", places, {"w": 6, "h": 4}) == place(0, 6, 6, 4)


def test_on_a_phone_up_and_down_change_the_reading_order(page: Page) -> None:
    shown = {"a": place(0, 0, 3, 2), "b": place(3, 0, 3, 2), "c": place(0, 2, 8, 4), "d": place(8, 2, 4, 4)}
    widgets = [{"id": name, "place": at} for name, at in shown.items()]
    for name, step in (("a", 1), ("b", -1), ("b", 1), ("c", -1), ("c", 1), ("d", -1)):
        places = says(page, "passed", widgets, name, step)
        check(places, dense=False)  # the order goes before the gaps
        order = sorted(places, key=lambda one: (places[one]["y"], places[one]["x"]))
        before = "abcd".index(name)
        assert order.index(name) == before + step, (name, step, places)
