"""Batches: everything in one is written, or nothing is; and what is known already is told before it is written."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from metrics_core.model.event import Event, Line
from metrics_core.model.instant import DAY, HOUR, MINUTE
from metrics_core.rollup.fold import fold
from metrics_core.store.protocols import OrderState, Store
from tests import given
from tests.stores.conftest import Opened, durable
from tests.stores.contents import EVENTS, EVER, add, contents, expected, keep, put, scanned

NOON = given.NOON


class Interrupted(Exception):
    """What breaks off a batch in these tests."""


def break_off(store: Store, *events: Event) -> None:
    """Write everything of a batch, and fail before its end."""
    with store.batch() as batch:
        add(batch, events)
        raise Interrupted


def test_what_a_batch_wrote_is_there_when_it_ends(store: Store) -> None:
    keep(store, EVENTS[:300])
    assert contents(store) == expected(EVENTS[:300])


def test_a_batch_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(Interrupted):
        break_off(store, *EVENTS[:50])
    assert contents(store) == ([], [], {})
    assert (store.newest_seq(), store.events.count(), store.events.newest(5)) == (0, {}, [])


def test_a_batch_that_fails_leaves_what_was_there_before(store: Store) -> None:
    keep(store, EVENTS[:100])
    newest = store.newest_seq()
    with pytest.raises(Interrupted):
        break_off(store, *EVENTS[100:200])
    assert contents(store) == expected(EVENTS[:100])
    assert store.newest_seq() == newest


def test_after_a_batch_that_failed_the_same_can_be_written(store: Store) -> None:
    with pytest.raises(Interrupted):
        break_off(store, *EVENTS[:200])
    keep(store, EVENTS[:200])
    assert contents(store) == expected(EVENTS[:200])


def test_a_name_first_seen_in_a_batch_that_failed_belongs_to_nobody_else(store: Store) -> None:
    with pytest.raises(Interrupted):
        break_off(store, given.seen("ghost"))
    put(store, given.seen("ann", id="a", at=NOON), given.seen("ghost", id="g", at=NOON + 1))
    assert [event.user for event in scanned(store)] == ["ann", "ghost"]
    assert contents(store).sets["active", HOUR, NOON, "live"] == {"ann", "ghost"}


def test_a_batch_of_nothing_is_no_error(store: Store) -> None:
    with store.batch() as batch:
        assert batch.append([])
        batch.merge([], [])
        assert (batch.known([]), batch.orders([])) == ({}, {})
    assert contents(store) == ([], [], {})


def test_the_parts_of_one_batch_add_up(store: Store) -> None:
    with store.batch() as batch:
        for first in range(0, 200, 50):
            add(batch, EVENTS[first : first + 50])
    assert contents(store) == expected(EVENTS[:200])


def test_a_batch_larger_than_any_statement_is_written_whole(store: Store) -> None:
    many = [given.event("login", at=NOON + number, id=f"m{number}", user=f"u{number % 900}") for number in range(2_500)]
    put(store, *many)
    assert contents(store) == expected(many)
    with store.batch() as batch:
        assert len(batch.known([event.id for event in many])) == len(many)


# --------------------------------------------------------------------------------------------------- no event twice


def refused(store: Store, *events: Event) -> bool:
    """The log takes none of these, and says so."""
    before = contents(store)
    with store.batch() as batch:
        taken = batch.append(events)
    assert contents(store) == before
    return not taken


def test_an_id_that_is_there_already_keeps_the_whole_append_out(store: Store) -> None:
    put(store, given.event(id="a"))
    assert refused(store, given.event(id="b"), given.event(id="a"), given.event(id="c"))


def test_an_id_twice_among_them_keeps_the_whole_append_out(store: Store) -> None:
    assert refused(store, given.event(id="b"), given.event(id="b", user="ann"))


def test_an_id_from_earlier_in_the_same_batch_keeps_the_append_out(store: Store) -> None:
    with store.batch() as batch:
        assert batch.append([given.event(id="a")])
        assert not batch.append([given.event(id="b"), given.event(id="a")])
    assert [event.id for event in scanned(store)] == ["a"]


def test_an_order_that_was_placed_is_not_placed_again(store: Store) -> None:
    put(store, given.placed("o1"))
    assert refused(store, given.event(id="x"), given.completed("o1"))


def test_an_order_placed_twice_among_them_keeps_the_whole_append_out(store: Store) -> None:
    assert refused(store, given.placed("o1"), given.failed("o1"))


def test_what_follows_an_order_may_come_any_number_of_times(store: Store) -> None:
    follow = [given.completed("o1", placed=False), given.refunded("o1", 5), given.refunded("o1", 7)]
    put(store, given.placed("o1"), *follow)
    assert len(scanned(store)) == 4


def test_after_an_append_that_was_kept_out_the_batch_goes_on(store: Store) -> None:
    put(store, given.event(id="a"))
    fresh = given.viewed(id="b")
    with store.batch() as batch:
        assert not batch.append([given.event(id="a"), fresh])
        assert set(batch.known(["a", "b"])) == {"a"}
        add(batch, [fresh])
    assert {event.id for event in scanned(store)} == {"a", "b"}
    assert store.newest_seq() > 0


# -------------------------------------------------------------------------------------------------- what is known


def test_known_ids_come_with_the_digest_of_what_came_first(store: Store) -> None:
    first, second = given.event(id="a", user="ann"), given.event(id="Ä ' \" % é漢🙂", user="bob")
    put(store, first, second)
    with store.batch() as batch:
        assert batch.known(["a", second.id, "nobody", "a"]) == {"a": first.digest, second.id: second.digest}


def test_known_ids_are_told_apart_to_the_letter(store: Store) -> None:
    names = ["a", "A", "a ", "á", "a\u0301", "a%", "a_"]
    put(store, *(given.event(id=name) for name in names[:3]))
    with store.batch() as batch:
        assert set(batch.known(names)) == {"a", "A", "a "}
        assert batch.append([given.event(id=name) for name in names[3:]])


def test_digests_of_all_sizes_are_kept(store: Store) -> None:
    digests = {"low": -(2**63), "minus": -1, "zero": 0, "high": 2**63 - 1}
    put(store, *(given.event(id=name)._replace(digest=digest) for name, digest in digests.items()))
    with store.batch() as batch:
        assert batch.known(list(digests)) == digests


def test_known_and_orders_see_what_came_earlier_in_the_batch(store: Store) -> None:
    event, order = given.event(id="a"), given.placed("o1")
    with store.batch() as batch:
        assert (batch.known(["a", order.id]), batch.orders(["o1"])) == ({}, {})
        batch.append([event])
        assert batch.known(["a", order.id]) == {"a": event.digest}
        batch.append([order])
        assert batch.orders(["o1", "o2"]) == {"o1": OrderState(order, "pending", None, 0)}


def test_what_a_batch_that_failed_wrote_is_not_known(store: Store) -> None:
    with pytest.raises(Interrupted):
        break_off(store, given.placed("o1", id="a"))
    with store.batch() as batch:
        assert (batch.known(["a"]), batch.orders(["o1"])) == ({}, {})
        assert batch.append([given.placed("o1", id="a")])


# ---------------------------------------------------------------------------------------------------------- orders


def state(store: Store, order: str) -> OrderState:
    with store.batch() as batch:
        return batch.orders([order])[order]


def test_an_order_is_pending_until_it_is_settled(store: Store) -> None:
    order = given.placed("o1", at=NOON)
    put(store, order)
    assert state(store, "o1") == OrderState(order, "pending", None, 0)
    put(store, given.completed("o1", at=NOON + MINUTE, placed=False))
    assert state(store, "o1") == OrderState(order, "completed", NOON + MINUTE, 0)


def test_an_order_that_fails_later_has_failed(store: Store) -> None:
    order = given.placed("o1", at=NOON)
    put(store, order, given.failed("o1", at=NOON + MINUTE, placed=False))
    assert state(store, "o1") == OrderState(order, "failed", NOON + MINUTE, 0)


@pytest.mark.parametrize(("make", "status"), ((given.completed, "completed"), (given.failed, "failed")))
def test_an_order_that_came_settled_is_settled_from_its_start(store: Store, make: object, status: str) -> None:
    order = make("o1", at=NOON)  # type: ignore[operator]
    put(store, order)
    assert state(store, "o1") == OrderState(order, status, NOON, 0)


def test_refunds_add_up_and_change_no_status(store: Store) -> None:
    order = given.completed("o1", at=NOON)
    put(store, order, given.refunded("o1", 100, at=NOON + HOUR))
    put(store, given.refunded("o1", 25, at=NOON + 2 * HOUR))
    assert state(store, "o1") == OrderState(order, "completed", NOON, 125)


def test_an_order_comes_back_with_all_its_lines(store: Store) -> None:
    lines = tuple(Line(f"p{number}" if number % 3 else None, number, number * 100) for number in range(40))
    put(store, given.placed("o1", lines=lines), given.placed("o2", lines=lines[::-1]))
    assert (state(store, "o1").lines, state(store, "o2").lines) == (lines, lines[::-1])
    assert state(store, "o1").amount == sum(line.amount for line in lines)


def test_a_thousand_orders_are_told_at_once(store: Store) -> None:
    orders = [given.placed(f"o{number}", at=NOON + number, user=f"u{number % 7}") for number in range(1_100)]
    put(store, *orders, *(given.failed(f"o{number}", at=NOON + HOUR, placed=False) for number in range(0, 1_100, 2)))
    with store.batch() as batch:
        states = batch.orders([event.order_id or "" for event in orders])
    assert [states[event.order_id or ""].placed for event in orders] == orders
    assert [states[f"o{number}"].status for number in range(4)] == ["failed", "pending", "failed", "pending"]


# ---------------------------------------------------------------------------------------------------- several writers


def write_as_one_of_many(store: Store, batches: Sequence[Sequence[Event]]) -> int:
    """What a writer does that does not know of the others: try all; where some is known, leave that out."""
    written = 0
    for events in batches:
        with store.batch() as batch:
            fresh: Sequence[Event] = events
            if not batch.append(fresh):
                known = batch.known([event.id for event in events])
                fresh = [event for event in events if event.id not in known]
                assert batch.append(fresh)
            batch.merge(*fold(fresh))
            written += len(fresh)
    return written


def write_together(stores: Sequence[Store]) -> None:
    """Each store writes the same and something of its own, all at the same time."""
    common = [EVENTS[first : first + 20] for first in range(0, 300, 20)]
    own = [[given.viewed(id=f"{who}-{number}", at=NOON + number) for number in range(50)] for who in range(len(stores))]
    ready = threading.Barrier(len(stores))

    def work(store: Store, mine: list[Event]) -> int:
        ready.wait()
        return write_as_one_of_many(store, [*common, mine])

    with ThreadPoolExecutor(len(stores)) as pool:
        written = sum(pool.map(work, stores, own))
    everything = [*EVENTS[:300], *(event for events in own for event in events)]
    found, wanted = contents(stores[0]), expected(everything)
    assert written == len(everything)
    assert sorted(found.events, key=lambda event: event.id) == sorted(everything, key=lambda event: event.id)
    assert found[1:] == wanted[1:]


def test_threads_that_write_at_once_lose_nothing_and_double_nothing(store: Store) -> None:
    write_together([store] * 4)


@durable
def test_stores_on_one_database_that_write_at_once_lose_nothing_and_double_nothing(opened: Opened, store: Store) -> None:
    write_together([store, opened(), opened()])


def test_readers_see_whole_batches_only(store: Store) -> None:
    """Each batch is two events and their totals: no reader ever sees one without the other."""
    done = threading.Event()
    odd: list[int] = []

    def read() -> None:
        while not done.is_set():
            with store.view():
                found = scanned(store)
                counted = sum(row.totals[-1] for row in store.totals.rows((), DAY, EVER))
            if len(found) % 2 or counted != len(found):
                odd.append(len(found))

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for number in range(60):
            put(store, given.seen("ann", id=f"a{number}"), given.seen("bob", id=f"b{number}"))
        done.set()
        for reader in readers:
            reader.result()
    assert odd == []
    assert len(scanned(store)) == 120
