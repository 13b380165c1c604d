"""A part of the data: who sees Europe sees what a house would show in which nothing but Europe had ever happened."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metrics_core.errors import ForbiddenError
from metrics_core.model.access import NOBODY, Principal, Role
from metrics_core.model.event import ACTIVITY, Event, Line
from metrics_core.model.instant import DAY, HOUR, MINUTE, SECOND
from metrics_core.model.query import Filter
from metrics_core.reads.narrow import kept_of
from metrics_core.reads.segments import segments_of
from tests import given
from tests.dashboards.conftest import House

EUROPE = Filter("region", ("Europe",))
PARTS: dict[str, tuple[Filter, ...]] = {
    "a region": (EUROPE,),
    "two regions": (Filter("region", ("Asia", "Africa")),),
    "a region and a channel": (EUROPE, Filter("channel", ("online",))),
    "a company": (Filter("company", ("Acme", None)),),
    "everything but a region": (Filter("region", ("Europe",), negated=True),),
    "buyers who are new": (Filter("segment", ("new",)),),
    "a region that is not there": (Filter("region", ("Atlantis",)),),
}


def rita(*filters: Filter) -> Principal:
    return Principal("rita@example.com", "Rita", Role.ANALYST, filters)


def records(now: int, seed: int = 7) -> list[dict[str, Any]]:
    """Three days and two months of a shop in three regions, some of it at whole minutes."""
    dice = random.Random(seed)
    found: list[dict[str, Any]] = []
    for number in range(260):
        ago = dice.choice((dice.randrange(1, 3 * HOUR), dice.randrange(1, 3 * DAY), dice.randrange(1, 60 * DAY)))
        ts = (now - ago) // MINUTE * MINUTE if number % 5 == 0 else now - ago
        where = {
            "region": dice.choice(("Europe", "Asia", "Africa")), "channel": dice.choice(("online", "retail")),
            "company": dice.choice(("Acme", "Globex", None)), "userId": f"u{dice.randrange(25)}",
        }  # fmt: skip
        match number % 4:
            case 0:
                found.append(given.event_record(ts=ts, contentId=dice.choice(("home", "guide")), **where))
            case 1:
                found.append(given.order_record(f"shop-{number}", ts=ts, amount="12.50", status="pending", **where))
                if dice.random() < 0.7:
                    status = dice.choice(("completed", "completed", "failed"))
                    found.append(given.status_record(f"shop-{number}", status, ts=min(now - 1, ts + MINUTE)))
            case 2:
                found.append(given.order_record(f"shop-{number}", ts=ts, amount="30.10", **where))
                if dice.random() < 0.2:
                    found.append(given.refund_record(f"shop-{number}", "5.05", ts=min(now - 1, ts + MINUTE)))
            case 3:
                found.append(given.event_record("login", ts=ts, **where))
    return [{key: value for key, value in row.items() if value is not None} for row in given.numbered(found)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[House]:
    (tmp_path / "world").mkdir()
    house = House(tmp_path / "world", timezone="Asia/Kathmandu")
    house.take(*records(house.clock.now()))
    yield house
    house.engine.stop()


def alone(world: House, folder: Path, filters: tuple[Filter, ...]) -> House:
    """A house that has never heard of anything else."""
    (folder / "alone").mkdir()
    house = House(folder / "alone", timezone="Asia/Kathmandu")
    buyers = segments_of(world.engine.store)
    kept = [
        event for chunk in world.engine.store.events.scan() for event in buyers.named(chunk)
        if kept_of(event, filters) is not None
    ]  # fmt: skip
    ids = {event.id for event in kept}
    orders = {event.order_id for event in kept if event.order_id}
    rows = [row for row in records(house.clock.now()) if row["id"] in ids or row.get("orderId") in orders]
    if rows:
        house.take(*rows)
    return house


@pytest.mark.parametrize("part", tuple(PARTS))
def test_who_sees_a_part_sees_it_as_if_nothing_else_were(world: House, tmp_path: Path, part: str) -> None:
    who = rita(*PARTS[part])
    other = alone(world, tmp_path, PARTS[part])
    try:
        seen, right = world.engine.live("real", who), other.engine.live("real")
        for body in (seen, right):
            body["snapshot"].pop("seq")
            body["origin"].pop("counts")
            body["origin"].pop("shown")
        assert seen == right
        seen, right = world.engine.curves("real", who), other.engine.curves("real")
        assert seen.pop("seq")
        right.pop("seq")
        if part == "a region that is not there":
            assert seen["pace"] is right["pace"] is None
        assert seen == right
    finally:
        other.engine.stop()


def test_what_arrives_is_seen_by_those_whose_part_it_is(world: House) -> None:
    engine, who = world.engine, rita(EUROPE)
    before = engine.live("real", who)
    world.order(region="Asia", amount="99.00")
    world.clock.move(MINUTE)  # more than a busy machine can take for it
    unmoved = engine.live("real", who)
    assert unmoved["revenue"] == before["revenue"]
    assert unmoved["recent"] == before["recent"]
    world.order(region="Europe", amount="7.00")
    world.clock.move(MINUTE)  # more than a busy machine can take for it
    moved = engine.live("real", who)
    assert moved["revenue"]["today"] == pytest.approx(before["revenue"]["today"] + 7)
    assert moved["recent"][0]["region"] == "Europe"
    assert moved["snapshot"]["seq"] > unmoved["snapshot"]["seq"] > before["snapshot"]["seq"]


def test_the_same_part_is_counted_once_however_many_look(world: House) -> None:
    first = world.engine.live("real", rita(EUROPE))
    again = world.engine.live("real", Principal("tom@example.com", "Tom", Role.VIEWER, (EUROPE,)))
    assert first["snapshot"] == again["snapshot"]


def test_what_was_removed_is_gone_from_every_part(world: House) -> None:
    engine, who = world.engine, rita(EUROPE)
    assert engine.live("real", who)["recent"]
    engine.forget()
    world.clock.move(MINUTE)  # more than a busy machine can take for it
    gone = engine.live("real", who)
    assert (gone["recent"], gone["revenue"]["total"], gone["activeUsers"]["peak24h"]) == ([], 0.0, 0)


def test_how_much_there_is_of_everything_is_told_to_nobody_who_sees_a_part(world: House) -> None:
    assert world.engine.live("real", rita(EUROPE))["origin"]["counts"] == {}
    assert world.engine.origin("real", rita(EUROPE))["counts"] == {}
    assert world.engine.origin("real")["counts"]


def test_questions_and_users_are_narrowed_too(world: House) -> None:
    engine = world.engine
    question = {"measures": ["orders"], "over": "all_time", "by": ["region"]}
    assert {row[0] for row in engine.ask(question, rita(EUROPE)).rows} == {"Europe"}
    assert engine.ask({**question, "where": {"region": "Asia"}}, rita(EUROPE)).rows == ()
    now = world.clock.now()
    world.take(given.activity_record("eva", ts=now - SECOND, company="Acme"),
               given.activity_record("gus", ts=now - SECOND, company="Globex"))  # fmt: skip
    mine = engine.latest_users(rita(Filter("company", ("Acme",))))
    assert [row["userId"] for row in mine] == ["eva"]
    for asked in (lambda: engine.ask(question, NOBODY), lambda: engine.live("real", NOBODY),
                  lambda: engine.curves("real", NOBODY), lambda: engine.latest_users(NOBODY)):  # fmt: skip
        with pytest.raises(ForbiddenError):
            asked()


def test_of_an_order_only_the_lines_of_ones_own_products_are_seen() -> None:
    order = given.completed(lines=(Line("lamp", 1, 500), Line("desk", 1, 900)))
    lamps, chairs = (Filter("product", ("lamp",)),), (Filter("product", ("chair",)),)
    kept = kept_of(order, lamps)
    assert kept is not None
    assert kept.lines == (Line("lamp", 1, 500),)
    assert kept_of(order, chairs) is None
    seen: Event = given.event(ACTIVITY, user="ann")
    assert kept_of(seen, lamps) is None
    assert kept_of(seen, (Filter("product", (None,)),)) == seen
