"""The SQL store. How the databases differ is in `dialects/`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, func, select

from metrics_core.errors import StoreAwayError
from metrics_core.store.sql import steps
from metrics_core.store.sql.batch import SqlBatch
from metrics_core.store.sql.catalog import SqlCatalog
from metrics_core.store.sql.connections import Connections
from metrics_core.store.sql.dialects.dialect import Upkeep
from metrics_core.store.sql.log import SqlLog
from metrics_core.store.sql.schema import FACTS, META
from metrics_core.store.sql.totals import SqlTotals
from metrics_core.store.sql.users import UserNumbers

_NEWEST = select(func.max(FACTS.c.seq))
_GENERATION = select(META.c.value).where(META.c.name == "generation")


class SqlStore:
    """See `metrics_core.store.protocols.Store`."""

    def __init__(self, url: str) -> None:
        self._connections = Connections(url)
        self._users = UserNumbers()
        self._connections.lost = self._users.forget
        self._dialect = self._connections.dialect
        self.name = self._dialect.name(self._connections.engine.url, None)
        self.events = SqlLog(self._connections)
        self.totals = SqlTotals(self._connections, self._users)
        self.catalog = SqlCatalog(self._connections)
        self._upkeep: tuple[Upkeep, ...] = ()

    def prepare(self) -> None:
        if not self._upkeep:
            self._upkeep = tuple(self._dialect.upkeep(self._connections.engine))
            for work in self._upkeep:
                work.start()
        self._connections.prepare(self._make_ready)

    def batch(self, *, later: bool = False) -> AbstractContextManager[SqlBatch]:
        return self._transaction(later)

    def flush(self) -> None:
        self._connections.flush()

    @contextmanager
    def _transaction(self, later: bool) -> Iterator[SqlBatch]:
        naming = self._users.naming()
        with self._connections.write(later=later) as connection:
            yield SqlBatch(connection, naming)
        naming.committed()

    def view(self) -> AbstractContextManager[None]:
        return self._connections.view()

    def newest_seq(self) -> int:
        with self._connections.read() as connection:
            return connection.execute(_NEWEST).scalar() or 0

    def generation(self) -> int:
        with self._connections.read() as connection:
            return int(connection.execute(_GENERATION).scalar_one())

    def ping(self) -> None:
        with self._connections.read() as connection:
            connection.execute(select(META.c.value).limit(1)).fetchall()

    def size(self) -> int | None:
        try:
            with self._connections.read() as connection:
                return self._dialect.size(connection)
        except StoreAwayError:
            return None

    def close(self) -> None:
        for work in self._upkeep:
            work.stop()
        self._connections.close()

    def _make_ready(self, connection: Connection) -> None:
        self._dialect.check(connection)
        self.name = self._dialect.name(connection.engine.url, connection.dialect.server_version_info)
        steps.apply(connection)
