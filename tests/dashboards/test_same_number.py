"""A dashboard and a live message of the same snapshot number show the same figures, and links name their instant exactly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metrics_core.clock import Clock, SetClock
from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.model.access import LOCAL, Principal, Role
from metrics_core.model.instant import HOUR, MINUTE, SECOND, Instant
from metrics_core.model.query import Filter
from metrics_core.settings import Settings
from tests import given

RITA = Principal("rita@example.com", "Rita", Role.MANAGER, (Filter("region", ("Europe",)),))
MEASURES = ("revenue", "orders", "buyers")
BOARD = {
    "title": "Figures", "visibility": "everyone", "state": {"period": "today"},
    "widgets": [
        {"id": name, "kind": "metric_card", "title": name, "place": {"x": 0, "y": 2 * row, "w": 3, "h": 2},
         "spec": {"measure": name}}
        for row, name in enumerate(MEASURES)
    ],
}  # fmt: skip


def opened(path: Path, clock: Clock) -> Engine:
    made = Engine(Settings(_env_file=None, database_url=f"sqlite:///{path}"), clock=clock)
    made.start()
    return made


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Engine]:
    made = opened(tmp_path / "shop.db", SetClock(given.NOON))
    yield made
    made.stop()


@pytest.fixture
def elsewhere(here: Engine, tmp_path: Path) -> Iterator[Engine]:
    """Another process on the same database, as far as the first can tell."""
    made = opened(tmp_path / "shop.db", SetClock(given.NOON))
    yield made
    made.stop()


def sell(engine: Engine, name: str, at: Instant = given.NOON - HOUR, region: str = "Europe") -> None:
    receipt = engine.accept([given.order_record(name, ts=at, userId=f"user of {name}", region=region)])
    assert receipt.accepted == 1, receipt


def board(engine: Engine, name: str, who: Principal = LOCAL) -> tuple[int, str, list[float]]:
    """The number, the instant and the figures of a page that somebody opens now."""
    kept = engine.shelf.read(name, who)
    body = engine.boards.data(kept.dashboard, State.of(kept.dashboard.state), who, name=name)
    drawn: list[dict[str, Any]] = [body["widgets"][measure]["drawing"] for measure in MEASURES]
    return body["instant"]["seq"], body["instant"]["asOf"], [row["value"] for row in drawn]


def live(engine: Engine, who: Principal = LOCAL) -> tuple[int, list[float]]:
    body = engine.live("real", who)
    figures = body["periods"]["today"]["figures"]
    return body["snapshot"]["seq"], [figures[name]["value"] for name in MEASURES]


def test_what_another_process_wrote_is_on_the_page_and_in_the_message_or_in_neither(here: Engine, elsewhere: Engine) -> None:
    name = here.shelf.create(BOARD, LOCAL).id
    sell(here, "first")
    before = live(here)
    sell(elsewhere, "second")
    number, _, figures = board(here, name)
    assert figures[1] == 2
    assert number > before[0], "it shows other figures, so it has another number"
    assert live(here) == (number, figures)


@pytest.mark.parametrize("who", (LOCAL, RITA), ids=("everything", "a part"))
def test_every_page_of_a_number_shows_the_figures_of_its_message(here: Engine, elsewhere: Engine, who: Principal) -> None:
    name = here.shelf.create(BOARD, LOCAL).id
    told: dict[int, list[float]] = {}
    met = 0
    for number in range(12):
        sell((here, elsewhere)[number % 2], f"order {number}", region=("Europe", "Asia")[number % 3 == 2])
        for clock in (here.clock, elsewhere.clock):
            assert isinstance(clock, SetClock)
            clock.move(MINUTE)
        for seq, figures in (live(here, who), board(here, name, who)[::2], live(here, who)):
            met += seq in told
            assert told.setdefault(seq, figures) == figures
    assert met >= 12, "a page and a message have the same number more often than not"


def test_the_instant_of_a_page_names_its_figures_exactly(here: Engine) -> None:
    """Records come by the microsecond, pages and links tell the millisecond: the snapshot is of a whole one."""
    clock = here.clock
    assert isinstance(clock, SetClock)
    name = here.shelf.create(BOARD, LOCAL).id
    for late in (1, 499, 999):
        clock.put(given.NOON + late * SECOND + late)
        sell(here, f"just now {late}", clock.now() - 1)
        _, as_of, figures = board(here, name)
        clock.put(clock.now() + HOUR // 60)
        sell(here, f"after {late}", clock.now() - 1)
        found = here.explain({"measure": "revenue", "over": "today", "as_of": as_of})
        assert (found["value"], found["check"]["ok"]) == (figures[0], True)
        assert found["instant"]["asOf"] == as_of
