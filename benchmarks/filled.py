"""A store with many sales in it, filled in bulk, and kept in the system's temporary folder for the next run."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
from pyroaring import BitMap

from benchmarks import sales
from benchmarks.measure import progress
from benchmarks.sales import Facts
from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW
from metrics_core.model.measure import TOTALS
from metrics_core.rollup.totals import ROLLUPS, SET_GRAINS, SETS
from metrics_core.settings import Settings
from metrics_core.store.connect import connect
from metrics_core.store.sql.rows import COLUMNS

CHUNK = 100_000
ORIGIN = "live"
_VERSION = 1
"""One more whenever other rows are made for the same number of sales."""


@contextmanager
def engine_with(number: int) -> Iterator[tuple[Engine, SetClock]]:
    """An engine over a store of so many sales, and its clock, which stands at the end of them.

    The store is a copy, so that what is sent to it leaves the kept one as it is.
    """
    kept = kept_file(number)
    clock = SetClock(sales.END)
    with tempfile.TemporaryDirectory(prefix="pulseboard-") as folder:
        file = Path(folder) / "store.db"
        shutil.copyfile(kept, file)
        engine = Engine(Settings(database_url=f"sqlite:///{file}"), clock=clock)
        engine.start()
        try:
            yield engine, clock
        finally:
            engine.stop()


def kept_file(number: int) -> Path:
    """The file of the store with so many sales; filled now if this schema was not filled with so many before."""
    folder = Path(tempfile.gettempdir()) / "pulseboard-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"sales-{number}-{_schema()}.db"
    if not file.exists():
        making = file.with_suffix(".making")
        # Those of other schemas, and what an interrupted run has left.
        for rest in folder.glob(f"sales-{number}-*"):
            rest.unlink(missing_ok=True)
        fill(making, sales.facts(number))
        making.rename(file)
    return file


def fill(file: Path, facts: Facts) -> None:
    """Put the facts and their totals into an empty store: the same rows that sending them one by one would make."""
    store = connect(f"sqlite:///{file}")
    store.prepare()
    store.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'facts' AND sql IS NOT NULL"
        ).fetchall()
        # What is made here is thrown away if the machine stops in between: it need not be safe on the way.
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("BEGIN")
        _put(connection, "users", ("no", "name"), [(number, user_name(number)) for number in range(1, sales.USERS + 1)])
        for first in range(0, len(facts.at), CHUNK):
            progress(f"filling: {first:,} of {len(facts.at):,} rows")
            _put(connection, "facts", COLUMNS, list(_rows(facts, first)))
        progress("filling: indexes")
        for _, statement in indexes:
            connection.execute(statement)
        progress("filling: totals")
        with closing(columns_in_duckdb(facts)) as columns:
            _put(connection, "totals", ("rollup", "grain", "start", "origin", "key", *TOTALS), list(_totals(columns)))
            _put(connection, "sets", ("name", "grain", "start", "origin", "users"), list(_sets(columns)))
        connection.execute("COMMIT")


def user_name(number: int) -> str:
    return f"u{number:06d}"


def columns_in_duckdb(facts: Facts) -> duckdb.DuckDBPyConnection:
    """The same facts as a table of DuckDB, `facts`, with the columns that a snapshot can need; texts as enums."""
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    for name, values in (
        ("kind", sales.KINDS), ("channel", sales.CHANNELS), ("region", sales.REGIONS), ("product", sales.PRODUCTS),
        ("content", sales.CONTENTS), ("origin", (ORIGIN,)),
    ):  # fmt: skip
        connection.execute(f"CREATE TYPE {name}_names AS ENUM ({', '.join(repr(value) for value in values)})")
    given: dict[str, Any] = facts._asdict()
    connection.register("given", given)
    named = ", ".join(
        f"CASE WHEN {name} >= 0 THEN enum_range(NULL::{name}_names)[{name} + 1]::{name}_names END AS {name}"
        for name in ("kind", "channel", "region", "product", "content")
    )
    connection.execute(
        f'CREATE TABLE facts AS SELECT row_number() OVER () AS seq, "at", "user"::INTEGER AS "user", "order", '
        f"placed::TINYINT AS placed, {named}, quantity::INTEGER AS quantity, amount, 1 AS count, "
        f"'{ORIGIN}'::origin_names AS origin FROM given"
    )
    connection.unregister("given")
    return connection


def _rows(facts: Facts, first: int) -> Iterator[tuple[Any, ...]]:
    def named(texts: tuple[str, ...], places: Any) -> list[str | None]:
        return [None if place < 0 else texts[place] for place in places.tolist()]

    some = Facts(*(values[first : first + CHUNK] for values in facts))
    kinds = named(sales.KINDS, some.kind)
    channels, regions = named(sales.CHANNELS, some.channel), named(sales.REGIONS, some.region)
    products, contents = named(sales.PRODUCTS, some.product), named(sales.CONTENTS, some.content)
    plain = (values.tolist() for values in (some.at, some.user, some.order, some.placed, some.quantity, some.amount))
    for number, (kind, channel, region, product, content, at, user, order, placed, quantity, amount) in enumerate(
        zip(kinds, channels, regions, products, contents, *plain, strict=True), first + 1
    ):
        yield (
            number, 0, f"e{number:010d}", number, kind, at, at, user, None, None if order < 0 else f"o{order:010d}", placed,
            channel, region, None, None, content, None, None, product, "shop", ORIGIN, None, quantity, amount, 1, None,
        )  # fmt: skip


_SHARES = {
    "placed": "sum(placed)",
    "completed": f"count(*) FILTER (kind = '{ORDER_COMPLETED}')",
    "failed": f"count(*) FILTER (kind = '{ORDER_FAILED}')",
    "quantity": f"coalesce(sum(quantity) FILTER (kind = '{ORDER_COMPLETED}'), 0)",
    "gross": f"coalesce(sum(amount) FILTER (kind = '{ORDER_COMPLETED}'), 0)",
    "refunds": f"coalesce(sum(amount) FILTER (kind = '{REFUND}'), 0)",
    "views": f"coalesce(sum(count) FILTER (kind = '{VIEW}'), 0)",
    "events": "count(*)",
}
_IN_SET = {"buyers": f"kind = '{ORDER_COMPLETED}'", "active": f"kind <> '{REFUND}'"}


def _totals(columns: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    shares = ", ".join(f"({_SHARES[name]})::BIGINT" for name in TOTALS)
    for by, grains in ROLLUPS:
        for grain in grains:
            keys = "".join(f", {name}::VARCHAR" for name in by)
            found = columns.execute(
                f'SELECT "at" - "at" % {int(grain)}, origin::VARCHAR{keys}, {shares} FROM facts GROUP BY ALL ORDER BY ALL'
            ).fetchall()
            for start, origin, *rest in found:
                keys, totals = rest[: len(by)], rest[len(by) :]
                yield (",".join(by), int(grain), start, origin, "\x1f".join(key or "" for key in keys), *totals)


def _sets(columns: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    for name in SETS:
        for grain in SET_GRAINS:
            found = columns.execute(
                f'SELECT "at" - "at" % {int(grain)} AS start, origin::VARCHAR, list(DISTINCT "user") FROM facts '
                f"WHERE {_IN_SET[name]} GROUP BY ALL ORDER BY ALL"
            )
            while row := found.fetchone():
                yield name, int(grain), row[0], row[1], BitMap(row[2]).serialize()


def _put(connection: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    named = ", ".join(f'"{column}"' for column in columns)
    connection.executemany(f"INSERT INTO {table} ({named}) VALUES ({', '.join('?' * len(columns))})", rows)


def _schema() -> str:
    """What the file depends on besides the number of sales."""
    with tempfile.TemporaryDirectory(prefix="pulseboard-") as folder:
        file = Path(folder) / "empty.db"
        store = connect(f"sqlite:///{file}")
        store.prepare()
        store.close()
        with closing(sqlite3.connect(file)) as connection:
            tables = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    return hashlib.blake2b(repr((tables, ROLLUPS, _VERSION)).encode(), digest_size=6).hexdigest()
