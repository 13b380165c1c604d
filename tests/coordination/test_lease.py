"""A lease has one holder at a time, whoever races, stalls or dies; and its number only grows."""

from __future__ import annotations

import random
import threading
from contextlib import suppress

import pytest

from metrics_core.coordination.lease import Lease
from metrics_core.coordination.numbers import Numbers
from metrics_core.errors import ConflictError, StoreAwayError
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Catalog, Document, Store


class Watch:
    """Seconds that pass when they are told to: each machine has its own."""

    def __init__(self, start: float) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now


def rivals(stores: list[Store]) -> tuple[Lease, Watch, Lease, Watch]:
    """Two who want the same, on machines whose clocks have nothing in common."""
    first, second = Watch(5_000.0), Watch(70.0)
    return (
        Lease(stores[0].catalog, "leader", "a", seconds=4, monotonic=first), first,
        Lease(stores[1].catalog, "leader", "b", seconds=4, monotonic=second), second,
    )  # fmt: skip


def test_who_comes_first_has_it_and_keeps_it_while_it_is_renewed(stores: list[Store]) -> None:
    a, first, b, second = rivals(stores)
    assert a.step()
    assert not b.step()
    for _ in range(20):
        first.now += 3
        second.now += 3
        assert (a.step(), b.step()) == (True, False)
    assert (a.held, a.fence, b.holder) == (True, 1, "a")


def test_it_is_taken_over_only_after_it_stood_unchanged_for_its_whole_time(stores: list[Store]) -> None:
    a, first, b, second = rivals(stores)
    a.step()
    b.step()
    second.now += 3.9
    assert not b.step()
    assert a.held
    first.now += 4
    assert not a.held  # it stops by itself, before anybody can have taken over
    second.now += 0.2
    assert b.step()
    assert (b.held, b.fence) == (True, 2)
    assert not a.step()
    assert (a.held, a.fence, a.holder) == (False, 2, "b")


def test_a_holder_that_was_held_up_goes_on_under_its_number_when_nobody_took_over(stores: list[Store]) -> None:
    a, first, _, _ = rivals(stores)
    a.step()
    first.now += 100
    assert not a.held
    assert a.step()
    assert (a.held, a.fence) == (True, 1)


def test_given_back_it_is_free_at_once(stores: list[Store]) -> None:
    a, _, b, _ = rivals(stores)
    a.step()
    b.step()
    a.release()
    assert not a.held
    assert b.step()
    assert b.fence == 2
    a.release()  # it is somebody else's by now
    assert b.step()


def test_two_rivals_that_race_never_hold_it_at_the_same_time(stores: list[Store]) -> None:
    a, first, b, second = rivals(stores)
    chance = random.Random(7)
    fences: list[tuple[int, str]] = []
    for _ in range(300):
        passed = chance.choice((0.3, 1.0, 3.0, 5.0))
        first.now += passed
        second.now += passed
        turns = chance.sample((a, b), chance.randrange(3))
        fences += [(lease.fence, "a" if lease is a else "b") for lease in turns if lease.step()]
        assert not (a.held and b.held)
    numbers = [fence for fence, _ in fences]
    assert numbers == sorted(numbers)
    assert len(set(fences)) == len(set(numbers)) > 5  # each number had one holder


def test_of_many_that_grasp_at_the_same_moment_one_has_it(stores: list[Store]) -> None:
    leases = [Lease(stores[number % 2].catalog, "leader", f"{number}", seconds=60) for number in range(8)]
    ready = threading.Barrier(len(leases))

    def grasp(lease: Lease) -> None:
        ready.wait()
        # In the way of each other: the next step, a moment later, tells.
        with suppress(StoreAwayError):
            lease.step()

    threads = [threading.Thread(target=grasp, args=(lease,)) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [lease.held for lease in leases].count(True) == 1


class Deaf:
    """A catalog whose answers are lost on the way, while what was asked is done."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.lost = False

    def get(self, shelf: str, name: str) -> Document | None:
        if self.lost:
            raise StoreAwayError("lost")
        return self._catalog.get(shelf, name)

    def put(self, shelf: str, name: str, body: dict[str, object], *, expecting: int | None = None) -> Document:
        kept = self._catalog.put(shelf, name, body, expecting=expecting)
        if self.lost:
            raise StoreAwayError("lost")
        return kept

    def __getattr__(self, name: str) -> object:
        return getattr(self._catalog, name)


def test_a_renewal_whose_answer_was_lost_is_known_for_our_own() -> None:
    catalog, watch = Deaf(connect("memory://").catalog), Watch(0)
    lease = Lease(catalog, "leader", "a", seconds=4, monotonic=watch)  # type: ignore[arg-type]
    lease.step()
    catalog.lost = True
    watch.now += 1
    with pytest.raises(StoreAwayError):
        lease.step()
    catalog.lost = False
    watch.now += 1
    assert lease.step()
    assert lease.fence == 1


def test_time_in_which_nobody_could_look_does_not_count() -> None:
    store, watch = connect("memory://"), Watch(0)
    catalog = Deaf(store.catalog)
    a = Lease(store.catalog, "leader", "a", seconds=4, monotonic=watch)
    b = Lease(catalog, "leader", "b", seconds=4, monotonic=watch)  # type: ignore[arg-type]
    a.step()
    b.step()
    catalog.lost = True
    watch.now += 3
    with pytest.raises(StoreAwayError):
        b.step()
    catalog.lost = False
    watch.now += 3
    assert not b.step()
    watch.now += 4
    assert b.step()


def test_numbers_are_never_given_twice_and_those_drawn_later_are_higher(stores: list[Store]) -> None:
    a, b = (Numbers(store.catalog, "snapshot", block=10) for store in stores)
    first = [a.next() for _ in range(15)]
    second = [b.next() for _ in range(15)]
    a.forget()
    third = [a.next() for _ in range(15)]
    assert first == list(range(1, 16))
    assert max(first) < min(second)
    assert max(second) < min(third)


def test_numbers_one_by_one_have_no_holes(stores: list[Store]) -> None:
    a, b = (Numbers(store.catalog, "run", block=1) for store in stores)
    assert [a.next(), b.next(), a.next(), b.next()] == [1, 2, 3, 4]


def test_nobody_writes_over_a_later_holder(stores: list[Store]) -> None:
    a, first, b, second = rivals(stores)
    a.step()
    b.step()
    first.now += 5
    second.now += 5
    assert b.step()
    with pytest.raises(ConflictError):
        stores[0].catalog.put("leases", "leader", {"holder": "a", "fence": 1, "seconds": 4}, expecting=1)
