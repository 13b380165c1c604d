"""The SQL store. On SQLite: one file beside its write-ahead log, one writer, durable commits."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import func, select

from metrics_core.store.sql import steps
from metrics_core.store.sql.batch import SqlBatch
from metrics_core.store.sql.catalog import SqlCatalog
from metrics_core.store.sql.connections import Connections
from metrics_core.store.sql.log import SqlLog
from metrics_core.store.sql.schema import FACTS, META
from metrics_core.store.sql.totals import SqlTotals
from metrics_core.store.sql.users import UserNumbers

_CHECKPOINT_SECONDS = 0.5
_CHECKPOINT_BYTES = 8 * 1024 * 1024


class SqlStore:
    """See `metrics_core.store.protocols.Store`."""

    def __init__(self, url: str) -> None:
        self._connections = Connections(url)
        self._users = UserNumbers()
        self._file = Path(self._connections.engine.url.database or "")
        self.name = f"SQLite {sqlite3.sqlite_version}, {self._file.name}"
        self.events = SqlLog(self._connections, self._users)
        self.totals = SqlTotals(self._connections, self._users)
        self.catalog = SqlCatalog(self._connections)
        self._closing = threading.Event()
        self._checkpointing: threading.Thread | None = None

    def prepare(self) -> None:
        with self._connections.write() as connection:
            steps.apply(connection)
        if self._checkpointing is None:
            self._checkpointing = threading.Thread(target=self._checkpoint, name="checkpoint", daemon=True)
            self._checkpointing.start()

    def batch(self) -> AbstractContextManager[SqlBatch]:
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[SqlBatch]:
        try:
            with self._connections.write() as connection:
                yield SqlBatch(connection, self._users)
        except BaseException:
            self._users.rolled_back()
            raise
        self._users.committed()

    def view(self) -> AbstractContextManager[None]:
        return self._connections.view()

    def newest_seq(self) -> int:
        with self._connections.read() as connection:
            return connection.execute(select(func.max(FACTS.c.seq))).scalar() or 0

    def generation(self) -> int:
        with self._connections.read() as connection:
            return int(connection.execute(select(META.c.value).where(META.c.name == "generation")).scalar_one())

    def ping(self) -> None:
        with self._connections.read() as connection:
            connection.execute(select(META.c.value).limit(1)).fetchall()

    def size(self) -> int | None:
        files = (self._file, self._file.with_name(self._file.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        self._closing.set()
        if self._checkpointing is not None:
            self._checkpointing.join(timeout=5)
        self._connections.close()

    def _checkpoint(self) -> None:
        """Move what was committed from the write-ahead log into the file, beside the writer instead of inside its commit."""
        wal = self._file.with_name(self._file.name + "-wal")
        while not self._closing.wait(_CHECKPOINT_SECONDS):
            if wal.exists() and wal.stat().st_size > _CHECKPOINT_BYTES:
                with self._connections.engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
