"""People: who has which role, by whom, and what part of the data is theirs."""

from __future__ import annotations

from typing import Any

import pytest

from metrics_core.access.people import People, RoleClaim
from metrics_core.clock import SetClock
from metrics_core.errors import BadRequestError, ConflictError, ForbiddenError, NotAllowedError, NotFoundError
from metrics_core.model.access import LOCAL, Principal, Role
from metrics_core.model.instant import HOUR, SECOND
from metrics_core.model.query import Filter
from metrics_core.store.memory.store import MemoryStore
from tests.given import NOON

MARA = Principal("mara@example.com", "Mara Lind", Role.ADMIN)
GROUPS = {"sales-leads": "manager", "it": "admin", "sales": "viewer"}


class Notes:
    """What the audit log would be told."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str, str]] = []

    def __call__(self, who: Principal, did: str, what: str, before: str = "", after: str = "") -> None:
        self.rows.append((who.name, did, what, before, after))


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def people(notes: Notes, clock: SetClock) -> People:
    claim = RoleClaim("realm.groups", GROUPS)
    return People(MemoryStore().catalog, clock, admins=("Mara@Example.com",), claim=claim, noted=notes)


def claims(email: str, *groups: str, **more: Any) -> dict[str, Any]:
    return {"email": email, "name": email.split("@")[0].title(), "realm": {"groups": list(groups)}, "iat": 100, **more}


def test_the_first_administrator_is_named_by_a_setting(people: People) -> None:
    mara = people.arrive(claims("MARA@example.com "))
    assert (mara.email, mara.role) == ("mara@example.com", Role.ADMIN)
    assert people.principal("mara@example.com") == Principal("mara@example.com", "Mara", Role.ADMIN)
    with pytest.raises(ConflictError, match="ADMIN_EMAILS"):
        people.keep("mara@example.com", LOCAL, role=Role.VIEWER)


def test_who_comes_without_a_role_is_entered_and_may_do_nothing(people: People, notes: Notes) -> None:
    tom = people.arrive(claims("tom@example.com"))
    assert (tom.role, tom.principal()) == (None, None)
    with pytest.raises(NotAllowedError, match="no role"):
        people.principal("tom@example.com")
    assert people.all()[0].email == "tom@example.com", "those who wait come first"
    assert notes.rows == [("tom@example.com", "person.arrive", "tom@example.com", "", "no role")]
    people.arrive(claims("tom@example.com"))
    assert len(notes.rows) == 1, "coming again changes nothing"


@pytest.mark.parametrize(
    ("groups", "role"),
    (
        (("sales",), Role.VIEWER), (("sales", "sales-leads"), Role.MANAGER), (("it", "sales"), Role.ADMIN),
        (("kitchen",), None), ((), None),
    ),
)  # fmt: skip
def test_a_claim_gives_the_highest_role_it_is_mapped_to(people: People, groups: tuple[str, ...], role: Role | None) -> None:
    assert people.arrive(claims("kim@example.com", *groups)).role == role


@pytest.mark.parametrize(
    ("claim", "said", "role"),
    (
        ("role", {"role": "analyst"}, Role.ANALYST), ("role", {"role": ["viewer", "manager"]}, Role.MANAGER),
        ("role", {"role": "boss"}, None), ("role", {"role": {"a": 1}}, None), ("role", {}, None),
        ("", {"role": "admin"}, None), ("a.b", {"a": "admin"}, None),
    ),
)  # fmt: skip
def test_without_a_map_the_claim_says_the_roles_own_name(claim: str, said: dict[str, Any], role: Role | None) -> None:
    assert RoleClaim(claim, {}).of(said) == role


def test_what_an_older_sign_in_says_does_not_undo_what_a_newer_one_said(people: People) -> None:
    people.arrive(claims("kim@example.com", "it", iat=100))
    assert people.arrive(claims("kim@example.com", "sales", iat=200)).role is Role.VIEWER
    assert people.arrive(claims("kim@example.com", "it", iat=100)).role is Role.VIEWER, "a tab of this morning"


def test_a_role_given_here_goes_before_the_claim(people: People, notes: Notes) -> None:
    people.arrive(claims("kim@example.com", "it"))
    people.keep("kim@example.com", MARA, role=Role.ANALYST)
    assert people.arrive(claims("kim@example.com", "it", iat=300)).role is Role.ANALYST
    assert notes.rows[-1] == ("mara@example.com", "person.save", "kim@example.com", "admin", "analyst")
    people.keep("kim@example.com", MARA, role=None)
    assert people.principal("kim@example.com").role is Role.ADMIN, "by the claim again"


def test_filters_are_kept_checked_and_part_of_who_they_are(people: People, notes: Notes) -> None:
    people.keep("rita@example.com", MARA, role=Role.MANAGER, filters={"region": ["Europe", "Europe"], "channel": []})
    assert people.principal("rita@example.com").filters == (Filter("region", ("Europe",)),)
    assert notes.rows[-1][-1] == "manager, sees Region: Europe"
    for wrong in ({"hour": [8]}, {"origin": ["live"]}, {"regoin": ["Europe"]}, {"region": [""]}, {"region": [7]}):
        with pytest.raises(BadRequestError):
            people.keep("rita@example.com", MARA, role=Role.MANAGER, filters=wrong)
    with pytest.raises(BadRequestError, match="sees everything"):
        people.keep("rita@example.com", MARA, role=Role.ADMIN)


def test_who_is_shut_out_is_nobody_at_once_here_and_within_seconds_elsewhere(clock: SetClock) -> None:
    catalog = MemoryStore().catalog
    here, elsewhere = People(catalog, clock), People(catalog, clock)
    here.keep("kim@example.com", MARA, role=Role.ANALYST)
    assert elsewhere.principal("kim@example.com").role is Role.ANALYST
    here.keep("kim@example.com", MARA, role=Role.ANALYST, active=False)
    with pytest.raises(NotAllowedError):
        here.principal("kim@example.com")
    clock.move(2 * SECOND)
    with pytest.raises(NotAllowedError):
        elsewhere.principal("kim@example.com")
    assert here.arrive(claims("kim@example.com")).principal() is None, "signing in again helps nothing"


def test_only_administrators_say_who_may_what(people: People) -> None:
    ann = Principal("ann@example.com", "Ann", Role.MANAGER)
    with pytest.raises(ForbiddenError, match="needs an administrator"):
        people.keep("ann@example.com", ann, role=Role.ADMIN)
    with pytest.raises(ForbiddenError):
        people.remove("mara@example.com", ann)


def test_the_last_administrator_does_not_take_themselves_away(clock: SetClock) -> None:
    people = People(MemoryStore().catalog, clock)
    people.keep("mara@example.com", LOCAL, role=Role.ADMIN)
    for change in (lambda: people.keep("mara@example.com", MARA, role=Role.VIEWER),
                   lambda: people.keep("mara@example.com", MARA, role=Role.ADMIN, active=False),
                   lambda: people.remove("mara@example.com", MARA)):  # fmt: skip
        with pytest.raises(ConflictError, match="last administrator"):
            change()
    people.keep("tom@example.com", MARA, role=Role.ADMIN)
    people.remove("mara@example.com", MARA)
    with pytest.raises(NotFoundError):
        people.remove("mara@example.com", MARA)


def test_of_two_administrators_the_second_is_told_what_the_first_changed(people: People) -> None:
    first = people.keep("kim@example.com", MARA, role=Role.VIEWER)
    people.keep("kim@example.com", MARA, role=Role.ANALYST, expecting=first.version)
    with pytest.raises(ConflictError, match="changed meanwhile: analyst"):
        people.keep("kim@example.com", MARA, role=Role.MANAGER, expecting=first.version)


@pytest.mark.parametrize(
    "said",
    ({}, {"email": "nobody"}, {"email": None}, {"email": "kim@example.com", "email_verified": False},
     {"email": "kim@example.com", "email_verified": "false"}),
)  # fmt: skip
def test_who_is_not_vouched_for_does_not_come_in(people: People, said: dict[str, Any]) -> None:
    with pytest.raises(ForbiddenError):
        people.arrive(said)
    assert [person.email for person in people.all()] == ["mara@example.com"]


def test_it_is_kept_when_somebody_was_here_but_not_at_every_click(people: People, clock: SetClock) -> None:
    first = people.arrive(claims("kim@example.com", "sales"))
    clock.move(SECOND)
    assert people.arrive(claims("kim@example.com", "sales")).version == first.version
    clock.move(HOUR)
    assert people.arrive(claims("kim@example.com", "sales")).seen_at == clock.now()
