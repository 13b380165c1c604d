"""Copying one store into another: all of it, once, whatever happens on the way; and what is refused."""

from __future__ import annotations

from itertools import count

import pytest

from metrics_core.errors import ConflictError
from metrics_core.jobs import copy as copying
from metrics_core.jobs.copy import Copy
from metrics_core.jobs.verify import Check
from metrics_core.model.event import SIM, Event
from metrics_core.model.instant import DAY
from metrics_core.model.window import Window
from metrics_core.store.memory.store import MemoryStore
from metrics_core.store.protocols import Document, Store
from tests import given
from tests.stores.contents import EVENTS, EVER, contents, keep, put


@pytest.fixture(autouse=True)
def in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_AT_ONCE", 50)


@pytest.fixture
def source() -> Store:
    made = MemoryStore()
    keep(made, EVENTS)
    for number in range(3):
        made.catalog.put("dashboards", "sales", {"title": f"Sales {number}", "widgets": [1.5, None]})
    made.catalog.put("dashboards/sales", "00000001", {"title": "Sales 0"})
    made.catalog.put("people", "ann@example.com", {"role": "analyst"})
    return made


@pytest.fixture
def target() -> Store:
    return MemoryStore()


def copied(source: Store, target: Store) -> tuple[Copy, list[Check]]:
    run = Copy(source, target)
    run.begin()
    run.events()
    run.documents()
    return run, run.verify()


def wrong(checks: list[Check]) -> list[str]:
    return [check.name for check in checks if not check.ok]


def in_order(store: Store) -> list[Event]:
    return [event for _, event in store.events.since(0, 1_000_000)]


def documents(store: Store) -> list[Document]:
    return [document for shelf in store.catalog.shelves() if shelf != "copies" for document in store.catalog.find(shelf)]


class Killed(BaseException):
    """The process ends here."""


def dies_at(patch: pytest.MonkeyPatch, what: str, number: int) -> None:
    """The so-manyth time that a copy comes to this, it ends there."""
    place, name = {"folding": (copying, "fold"), "noting": (Copy, "_note")}[what]
    calls, real = count(1), getattr(place, name)

    def dies(*given: object) -> object:
        if next(calls) == number:
            raise Killed
        return real(*given)

    patch.setattr(place, name, dies)


def test_everything_is_there_in_the_order_in_which_it_came_in(source: Store, target: Store) -> None:
    run, checks = copied(source, target)
    assert wrong(checks) == []
    assert len(checks) == 4
    assert in_order(target) == in_order(source) == EVENTS
    assert contents(target) == contents(source)
    assert documents(target) == documents(source)
    assert (run.before, run.copied, run.grew, run.behind(), run.changed()) == (0, len(EVENTS), 0, False, False)


@pytest.mark.parametrize("number", (1, 2, 5))
@pytest.mark.parametrize("what", ("folding", "noting"))
def test_a_copy_that_ended_anywhere_goes_on_where_it_was(
    source: Store, target: Store, monkeypatch: pytest.MonkeyPatch, what: str, number: int
) -> None:
    with monkeypatch.context() as patch:
        dies_at(patch, what, number)
        with pytest.raises(Killed):
            copied(source, target)
    had = sum(number for number, _, _ in target.events.count().values())
    run, checks = copied(source, target)
    assert wrong(checks) == []
    assert (run.before, run.copied) == (had, len(EVENTS) - had)
    assert in_order(target) == EVENTS
    assert contents(target) == contents(source)


def test_what_comes_in_meanwhile_is_taken_over(source: Store, target: Store) -> None:
    numbers = count()

    def more(done: int, of: int) -> None:
        if (number := next(numbers)) < 12:
            put(source, given.viewed(id=f"late {number}", at=given.NOON + number % 3 * DAY, user=f"new {number}"))

    run = Copy(source, target)
    run.begin()
    run.events(more)
    run.documents()
    assert wrong(run.verify(more)) == []
    assert contents(target) == contents(source)
    assert (run.grew, run.behind()) == (12, False)
    put(source, given.viewed(id="later still"))
    assert run.behind()


def test_run_again_it_brings_what_is_new(source: Store, target: Store) -> None:
    copied(source, target)
    put(source, given.viewed(id="new"))
    source.catalog.put("dashboards", "sales", {"title": "Sales 4"})
    run, checks = copied(source, target)
    assert wrong(checks) == []
    assert (run.before, run.copied) == (len(EVENTS), 1)
    assert contents(target) == contents(source)
    assert target.catalog.get("dashboards", "sales") == Document("dashboards", "sales", 4, {"title": "Sales 4"})


def test_a_document_that_goes_while_it_is_copied_goes_there_too(source: Store, target: Store) -> None:
    run = Copy(source, target)
    run.begin()
    run.documents()
    source.catalog.drop("people", "ann@example.com")
    source.catalog.drop("dashboards", "sales")
    source.catalog.put("dashboards", "sales", {"title": "Anew"})
    assert wrong(run.verify()) == []
    assert documents(target) == documents(source)


def test_leases_are_left_where_they_are(source: Store, target: Store) -> None:
    source.catalog.put("leases", "jobs", {"until": 1})
    assert wrong(copied(source, target)[1]) == []
    assert target.catalog.get("leases", "jobs") is None


def test_a_total_that_is_not_the_same_is_found(source: Store, target: Store) -> None:
    """The source's own totals do not say what its events say: they cannot be those of the copy."""
    day = Window(EVENTS[0].at - EVENTS[0].at % DAY, EVENTS[0].at - EVENTS[0].at % DAY + DAY)
    source.totals.replace(day, (), ())
    assert wrong(copied(source, target)[1]) == ["Every total is the same", "Every set of users is the same"]


def test_what_went_from_the_source_meanwhile_is_found(source: Store, target: Store) -> None:
    run = Copy(source, target)
    run.begin()
    run.events()
    source.events.forget(origins=(SIM,))
    assert "Both have as many events of each origin" in wrong(run.verify())
    assert run.changed()


def test_a_target_that_was_emptied_is_filled_again(source: Store, target: Store) -> None:
    run = Copy(source, target)
    run.begin()
    run.events()
    target.events.forget()
    assert wrong(copied(source, target)[1]) == []
    assert contents(target) == contents(source)


# ------------------------------------------------------------------------------------------------------------ refused


def refused(source: Store, target: Store) -> str:
    with pytest.raises(ConflictError) as told:
        Copy(source, target).begin()
    return str(told.value)


def test_a_target_that_holds_other_things_is_left_as_it_is(source: Store, target: Store) -> None:
    put(target, given.viewed(id="theirs"))
    before = contents(target)
    assert "not empty (events: 1, documents: 0)" in refused(source, target)
    assert contents(target) == before
    assert target.catalog.shelves() == []


def test_a_document_alone_is_another_thing_too(source: Store, target: Store) -> None:
    target.catalog.put("people", "bob@example.com", {})
    assert "events: 0, documents: 1" in refused(source, target)


def test_a_copy_of_something_else_is_left_as_it_is(source: Store, target: Store) -> None:
    copied(source, target)
    other = MemoryStore()
    put(other, given.viewed(id="other"))
    assert "holds a copy of something else" in refused(other, target)


@pytest.mark.parametrize("used", ("written", "cleared"))
def test_a_copy_that_is_in_use_is_no_copy_any_more(source: Store, target: Store, used: str) -> None:
    copied(source, target)
    if used == "written":
        put(target, given.viewed(id="theirs"))
    else:
        target.totals.replace(EVER, (), ())
    put(source, given.viewed(id="new"))
    assert "has changed by itself" in refused(source, target)


def test_what_people_made_in_a_finished_copy_is_not_removed(source: Store, target: Store) -> None:
    copied(source, target)
    target.catalog.put("dashboards", "mine", {"title": "Mine"})
    target.catalog.put("people", "ann@example.com", {"role": "admin"})
    assert wrong(copied(source, target)[1]) == ["Every document is the same"]
    assert target.catalog.get("dashboards", "mine") is not None
    assert target.catalog.get("people", "ann@example.com") == Document("people", "ann@example.com", 2, {"role": "admin"})


def test_nothing_is_not_copied(target: Store) -> None:
    assert "There is nothing at memory to copy" in refused(MemoryStore(), target)


def test_a_store_is_not_copied_into_itself(source: Store, target: Store) -> None:
    copied(source, target)
    assert "are the same database" in refused(target, target)
