"""The way to one ClickHouse: its clients, one state for everything read together, and sentences for what goes wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from sqlalchemy import Connection
from urllib3.exceptions import HTTPError

from metrics_core.errors import ContendedError, PulseboardError, SettingError, StoreAwayError
from metrics_core.logs import log
from metrics_core.store.clickhouse.address import Address
from metrics_core.store.clickhouse.errors import meaning, too_old
from metrics_core.store.clickhouse.ledger import Ledger, state
from metrics_core.store.clickhouse.schema import local
from metrics_core.store.clickhouse.states import State

Row = Sequence[Any]
Told = TypeVar("Told")

_AWAY = "The database did not answer. Nothing was taken in; try again in a few seconds."
_SETTINGS: dict[str, Any] = {
    "max_query_size": 1 << 26, "max_ast_elements": 1_000_000, "max_expanded_ast_elements": 5_000_000, "async_insert": 0,
    "mutations_sync": 2,
}  # fmt: skip
_ON_A_CLUSTER: dict[str, Any] = {
    # What was acknowledged is on most replicas of its shard, and who reads finds it.
    "distributed_foreground_insert": 1, "insert_quorum": "auto", "select_sequential_consistency": 1,
    "insert_quorum_parallel": 0, "distributed_ddl_task_timeout": 180, "alter_sync": 2,
}  # fmt: skip
_ERRORS = (ClickHouseError, HTTPError, OSError, RuntimeError)
"""What the driver raises."""
_MOST_IDLE = 8
_TOO_OLD = "What was asked for took so long that some of it was cleared away meanwhile. Ask again."


class Server:
    """Hands out states to read, and takes and gives rows. A client serves one thread at a time."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.ledger = Ledger(address.catalog)
        self.writing = threading.RLock()
        self.patience = 3_600.0
        """Seconds for which what was taken out can still be looked at, and after which nothing of a batch that broke off
        arrives any more."""
        self.looked = time.monotonic()
        """When it was looked for what can be cleared away."""
        self._lock = threading.Lock()
        self._idle: list[Client] = []
        self._views = threading.local()
        self._version = ""
        self._met = False  # whoever starts is told what to change; in the middle of work, everything may pass
        self._complained: str | None = None

    @property
    def name(self) -> str:
        """For people."""
        sort = "ClickHouse" if self.address.folder is None else "chdb"
        return f"{sort}{self._version}, {self.address.shown}"

    def table(self, name: str) -> str:
        return f"`{self.address.database}`.`{name}`"

    def select(self, question: str) -> list[Row]:
        """The rows of a question."""
        return list(self._asked(lambda client: client.query(question).result_rows))

    def columns(self, question: str) -> list[Row]:
        """The same, column by column; nothing at all where there are no rows."""
        return list(self._asked(lambda client: client.query(question, column_oriented=True).result_set))

    def command(self, statement: str) -> None:
        self._asked(lambda client: client.command(statement))

    def insert(self, name: str, types: Mapping[str, str], columns: Sequence[Sequence[Any]], token: str) -> None:
        """Rows, column by column, durably. Sent twice with one token they are there once."""
        self._asked(
            lambda client: client.insert(
                name, columns, column_names=list(types), column_type_names=list(types.values()), column_oriented=True,
                database=self.address.database, settings={"insert_deduplication_token": token},
            )
        )  # fmt: skip

    def remove(self, name: str, condition: str) -> None:
        """Clear rows away that nobody sees any more."""
        here = self.table(local(name, self.address.cluster))
        on = "" if self.address.cluster is None else f" ON CLUSTER '{self.address.cluster}'"
        self.command(f"ALTER TABLE {here}{on} DELETE WHERE {condition}")

    @contextmanager
    def read(self) -> Iterator[State]:
        """One state: that of this thread's view, if it is in one."""
        current: State | None = getattr(self._views, "state", None)
        if current is None:
            with self.ledger.connections.read() as connection:
                current = state(connection)
        else:
            self.check(current, self._views.since)
        yield current

    def check(self, held: State, since: float) -> None:
        """ContendedError where so much time has passed that not all of a state may be there any more."""
        if time.monotonic() - since > self.patience and self.ledger.cleared_to() > held.batch:
            raise ContendedError(_TOO_OLD)

    @contextmanager
    def view(self) -> Iterator[None]:
        """Everything this thread reads inside sees one state."""
        if getattr(self._views, "state", None) is not None:
            yield
            return
        with self.ledger.connections.view():
            with self.ledger.connections.read() as connection:
                self._views.state, self._views.since = state(connection), time.monotonic()
            try:
                yield
            finally:
                self._views.state = None

    def prepare(self, steps: Callable[[Connection], object]) -> None:
        """Have this done before anything else. Where a database is away now, it is done when it is back."""

        def ready(connection: Connection) -> None:
            steps(connection)
            self._met = True

        self.ledger.prepare(ready)

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for client in idle:
            client.close()
        self.ledger.close()

    def _asked(self, ask: Callable[[Client], Told]) -> Told:
        try:
            with self._lock:
                client = self._idle.pop() if self._idle else None
            client = client or self._open()
            try:
                answer = ask(client)
            finally:
                self._put_back(client)
        except _ERRORS as error:
            told = self._meaning(error)
            if told is None:
                raise
            raise told from error
        self._complained = None
        return answer

    def _put_back(self, client: Client) -> None:
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(client)
                return
        client.close()

    def _open(self) -> Client:
        place = self.address
        if place.folder is not None:
            place.folder.mkdir(parents=True, exist_ok=True)
            try:
                client = clickhouse_connect.get_client(dsn=f"chdb://{place.folder}", settings=dict(_SETTINGS))
            except ImportError:
                msg = "The engine of chdb:// is not installed. Run pip install chdb==4.4.0, or use another DATABASE_URL."
                raise SettingError(msg) from None
        else:
            client = clickhouse_connect.get_client(
                host=place.host, port=place.port, username=place.user, password=place.password, secure=place.secure,
                interface="https" if place.secure else "http", verify=place.verify, ca_cert=place.ca_cert,
                settings=_SETTINGS | (_ON_A_CLUSTER if place.cluster else {}), client_name="pulseboard",
                connect_timeout=4, send_receive_timeout=120, autogenerate_session_id=False,
            )  # fmt: skip
        version = str(client.server_version)
        try:
            too_old(version)
        except SettingError:
            client.close()
            raise
        self._version = f" {'.'.join(version.split('.')[:2])}"
        return client

    def _meaning(self, error: Exception) -> PulseboardError | None:
        told = meaning(error, self.address)
        if told is None:
            return None
        if not self._met and isinstance(told, SettingError):
            return told
        if self._complained != str(told):
            self._complained = str(told)
            log(__name__).warning("the database cannot be used", why=str(told))
        # Who asks meanwhile need not know users and hosts.
        return StoreAwayError(_AWAY) if isinstance(told, SettingError) else told
