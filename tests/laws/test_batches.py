"""Laws of writing: in whatever order and batches events come, and however often, a store ends with the same totals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_core.model.event import ORIGINS, Event
from metrics_core.model.instant import DAY
from metrics_core.model.window import Window
from metrics_core.rollup.fold import contribution, fold, is_active, is_buyer
from metrics_core.rollup.tile import tile
from metrics_core.rollup.totals import ROLLUPS, SET_GRAINS, SETS, ZERO, Grain, Key, RollupRow, Totals, add
from metrics_core.store.memory.store import MemoryStore
from metrics_core.store.protocols import Store
from metrics_core.store.sql.store import SqlStore
from tests.laws.made import EARLY, LATE, instants, many

EVERYTHING = Window(EARLY - EARLY % DAY, LATE + DAY)
windows = st.tuples(instants, instants).map(lambda pair: Window(min(pair), max(pair)))


@contextmanager
def in_memory() -> Iterator[Store]:
    yield MemoryStore()


@contextmanager
def on_sqlite() -> Iterator[Store]:
    with TemporaryDirectory() as folder:
        store = SqlStore(f"sqlite:///{Path(folder) / 'law.db'}")
        store.prepare()
        try:
            yield store
        finally:
            store.close()


stores = pytest.mark.parametrize("opened", (in_memory, on_sqlite), ids=("memory", "sqlite"))
Opened = Callable[[], "contextmanager[Store]"]


def write(store: Store, batches: Sequence[Sequence[Event]]) -> None:
    """Each batch in one transaction, without what is in the log already: what a writer does with fresh events."""
    for events in batches:
        with store.batch() as batch:
            known = batch.known([event.id for event in events])
            fresh = list({event.id: event for event in events if event.id not in known}.values())
            assert batch.append(fresh)
            batch.merge(*fold(fresh))


def break_off(store: Store, events: Sequence[Event]) -> None:
    """Write everything of a batch, and fail before its end."""
    with store.batch() as batch:
        batch.append(events)
        batch.merge(*fold(events))
        raise ZeroDivisionError


def kept(store: Store) -> tuple[list[RollupRow], dict[tuple[str, Grain, int, str], set[str]]]:
    """Every total and every set of a store, users by name."""
    rows = [
        row for rollup in ROLLUPS for grain in rollup.grains for row in store.totals.rows(rollup.by, grain, EVERYTHING)
    ]
    sets: dict[tuple[str, Grain, int, str], set[str]] = {}
    for name in SETS:
        for grain in SET_GRAINS:
            for (start, origin), users in store.totals.users(name, grain, EVERYTHING).items():
                sets[name, grain, start, origin] = set(store.totals.names(users).values())
    return sorted(rows, key=repr), sets


@stores
@settings(max_examples=30)
@given(many, st.lists(st.integers(0, 60), max_size=4), st.randoms(use_true_random=False))
def test_any_order_any_split_and_any_repetition_give_the_totals_of_one_fold(
    opened: Opened, events: list[Event], cuts: list[int], random: Random
) -> None:
    sent = events + random.choices(events, k=len(events) // 2) if events else []
    random.shuffle(sent)
    edges = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    with opened() as store:
        write(store, [sent[start:end] for start, end in pairwise(edges)])
        rows, sets = kept(store)
        assert sum(number for number, _, _ in store.events.count().values()) == len(events)
    once = fold(events)
    assert rows == sorted((row for row in once.rows if any(row.totals)), key=repr)
    assert sets == {row[:4]: set(row.users) for row in once.sets}


@stores
@settings(max_examples=30)
@given(many, windows)
def test_a_window_read_by_tiles_is_a_count_of_its_events(opened: Opened, events: list[Event], window: Window) -> None:
    inside = [event for event in events if window.start <= event.at < window.end]
    with opened() as store:
        write(store, [events])
        read: dict[tuple[str, Key], Totals] = {}
        for part in store.totals.sums((), tile(window)):
            for place, totals in part.items():
                read[place] = add(read.get(place, ZERO), totals)
        seen = store.events.sightings(window)
        names = store.totals.names({sighting.user for sighting in seen})
    counted: dict[tuple[str, Key], Totals] = {}
    for event in inside:
        counted[event.origin, ()] = add(counted.get((event.origin, ()), ZERO), contribution(event))
    assert read == counted
    for origin in ORIGINS:
        here = [sighting for sighting in seen if sighting.origin == origin]
        ours = [event for event in inside if event.origin == origin]
        assert {names[one.user] for one in here if one.buyer} == {event.user for event in ours if is_buyer(event)}
        assert {names[one.user] for one in here if one.active} == {event.user for event in ours if is_active(event)}


@stores
@settings(max_examples=20)
@given(many, st.sampled_from(ORIGINS))
def test_forgetting_an_origin_leaves_what_the_others_alone_would_give(
    opened: Opened, events: list[Event], origin: str
) -> None:
    staying = [event for event in events if event.origin != origin]
    with opened() as store:
        write(store, [events])
        assert store.events.forget(origins=(origin,)) == len(events) - len(staying)
        left = kept(store)
    with opened() as store:
        write(store, [staying])
        assert left == kept(store)


@stores
@given(events=many)
@settings(max_examples=10)
def test_a_batch_that_fails_leaves_nothing(opened: Opened, events: list[Event]) -> None:
    with opened() as store:
        with pytest.raises(ZeroDivisionError):
            break_off(store, events)
        assert kept(store) == ([], {})
        assert store.newest_seq() == 0
        write(store, [events])
        assert kept(store)[1] == {row[:4]: set(row.users) for row in fold(events).sets}
