"""Views: what is read in one is the store at one moment, whatever others write meanwhile."""

from __future__ import annotations

import threading

import pytest

from metrics_core.model.instant import DAY
from metrics_core.model.window import Window
from metrics_core.rollup.totals import Grain, Piece
from metrics_core.store.protocols import Store, Tally
from tests import given
from tests.stores.conftest import not_yet
from tests.stores.contents import EVENTS, Contents, contents, expected, keep, put

NOON = given.NOON
TODAY = Window(NOON - NOON % DAY, NOON - NOON % DAY + DAY)


def everything(store: Store) -> tuple[Contents, object]:
    """All that can be read of a store."""
    return contents(store), (
        store.newest_seq(), store.generation(), store.events.count(), store.events.runs(), store.events.newest(5),
        store.events.sightings_since(0), sorted(store.events.sightings(TODAY)),
        sorted(store.events.tally(Tally(TODAY, ("events", "active"), ("user",)))),
        store.totals.sums((), [Piece(None, TODAY.start, TODAY.end), Piece(Grain.DAY, TODAY.start, TODAY.end)]),
    )  # fmt: skip


def written_beside(store: Store, patience: float) -> bool:
    """Another thread writes and forgets; whether it was done within this time."""

    def write() -> None:
        put(store, given.completed(user="late", at=NOON))
        store.events.forget(run_id="run-0")

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    thread.join(patience)
    return not thread.is_alive()


def settle() -> None:
    """Wait for the writers of this module."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.name.startswith("Thread-"):
            thread.join(5)


def break_off(store: Store) -> None:
    with store.view():
        store.events.count()
        raise ZeroDivisionError


def test_a_view_sees_one_state_while_another_thread_commits(store: Store) -> None:
    keep(store, EVENTS[:200])
    with store.view():
        before = everything(store)
        written_beside(store, patience=0.4)
        assert everything(store) == before
    settle()
    after, _ = everything(store)
    assert len(after.events) != len(before[0].events)
    assert "late" in {event.user for event in after.events}
    assert "run-0" not in {event.run_id for event in after.events}


@not_yet("memory", because="It has one lock, so that who writes waits for who looks.")
def test_nobody_who_writes_waits_for_a_view(store: Store) -> None:
    keep(store, EVENTS[:50])
    with store.view():
        everything(store)
        done = written_beside(store, patience=0.5 if store.name == "memory" else 10)
    settle()
    assert done


def test_a_view_within_a_view_sees_the_same_state(store: Store) -> None:
    keep(store, EVENTS[:50])
    with store.view():
        before = everything(store)
        written_beside(store, patience=0.2)
        with store.view():
            assert everything(store) == before
        assert everything(store) == before
    settle()
    assert everything(store) != before


def test_a_view_that_ends_in_an_error_is_over(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        break_off(store)
    keep(store, EVENTS[:50])
    assert contents(store) == expected(EVENTS[:50])
    with store.view():
        assert contents(store) == expected(EVENTS[:50])


def test_a_view_is_of_its_own_thread(store: Store) -> None:
    keep(store, EVENTS[:50])
    ready, seen = threading.Event(), []

    def look() -> None:
        ready.wait(5)
        seen.append(len(contents(store).events))

    other = threading.Thread(target=look)
    other.start()
    with store.view():
        before = everything(store)
    keep(store, EVENTS[50:60])
    ready.set()
    other.join(5)
    assert seen == [60]
    assert everything(store) != before
