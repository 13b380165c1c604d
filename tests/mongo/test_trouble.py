"""MongoDB beyond the suite of all stores: several writers, servers that are killed, answers that get lost."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from metrics_core.engine import Engine
from metrics_core.errors import ContendedError, StoreAwayError
from metrics_core.model.event import SIM
from metrics_core.model.instant import DAY
from metrics_core.model.window import Window
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Sighting, Store
from tests import given
from tests.mongo.hands import ids, put, wrong
from tests.servers.mongo import Mongo, mongod
from tests.sql.hands import engine_on, send_all, shop, wire
from tests.stores.contents import EVENTS, contents, keep

pytestmark = [pytest.mark.servers, pytest.mark.skipif(mongod() is None, reason="MongoDB is not on this machine")]

SIZE = 120


# ------------------------------------------------------------------------------------------------------- many writers


def test_processes_that_send_the_same_at_once_count_it_once(url: str, engine: Engine) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        told = [future.result() for future in [processes.submit(send_all, url, seed, SIZE) for seed in range(2)]]
    sent = len(shop(SIZE))
    assert sum(accepted for accepted, _ in told) == sent
    assert sum(map(sum, told)) == 2 * (sent + sent // 10)
    assert ids(engine.store) == sorted(record["id"] for record in shop(SIZE))
    assert wrong(engine) == []


def test_whoever_follows_the_numbers_misses_no_batch(url: str, store: Store) -> None:
    writers = [connect(url) for _ in range(3)]
    done = threading.Event()

    def write(number: int) -> None:
        for turn in range(16):
            parts = range(turn % 4 + 1)
            put(writers[number], *(given.seen(f"user {number}", id=f"{number}-{turn}-{part}") for part in parts))

    def follow() -> list[Sighting]:
        found: list[Sighting] = []
        while True:
            over = done.is_set()
            newest = store.newest_seq()
            new = store.events.sightings_since(found[-1].seq if found else 0)
            assert not new or new[-1].seq >= newest
            found += new
            if over:
                return found

    with ThreadPoolExecutor(4) as threads:
        following = threads.submit(follow)
        list(threads.map(write, range(3)))
        done.set()
        found = following.result()
    for writer in writers:
        writer.close()
    assert [sighting.seq for sighting in found] == list(range(1, len(found) + 1))
    assert len(found) == 3 * 4 * (1 + 2 + 3 + 4)


def test_replicas_that_start_together_make_the_collections_once(url: str) -> None:
    stores = [connect(url) for _ in range(4)]
    ready = threading.Barrier(len(stores))

    def prepare(store: Store) -> None:
        ready.wait()
        store.prepare()

    with ThreadPoolExecutor(len(stores)) as threads:
        list(threads.map(prepare, stores))
    put(stores[0], given.viewed())
    assert {(one.newest_seq(), one.generation()) for one in stores} == {(1, 0)}
    for one in stores:
        one.close()


def test_documents_do_not_wait_for_those_who_write_events(url: str, store: Store) -> None:
    other = connect(url)
    with store.batch() as batch:
        batch.append([given.seen()])
        assert other.catalog.put("leases", "jobs", {"until": 1}).version == 1
    other.close()


# ----------------------------------------------------------------------------------------------- servers that go away


def test_a_server_killed_amid_ingest_loses_nothing_and_doubles_nothing(server: Mongo, engine: Engine) -> None:
    records = shop(100)
    acknowledged: list[str] = []
    enough = threading.Event()

    def send(record: dict[str, Any]) -> int:
        """As a sender does: again until it is acknowledged."""
        while True:
            try:
                receipt = engine.accept([record])
            except StoreAwayError:
                time.sleep(0.05)
                continue
            acknowledged.append(record["id"])
            if len(acknowledged) in (40, 120):
                enough.set()
            return receipt.accepted + receipt.duplicates

    with ThreadPoolExecutor(8) as threads:
        sending = threads.map(send, records)
        for _ in range(2):
            assert enough.wait(60)
            enough.clear()
            server.kill()
            kept_until = list(acknowledged)
            server.start()
            assert set(kept_until) <= set(ids(engine.store))
        assert sum(sending) == len(records)
    assert ids(engine.store) == sorted(record["id"] for record in records)
    assert wrong(engine) == []


def test_the_end_of_a_batch_whose_answer_got_lost_is_found_out(server: Mongo, url: str) -> None:
    with wire(server.port) as between:
        engine = engine_on(url.replace(f":{server.port}", f":{between.port}") + "&directConnection=true")
        engine.accept(given.numbered([given.order_record("a")], prefix="first"))
        # On a replica set the commit, on a standalone server the write that ends the note.
        for number, word in enumerate(("commitTransaction", "$unset")):
            between.cut_after(f"{word}\0".encode())
            records = given.numbered([given.order_record(f"o{number}")], prefix=f"lost {number}")
            receipt = engine.accept(records)
            assert (receipt.accepted, receipt.duplicates) == (1, 0)
            assert engine.accept(records).duplicates == 1
        assert len(ids(engine.store)) == 3
        assert wrong(engine) == []
        engine.stop()


def test_a_server_that_is_away_at_the_start_is_prepared_once_it_is_there(server: Mongo, url: str) -> None:
    store = connect(url)
    with server.away():
        for _ in range(2):
            with pytest.raises(StoreAwayError):
                store.prepare()
        with pytest.raises(StoreAwayError):
            store.newest_seq()
        assert store.size() is None
    assert store.newest_seq() == 0
    put(store, given.viewed())
    store.prepare()
    assert store.name.startswith("MongoDB 6.")
    store.close()


# ------------------------------------------------------------------------------------------ who looks, who has written


def test_a_view_of_one_process_is_whole_while_another_process_writes(url: str, store: Store) -> None:
    keep(store, EVENTS[:80])
    writer = connect(url)
    with store.view():
        before = contents(store)
        put(writer, *EVENTS[80:100])
        writer.totals.replace(Window(0, 1 << 60), [], [])
        put(writer, *EVENTS[100:120])
        assert contents(store) == before
    assert contents(store) != before
    writer.close()


def test_a_view_that_lasts_beyond_what_is_kept_is_refused_rather_than_wrong(url: str, store: Store) -> None:
    put(store, given.completed(at=given.NOON))
    writer = connect(url)
    with store.view():
        before = contents(store)
        for number in range(15):
            put(writer, given.completed(at=given.NOON, user=f"u{number}"))
        try:
            now = contents(store)
        except ContendedError:
            now = before  # on a standalone server it is too old by now
    assert now == before
    writer.close()


def test_what_was_taken_out_is_cleared_away_when_nobody_looks_back(server: Mongo, url: str, store: Store) -> None:
    put(store, given.viewed(origin=SIM, run_id="r"), given.viewed(at=given.NOON + DAY))
    with store.view():
        store.newest_seq()
    store.events.forget(run_id="r")
    for _ in range(9):
        put(store, given.viewed(at=given.NOON + DAY))
    name = url.rpartition("/")[2].partition("?")[0]
    with server.client() as client:
        assert client[name].facts.count_documents({}) == 10
        assert client[name].totals.count_documents({"events": 0}) == 0


def test_times_money_and_users_are_integers_in_the_database(server: Mongo, url: str, store: Store) -> None:
    put(store, given.completed("o1"))
    name = url.rpartition("/")[2].partition("?")[0]
    with server.client() as client:
        kept = client[name].facts.find_one({"order_id": "o1"})
    assert kept is not None
    assert (kept["_id"], kept["at"], kept["amount"], kept["quantity"]) == (1, given.NOON, 25_050, 3)
    assert [line["product"] for line in kept["lines"]] == ["lamp", "desk"]
