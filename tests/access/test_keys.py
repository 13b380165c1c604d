"""Keys that were made here: told once, kept as hashes, and ended at will."""

from __future__ import annotations

import pytest

from metrics_core.access.keys import Keys
from metrics_core.access.roles import PERMISSIONS, allows
from metrics_core.clock import SetClock
from metrics_core.errors import BadRequestError, ForbiddenError, NotAllowedError, NotFoundError
from metrics_core.model.access import LOCAL, Principal, Role
from metrics_core.model.instant import DAY, SECOND
from metrics_core.model.query import Filter
from metrics_core.store.memory.store import MemoryStore
from tests.given import NOON


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def keys(clock: SetClock) -> Keys:
    return Keys(MemoryStore().catalog, clock)


def test_a_key_opens_what_it_was_made_for_and_its_word_is_kept_nowhere(clock: SetClock) -> None:
    catalog = MemoryStore().catalog
    keys = Keys(catalog, clock)
    key, word = keys.make("shop", LOCAL, sends=True)
    who = keys.principal(word)
    assert who is not None
    assert {name for name in PERMISSIONS if allows(who, name)} == {"send"}
    assert keys.named(who.name) == who
    assert word not in repr(catalog.find("keys"))
    assert Keys(catalog, clock).principal(word) == who, "another replica"
    assert keys.all() == [key]


def test_a_key_that_reads_has_a_role_and_filters() -> None:
    keys = Keys(MemoryStore().catalog, SetClock(NOON))
    _, word = keys.make("report", LOCAL, role=Role.ANALYST, filters={"region": ["Europe"]})
    who = keys.principal(word)
    assert who is not None
    assert (who.label, who.role, who.filters) == ("Key report", Role.ANALYST, (Filter("region", ("Europe",)),))
    assert [allows(who, name) for name in ("look", "ask", "send", "people")] == [True, True, False, False]


def test_a_revoked_key_opens_nothing(keys: Keys) -> None:
    key, word = keys.make("shop", LOCAL, sends=True)
    who = keys.principal(word)
    assert who is not None
    assert keys.revoke(key.id, LOCAL).revoked_at is not None
    assert keys.principal(word) is None
    with pytest.raises(NotAllowedError, match="has ended"):
        keys.named(who.name)
    with pytest.raises(NotFoundError):
        keys.revoke("no-such", LOCAL)


def test_revoking_is_noticed_by_other_processes_within_seconds(clock: SetClock) -> None:
    catalog = MemoryStore().catalog
    here, elsewhere = Keys(catalog, clock), Keys(catalog, clock)
    key, word = here.make("shop", LOCAL, sends=True)
    assert elsewhere.principal(word) is not None
    here.revoke(key.id, LOCAL)
    clock.move(2 * SECOND)
    assert elsewhere.principal(word) is None


def test_a_key_runs_out(keys: Keys, clock: SetClock) -> None:
    _, word = keys.make("trial", LOCAL, role=Role.VIEWER, days=7)
    clock.move(7 * DAY - 1)
    assert keys.principal(word) is not None
    clock.move(1)
    assert keys.principal(word) is None


@pytest.mark.parametrize("word", (None, "", "pb_", "pb_wrong", "wrong", "pb_" + "x" * 200, "pb_\ud800"))
def test_any_other_word_is_no_key(keys: Keys, word: str | None) -> None:
    keys.make("shop", LOCAL, sends=True)
    assert keys.principal(word) is None


@pytest.mark.parametrize(
    "wrong",
    ({"label": " ", "sends": True}, {"label": "x" * 81, "sends": True}, {"label": "shop"},
     {"label": "shop", "sends": True, "days": 0},
     {"label": "shop", "role": Role.ADMIN, "filters": {"region": ["Europe"]}}, {"label": "a\nb", "sends": True}),
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_not_made(keys: Keys, wrong: dict[str, object]) -> None:
    with pytest.raises(BadRequestError):
        keys.make(str(wrong.pop("label")), LOCAL, **wrong)  # type: ignore[arg-type]
    assert keys.all() == []


def test_only_administrators_make_and_end_keys(keys: Keys) -> None:
    key, _ = keys.make("shop", LOCAL, sends=True)
    ann = Principal("ann@example.com", "Ann", Role.MANAGER)
    for change in (lambda: keys.make("mine", ann, role=Role.VIEWER), lambda: keys.revoke(key.id, ann)):
        with pytest.raises(ForbiddenError):
            change()
