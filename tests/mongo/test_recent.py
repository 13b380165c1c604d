"""What was just written need not be read back: who wrote it is told the same as everybody else."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from metrics_core.model.event import LIVE, SIM
from metrics_core.store.connect import connect
from metrics_core.store.mongo import recent
from metrics_core.store.mongo.store import MongoStore
from metrics_core.store.protocols import Store
from tests import given
from tests.mongo.foreign import database
from tests.servers.mongo import Mongo, mongod
from tests.stores.contents import EVENTS, put, seen_of, sightings_in

pytestmark = [pytest.mark.servers, pytest.mark.skipif(mongod() is None, reason="MongoDB is not on this machine")]

NOON = given.NOON


@pytest.fixture
def other(url: str, store: Store) -> Iterator[Store]:
    """Another replica, after the first one made ready."""
    made = connect(url)
    made.prepare()
    yield made
    made.close()


def told(store: Store, after: int) -> list[Any]:
    """Everything that is asked of what is newer than a number."""
    log = store.events
    return [
        log.sightings_since(after), log.sightings_since(after, limit=7), log.newest(1_000, after_seq=after),
        log.newest(5, after_seq=after), log.newest(5, after_seq=after, origins=(SIM,)),
        log.newest(5, after_seq=after, origins=(LIVE, SIM), before=NOON),
    ]  # fmt: skip


def same(store: Store, other: Store) -> bool:
    return all(told(store, after) == told(other, after) for after in range(0, store.newest_seq() + 2, 7))


def lose_the_facts(server: Mongo, url: str) -> None:
    """What nobody but a test does: who looks them up in the database finds none."""
    there = database(server, url)
    there.pulseboard.facts.delete_many({})
    there.client.close()


def test_who_writes_is_told_what_who_only_reads_is(store: Store, other: Store) -> None:
    for first in range(0, 210, 70):
        put(store, *EVENTS[first : first + 70])
        assert same(store, other)
    assert seen_of(store, store.events.sightings_since(0)) == sightings_in(EVENTS[:210])


def test_two_who_write_in_turns_are_told_the_same(store: Store, other: Store) -> None:
    for number, first in enumerate(range(0, 240, 40)):
        put((store, other)[number % 2], *EVENTS[first : first + 40])
        assert same(store, other)


def test_what_was_just_written_is_not_read_back(server: Mongo, url: str, store: Store) -> None:
    put(store, *EVENTS[:100])
    before = told(store, 0)[0]
    lose_the_facts(server, url)
    assert store.events.sightings_since(0) == before != []


def test_what_was_forgotten_is_not_told_any_more(store: Store, other: Store) -> None:
    put(store, *(given.seen(f"user {number}", origin=SIM, run_id=f"run {number % 3}") for number in range(30)))
    assert len(store.events.sightings_since(0)) == 30
    other.events.forget(run_id="run 1")
    assert same(store, other)
    assert len(store.events.sightings_since(0)) == len(store.events.newest(100, after_seq=1)) + 1 == 20
    put(store, given.seen("afterwards"))
    assert same(store, other)


def test_what_a_batch_that_broke_off_would_have_written_is_not_told(store: Store, other: Store) -> None:
    put(store, *EVENTS[:10])

    def breaks_off() -> None:
        with store.batch() as batch:
            batch.append(EVENTS[10:20])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks_off()
    assert same(store, other)
    put(store, *EVENTS[20:30])
    assert same(store, other)


def test_a_batch_that_was_taken_back_and_written_anew_is_told_once(store: Store, other: Store) -> None:
    put(store, *EVENTS[:10])
    with store.batch() as batch:
        assert not batch.append(EVENTS[5:15])
        assert batch.append(EVENTS[10:15])
        assert batch.append(EVENTS[15:20])
    assert same(store, other)
    assert seen_of(store, store.events.sightings_since(0)) == sightings_in(EVENTS[:20])


def test_a_view_is_not_told_of_what_came_after_it_began(store: Store) -> None:
    put(store, *EVENTS[:50])
    with store.view():
        before = told(store, 20)
        beside = Thread(target=put, args=(store, *EVENTS[50:90]))
        beside.start()
        beside.join()
        assert told(store, 20) == before
        assert told(store, 60) == [[]] * len(before)
    assert told(store, 20) != before


def test_only_the_end_of_the_log_is_remembered(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch, server: Mongo, url: str
) -> None:
    monkeypatch.setattr(recent, "_KEPT", 40)
    for first in range(0, 280, 20):
        put(store, *EVENTS[first : first + 20])
    assert same(store, other)
    lose_the_facts(server, url)
    assert store.events.sightings_since(0) == []
    assert store.events.sightings_since(240) != []


def test_where_the_database_was_away_nothing_is_remembered(store: Store, other: Store) -> None:
    put(store, *EVENTS[:50])
    assert isinstance(store, MongoStore)
    store._server.lost()
    assert same(store, other)
    put(store, *EVENTS[50:80])
    assert same(store, other)
