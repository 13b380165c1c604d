"""PostgreSQL beyond what every server promises (tests/trouble): who waits for whom, answers that get lost, plans."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event

from metrics_core.engine import Engine
from metrics_core.errors import ConflictError, StoreAwayError
from metrics_core.model.instant import DAY, MINUTE
from metrics_core.model.window import Window
from metrics_core.rollup.totals import Grain, Piece
from metrics_core.store.protocols import Store
from metrics_core.store.sql.store import SqlStore
from tests import given
from tests.servers.postgres import Postgres, binaries, postgres
from tests.sql.hands import engine_on, wire
from tests.trouble.hands import ids, put, wrong

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(binaries() is None and not os.environ.get("CI"), reason="PostgreSQL is not on this machine"),
]

EVER = Window(0, given.NOON + 30 * DAY)


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


# ------------------------------------------------------------------------------------------------------- many writers


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


@contextmanager
def explained(store: SqlStore) -> Iterator[list[str]]:
    """How the server runs what the store asks inside, statement by statement."""
    found: list[str] = []

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        with connection.connection.driver_connection.cursor() as asking:  # type: ignore[union-attr]
            found.append("\n".join(row[0] for row in asking.execute("EXPLAIN " + statement, parameters).fetchall()))

    event.listen(store._connections.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(store._connections.engine, "before_cursor_execute", explain)


@pytest.fixture
def plans(store: SqlStore) -> Iterator[list[str]]:
    """The same, in a store of many days."""
    chance = random.Random(1)
    for number in range(20):
        first = given.NOON - number * 5 * DAY
        times = [first - chance.randrange(3 * MINUTE) for _ in range(500)]
        put(store, *(given.completed(at=at, user=f"u{number}-{user}") for user, at in enumerate(times)))
    with explained(store) as found:
        yield found


@pytest.mark.parametrize(("told", "taken"), ((None, "1.1"), ("7", "7")))
def test_a_disk_is_taken_for_a_fast_one_unless_the_server_was_told_what_it_is(
    server: Postgres, url: str, told: str | None, taken: str
) -> None:
    if told is not None:
        server.sql(f"ALTER DATABASE {url.rpartition('/')[2]} SET random_page_cost = {told}")
    store = SqlStore(url)
    store.prepare()
    with store._connections.read() as connection:
        assert connection.exec_driver_sql("SHOW random_page_cost").scalar() == taken
    store.close()


def test_what_came_last_is_read_by_its_number_though_nothing_is_known_of_the_table_yet(
    server: Postgres, url: str, store: SqlStore
) -> None:
    server.sql("ALTER TABLE facts SET (autovacuum_enabled = off)", url.rpartition("/")[2])
    put(store, *(given.viewed(id=f"v{number}", at=given.NOON - number) for number in range(30_000)))
    with explained(store) as found:
        assert len(store.events.newest(12, after_seq=29_900)) == 12
        assert len(store.events.sightings_since(29_900)) == 100
    assert "facts_pkey" in found[0]
    assert "Seq Scan on facts" not in "\n".join(found)


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
