"""A dashboard is answered once for all who look, from one instant, and again only where its data changed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metrics_core.clock import SetClock
from metrics_core.dashboards.default import DEFAULT, TEMPLATES
from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.errors import StoreAwayError
from metrics_core.health import METERS
from metrics_core.model.access import LOCAL, Principal
from metrics_core.model.instant import DAY, HOUR, MINUTE, SECOND, iso
from metrics_core.model.measure import REGISTRY, Unit
from metrics_core.model.query import Filter
from metrics_core.reads.body import as_json
from metrics_core.settings import Settings
from metrics_core.store.connect import connect
from metrics_core.widgets.colours import Colours
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.kinds import WIDGETS
from tests import given
from tests.dashboards.conftest import VIC, House, card, document

READS = ("tally", "sums", "rows", "users", "sightings", "sightings_since", "count", "scan", "newest")
VIEWERS = 100


class Counted:
    """A part of a store that counts what it is asked."""

    def __init__(self, part: Any, store: CountingStore) -> None:
        self._part = part
        self._store = store

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if name not in READS:
            return found

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._store.asked[name] += 1
            if self._store.before_each is not None:
                self._store.before_each()
            return found(*args, **kwargs)

        return counted


class CountingStore:
    """A real store whose reads are counted; it can be taken away, as if the database had gone."""

    def __init__(self, url: str) -> None:
        self._store = connect(url)
        self.asked: Counter[str] = Counter()
        self.before_each: Callable[[], None] | None = None
        self.away = False
        self.events = Counted(self._store.events, self)
        self.totals = Counted(self._store.totals, self)
        self.catalog = self._store.catalog

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def view(self) -> Iterator[None]:
        if self.away:
            raise StoreAwayError("The database did not answer.")
        with self._store.view():
            yield


class CountedHouse(House):
    def __init__(self, folder: Path, **settings: Any) -> None:
        self.url = f"sqlite:///{folder / 'house.db'}"
        self.clock = SetClock(given.NOON)
        self.store: Any = CountingStore(self.url)
        settings = {"_env_file": None, "database_url": self.url, **settings}
        self.engine = Engine(Settings(**settings), clock=self.clock, store=self.store)
        self.engine.start()

    def look(
        self, state: State | None = None, who: Principal = VIC, have: dict[str, str] | None = None, name: str = DEFAULT,
        **how: Any,
    ) -> dict[str, Any]:
        saved = self.engine.shelf.glance(name, who)
        return self.engine.boards.data(saved.dashboard, state or State(), who, have, name=name, **how)

    def reads(self, work: Callable[[], object]) -> int:
        """How many reads of the store this takes."""
        before = sum(self.store.asked.values())
        work()
        return sum(self.store.asked.values()) - before


@pytest.fixture
def house(tmp_path: Path) -> Iterator[CountedHouse]:
    found = CountedHouse(tmp_path)
    found.take(*(
        given.order_record(
            ts=given.NOON - number * HOUR - MINUTE, amount=10 + number, userId=f"user {number % 7}",
            staffId=f"staff {number % 3}", channel=("online", "retail")[number % 2],
            segment=("new", "loyal", None)[number % 3],
        )
        for number in range(24)
    ))  # fmt: skip
    yield found
    found.engine.stop()


def hashes(body: dict[str, Any]) -> dict[str, str]:
    return {name: widget["hash"] for name, widget in body["widgets"].items()}


# ------------------------------------------------------------------------------------------------- one set of questions


def test_a_hundred_viewers_cost_the_store_what_one_does(house: CountedHouse, tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    alone = CountedHouse(tmp_path / "alone")
    state = State(refresh=10)
    costs: dict[str, list[int]] = {"many": [], "one": []}
    try:
        alone.order()
        had: dict[str, dict[int, dict[str, str]]] = {"many": {}, "one": {}}
        for tick in range(4):
            for name, each, viewers in (("many", house, VIEWERS), ("one", alone, 1)):
                each.order(amount=100 + tick)
                each.clock.move(10 * SECOND)

                def look(viewer: int, each: CountedHouse = each, name: str = name) -> dict[str, Any]:
                    body = each.look(state, have=had[name].get(viewer))
                    had[name][viewer] = hashes(body)
                    return body

                def all_look(look: Any = look, viewers: int = viewers) -> None:
                    with ThreadPoolExecutor(16) as pool:
                        bodies = list(pool.map(look, range(viewers)))
                    assert len({str(body["instant"]) for body in bodies}) == 1, "everybody sees the same instant"
                    assert all("drawing" in body["widgets"]["w1"] for body in bodies), "nobody misses a refresh"

                costs[name].append(each.reads(all_look))
    finally:
        alone.engine.stop()
    assert costs["many"][1:] == costs["one"][1:]
    assert min(costs["one"]) > 0


def test_nothing_is_asked_while_nobody_looks(house: CountedHouse) -> None:
    house.look()
    asked = house.engine.boards.asked

    def commits() -> None:
        for _ in range(5):
            house.order()
            house.clock.move(10 * SECOND)

    assert house.reads(commits) == 0
    assert house.engine.boards.asked == asked


def test_those_who_ask_first_at_the_same_time_share_one_answer(house: CountedHouse) -> None:
    alone = house.reads(house.look)
    house.order()
    house.clock.move(HOUR)
    start = threading.Barrier(16)

    def look(_: int) -> str:
        start.wait()
        return str(house.look()["instant"])

    def all_look() -> None:
        with ThreadPoolExecutor(16) as pool:
            assert len(set(pool.map(look, range(16)))) == 1

    assert house.reads(all_look) <= alone


def test_two_dashboards_ask_the_same_question_once(house: CountedHouse) -> None:
    shelf = house.engine.shelf
    names = [shelf.create(document(card(1, "revenue")), LOCAL).id for _ in range(2)]
    house.look(who=LOCAL, name=names[0])
    asked, spared = house.engine.boards.asked, house.engine.boards.spared
    house.look(who=LOCAL, name=names[1])
    assert (house.engine.boards.asked, house.engine.boards.spared) == (asked, spared + 1)
    assert METERS.board_questions.labels("spared")._value.get() >= 1


def test_only_what_is_another_picture_is_sent_again(house: CountedHouse) -> None:
    first = house.look()
    again = house.look(have=hashes(first))
    assert hashes(again) == hashes(first)
    assert all(set(widget) == {"hash"} for widget in again["widgets"].values())
    house.order(staffId="staff 0")
    house.clock.move(10 * SECOND)
    later = house.look(have=hashes(first))
    assert "drawing" in later["widgets"]["w1"]
    assert later["instant"]["seq"] > first["instant"]["seq"]


# --------------------------------------------------------------------------------------------------------- one instant


def test_a_page_never_mixes_two_instants(house: CountedHouse) -> None:
    places = {"w2": {"x": 3, "y": 0, "w": 4, "h": 4}, "w3": {"x": 7, "y": 0, "w": 5, "h": 4}}
    rows = [
        card(1), {"id": "w2", "kind": "table", "spec": {"measures": ["orders"], "by": ["channel"]}, "place": places["w2"]},
        {"id": "w3", "kind": "pie_chart", "spec": {"measure": "orders", "by": "channel"}, "place": places["w3"]},
        {**card(9), "spec": {"measure": "orders"}},
    ]  # fmt: skip
    dashboard = house.engine.shelf.create(document(*rows), LOCAL).dashboard
    house.store.before_each = lambda: house.order(channel="online")  # before every read something is committed
    totals = []
    for _ in range(4):
        body = house.engine.boards.data(dashboard, State(), LOCAL)
        drawn = {name: widget["drawing"] for name, widget in body["widgets"].items()}
        total = drawn["w1"]["value"]
        assert drawn["w9"]["value"] == total
        assert sum(row[1] for row in drawn["w2"]["rows"]) == total
        assert sum(drawn["w3"]["data"][0]["values"]) == total
        totals.append(total)
        house.clock.move(10 * SECOND)
    house.store.before_each = None
    assert totals == sorted(set(totals)), "the data changed all the time"


def test_who_comes_back_within_an_interval_sees_what_the_others_saw_and_the_newest_when_they_say_so(
    house: CountedHouse,
) -> None:
    state = State(refresh=10)
    first = house.look(state)
    house.order()
    house.clock.move(4 * SECOND)
    assert house.look(state, have=hashes(first))["instant"] == first["instant"]
    newest = house.look(state, have=hashes(first), newest=True)
    assert newest["instant"]["seq"] > first["instant"]["seq"]
    assert newest["next"] == 6.0
    house.clock.move(6 * SECOND)
    assert house.look(state, have=hashes(first))["instant"]["seq"] > newest["instant"]["seq"]


def test_refresh_keeps_to_the_floor_of_the_administrator(tmp_path: Path) -> None:
    house = CountedHouse(tmp_path, dashboard_refresh_floor=30)
    try:
        body = house.look(State(refresh=2))
        assert body["state"]["refresh"] == 30
        assert house.look(State(refresh=0))["next"] is None
    finally:
        house.engine.stop()


# -------------------------------------------------------------------------------------------- what did not change stays


WEEK = State.of({"period": "custom", "start": "2026-11-09", "end": "2026-11-16", "compare": "off"})


@pytest.fixture
def old(house: CountedHouse) -> CountedHouse:
    house.order(ago=5 * DAY, amount=77)
    return house


def value(body: dict[str, Any], name: str = "w2") -> Any:
    return body["widgets"][name]["drawing"]["value"]


def test_an_answer_over_last_week_is_kept_until_an_event_of_that_week_comes(old: CountedHouse) -> None:
    assert value(old.look(WEEK)) == 1
    for _ in range(3):
        old.order()
        old.clock.move(HOUR)
        asked = old.engine.boards.asked
        assert value(old.look(WEEK)) == 1
        assert old.engine.boards.asked == asked, "nothing of that week was touched"
    old.order(ago=5 * DAY)
    old.clock.move(HOUR)
    assert value(old.look(WEEK)) == 2
    assert old.engine.boards.asked > asked


def test_what_another_process_wrote_is_noticed(old: CountedHouse) -> None:
    assert value(old.look(WEEK)) == 1
    other = Engine(Settings(_env_file=None, database_url=old.url), clock=old.clock)
    other.start()
    try:
        other.accept([given.order_record("late", ts=old.clock.now() - 5 * DAY)])
    finally:
        other.stop()
    old.clock.move(HOUR)
    assert value(old.look(WEEK)) == 2


def test_what_was_removed_is_noticed(old: CountedHouse) -> None:
    old.engine.accept([given.order_record("made up", ts=old.clock.now() - 5 * DAY)], origin="sim", run_id="r1")
    everything = replace(WEEK, origin="all")
    assert value(old.look(everything)) == 2
    old.engine.forget(run_id="r1")
    old.clock.move(HOUR)
    assert value(old.look(everything)) == 1


def test_what_waits_at_the_end_of_a_week_depends_on_all_before_it(old: CountedHouse) -> None:
    name = old.engine.shelf.create(document(card(1, "pending")), LOCAL).id
    assert value(old.look(WEEK, LOCAL, name=name), "w1") == 0
    old.order(ago=20 * DAY, status="pending")
    old.clock.move(HOUR)
    assert value(old.look(WEEK, LOCAL, name=name), "w1") == 1


# --------------------------------------------------------------------------------------------------- the same as a query


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize(
    "state",
    (
        State(), State(period="7d", zone="Asia/Kathmandu"), State.of({"period": "today", "where": {"channel": ["online"]}}),
        State.of({"period": "all_time", "where": {"region": ["Europe"], "hour": [9, 10, 11]}, "compare": "off"}),
    ),
    ids=("24h", "7d", "today", "all"),
)
def test_every_widget_shows_what_the_query_api_answers(house: CountedHouse, name: str, state: State) -> None:
    dashboard = TEMPLATES[name]
    body = house.look(state, name=name)
    frame = Frame(
        over=state.over, now=house.clock.now(), compare=state.compare, zone=state.zone or "UTC", origin=state.origin,
        where={key: list(values) for key, values in state.where.items()}, colours=Colours(),
        since=house.clock.now() - 23 * HOUR - MINUTE,
    )
    for widget in dashboard.widgets:
        kind = WIDGETS[widget.kind]
        found = body["widgets"][widget.id]
        if "error" in found:  # such as what waits by hour, which a query refuses too
            assert "pending" in found["error"]["message"]
            continue
        drawing = found["drawing"]
        answers = kind.answers(kind.read(widget.spec), frame, house.engine.ask)
        again = kind.draw(answers, kind.read(widget.spec), frame).model_dump(mode="json")
        assert numbers(again) == numbers(drawing), widget.title
        if drawing["form"] in ("card", "gauge", "progress"):
            (figure,) = (answer for answer in answers.values() if len(answer.rows) == 1)
            assert major(drawing["measure"], figure.rows[0][-1]) == pytest.approx(drawing["value"])


def numbers(drawing: Any) -> Any:
    """A drawing without its colours, which depend on what was drawn before."""
    if isinstance(drawing, dict):
        return {key: numbers(value) for key, value in drawing.items() if key not in ("meta", "role", "keys")}
    return [numbers(value) for value in drawing] if isinstance(drawing, list) else drawing


def major(measure: str, minor: Any) -> Any:
    return minor / 100 if minor is not None and REGISTRY[measure].unit is Unit.MONEY else minor


def test_a_table_has_the_rows_of_the_query_to_the_cent(house: CountedHouse) -> None:
    drawing = house.look()["widgets"]["w7"]["drawing"]
    question = {"measures": ["revenue", "orders", "avg_order_value"], "over": "24h", "by": ["staff"]}
    answer = as_json(house.engine.ask(question), house.engine.read(question), 2)
    assert [tuple(row) for row in drawing["rows"]] == [pytest.approx(tuple(row)) for row in answer["rows"]]  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------------ whose data it is


def test_who_sees_a_part_never_gets_the_answer_of_who_sees_all(house: CountedHouse) -> None:
    retail = replace(VIC, filters=(Filter("channel", ("retail",)),))
    everything, part = house.look(), house.look(who=retail)
    assert value(everything) == 24
    assert value(part) == 12
    assert value(house.look(State.of({"where": {"channel": ["online"]}}), who=retail)) == 0
    assert part["origin"]["counts"] == {}
    assert everything["origin"]["counts"] == {"live": 24}


def test_two_who_see_the_same_part_share_it(house: CountedHouse) -> None:
    rows = [replace(VIC, name=name, filters=(Filter("channel", ("retail",)),)) for name in ("one", "two")]
    house.look(who=rows[0])
    assert house.reads(lambda: house.look(who=rows[1])) == 0


# ----------------------------------------------------------------------------------------------------- when things break


def test_a_widget_that_cannot_be_drawn_leaves_the_others_alone(house: CountedHouse) -> None:
    name = house.engine.shelf.create(document(card(1, "pending"), card(2)), LOCAL).id
    body = house.look(State.of({"where": {"channel": ["online"], "kind": ["order_completed"]}}), LOCAL, name=name)
    assert "pending" in body["widgets"]["w1"]["error"]["message"]
    assert value(body) == 12
    assert value(house.look(State(), LOCAL, name=name)) == 24


def test_an_accident_in_a_widget_is_told_by_its_reference_only(
    house: CountedHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setitem(house.engine.boards._kinds, "metric_card", replace(WIDGETS["metric_card"], draw=broken))
    body = house.look()
    assert "in the log of the server under" in body["widgets"]["w1"]["error"]["message"]
    assert "swordfish" not in str(body)
    assert body["widgets"]["w5"]["drawing"]["form"] == "figure"


def test_while_the_database_is_away_the_last_is_shown_and_said_to_be_old(house: CountedHouse) -> None:
    before = house.look()
    house.store.away = True
    house.clock.move(MINUTE)
    during = house.look()
    assert hashes(during) == hashes(before)
    assert during["stale"] == {"since": iso(house.clock.now()), "why": "The database does not answer."}
    with pytest.raises(StoreAwayError):
        house.look(State(period="7d"))
    house.store.away = False
    house.clock.move(MINUTE)
    assert house.look()["stale"] is None


def test_a_preview_is_the_widget_as_it_would_be(house: CountedHouse) -> None:
    dashboard = TEMPLATES[DEFAULT]
    drawn = house.engine.boards.preview(dashboard.widgets[0], State(), LOCAL, name=DEFAULT)
    assert drawn["drawing"] == house.look()["widgets"]["w1"]["drawing"]
