"""What one replica computed, another hands out to the last digit; and what an earlier leader says is not listened to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.model.access import VISITOR
from metrics_core.model.instant import HOUR, SECOND
from metrics_core.model.query import Filter
from metrics_core.publishing.carried import packed, unpacked
from metrics_core.publishing.newest import Newest
from metrics_core.settings import Settings
from tests import given

NOON = 1_772_539_200_000_000


class Peers:
    """Of several; it leads or follows as it is told."""

    def __init__(self, *, leads: bool) -> None:
        self.joined, self.leads, self.given = True, leads, 100
        self.posted: dict[str, dict[str, Any]] = {}
        self.wanted = 0

    def number(self) -> int:
        self.given += 1
        return self.given

    def post(self, name: str, letter: dict[str, Any]) -> None:
        self.posted[name] = orjson.loads(orjson.dumps({**letter, "fence": 3}))

    def want(self) -> None:
        self.wanted += 1


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'shop.db'}"), clock=SetClock(NOON))
    made.start()
    made.accept([given.order_record(f"o-{number}", ts=NOON - number * HOUR, amount="12.34") for number in range(30)])
    said = {"text": "hello", "weight": 3}
    made.accept([{"type": "login", "userId": "ann", "properties": said, "ts": NOON // 1_000 - 9_000}])
    yield made
    made.stop()


def newest(engine: Engine, peers: Peers) -> Newest:
    return Newest(engine.store, engine.calendar, engine.clock, currency="USD", digits=2, peers=peers)


def test_a_snapshot_goes_through_a_letter_unchanged(engine: Engine) -> None:
    snapshot = engine.snapshot()
    trail = [(NOON, 5, 2)]
    again, points = unpacked(orjson.loads(orjson.dumps(packed(snapshot, trail))))
    assert points == trail
    assert [row.id for row in again.recent] == [row.id for row in snapshot.recent]
    assert again.periods == snapshot.periods
    assert again.newest_seq == snapshot.newest_seq == engine.store.newest_seq()


def test_who_follows_hands_out_what_the_leader_computed(engine: Engine) -> None:
    ours, theirs = Peers(leads=True), Peers(leads=False)
    leader, follower = newest(engine, ours), newest(engine, theirs)
    body, curves = leader.live(), leader.curves()
    assert body["snapshot"]["seq"] == 101
    for name, letter in ours.posted.items():
        assert follower.receive(name, letter)
    engine.accept([given.order_record("later", ts=NOON - SECOND, amount="1.00")])
    follower.changed()
    assert follower.live() == body
    assert follower.curves() == curves
    assert leader.changed() is None
    assert leader.live() != body


def test_who_has_no_letter_asks_for_one_and_helps_itself_meanwhile_without_a_number(engine: Engine) -> None:
    peers = Peers(leads=False)
    follower = newest(engine, peers)
    assert follower.live("live")["snapshot"]["seq"] == 0
    assert peers.wanted == 1
    assert peers.posted == {}
    assert "live" in follower.looked()


def test_a_part_of_the_data_bears_the_leaders_number_only_with_the_leaders_figures(engine: Engine) -> None:
    part = replace(VISITOR, filters=(Filter("channel", ("online", None)),))
    ours = Peers(leads=True)
    leader, follower = newest(engine, ours), newest(engine, Peers(leads=False))

    def heard() -> None:
        leader.changed()
        leader.live()
        for name, letter in ours.posted.items():
            follower.receive(name, letter)

    heard()
    first = follower.live(who=part)
    assert first["snapshot"]["seq"] == 101
    assert first["revenue"] == leader.live(who=part)["revenue"]
    clock = engine.clock
    assert isinstance(clock, SetClock)
    clock.move(3 * SECOND)
    engine.accept([given.order_record("later", ts=NOON - SECOND, amount="1.00", channel="online")])
    ahead = follower.live(who=part)
    assert ahead["snapshot"]["seq"] == 0
    # The one of noon itself is over by then, too.
    assert ahead["revenue"]["total"] == pytest.approx(first["revenue"]["total"] + 12.34 + 1)
    clock.move(3 * SECOND)
    heard()
    again = follower.live(who=part)
    assert again["snapshot"]["seq"] == 102
    assert again["revenue"] == leader.live(who=part)["revenue"] == ahead["revenue"]


def test_an_earlier_leader_and_an_earlier_number_are_not_listened_to(engine: Engine) -> None:
    ours = Peers(leads=True)
    leader, follower = newest(engine, ours), newest(engine, Peers(leads=False))
    leader.live()
    first = ours.posted["real"]
    leader.changed()
    leader.live()
    second = ours.posted["real"]
    assert follower.receive("real", {**second, "fence": 4})
    assert not follower.receive("real", {**first, "fence": 4})
    assert not follower.receive("real", {**second, "fence": 3, "seq": 900})
    assert follower.snapshot().seq == second["seq"] == 102


def test_who_hears_nothing_says_since_when_and_goes_on_from_there_when_it_leads(engine: Engine) -> None:
    ours, theirs = Peers(leads=True), Peers(leads=False)
    leader, follower = newest(engine, ours), newest(engine, theirs)
    leader.live()
    follower.receive("real", ours.posted["real"])
    assert follower.live()["stale"] is None
    clock = engine.clock
    assert isinstance(clock, SetClock)
    clock.move(6 * SECOND)
    stale = follower.live()["stale"]
    assert stale is not None
    assert "takes over" in stale["why"]
    theirs.leads = True
    body = follower.live()
    assert body["stale"] is None
    assert body["snapshot"]["seq"] > 101


def test_who_led_does_not_go_back_to_a_letter_of_its_own(engine: Engine) -> None:
    peers = Peers(leads=True)
    led = newest(engine, peers)
    led.live()
    written = peers.posted["real"]
    led.changed()
    last = led.live()
    # It lost the lease, with the database away, before the last letter was written; what it reads now is the one before.
    peers.leads = False
    assert not led.receive("real", written)
    assert led.live()["snapshot"] == last["snapshot"]
