"""Several writers on one server, and servers that go away: the same promises on every sort of server."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from metrics_core.engine import Engine
from metrics_core.errors import StoreAwayError
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Sighting, Store
from tests import given
from tests.sql.hands import send_all, shop
from tests.trouble.conftest import Server
from tests.trouble.hands import ids, put, wrong

pytestmark = [pytest.mark.servers]

SIZE = 150


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


def test_documents_do_not_wait_for_those_who_write_events(url: str, store: Store) -> None:
    other = connect(url)
    with store.batch() as batch:
        batch.append([given.seen()])
        assert other.catalog.put("leases", "jobs", {"until": 1}).version == 1
    other.close()


# ----------------------------------------------------------------------------------------------- servers that go away


@pytest.mark.parametrize("how", ("stop", "kill"))
def test_a_server_that_goes_away_amid_ingest_loses_nothing_and_doubles_nothing(
    server: Server, engine: Engine, how: str
) -> None:
    records = shop(100)
    acknowledged: list[str] = []
    away = threading.Event()

    def send(record: dict[str, Any]) -> int:
        """As a sender does: again until it is acknowledged."""
        while True:
            try:
                receipt = engine.accept([record])
            except StoreAwayError:
                away.set()
                time.sleep(0.05)
                continue
            acknowledged.append(record["id"])
            return receipt.accepted + receipt.duplicates

    with ThreadPoolExecutor(8) as threads:
        sending = threads.map(send, records)
        for number in (40, 90):
            reached(acknowledged, number)
            getattr(server, how)()
            assert away.wait(60)
            kept_until = list(acknowledged)
            server.start()
            assert set(kept_until) <= set(ids(engine.store))
            away.clear()
        assert sum(sending) == len(records)
    assert ids(engine.store) == sorted(record["id"] for record in records)
    assert wrong(engine) == []


def reached(acknowledged: list[str], number: int) -> None:
    """Wait until so many were acknowledged."""
    until = time.monotonic() + 60
    while len(acknowledged) < number:
        assert time.monotonic() < until
        time.sleep(0.002)


def test_a_server_that_is_away_at_the_start_is_prepared_once_it_is_there(server: Server, url: str) -> None:
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
    assert store.name.startswith(("PostgreSQL 1", "MongoDB 6."))
    store.close()
