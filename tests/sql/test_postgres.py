"""PostgreSQL beyond the suite of all stores: several writers, servers that stop, answers that get lost, plans."""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event

from metrics_core.engine import Engine
from metrics_core.errors import ConflictError, StoreAwayError
from metrics_core.model.instant import DAY, MINUTE
from metrics_core.model.window import Window
from metrics_core.rollup.fold import fold
from metrics_core.rollup.totals import Grain, Piece
from metrics_core.store.protocols import Sighting, Store
from metrics_core.store.sql.store import SqlStore
from tests import given
from tests.servers.postgres import Postgres, binaries, postgres
from tests.sql.hands import engine_on, send_all, shop, wire

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(binaries() is None and not os.environ.get("CI"), reason="PostgreSQL is not on this machine"),
]

EVER = Window(0, given.NOON + 30 * DAY)
SIZE = 250


@pytest.fixture
def server() -> Postgres:
    return postgres()


@pytest.fixture
def url(server: Postgres) -> Iterator[str]:
    with server.database() as fresh:
        yield fresh


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    made = SqlStore(url)
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = engine_on(url)
    yield made
    made.stop()


def put(store: Store, *events: Any) -> None:
    with store.batch() as batch:
        assert batch.append(events)
        batch.merge(*fold(events))


def break_off(store: Store, *events: Any) -> None:
    with store.batch() as batch:
        batch.append(events)
        raise ZeroDivisionError


def stop_amid_a_view(server: Postgres, store: Store) -> None:
    with store.view():
        assert store.newest_seq() == 0
        server.stop()
        for _ in range(2):
            with pytest.raises(StoreAwayError):
                store.newest_seq()
        store.newest_seq()


def wrong(engine: Engine) -> list[str]:
    """What a recount from the events finds wrong."""
    return [f"{check.name}: {check.found}, not {check.expected}" for check in engine.verify() if not check.ok]


def ids(store: Store) -> list[str]:
    return sorted(event.id for chunk in store.events.scan() for event in chunk)


# ------------------------------------------------------------------------------------------------------- many writers


def test_processes_that_send_the_same_at_once_count_it_once(url: str, engine: Engine) -> None:
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as processes:
        told = [future.result() for future in [processes.submit(send_all, url, seed, SIZE) for seed in range(3)]]
    sent = len(shop(SIZE))
    assert sum(accepted for accepted, _ in told) == sent
    assert sum(map(sum, told)) == 3 * (sent + sent // 10)
    assert ids(engine.store) == sorted(record["id"] for record in shop(SIZE))
    assert wrong(engine) == []


def test_whoever_follows_the_numbers_misses_no_commit(url: str, store: SqlStore) -> None:
    writers = [SqlStore(url) for _ in range(4)]
    done = threading.Event()

    def write(number: int) -> None:
        for turn in range(40):
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

    with ThreadPoolExecutor(5) as threads:
        following = threads.submit(follow)
        list(threads.map(write, range(4)))
        done.set()
        found = following.result()
    for writer in writers:
        writer.close()
    assert [sighting.seq for sighting in found] == list(range(1, len(found) + 1))
    assert len(found) == 4 * 10 * (1 + 2 + 3 + 4)


def test_a_user_has_one_number_whoever_gave_it(url: str, store: SqlStore) -> None:
    other = SqlStore(url)
    with pytest.raises(ZeroDivisionError):
        break_off(store, given.seen("zoe", id="lost"))
    put(other, given.seen("yan", id="a"), given.seen("xia", id="b"))
    put(store, given.seen("zoe", id="c"), given.seen("yan", id="d"))
    put(other, given.seen("zoe", id="e"))
    assert [event.user for chunk in store.events.scan() for event in chunk] == ["yan", "xia", "zoe", "yan", "zoe"]
    users = store.totals.users("active", Grain.DAY, EVER)
    assert sorted(store.totals.names(next(iter(users.values()))).values()) == ["xia", "yan", "zoe"]
    other.close()


def test_replicas_that_start_together_make_the_tables_once(url: str, server: Postgres) -> None:
    stores = [SqlStore(url) for _ in range(5)]
    ready = threading.Barrier(len(stores))

    def prepare(store: SqlStore) -> None:
        ready.wait()
        store.prepare()

    with ThreadPoolExecutor(len(stores)) as threads:
        list(threads.map(prepare, stores))
    for store in stores:
        store.close()
    kept = server.sql("SELECT name, value FROM meta ORDER BY name", url.rpartition("/")[2])
    assert kept == [("generation", 0), ("schema", 1)]


def test_of_those_who_change_the_same_document_one_wins(url: str, store: SqlStore) -> None:
    stores = [SqlStore(url) for _ in range(4)]

    def change(store: SqlStore) -> int:
        try:
            return store.catalog.put("boards", "mine", {}, expecting=0).version
        except ConflictError:
            return 0

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(change, stores)) == [0, 0, 0, 1]
        versions = list(threads.map(lambda one: one.catalog.put("boards", "mine", {}).version, stores))
    assert sorted(versions) == [2, 3, 4, 5]
    for one in stores:
        one.close()


def test_documents_do_not_wait_for_those_who_write_events(url: str, store: SqlStore) -> None:
    other = SqlStore(url)
    with store.batch() as batch:
        batch.append([given.seen()])
        assert other.catalog.put("leases", "jobs", {"until": 1}).version == 1
    other.close()


def test_two_who_wait_for_each_other_are_told_apart_and_nothing_is_lost(url: str, engine: Engine) -> None:
    """Another program locks two totals in the wrong order; PostgreSQL picks us to give way, and we try again."""
    sent = given.numbered([given.order_record("a", ts=given.NOON), given.order_record("b", ts=given.NOON - DAY)])
    engine.accept(sent)
    update = "UPDATE totals SET views = views WHERE start = %s AND rollup = '' AND grain = 60000000"
    with psycopg.connect(url.replace("+psycopg", "")) as other, ThreadPoolExecutor(1) as threads:
        other.execute("SET deadlock_timeout = '60s'")
        other.execute(update, (given.NOON,))
        again = threads.submit(engine.accept, given.numbered(
            [given.order_record("c", ts=given.NOON - DAY), given.order_record("d", ts=given.NOON)], prefix="again",
        ))  # fmt: skip
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as looking:
            while looking.execute(waiting).fetchone() == (0,):
                time.sleep(0.01)
        other.execute(update, (given.NOON - DAY,))
        other.commit()
        assert again.result().accepted == 2
    assert wrong(engine) == []


# ----------------------------------------------------------------------------------------------- servers that go away


@pytest.mark.parametrize("how", ("stop", "kill"))
def test_a_server_stopped_hard_amid_ingest_loses_nothing_and_doubles_nothing(
    server: Postgres, engine: Engine, how: str
) -> None:
    records = shop(200)
    acknowledged: list[str] = []
    enough, away = threading.Event(), threading.Event()

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
            if len(acknowledged) == 60:
                enough.set()
            return receipt.accepted + receipt.duplicates

    with ThreadPoolExecutor(8) as threads:
        sending = threads.map(send, records)
        assert enough.wait(30)
        getattr(server, how)()
        assert away.wait(30)
        kept_until = list(acknowledged)
        server.start()
        assert set(kept_until) <= set(ids(engine.store))
        assert sum(sending) == len(records)
    assert ids(engine.store) == sorted(record["id"] for record in records)
    assert wrong(engine) == []


def test_a_commit_whose_answer_got_lost_counts_once(server: Postgres, url: str) -> None:
    with wire(server.port) as between:
        engine = engine_on(url.replace(f":{server.port}", f":{between.port}"))
        engine.accept(given.numbered([given.order_record("a")], prefix="first"))
        between.cut_after(b"COMMIT\0")
        record = given.numbered([given.order_record("b")], prefix="second")
        with pytest.raises(StoreAwayError, match="nobody knows yet whether these records are kept"):
            engine.accept(record)
        again = engine.accept(record)
        assert (again.accepted, again.duplicates) == (0, 1)
        assert ids(engine.store) == ["first-0", "second-0"]
        assert wrong(engine) == []
        engine.stop()


def test_a_server_that_is_away_at_the_start_is_prepared_once_it_is_there(server: Postgres, url: str) -> None:
    server.stop()
    store = SqlStore(url)
    for _ in range(2):
        with pytest.raises(StoreAwayError):
            store.prepare()
    with pytest.raises(StoreAwayError):
        store.newest_seq()
    assert store.size() is None
    server.start()
    assert store.newest_seq() == 0
    put(store, given.viewed())
    assert store.name.startswith("PostgreSQL 1")
    store.close()


def test_idle_connections_that_did_not_outlive_a_restart_are_not_noticed(server: Postgres, store: SqlStore) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: store.newest_seq(), range(8)))
        with server.away():
            pass
        assert list(threads.map(lambda _: store.newest_seq(), range(8))) == [0] * 8
    put(store, given.viewed())


def test_a_view_whose_server_stops_says_so_and_the_next_one_works(server: Postgres, store: SqlStore) -> None:
    with pytest.raises(StoreAwayError):
        stop_amid_a_view(server, store)
    server.start()
    with store.view():
        assert store.newest_seq() == 0


# ------------------------------------------------------------------------------------------------ what the server does


def test_acknowledged_is_durable_whatever_the_servers_default_is(server: Postgres, url: str) -> None:
    server.sql(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off")
    store = SqlStore(url)
    store.prepare()
    with store._connections.write() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    store.close()


@pytest.fixture
def plans(store: SqlStore) -> Iterator[list[str]]:
    """How the server runs what the store asks, statement by statement."""
    found: list[str] = []

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        with connection.connection.driver_connection.cursor() as asking:  # type: ignore[union-attr]
            found.append("\n".join(row[0] for row in asking.execute("EXPLAIN " + statement, parameters).fetchall()))

    chance = random.Random(1)
    for number in range(20):
        first = given.NOON - number * 5 * DAY
        times = [first - chance.randrange(3 * MINUTE) for _ in range(500)]
        put(store, *(given.completed(at=at, user=f"u{number}-{user}") for user, at in enumerate(times)))
    event.listen(store._connections.engine, "before_cursor_execute", explain)
    yield found
    event.remove(store._connections.engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("analysed", (False, True), ids=("fresh", "analysed"))
def test_pieces_of_windows_are_read_through_their_index(
    server: Postgres, url: str, plans: list[str], store: SqlStore, analysed: bool
) -> None:
    if analysed:
        server.sql("ANALYZE", url.rpartition("/")[2])
    ends = [Piece(None, given.NOON - day * DAY - MINUTE, given.NOON - day * DAY) for day in range(12)]
    hours = [Piece(Grain.HOUR, given.NOON - day * DAY - DAY, given.NOON - day * DAY) for day in range(12)]
    for by, ask, index in (
        ((), ends, "facts_at"), (("channel",), ends, "facts_at"), ((), hours, "totals_pkey"),
        (("region",), hours, "totals_pkey"),
    ):  # fmt: skip
        store.totals.sums(by, ask)
        assert index in plans[-1], plans[-1]
        assert "Seq Scan" not in plans[-1]


def test_few_events_are_read_through_indexes(server: Postgres, url: str, plans: list[str], store: SqlStore) -> None:
    server.sql("ANALYZE", url.rpartition("/")[2])
    store.events.newest(12)
    store.events.newest(12, after_seq=store.newest_seq() - 10)
    with store.batch() as batch:
        batch.orders(["o1", "o2"])
        batch.known(["e1", "e2"])
    assert "Seq Scan" not in "\n".join(plans)
