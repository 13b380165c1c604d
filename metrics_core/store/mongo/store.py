"""The MongoDB store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from pymongo.errors import PyMongoError

from metrics_core.errors import StoreAwayError
from metrics_core.store.mongo import schema
from metrics_core.store.mongo.batch import MongoBatch
from metrics_core.store.mongo.catalog import MongoCatalog
from metrics_core.store.mongo.foreign import MongoForeign
from metrics_core.store.mongo.forget import go_on
from metrics_core.store.mongo.log import MongoLog
from metrics_core.store.mongo.mirror import MongoMirror
from metrics_core.store.mongo.recent import Recent
from metrics_core.store.mongo.server import Server
from metrics_core.store.mongo.totals import MongoTotals
from metrics_core.store.mongo.turns import mend, turn
from metrics_core.store.mongo.users import UserNumbers


class MongoStore:
    """See `metrics_core.store.protocols.Store`, and `metrics_core.store.foreign.Shared`."""

    def __init__(self, url: str) -> None:
        self._server = Server(url)
        self._users = UserNumbers()
        self._recent = Recent()
        self._server.lost = self._lost
        self.name = self._server.name
        self.events = MongoLog(self._server, self._users, self._recent)
        self.totals = MongoTotals(self._server, self._users)
        self.catalog = MongoCatalog(self._server)
        self.foreign = MongoForeign(self._server)
        self.mirror = MongoMirror(self._server)

    def prepare(self) -> None:
        self._server.prepare(self._make_ready)

    def flush(self) -> None:
        return None  # every batch is durable at its end

    def batch(self, *, later: bool = False) -> AbstractContextManager[MongoBatch]:
        return self._turn()

    @contextmanager
    def _turn(self) -> Iterator[MongoBatch]:
        with turn(self._server) as mine:
            batch = MongoBatch(mine, self._users, self._recent)
            yield batch
            batch.flush()
        batch.published()

    def view(self) -> AbstractContextManager[None]:
        return self._server.view()

    def newest_seq(self) -> int:
        return int(self._server.log()["seq"])

    def generation(self) -> int:
        return int(self._server.log()["generation"])

    def ping(self) -> None:
        self._server.log()

    def size(self) -> int | None:
        try:
            with self._server.sentences():
                told = self._server.plain.command("dbStats")
        except (StoreAwayError, PyMongoError):
            return None
        return int(told["dataSize"] + told["indexSize"])

    def close(self) -> None:
        self._server.close()

    def _lost(self) -> None:
        self._users.forget()
        self._recent.forget()

    def _make_ready(self) -> None:
        schema.apply(self._server.database)
        mend(self._server)
        go_on(self._server, self._users)
        self.name = self._server.name
