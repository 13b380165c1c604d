"""Forgetting: events leave with exactly their share in every total and set, and nothing else moves."""

from __future__ import annotations

import pytest

from metrics_core.model.event import DEMO, IMPORT, LIVE, SIM, Event
from metrics_core.model.instant import DAY, HOUR
from metrics_core.model.query import Filter
from metrics_core.model.window import Window
from metrics_core.store.protocols import Store, Tally
from tests import given
from tests.stores.contents import EVENTS, contents, expected, keep, put, scanned, seen_of, sightings_in

NOON = given.NOON


def without(*origins: str) -> list[Event]:
    return [event for event in EVENTS if event.origin not in origins]


@pytest.mark.parametrize("origins", ((SIM,), (IMPORT, SIM), (LIVE,), (LIVE, IMPORT, SIM, DEMO)), ids=str)
def test_an_origin_goes_with_its_totals_and_its_sets(store: Store, origins: tuple[str, ...]) -> None:
    keep(store, EVENTS)
    left = without(*origins)
    assert store.events.forget(origins=origins) == len(EVENTS) - len(left)
    assert contents(store) == expected(left)
    assert set(store.events.count()) == {event.origin for event in left}


@pytest.mark.parametrize("run", ("run-0", "run-1", "run-2"))
def test_a_run_goes_with_its_share_of_totals_and_sets(store: Store, run: str) -> None:
    keep(store, EVENTS)
    left = [event for event in EVENTS if event.run_id != run]
    assert store.events.forget(run_id=run) == len(EVENTS) - len(left) > 0
    assert contents(store) == expected(left)
    assert run not in {row[0] for row in store.events.runs()}


def test_runs_go_one_after_the_other(store: Store) -> None:
    keep(store, EVENTS)
    for run in ("run-2", "run-0", "run-1"):
        store.events.forget(run_id=run)
    assert contents(store) == expected(without(SIM))
    assert store.events.runs() == []


def test_without_a_name_everything_goes(store: Store) -> None:
    keep(store, EVENTS)
    assert store.events.forget() == len(EVENTS)
    assert contents(store) == ([], [], {})
    assert (store.events.count(), store.events.newest(9), store.events.sightings_since(0)) == ({}, [], [])


def test_an_order_of_several_lines_goes_as_one_event(store: Store) -> None:
    put(store, given.completed(lines=given.LINES * 5, origin=SIM, run_id="r"), given.completed(lines=given.LINES))
    assert store.events.forget(run_id="r") == 1
    assert [event.origin for event in scanned(store)] == [LIVE]


def test_what_is_not_there_can_be_forgotten(store: Store) -> None:
    assert (store.events.forget(), store.events.forget(origins=(DEMO,)), store.events.forget(run_id="x")) == (0, 0, 0)
    keep(store, EVENTS[:100])
    assert (store.events.forget(origins=(DEMO,)), store.events.forget(run_id="x")) == (0, 0)
    assert contents(store) == expected(EVENTS[:100])


def test_forgetting_is_noticed_as_a_change(store: Store) -> None:
    keep(store, EVENTS[:100])
    generations = [store.generation()]
    for forget in ({"origins": (SIM,)}, {"run_id": "run-1"}, {}):
        store.events.forget(**forget)  # type: ignore[arg-type]
        generations.append(store.generation())
    put(store, given.event(id="after"))
    assert generations == sorted(set(generations))
    assert store.generation() == generations[-1]


def test_of_an_hour_shared_with_a_run_everything_else_stays(store: Store) -> None:
    put(
        store,
        given.completed(user="both", at=NOON, origin=SIM, run_id="a"),
        given.seen("both", at=NOON + 1, origin=SIM, run_id="b"),
        given.completed(user="only a", at=NOON + 2, origin=SIM, run_id="a"),
        given.completed(user="both", at=NOON + HOUR, origin=SIM, run_id="b"),
        given.completed(user="only a", at=NOON),
    )  # fmt: skip
    store.events.forget(run_id="a")
    day = NOON - NOON % DAY
    assert contents(store).sets == {
        ("active", HOUR, NOON, SIM): {"both"}, ("active", HOUR, NOON + HOUR, SIM): {"both"},
        ("active", DAY, day, SIM): {"both"},
        ("buyers", HOUR, NOON + HOUR, SIM): {"both"}, ("buyers", DAY, day, SIM): {"both"},
        ("active", HOUR, NOON, LIVE): {"only a"}, ("active", DAY, day, LIVE): {"only a"},
        ("buyers", HOUR, NOON, LIVE): {"only a"}, ("buyers", DAY, day, LIVE): {"only a"},
    }  # fmt: skip


def test_a_run_of_several_origins_goes_from_each(store: Store) -> None:
    put(store, given.viewed(origin=SIM, run_id="r"), given.viewed(origin=DEMO, run_id="r"), given.viewed(origin=DEMO))
    assert store.events.forget(run_id="r") == 2
    assert {origin: row[0] for origin, row in store.events.count().items()} == {DEMO: 1}


def test_a_run_from_before_1970_goes_whole(store: Store) -> None:
    old = [given.completed(user="ann", at=-1, origin=SIM, run_id="r"), given.seen("bob", at=-2, origin=SIM, run_id="s")]
    put(store, *old)
    store.events.forget(run_id="r")
    assert contents(store) == expected(old[1:])


def test_an_empty_value_keeps_its_share_when_a_run_goes(store: Store) -> None:
    stays, goes = (given.completed(channel=None, origin=SIM, run_id=run) for run in ("s", "r"))
    put(store, stays, goes)
    store.events.forget(run_id="r")
    assert contents(store) == expected([stays])


# -------------------------------------------------------------------------------------------------------- afterwards


def test_what_was_forgotten_can_come_again(store: Store) -> None:
    keep(store, EVENTS[:300])
    store.events.forget(origins=(LIVE, IMPORT, SIM))
    with store.batch() as batch:
        assert batch.known([event.id for event in EVENTS[:300]]) == {}
        assert batch.orders([event.order_id for event in EVENTS[:300] if event.order_id]) == {}
    keep(store, EVENTS[:300])
    assert contents(store) == expected(EVENTS[:300])


def test_an_order_of_a_run_that_went_can_be_placed_again(store: Store) -> None:
    first = [given.placed("o1", origin=SIM, run_id="r"), given.completed("o1", placed=False, origin=SIM, run_id="r")]
    put(store, *first)
    store.events.forget(run_id="r")
    again = given.placed("o1", id="again")
    put(store, again)
    with store.batch() as batch:
        state = batch.orders(["o1"])["o1"]
    assert (state.placed, state.status) == (again, "pending")


def test_what_an_order_was_told_stays_though_the_order_went(store: Store) -> None:
    put(store, given.placed("o1", origin=SIM, run_id="r"), given.completed("o1", placed=False))
    store.events.forget(run_id="r")
    assert [event.kind for event in scanned(store)] == ["order_completed"]
    with store.batch() as batch:
        assert batch.orders(["o1"]) == {}
        assert batch.append([given.placed("o1")])


def test_writing_goes_on_after_forgetting(store: Store) -> None:
    keep(store, EVENTS[:200])
    store.events.forget(origins=(SIM,))
    newest = store.newest_seq()
    more = EVENTS[200:400]
    keep(store, more)
    assert store.newest_seq() > newest
    assert seen_of(store, store.events.sightings_since(newest)) == sightings_in(more)
    assert contents(store) == expected([*(event for event in EVENTS[:200] if event.origin != SIM), *more])


def test_the_newest_number_is_that_of_what_stayed(store: Store) -> None:
    put(store, given.seen("ann", origin=SIM), given.seen("bob"))
    store.events.forget(origins=(SIM,))
    (seen,) = store.events.sightings_since(0)
    assert store.newest_seq() >= seen.seq
    store.events.forget()
    put(store, given.seen("cem"))
    (seen,) = store.events.sightings_since(0)
    assert 0 < seen.seq <= store.newest_seq()


def test_users_are_known_by_the_same_numbers_afterwards(store: Store) -> None:
    put(store, given.seen("ann", origin=SIM), given.seen("bob"))
    store.events.forget(origins=(SIM,))
    put(store, given.seen("cem"), given.seen("ann"))
    rows = store.events.sightings_since(0)
    assert sorted(store.totals.names({row.user for row in rows}).values()) == ["ann", "bob", "cem"]
    assert store.events.tally(Tally(Window(0, NOON + 1), ("active",), where=(Filter("user", ("ann",)),))) == [(1,)]


def test_documents_stay(store: Store) -> None:
    store.catalog.put("boards", "mine", {"kept": True})
    keep(store, EVENTS[:50])
    store.events.forget()
    assert [document.body for document in store.catalog.find("boards")] == [{"kept": True}]
