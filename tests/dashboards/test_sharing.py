"""Whoever has a link sees what it allows and nothing else, whatever address they forge, until it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from metrics_core.access.tickets import Tickets
from metrics_core.clock import SetClock
from metrics_core.dashboards.sharing import WRONG_PASSWORDS, Share
from metrics_core.dashboards.state import State
from metrics_core.errors import (
    BadRequestError,
    EndedError,
    ForbiddenError,
    NotAllowedError,
    NotFoundError,
    PasswordNeededError,
    TooManyError,
)
from metrics_core.model.access import Principal
from metrics_core.model.instant import DAY, HOUR, SECOND
from metrics_core.model.query import Filter
from metrics_core.store.memory.store import MemoryStore
from tests.dashboards.conftest import ANN, House, card, document
from tests.given import NOON

SENT = State.of({"period": "24h", "origin": "live", "where": {"region": ["Europe"], "channel": ["online"]}})


@pytest.fixture
def stocked(house: House) -> House:
    """Five orders in four corners: online and retail, in Europe and Asia."""
    corners = (("online", "Europe"), ("online", "Europe"), ("retail", "Europe"), ("online", "Asia"), ("retail", "Asia"))
    for channel, region in corners:
        house.order(channel=channel, region=region)
    return house


def shared(house: House, **how: Any) -> tuple[Share, str]:
    made = house.engine.shelf.create(document(card(1), visibility="everyone"), ANN)
    return house.engine.shares.create(made.id, how.pop("who", ANN), **{"state": SENT, **how})


def orders(house: House, who: Principal, state: State, name: str | None = None) -> Any:
    saved = house.engine.shelf.read(name or house.engine.shares.current(who.link or "").dashboard, who)
    body = house.engine.boards.data(saved.dashboard, state, who, name=saved.id)
    return body["widgets"]["w1"]["drawing"]["value"]


def test_a_link_shows_what_the_sender_saw(stocked: House) -> None:
    link, token = shared(stocked)
    opened = stocked.engine.shares.open(token)
    assert opened == link
    assert orders(stocked, opened.principal(), opened.state) == orders(stocked, ANN, SENT, link.dashboard) == 2
    saved = stocked.engine.shelf.read(link.dashboard, opened.principal())
    assert State.of(saved.dashboard.state) == SENT


@pytest.mark.parametrize(
    "forged",
    (
        {"where": {}}, {"where": {"channel": ["online", "retail"], "region": ["Asia"]}}, {"origin": "all"},
        {"where": {"region": ["Europe", "Asia"]}, "origin": "all", "period": "all_time"},
    ),
)
def test_a_forged_address_does_not_unlock_a_filter(stocked: House, forged: dict[str, Any]) -> None:
    _, token = shared(stocked)
    who = stocked.engine.shares.open(token).principal()
    assert orders(stocked, who, State.of(forged)) == 2


def test_only_what_is_allowed_can_be_filtered_and_only_what_is_free_can_be_changed(stocked: House) -> None:
    link, token = shared(stocked, allowed=("channel",), free=("period",))
    who = stocked.engine.shares.open(token).principal()
    assert link.locked == {"region": ("Europe",)}
    assert orders(stocked, who, State()) == 3
    assert orders(stocked, who, State.of({"where": {"channel": ["retail"], "region": ["Asia"]}})) == 1
    bound = link.bound(State.of({"period": "7d", "compare": "off", "zone": "Asia/Tokyo", "origin": "all", "refresh": 2}))
    assert (bound.period, bound.compare, bound.zone, bound.origin) == ("7d", "previous", None, "live")
    stocked.clock.move(3 * DAY)
    assert orders(stocked, who, State(period="24h")) == 0
    assert orders(stocked, who, State(period="7d")) == 3


def test_nobody_sees_more_by_a_link_than_who_made_it(stocked: House) -> None:
    narrowed = replace(ANN, filters=(Filter("region", ("Asia",)),))
    _, token = shared(stocked, who=narrowed, state=State(), allowed=("region", "channel"))
    who = stocked.engine.shares.open(token).principal()
    assert orders(stocked, who, State()) == 2
    assert orders(stocked, who, State.of({"where": {"region": ["Europe", "Asia"]}})) == 2
    assert orders(stocked, who, State.of({"where": {"region": ["Europe"]}})) == 0


def test_a_link_opens_one_dashboard_and_does_nothing_else(stocked: House) -> None:
    link, token = shared(stocked)
    who = stocked.engine.shares.open(token).principal()
    shelf = stocked.engine.shelf
    saved = shelf.read(link.dashboard, who)
    assert saved.dashboard.owner == saved.by == saved.by_label == ""
    assert [row.id for row in shelf.all(who)] == [link.dashboard]
    with pytest.raises(NotFoundError):
        shelf.read("overview", who)
    for work in (
        lambda: shelf.create(document(), who), lambda: shelf.save(link.dashboard, document(), who, expecting=1),
        lambda: shelf.duplicate(link.dashboard, who), lambda: shelf.versions(link.dashboard, who),
        lambda: shelf.export(link.dashboard, who), lambda: shelf.delete(link.dashboard, who),
        lambda: stocked.engine.presets.save(link.dashboard, "Mine", State(), who),
        lambda: stocked.engine.shares.create(link.dashboard, who, state=State()),
        lambda: stocked.engine.shares.revoke(link.dashboard, link.id, who),
        lambda: stocked.engine.boards.preview(saved.dashboard.widgets[0], State(), who),
    ):
        with pytest.raises(ForbiddenError):
            work()


def test_a_link_ends_when_its_time_is_over(house: House) -> None:
    link, token = shared(house, days=1)
    house.clock.move(DAY - SECOND)
    who = house.engine.shares.open(token).principal()
    house.clock.move(SECOND)
    with pytest.raises(EndedError, match="ended on 20 Nov 2026 at 12:00 UTC"):
        house.engine.shares.open(token)
    with pytest.raises(EndedError):
        orders(house, who, State(), link.dashboard)


def test_a_link_ends_at_once_when_it_is_revoked(house: House) -> None:
    link, token = shared(house)
    who = house.engine.shares.open(token).principal()
    orders(house, who, State())
    house.engine.shares.revoke(link.dashboard, link.id, ANN)
    with pytest.raises(EndedError, match="was revoked"):
        orders(house, who, State(), link.dashboard)
    with pytest.raises(EndedError, match="was revoked"):
        house.engine.shares.open(token)
    assert [row.revoked_at for row in house.engine.shares.of(link.dashboard)] == [house.clock.now()]


def test_the_links_of_a_dashboard_end_with_it(house: House) -> None:
    link, token = shared(house)
    house.engine.shelf.delete(link.dashboard, ANN)
    with pytest.raises(EndedError):
        house.engine.shares.open(token)


def test_a_password_is_asked_for_and_cannot_be_guessed_for_long(house: House) -> None:
    _, token = shared(house, password="correct horse")
    with pytest.raises(PasswordNeededError, match="opens with a password"):
        house.engine.shares.open(token)
    assert house.engine.shares.open(token, "correct horse")
    for _ in range(WRONG_PASSWORDS):
        with pytest.raises(PasswordNeededError, match="is not the password"):
            house.engine.shares.open(token, "wrong")
    with pytest.raises(TooManyError, match="10 minutes"):
        house.engine.shares.open(token, "correct horse")
    house.clock.move(HOUR)
    assert house.engine.shares.open(token, "correct horse")


def test_neither_token_nor_password_is_kept(house: House) -> None:
    link, token = shared(house, password="correct horse")
    kept = house.engine.store.catalog.get("shares", link.id)
    assert kept is not None
    assert token not in str(kept)
    assert "correct horse" not in str(kept)
    assert token not in link.id
    for wrong in ("", "x", token[:-1], token + "x", link.id, "\ud800"):
        with pytest.raises(NotFoundError, match="no such link"):
            house.engine.shares.open(wrong)


@pytest.mark.parametrize(
    ("how", "says"),
    (
        ({"days": 0}, "more than 0"), ({"days": 1e9}, "up to 3650"), ({"password": "abc"}, "4 to 200 characters"),
        ({"allowed": ("regoin",)}, "Did you mean 'region'"), ({"free": ("everything",)}, "No part of a state"),
        ({"label": "x" * 200}, "more than 120"),
    ),
)
def test_a_link_that_makes_no_sense_is_refused(house: House, how: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequestError, match=says):
        shared(house, **how)


def test_a_frozen_link_keeps_what_the_sender_saw_beside_what_is_counted_now(stocked: House) -> None:
    engine = stocked.engine
    made = engine.shelf.create(document(card(1), visibility="everyone"), ANN)
    seen = engine.boards.freeze(made.dashboard, SENT, ANN, name=made.id)
    link, token = engine.shares.create(made.id, ANN, state=SENT, frozen=seen, frozen_at=seen["as_of"])
    engine.shelf.save(made.id, document(card(1, "revenue")), ANN, expecting=1)
    sent_at = stocked.clock.now()
    stocked.clock.move(30 * DAY)
    stocked.order()  # of now: not of the window that was sent
    stocked.order(ago=30 * DAY + HOUR)  # late, of the window that was sent

    who = engine.shares.open(token).principal()
    kept = engine.shares.frozen(link.id)
    assert kept["widgets"]["w1"]["drawing"]["value"] == 2
    assert kept["document"]["owner"] == ""
    saved = engine.shelf.read(made.id, who)
    body = engine.boards.data(saved.dashboard, State(period="all_time"), who, name=made.id)
    assert body["widgets"]["w1"]["drawing"]["measure"] == "orders"
    assert body["widgets"]["w1"]["drawing"]["value"] == 3
    assert body["instant"]["asOf"] == kept["instant"]["asOf"] == body["frozen_at"]
    assert seen["as_of"] == sent_at


def test_a_ticket_says_who_it_is_of_until_it_runs_out() -> None:
    clock, catalog = SetClock(NOON), MemoryStore().catalog
    people = {ANN.name: ANN}
    tickets = Tickets(catalog, clock, people.__getitem__)
    ticket = tickets.mint(ANN)
    assert tickets.read(ticket) == ANN
    assert Tickets(catalog, clock, people.__getitem__).read(ticket) == ANN, "another replica"
    people[ANN.name] = replace(ANN, filters=(Filter("region", ("Asia",)),))
    assert tickets.read(ticket) == people[ANN.name], "as she is now, not as she was"
    elsewhere = Tickets(MemoryStore().catalog, clock, people.__getitem__).mint(ANN)
    for forged in ("", "x", ticket[:-1], ticket.replace(".", "", 1), elsewhere):
        with pytest.raises(NotAllowedError, match="not one of this server"):
            tickets.read(forged)
    clock.move(12 * HOUR)
    with pytest.raises(NotAllowedError, match="run out"):
        tickets.read(ticket)
