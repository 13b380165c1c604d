"""SQLite: one file beside its write-ahead log, one writer, durable commits."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import URL, ColumnElement, Connection, Engine, Select, Table, create_engine, event, func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from metrics_core.errors import PulseboardError, SettingError, StoreAwayError, StorePlaceError
from metrics_core.store.sql.dialects.dialect import Given, Sum, Upkeep, filled

_OLDEST = (3, 35)
_PRAGMAS = (
    # Checkpoints are taken off the commit path by `_Checkpoints`; this is the bound where that falls behind.
    "wal_autocheckpoint=20000",
    "temp_store=MEMORY",
    "mmap_size=268435456",
)
_READER, _WRITER = "cache_size=-2048", "cache_size=-8192"
"""KiB of pages that a connection keeps for itself. Who reads has the file mapped, which costs the process nothing."""
_PARAMETERS = 24_000
"""Well below SQLite's limit of 32,766 for one statement."""

_MANY = 128
"""Rows in a statement of middle length."""

_OTHER = "Choose another in DATABASE_URL."
_MEANINGS: dict[int, tuple[type[PulseboardError], str]] = {
    sqlite3.SQLITE_NOTADB: (
        SettingError, "{file} is not an SQLite database. Move it away, or name another file in DATABASE_URL."),
    sqlite3.SQLITE_CORRUPT: (
        SettingError, "{file} is damaged. Put a backup in its place, or name another file in DATABASE_URL."),
    sqlite3.SQLITE_CANTOPEN: (
        StorePlaceError, "The database {file} cannot be opened: let this user read and write it and its folder, or choose "
        "another in DATABASE_URL."),
    sqlite3.SQLITE_READONLY: (
        SettingError, f"The database {{file}} cannot be written: let this user write it and its folder. {_OTHER}"),
    sqlite3.SQLITE_FULL: (
        StoreAwayError, "The disk of the database is full. Nothing was taken in; make room and try again."),
    sqlite3.SQLITE_BUSY: (
        StoreAwayError, "Another program has kept the database for too long. Nothing was taken in; try again in a few "
        "seconds."),
}  # fmt: skip
"""By primary result code."""


class Sqlite:
    """See `metrics_core.store.sql.dialects.dialect.Dialect`."""

    mark = "?"
    at_once = 500
    groups_by_sorting = True

    def open(self, url: URL) -> Engine:
        if url.drivername not in ("sqlite", "sqlite+pysqlite"):
            msg = "SQLite is written sqlite:///path/of/file.db in DATABASE_URL, without a driver."
            raise SettingError(msg)
        if not url.database or url.database == ":memory:":
            msg = "DATABASE_URL names no file. Name one, such as sqlite:///data/pulseboard.db, or keep nothing: memory://"
            raise SettingError(msg)
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"The folder of the database, {folder}, cannot be made: {error.strerror}. {_OTHER}"
            raise SettingError(msg) from error
        return _engine(url, _READER, pool_size=8)

    def writer(self, engine: Engine) -> Engine:
        # One writes at a time. Its pages and its long statements are kept once, and not by every connection in its turn.
        return _engine(engine.url, _WRITER, pool_size=1)

    def name(self, url: URL, version: tuple[int | str, ...] | None) -> str:
        return f"SQLite {sqlite3.sqlite_version}, {_file(url).name}"

    def check(self, connection: Connection) -> None:
        if sqlite3.sqlite_version_info < _OLDEST:
            msg = f"This Python brings SQLite {sqlite3.sqlite_version}, and 3.35 or newer is needed. Use a newer Python."
            raise SettingError(msg)

    def reading(self, connection: Connection) -> Connection:
        return connection

    def writing(self, connection: Connection) -> Connection:
        return connection.execution_options(writes=True)

    def begin(self, connection: Connection, *, alone: bool) -> None:
        return None  # `_begin` took the one lock there is

    def flush(self, engine: Engine) -> None:
        log = _log_of(_file(engine.url))
        try:
            opened = os.open(log, os.O_RDWR | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return  # there is none: then a commit waits for the disk itself, see `set_up`
        try:
            os.fsync(opened)
        finally:
            os.close(opened)

    def add(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]], by: str
    ) -> None:
        names, values = filled(columns, values)
        alike = {name: each[0] for name, each in zip(names, values, strict=True) if _are_alike(each)}
        others = [name for name in names if name not in alike]
        rows = list(zip(*[each for name, each in zip(names, values, strict=True) if name not in alike], strict=True))
        if by in others:
            # Each page of the index is then found, changed and logged once, and not once for every row.
            place = others.index(by)
            rows.sort(key=lambda row: row[place] or "")
        _insert(connection, table.name, alike, others, rows, "")

    def add_new(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]], by: str
    ) -> bool:
        nested = connection.begin_nested()
        try:
            self.add(connection, table, columns, values, by)
        except IntegrityError:
            nested.rollback()
            return False
        nested.commit()
        return True

    def upsert(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], then: str
    ) -> None:
        _insert(connection, table.name, {}, columns, rows, then)

    def among(self, column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
        return column.in_(values)

    def all_rows(
        self, connection: Connection, statement: Select[Any], given: Mapping[str, int] | None
    ) -> Iterable[Sequence[Any]]:
        # In one step of the driver, which lets go of the interpreter at each: row by row, readers and the writer would
        # take it from each other tens of thousands of times a second.
        rows = statement.subquery()
        text = connection.execute(select(func.json_group_array(func.json_array(*rows.c))), given).scalar_one()
        found: list[list[Any]] = orjson.loads(text)
        return found

    def all_columns(
        self, connection: Connection, statement: Select[Any], given: Mapping[str, int]
    ) -> Sequence[Sequence[Any]]:
        rows = statement.subquery()
        texts = connection.execute(select(*(func.json_group_array(column) for column in rows.c)), given).one()
        return [orjson.loads(text) for text in texts]

    def given(self, types: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Given:
        marks = "(" + ",".join("?" * len(types)) + ")"
        return Given("VALUES " + ",".join([marks] * len(rows)), tuple(value for row in rows for value in row))

    def summed(self, given: str, summing: Sum) -> str:
        # CROSS JOIN keeps the pieces outside, and INDEXED BY the planner from a skip-scan, which it prefers after ANALYZE.
        through = f" INDEXED BY {summing.through}" if summing.through else ""
        keys = ", ".join(f"t.{name}" for name in summing.keys)
        return (
            f"WITH p({', '.join(summing.columns)}) AS ({given}) "
            f"SELECT p.{summing.columns[0]}, {keys}, {summing.sums} FROM p CROSS JOIN {summing.table} t{through} "
            f"WHERE {summing.where} GROUP BY p.{summing.columns[0]}, {keys}"
        )

    def size(self, connection: Connection) -> int | None:
        file = _file(connection.engine.url)
        return sum(part.stat().st_size for part in (file, _log_of(file)) if part.exists())

    def upkeep(self, engine: Engine) -> Iterable[Upkeep]:
        return (_Checkpoints(engine),)

    def errors(self) -> tuple[type[Exception], ...]:
        return (sqlite3.Error,)

    def meaning(self, error: BaseException, url: URL) -> PulseboardError | None:
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _MEANINGS:
            kind, sentence = _MEANINGS[code & 0xFF]
            return kind(sentence.format(file=_file(url)))
        if "no such table" in str(error):
            return StoreAwayError("The tables of Pulseboard are not in this database. They are made at its start.")
        if isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR:
            return StoreAwayError("The database did not answer. Nothing was taken in; try again in a few seconds.")
        return None


class _Checkpoints:
    """Moves what was committed from the write-ahead log into the file, beside the writer instead of inside its commit."""

    SECONDS = 0.5
    BYTES = 32 * 1024 * 1024
    """Keys in no order touch the same pages again and again: the longer the log, the fewer times each is moved."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        log = _log_of(_file(self._engine.url))
        while not self._stopping.wait(self.SECONDS):
            try:
                if log.stat().st_size > self.BYTES:
                    with self._engine.connect() as connection:
                        connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            except (OSError, sqlite3.Error, SQLAlchemyError):
                continue  # there is no log, or it cannot be reached; whoever writes next is told why


def _engine(url: URL, cache: str, *, pool_size: int) -> Engine:
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=32, pool_use_lifo=True,
        connect_args={"check_same_thread": False, "cached_statements": 512, "timeout": 30},
    )  # fmt: skip

    def set_up(connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself: `_begin` says which kind is meant.
        connection.isolation_level = None
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        # A commit need not wait for the disk: `flush` does, and others write meanwhile. Where the file system knows no
        # write-ahead log, that would be unsafe.
        synchronous = "NORMAL" if mode == "wal" else "FULL"
        for pragma in (f"synchronous={synchronous}", *_PRAGMAS, cache):
            connection.execute(f"PRAGMA {pragma}").close()

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _file(url: URL) -> Path:
    return Path(url.database or "")


def _log_of(file: Path) -> Path:
    return file.with_name(file.name + "-wal")


def _begin(connection: Connection) -> None:
    # A reader that later wrote would fail at once under another writer; a writer says so from the start.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _are_alike(values: Sequence[Any]) -> bool:
    """All are the same, and so many that it saves work to say it once."""
    return len(values) >= _MANY and values[0] == values[-1] and values.count(values[0]) == len(values)


def _insert(
    connection: Connection, table: str, alike: Mapping[str, Any], columns: Sequence[str], rows: Sequence[tuple[Any, ...]],
    then: str,
) -> None:  # fmt: skip
    """Insert rows, which have the same in the columns that are `alike`."""
    # Many rows in few statements: each is one step of the driver, so other threads wait for none of them.
    largest = (_PARAMETERS - len(alike)) // max(1, len(columns))
    same, names, at = tuple(alike), tuple(columns), 0
    for size in [size for size in (800, _MANY, 16, 4, 1) if size <= largest]:
        statement = _insertion(table, same, names, size, then)
        while len(rows) - at >= size:
            connection.exec_driver_sql(statement, (*alike.values(), *chain.from_iterable(rows[at : at + size])))
            at += size


@lru_cache(maxsize=256)
def _insertion(table: str, same: tuple[str, ...], columns: tuple[str, ...], size: int, then: str) -> str:
    marks = [f"?{number}" for number in range(1, len(same) + 1 + size * len(columns))]
    shared, others = marks[: len(same)], iter(marks[len(same) :])
    rows = (f"({','.join((*shared, *islice(others, len(columns))))})" for _ in range(size))
    named = ",".join(f'"{column}"' for column in (*same, *columns))
    return f"INSERT INTO {table} ({named}) VALUES {','.join(rows)} {then}"
