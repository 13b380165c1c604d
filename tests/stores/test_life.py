"""A store from its first day on: prepared, numbered, closed, opened again, and out of reach for a while."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from metrics_core.errors import StoreAwayError
from metrics_core.model.instant import DAY, HOUR
from metrics_core.model.window import Window
from metrics_core.rollup.totals import Grain, Piece
from metrics_core.store.protocols import Store, Tally
from tests import given
from tests.stores.conftest import Opened, durable
from tests.stores.contents import EVENTS, contents, expected, keep, put, scanned

NOON = given.NOON
LAST_HOUR = Window(NOON - HOUR, NOON)


# ----------------------------------------------------------------------------------------------------------- prepare


def test_preparing_again_changes_nothing(store: Store) -> None:
    keep(store, EVENTS[:200])
    store.catalog.put("boards", "mine", {"a": 1})
    generation = store.generation()
    store.prepare()
    store.prepare()
    assert contents(store) == expected(EVENTS[:200])
    assert store.catalog.find("boards")[0].body == {"a": 1}
    assert store.generation() == generation


@durable
def test_preparing_what_another_one_prepared_changes_nothing(opened: Opened, store: Store) -> None:
    keep(store, EVENTS[:100])
    other = opened()
    other.prepare()
    assert contents(other) == expected(EVENTS[:100])
    put(other, given.viewed(id="one more", at=NOON))
    assert scanned(store)[-1].id == "one more"


# --------------------------------------------------------------------------------------------------- what has changed


def test_the_newest_number_goes_up_with_every_event_and_never_down(store: Store) -> None:
    assert store.newest_seq() == 0
    numbers = [0]
    for event in EVENTS[:60]:
        put(store, event)
        numbers.append(store.newest_seq())
    assert numbers == sorted(set(numbers))
    assert store.newest_seq() == numbers[-1]


def test_the_newest_number_is_not_below_that_of_any_event(filled: Store) -> None:
    assert filled.newest_seq() >= max(row.seq for row in filled.events.sightings_since(0))


def test_an_append_that_was_kept_out_leaves_the_newest_number(store: Store) -> None:
    put(store, given.event(id="a"))
    newest = store.newest_seq()
    with store.batch() as batch:
        assert not batch.append([given.event(id="b"), given.event(id="a")])
    assert store.newest_seq() == newest


def test_appending_leaves_the_generation(store: Store) -> None:
    generation = store.generation()
    keep(store, EVENTS[:50])
    store.catalog.put("boards", "mine", {})
    assert store.generation() == generation


@durable
def test_a_second_store_notices_what_the_first_wrote_and_changed(opened: Opened, store: Store) -> None:
    other = opened()
    assert (other.newest_seq(), other.generation()) == (0, store.generation())
    put(store, given.viewed(id="a", user="ann"), given.viewed(id="b", user="bob"))
    assert other.newest_seq() == store.newest_seq() > 0
    put(other, given.viewed(id="c", user="bob"), given.viewed(id="d", user="cem"))
    assert contents(store) == contents(other)
    store.events.forget()
    assert other.generation() == store.generation()
    assert contents(other) == ([], [], {})
    put(other, given.viewed(id="e", user="cem"))
    put(store, given.viewed(id="f", user="dan"))
    assert [event.user for event in scanned(other)] == [event.user for event in scanned(store)] == ["cem", "dan"]


# -------------------------------------------------------------------------------------------------- closed and opened


@durable
def test_everything_is_there_after_closing_and_opening(opened: Opened, store: Store) -> None:
    keep(store, EVENTS)
    store.catalog.put("boards", "mine", {"tiles": ["revenue"]})
    store.events.forget(run_id="run-1")
    before = contents(store)
    told = (store.newest_seq(), store.generation(), store.events.count(), store.events.runs(), store.catalog.find("boards"))
    store.close()
    again = opened()
    again.prepare()
    assert contents(again) == before
    assert told == (
        again.newest_seq(), again.generation(), again.events.count(), again.events.runs(), again.catalog.find("boards"),
    )  # fmt: skip


@durable
def test_what_was_kept_goes_on_after_opening_again(opened: Opened, store: Store) -> None:
    put(store, *EVENTS[:150])
    newest = store.newest_seq()
    store.close()
    again = opened()
    again.prepare()
    with again.batch() as batch:
        assert batch.known([EVENTS[0].id, "new"]) == {EVENTS[0].id: EVENTS[0].digest}
        assert not batch.append([EVENTS[0]])
    put(again, *EVENTS[150:300])
    assert contents(again) == expected(EVENTS[:300])
    assert [row.seq > newest for row in again.events.sightings_since(newest)].count(False) == 0


def test_closing_twice_is_no_error(store: Store) -> None:
    store.close()
    store.close()


def test_a_store_says_what_it_is_in_words(store: Store, place: str) -> None:
    assert store.name
    assert "password" not in store.name
    assert store.name != place


def test_a_store_that_knows_its_size_grows(store: Store) -> None:
    before = store.size()
    keep(store, EVENTS)
    after = store.size()
    assert (before is None and after is None) or 0 < (before or 0) < (after or 0)


# ------------------------------------------------------------------------------------------------------ out of reach

ASKED: dict[str, Callable[[Store], object]] = {
    "ping": lambda store: store.ping(),
    "newest_seq": lambda store: store.newest_seq(),
    "generation": lambda store: store.generation(),
    "prepare": lambda store: store.prepare(),
    "batch": lambda store: put(store, given.viewed(id="lost")),
    "view": lambda store: _read_inside(store),
    "scan": lambda store: list(store.events.scan()),
    "newest": lambda store: store.events.newest(3),
    "sightings": lambda store: store.events.sightings(LAST_HOUR),
    "sightings_since": lambda store: store.events.sightings_since(0),
    "orders": lambda store: list(store.events.orders()),
    "tally": lambda store: store.events.tally(Tally(LAST_HOUR, ("gross",))),
    "count": lambda store: store.events.count(),
    "runs": lambda store: store.events.runs(),
    "forget": lambda store: store.events.forget(),
    "sums": lambda store: store.totals.sums((), [Piece(Grain.DAY, 0, DAY), Piece(None, 0, HOUR)]),
    "rows": lambda store: store.totals.rows((), Grain.DAY, Window(0, DAY)),
    "users": lambda store: store.totals.users("active", Grain.DAY, Window(0, DAY)),
    "names": lambda store: store.totals.names([1]),
    "replace": lambda store: store.totals.replace(Window(0, DAY), [], []),
    "get": lambda store: store.catalog.get("boards", "mine"),
    "put": lambda store: store.catalog.put("boards", "mine", {}),
    "find": lambda store: store.catalog.find("boards"),
    "drop": lambda store: store.catalog.drop("boards", "mine"),
}


def _read_inside(store: Store) -> None:
    with store.view():
        store.events.count()


def test_a_store_out_of_reach_says_so_whatever_it_is_asked_and_is_whole_afterwards(
    store: Store, gone: Callable[[], AbstractContextManager[None]]
) -> None:
    keep(store, EVENTS[:100])
    store.catalog.put("boards", "mine", {"kept": True})
    store.close()  # what is open of a file can be read wherever the file goes
    with gone():
        for ask in ASKED.values():
            with pytest.raises(StoreAwayError, match="database"):
                ask(store)
    store.ping()
    assert contents(store) == expected(EVENTS[:100])
    assert store.catalog.find("boards")[0].body == {"kept": True}
    put(store, *EVENTS[100:200])
    assert contents(store) == expected(EVENTS[:200])


def test_a_store_that_answers_says_nothing(store: Store) -> None:
    store.ping()
