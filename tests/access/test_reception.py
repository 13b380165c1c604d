"""The reception: who is who, by ticket, by key, and by where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metrics_core.access.guard import Knock
from metrics_core.access.reception import Reception
from metrics_core.clock import SetClock
from metrics_core.dashboards.state import State
from metrics_core.errors import ForbiddenError, NotAllowedError, PulseboardError
from metrics_core.model.access import LOCAL, VISITOR, Principal, Role
from metrics_core.settings import Settings
from metrics_core.store.memory.store import MemoryStore
from tests.dashboards.conftest import House
from tests.given import NOON

KEY = "a-key-of-good-length"
HERE = Knock(server="127.0.0.1", client="127.0.0.1", host="127.0.0.1:8501")
LAN = Knock(server="192.168.1.7", client="192.168.1.9", host="192.168.1.7:8501")
EVERYWHERE: dict[str, Any] = {"bind_host": "0.0.0.0"}
SIGNING: dict[str, Any] = {"sign_in": True}


def reception(**settings: Any) -> Reception:
    def no_link(name: str) -> Principal:
        raise AssertionError(name)

    return Reception(Settings(_env_file=None, **settings), MemoryStore().catalog, SetClock(NOON), link=no_link)


@pytest.mark.parametrize(
    ("settings", "knock", "who"),
    (
        ({}, HERE, LOCAL),
        ({"api_keys": (KEY,)}, HERE, VISITOR),
        (EVERYWHERE, LAN, VISITOR),
        ({**EVERYWHERE, "api_keys": (KEY,)}, LAN, VISITOR),
        (SIGNING, HERE, NotAllowedError),
        ({**SIGNING, **EVERYWHERE}, LAN, NotAllowedError),
        ({**SIGNING, "api_keys": (KEY,)}, HERE, NotAllowedError),
    ),
)
def test_without_key_and_ticket_it_depends_on_the_house(settings: dict[str, Any], knock: Knock, who: Any) -> None:
    here = reception(**settings)
    if isinstance(who, Principal):
        assert here.caller(knock) == who
    else:
        with pytest.raises(who, match="Sign in"):
            here.caller(knock)


@pytest.mark.parametrize("settings", ({}, EVERYWHERE, SIGNING))
def test_a_key_is_somebody_in_every_house(settings: dict[str, Any]) -> None:
    here = reception(api_keys=(KEY,), **settings)
    by_setting = here.caller(Knock(**{**vars_of(LAN), "key": KEY}))
    assert (by_setting.role, by_setting.name[:4]) == (Role.ADMIN, "key ")
    _, word = here.keys.make("report", LOCAL, role=Role.VIEWER)
    assert here.caller(Knock(**{**vars_of(LAN), "key": word})).label == "Key report"
    with pytest.raises(ForbiddenError, match="CORS_ORIGIN"):
        here.caller(Knock(**{**vars_of(LAN), "key": word, "origin": "https://evil.example"}))
    assert here.named(by_setting.name) == by_setting


def vars_of(knock: Knock) -> dict[str, Any]:
    return {name: getattr(knock, name) for name in Knock.__slots__}


def test_a_wrong_key_is_refused_where_people_sign_in() -> None:
    with pytest.raises(NotAllowedError, match="not one of API_KEYS"):
        reception(**SIGNING).caller(Knock(**{**vars_of(HERE), "key": "pb_wrong"}))


@pytest.mark.parametrize("role", tuple(Role))
def test_only_keys_and_people_that_may_send_do(role: Role) -> None:
    here = reception(**SIGNING)
    here.people.keep("kim@example.com", LOCAL, role=role)
    ticket = here.tickets.mint(here.people.principal("kim@example.com"))
    if role is Role.ADMIN:
        assert here.sender(HERE, ticket).name == "kim@example.com"
    else:
        with pytest.raises(ForbiddenError, match="Sending records"):
            here.sender(HERE, ticket)
    _, word = here.keys.make("shop", LOCAL, sends=True)
    assert here.sender(Knock(**{**vars_of(LAN), "key": word})).label == "Key shop"


def test_a_ticket_says_who_and_the_house_says_what_they_are_now() -> None:
    here = reception(**SIGNING)
    here.people.keep("kim@example.com", LOCAL, role=Role.MANAGER)
    ticket = here.tickets.mint(here.people.principal("kim@example.com"))
    here.people.keep("kim@example.com", LOCAL, role=Role.VIEWER, filters={"region": ["Asia"]})
    now = here.caller(HERE, ticket)
    assert (now.role, now.filters[0].values) == (Role.VIEWER, ("Asia",))
    here.people.keep("kim@example.com", LOCAL, role=Role.VIEWER, active=False)
    with pytest.raises(NotAllowedError):
        here.caller(HERE, ticket)


@pytest.mark.parametrize(
    ("who", "settings"),
    ((LOCAL, SIGNING), (VISITOR, SIGNING), (LOCAL, {"api_keys": (KEY,)}), (LOCAL, EVERYWHERE),
     (Principal("key 00000000", "Key", Role.ADMIN), {"api_keys": (KEY,)}),
     (Principal("root", "Root", Role.ADMIN), {}), (Principal("kim@example.com", "Kim", Role.ADMIN), SIGNING)),
)  # fmt: skip
def test_a_name_is_nobody_where_nothing_makes_it_somebody(who: Principal, settings: dict[str, Any]) -> None:
    here = reception(**settings)
    with pytest.raises(NotAllowedError):
        here.caller(HERE, here.tickets.mint(who))


def test_a_ticket_of_another_house_is_none_here() -> None:
    with pytest.raises(NotAllowedError, match="not one of this server"):
        reception().caller(HERE, reception().tickets.mint(LOCAL))


def test_a_page_under_a_name_of_its_own_reaches_nothing_with_a_ticket_either() -> None:
    here = reception()
    with pytest.raises(PulseboardError, match="public name"):
        here.caller(Knock(**{**vars_of(HERE), "host": "evil.example"}), here.tickets.mint(LOCAL))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path, sign_in=True)
    yield found
    found.engine.stop()


def test_a_link_is_looked_up_each_time_and_ends_at_once(elsewhere: House) -> None:
    engine = elsewhere.engine
    ann = engine.people.keep("ann@example.com", LOCAL, role=Role.MANAGER).principal()
    assert ann is not None
    share, token = engine.shares.create("overview", ann, state=State())
    ticket = engine.tickets.mint(engine.shares.open(token).principal())
    assert engine.reception.caller(HERE, ticket).link == share.id
    engine.shares.revoke("overview", share.id, ann)
    with pytest.raises(PulseboardError, match="revoked"):
        engine.reception.caller(HERE, ticket)
