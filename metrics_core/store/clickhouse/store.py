"""The ClickHouse store."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from metrics_core.errors import PulseboardError, SettingError, StoreAwayError
from metrics_core.logs import log
from metrics_core.store.clickhouse import address, ledger, schema
from metrics_core.store.clickhouse.batch import ClickHouseBatch
from metrics_core.store.clickhouse.log import ClickHouseLog
from metrics_core.store.clickhouse.server import Server
from metrics_core.store.clickhouse.totals import ClickHouseTotals
from metrics_core.store.clickhouse.turns import clear, turn
from metrics_core.store.sql.catalog import SqlCatalog
from metrics_core.store.sql.dialects.dialect import Upkeep
from metrics_core.store.sql.users import UserNumbers

_LOST = (
    "This ClickHouse database has events, and the companion database that CATALOG_URL names knows nothing of them. Name the "
    "one that was used with it, or put its backup there."
)
_OTHER = (
    "The companion database that CATALOG_URL names belongs to another ClickHouse database. Name one of its own for each: an "
    "SQLite file or an empty PostgreSQL database."
)
_BEHIND = (
    "The companion database that CATALOG_URL names is older than what is in ClickHouse, as after a backup was put back. Put "
    "back both from the same moment."
)


class ClickHouseStore:
    """See `metrics_core.store.protocols.Store`."""

    def __init__(self, url: str, catalog: str | None = None) -> None:
        self._server = Server(address.read(url, catalog))
        companion = self._server.ledger.connections
        self._users = UserNumbers()
        companion.lost = self._users.forget
        self.name = self._server.name
        self.events = ClickHouseLog(self._server, self._users)
        self.totals = ClickHouseTotals(self._server, self._users)
        self.catalog = SqlCatalog(companion)
        self._upkeep: tuple[Upkeep, ...] = ()

    def prepare(self) -> None:
        companion = self._server.ledger.connections
        if not self._upkeep:
            self._upkeep = tuple(companion.dialect.upkeep(companion.engine))
            for work in self._upkeep:
                work.start()
        self._server.prepare(self._make_ready)
        try:
            clear(self._server)
        except PulseboardError as error:  # it can wait
            log(__name__).warning("nothing was cleared away", why=str(error))

    def flush(self) -> None:
        return None  # every batch is durable at its end

    def batch(self, *, later: bool = False) -> AbstractContextManager[ClickHouseBatch]:
        return self._turn()

    @contextmanager
    def _turn(self) -> Iterator[ClickHouseBatch]:
        naming = self._users.naming()
        with turn(self._server) as mine:
            batch = ClickHouseBatch(mine, naming)
            yield batch
            batch.flush()
        naming.committed()

    def view(self) -> AbstractContextManager[None]:
        return self._server.view()

    def newest_seq(self) -> int:
        with self._server.read() as state:
            return state.seq

    def generation(self) -> int:
        with self._server.read() as state:
            return state.generation

    def ping(self) -> None:
        with self._server.read():
            self._server.select(f"SELECT name FROM {self._server.table(schema.IDENTITY)} LIMIT 1")

    def size(self) -> int | None:
        companion = self._server.ledger.connections
        try:
            with companion.read() as connection:
                beside = companion.dialect.size(connection)
            kept = self._server.select(
                "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = "
                f"'{self._server.address.database}'"
            )
        except StoreAwayError:
            return None
        return int(kept[0][0]) + (beside or 0)

    def close(self) -> None:
        for work in self._upkeep:
            work.stop()
        self._server.close()

    def _make_ready(self, connection: Connection) -> None:
        """The tables, and the companion that belongs to them. Nobody else does this at the same time."""
        server, place = self._server, self._server.address
        there = server.select(f"SELECT name FROM system.databases WHERE name = '{place.database}'")
        if not there:
            on = "" if place.cluster is None else f" ON CLUSTER '{place.cluster}'"
            server.command(f"CREATE DATABASE IF NOT EXISTS `{place.database}`{on}")
        for statement in schema.statements(place.database, place.cluster):
            server.command(statement)
        told = server.select(f"SELECT name FROM {server.table(schema.IDENTITY)} ORDER BY name LIMIT 1")
        theirs, ours = (told[0][0] if told else None), ledger.belongs_to(connection)
        newest = int(server.select(f"SELECT max(batch) FROM {server.table(schema.FACTS)}")[0][0])
        if ours is not None and ours != theirs:
            raise SettingError(_OTHER)
        if ours is None and theirs is not None and newest:
            raise SettingError(_LOST)
        if newest > ledger.progress(connection)["tried"]:
            raise SettingError(_BEHIND)
        if theirs is None:
            theirs = str(uuid.uuid4())
            server.insert(schema.IDENTITY, {"name": "String"}, [[theirs]], theirs)
        if ours is None:
            ledger.belong(connection, theirs)
        self.name = server.name
