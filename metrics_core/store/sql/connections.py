"""Connections to a SQL database: one for writing, some for reading, and one state for everything read together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from metrics_core.errors import SettingError, StoreAwayError

_AWAY = "The database did not answer. Nothing was taken in; try again in a few seconds."


class Connections:
    """Hands out connections of one database; every failure to reach it becomes StoreAwayError."""

    def __init__(self, url: str) -> None:
        self.engine = _sqlite(url)
        self._writing = threading.RLock()
        self._views = threading.local()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that no other writer of this process or another overlaps; committed at the end, durably."""
        with self._writing, self._guard(), self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading: the one of this thread's view, if it is in one."""
        current: Connection | None = getattr(self._views, "connection", None)
        if current is not None:
            yield current
            return
        with self._guard(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def view(self) -> Iterator[None]:
        """Everything this thread reads inside sees one state."""
        if getattr(self._views, "connection", None) is not None:
            yield
            return
        with self.read() as connection:
            self._views.connection = connection
            try:
                yield
            finally:
                self._views.connection = None

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise StoreAwayError(_AWAY) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise StoreAwayError(_AWAY) from error
            raise


def _sqlite(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.database and parsed.database != ":memory:":
        folder = Path(parsed.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"The folder of the database, {folder}, cannot be made: {error.strerror}. Choose another in DATABASE_URL."
            raise SettingError(msg) from error
    engine = create_engine(
        parsed,
        pool_size=8,
        max_overflow=32,
        connect_args={"check_same_thread": False, "cached_statements": 512, "timeout": 30},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself: `begin` below says which kind is meant.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            # Checkpoints are taken off the commit path by the store; this is the bound where that falls behind.
            "wal_autocheckpoint=20000",
            "cache_size=-65536",
            "temp_store=MEMORY",
            "mmap_size=268435456",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reader that later wrote would fail at once under another writer; a writer says so from the start.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
