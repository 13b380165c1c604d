"""MongoDB beyond what every server promises (tests/trouble): answers that get lost, who looks, what is kept how."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from metrics_core.errors import ContendedError
from metrics_core.model.event import SIM
from metrics_core.model.instant import DAY
from metrics_core.model.window import Window
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests import given
from tests.mongo.hands import ids, put, wrong
from tests.servers.mongo import Mongo, mongod
from tests.sql.hands import engine_on, wire
from tests.stores.contents import EVENTS, contents, keep

pytestmark = [pytest.mark.servers, pytest.mark.skipif(mongod() is None, reason="MongoDB is not on this machine")]


# ------------------------------------------------------------------------------------------------------- many writers


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


# ----------------------------------------------------------------------------------------------- servers that go away


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
        assert client[name].pulseboard.facts.count_documents({}) == 10
        assert client[name].pulseboard.totals.count_documents({"events": 0}) == 0


def test_times_money_and_users_are_integers_in_the_database(server: Mongo, url: str, store: Store) -> None:
    put(store, given.completed("o1"))
    name = url.rpartition("/")[2].partition("?")[0]
    with server.client() as client:
        kept = client[name].pulseboard.facts.find_one({"order_id": "o1"})
    assert kept is not None
    assert (kept["_id"], kept["at"], kept["amount"], kept["quantity"]) == (1, given.NOON, 25_050, 3)
    assert [line["product"] for line in kept["lines"]] == ["lamp", "desk"]
