"""One order to its receipt, durably, with its totals; against the bare drivers writing the same rows to the same tables."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import psycopg
from pymongo import MongoClient, UpdateOne

from benchmarks import sales
from benchmarks.bare_clickhouse import bare as bare_clickhouse
from benchmarks.bare_clickhouse import insert
from benchmarks.databases import clickhouse, mongodb, postgresql
from benchmarks.measure import Outcome, alternate, side
from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.ingest.admit import Admission
from metrics_core.model.event import Event
from metrics_core.model.instant import SECOND, iso
from metrics_core.model.measure import TOTALS
from metrics_core.rollup.fold import fold
from metrics_core.rollup.totals import RollupRow
from metrics_core.settings import Settings
from metrics_core.store.clickhouse import schema as tables
from metrics_core.store.clickhouse.facts import columns_of
from metrics_core.store.connect import connect
from metrics_core.store.mongo.facts import documents_of
from metrics_core.store.mongo.schema import FACTS, Fields
from metrics_core.store.mongo.schema import TOTALS as MONGO_TOTALS
from metrics_core.store.sql.connections import Connections
from metrics_core.store.sql.rows import COLUMNS, rows_of

ROUNDS = 5

Write = Callable[[Event, int], None]
"""Write the event of this number with what it adds to the totals, and commit."""


class Sort(NamedTuple):
    """A sort of database: a place for the product, and a bare driver on another one like it."""

    name: str
    driver: str
    url: str
    write: Write


def run(size: float) -> Outcome:
    each = max(4, int(size))
    with _sqlite() as sqlite, _postgresql() as postgres, _mongodb() as mongo, _clickhouse() as inside:
        sorts = (sqlite, postgres, mongo, inside)
        with ExitStack() as stack:
            sides: dict[str, Callable[[], float | None]] = {}
            for sort in sorts:
                sides[sort.name] = stack.enter_context(_product(sort.url, each))
                sides[sort.driver] = _bare(sort.write, each)
            rounds = alternate(sides, ROUNDS)
    ratios = {sort.name: statistics.median(rounds[sort.name]) / statistics.median(rounds[sort.driver]) for sort in sorts}
    return Outcome(
        max(ratios.values()),
        tuple(side(name, found, "ms", scale=1e3) for name, found in rounds.items()),
        (
            f"Each round is the median of {each} orders, one after the other, each acknowledged when it is on disk.",
            "The drivers write the same row and the same totals, but no sets of users, and they look for nothing first.",
            "Ratios: " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()) + ".",
        ),
    )


@contextmanager
def _product(url: str, each: int) -> Iterator[Callable[[], float]]:
    engine = Engine(Settings(database_url=url), clock=SetClock(sales.END))
    engine.start()
    numbers = count(1)

    def one() -> float:
        order = _order(next(numbers))
        started = perf_counter()
        assert engine.accept([order]).accepted == 1
        return perf_counter() - started

    try:
        yield lambda: statistics.median(one() for _ in range(each))
    finally:
        engine.stop()


def _bare(write: Write, each: int) -> Callable[[], float]:
    numbers, admission = count(1), Admission()

    def one() -> float:
        number = next(numbers)
        (event,) = admission.admit(
            [_order(number)], record="order", source="api", origin="live", run_id=None, now=sales.END
        ).events
        started = perf_counter()
        write(event, number)
        return perf_counter() - started

    return lambda: statistics.median(one() for _ in range(each))


def _order(number: int) -> dict[str, Any]:
    return {
        "orderId": f"o{number}", "userId": "u1", "ts": iso(sales.END - number % 3_600 * SECOND), "status": "completed",
        "channel": "online", "region": "Europe", "lines": [{"productId": "P01", "quantity": 1, "revenue": "12.50"}],
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- the drivers

_FACTS = f"INSERT INTO facts ({', '.join(f'{chr(34)}{name}{chr(34)}' for name in COLUMNS)}) VALUES"
_NAMES = ("rollup", "grain", "start", "origin", "key", *TOTALS)
_ADD = (
    f"INSERT INTO totals ({', '.join(_NAMES)}) VALUES ({{marks}}) ON CONFLICT (rollup, grain, start, origin, key) "
    "DO UPDATE SET " + ", ".join(f"{name} = totals.{name} + excluded.{name}" for name in TOTALS)
)


def _totals(event: Event) -> list[tuple[Any, ...]]:
    return [
        (",".join(row.by), int(row.grain), row.start, row.origin, "\x1f".join(value or "" for value in row.key), *row.totals)
        for row in fold([event]).rows
    ]


def _prepared(url: str) -> None:
    store = connect(url)
    store.prepare()
    store.close()


@contextmanager
def _sqlite() -> Iterator[Sort]:
    with tempfile.TemporaryDirectory(prefix="pulseboard-") as name:
        bare = f"sqlite:///{Path(name) / 'bare.db'}"
        _prepared(bare)
        connections = Connections(bare)
        connection: Any = connections.engine.raw_connection().driver_connection
        marks = ", ".join("?" * len(COLUMNS)), ", ".join("?" * len(_NAMES))

        def write(event: Event, number: int) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"{_FACTS} ({marks[0]})", rows_of([event], number, {"u1": 1}))
            connection.executemany(_ADD.format(marks=marks[1]), _totals(event))
            connection.execute("COMMIT")

        yield Sort("Pulseboard on SQLite", "sqlite3", f"sqlite:///{Path(name) / 'ours.db'}", write)
        connection.close()
        connections.close()


@contextmanager
def _postgresql() -> Iterator[Sort]:
    with postgresql() as fresh, fresh() as ours, fresh() as bare:
        _prepared(bare)
        marks = ", ".join(["%s"] * len(COLUMNS)), ", ".join(["%s"] * len(_NAMES))
        with psycopg.connect(bare.replace("+psycopg", ""), autocommit=True) as connection:

            def write(event: Event, number: int) -> None:
                with connection.transaction(), connection.cursor() as cursor:
                    cursor.execute(f"{_FACTS} ({marks[0]})", rows_of([event], number, {"u1": 1})[0])
                    cursor.executemany(_ADD.format(marks=marks[1]), _totals(event))

            yield Sort("Pulseboard on PostgreSQL", "psycopg", ours, write)


@contextmanager
def _mongodb() -> Iterator[Sort]:
    with mongodb() as fresh, fresh() as ours, fresh() as bare:
        _prepared(bare)
        with MongoClient[Fields](bare, w="majority", journal=True) as client, client.start_session() as session:
            database = client.get_default_database()

            def changes(event: Event) -> Sequence[UpdateOne]:
                rows = fold([event]).rows
                return [
                    UpdateOne(_place(row), {"$inc": dict(zip(TOTALS, row.totals, strict=True))}, upsert=True) for row in rows
                ]

            def write(event: Event, number: int) -> None:
                with session.start_transaction():
                    database[FACTS].insert_many(documents_of([event], number, {"u1": 1}), session=session)
                    database[MONGO_TOTALS].bulk_write(changes(event), ordered=False, session=session)

            yield Sort("Pulseboard on MongoDB", "pymongo", ours, write)


@contextmanager
def _clickhouse() -> Iterator[Sort]:
    with clickhouse() as fresh, fresh() as ours, fresh() as url, bare_clickhouse(url) as client:
        _prepared(url)

        def write(event: Event, number: int) -> None:
            totals = list(zip(*((*row, number) for row in _totals(event)), strict=True))
            insert(client, tables.FACTS, tables.FACT_TYPES, columns_of([event], number, {"u1": 1}, number)[0])
            insert(client, tables.TOTALS_NAME, tables.TOTAL_TYPES, totals)

        yield Sort("Pulseboard on ClickHouse", "clickhouse-connect", ours, write)


def _place(row: RollupRow) -> Fields:
    place = {"rollup": ",".join(row.by), "grain": int(row.grain), "start": row.start, "origin": row.origin}
    return {"_id": {**place, "key": list(row.key)}}
