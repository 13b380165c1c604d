"""PostgreSQL: rows come in by COPY and by arrays, and an advisory lock lines up the writers of all replicas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    URL,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    ExceptionContext,
    Integer,
    LargeBinary,
    Select,
    SmallInteger,
    Table,
    Text,
    create_engine,
    event,
    func,
    literal,
)
from sqlalchemy.exc import IntegrityError

from metrics_core.errors import PulseboardError, SettingError
from metrics_core.store.sql.dialects.dialect import Given, Sum, Upkeep, filled
from metrics_core.store.sql.dialects.postgres_copy import copied
from metrics_core.store.sql.dialects.postgres_errors import (
    STANDBY,
    meaning,
    spelling,
    too_old,
    wrong_encoding,
)
from metrics_core.store.sql.dialects.postgres_idle import watch

_WRITERS = 0x70756C7365
"""The advisory lock of whoever writes."""
_COPIES_FROM = 1_000
"""From so many values on, COPY is faster than one INSERT."""

_CONNECTING: dict[str, Any] = {
    "application_name": "pulseboard",
    "client_encoding": "utf8",
    "connect_timeout": 5,
    # A server whose machine is gone is noticed within half a minute instead of a quarter of an hour.
    "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000,
}  # fmt: skip
"""Unless the URL says otherwise."""

_SET_UP = "SELECT " + ", ".join(
    f"set_config('{name}', {value}, false)"
    for name, value in (
        # Acknowledged is durable, whatever the server's default is.
        ("synchronous_commit", "replace(current_setting('synchronous_commit'), 'off', 'on')"),
        # Compiling costs more than any of our statements takes.
        ("jit", "'off'"),
        ("lock_timeout", "'30s'"),
        # What came last is found by its number. A server that was told nothing of its disk, and knows nothing yet of a table
        # that was filled a minute ago, takes it for cheaper to read all of it.
        ("random_page_cost", "(SELECT CASE source WHEN 'default' THEN '1.1' ELSE setting END FROM pg_settings "
                             "WHERE name = 'random_page_cost')"),
        # And the server notices as fast that we are gone, and gives our locks to others.
        ("tcp_keepalives_idle", "'15'"), ("tcp_keepalives_interval", "'5'"), ("tcp_keepalives_count", "'3'"),
    )
)  # fmt: skip
# Not a stricter one: what was committed while this one waited for the lock has to be seen.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_ALONE = (
    "SELECT set_config('idle_in_transaction_session_timeout', '120s', true), "
    f"pg_advisory_xact_lock({_WRITERS})"
)  # fmt: skip
_SIZE = (
    "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
    "WHERE oid = ANY (SELECT to_regclass(name)::oid FROM unnest(%s::text[]) name)"
)
_TYPES = (
    (BigInteger, "bigint"), (SmallInteger, "smallint"), (Integer, "integer"), (LargeBinary, "bytea"), (Text, "text"),
)  # fmt: skip


class Postgres:
    """See `metrics_core.store.sql.dialects.dialect.Dialect`."""

    mark = "%s"
    at_once = 20_000
    groups_by_sorting = False

    def open(self, url: URL) -> Engine:
        url = spelling(url)
        given = {name: value for name, value in _CONNECTING.items() if name not in url.query}
        try:
            engine = create_engine(
                url, connect_args=given, use_native_hstore=False,
                # The one that was used last is the one whose server process has everything at hand.
                pool_size=8, max_overflow=32, pool_timeout=30, pool_use_lifo=True,
            )  # fmt: skip
        except ImportError as error:
            msg = "The driver for PostgreSQL is not installed: pip install 'psycopg[binary]'"
            raise SettingError(msg) from error
        event.listen(engine, "connect", _set_up)
        watch(engine)
        event.listen(engine, "handle_error", _leave_a_standby)
        return engine

    def writer(self, engine: Engine) -> Engine:
        return engine

    def name(self, url: URL, version: tuple[int | str, ...] | None) -> str:
        shown = "" if version is None else " " + ".".join(map(str, version))
        return f"PostgreSQL{shown}, {url.database or url.username or ''} on {url.host or 'this machine'}"

    def check(self, connection: Connection) -> None:
        too_old(connection.dialect.server_version_info or ())
        wrong_encoding(connection.exec_driver_sql("SHOW server_encoding").scalar_one(), connection.engine.url)

    def reading(self, connection: Connection) -> Connection:
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def writing(self, connection: Connection) -> Connection:
        # That is for the driver, which else spends a message on every BEGIN: `begin` says it, along with the rest.
        return connection.execution_options(isolation_level="AUTOCOMMIT")

    def begin(self, connection: Connection, *, alone: bool) -> None:
        statements = f"{_BEGIN}; {_ALONE}" if alone else _BEGIN
        with self._driven(connection, statements) as cursor:
            cursor.execute(statements, prepare=False)

    def flush(self, engine: Engine) -> None:
        return None  # a commit waits for the disk

    def add(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]], by: str
    ) -> None:
        columns, values = filled(columns, values)
        if not values:
            return
        if len(values) * len(values[0]) < _COPIES_FROM:
            self.upsert(connection, table, columns, list(zip(*values, strict=True)), "")
            return
        named = ", ".join(f'"{column}"' for column in columns)
        copying = f"COPY {table.name} ({named}) FROM STDIN"
        with self._driven(connection, copying) as cursor, cursor.copy(copying) as copy:
            for piece in copied([_type(table, column) for column in columns], values):
                copy.write(piece)

    def add_new(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]], by: str
    ) -> bool:
        connection.exec_driver_sql("SAVEPOINT fresh")
        try:
            self.add(connection, table, columns, values, by)
        except IntegrityError:
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT fresh")
            return False
        return True  # the savepoint goes with the transaction: to release it would be one more message

    def upsert(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], then: str
    ) -> None:
        if rows:
            types = tuple(_type(table, column) for column in columns)
            statement = _insertion(table.name, tuple(columns), types, then)
            connection.exec_driver_sql(statement, _arrays(types, rows))

    def among(self, column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
        # One parameter, however many values: the server keeps the plan.
        kept = BigInteger if isinstance(column.type, Integer) else Text
        return column == func.any(literal(list(values), ARRAY(kept)))

    def all_rows(
        self, connection: Connection, statement: Select[Any], given: Mapping[str, int] | None
    ) -> Iterable[Sequence[Any]]:
        return connection.execute(statement, given).all()

    def all_columns(
        self, connection: Connection, statement: Select[Any], given: Mapping[str, int]
    ) -> Sequence[Sequence[Any]]:
        rows = connection.execute(statement, given).all()
        return list(zip(*rows, strict=True)) if rows else [()] * len(statement.selected_columns)

    def given(self, types: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Given:
        arrays = ", ".join(f"%s::{kept}[]" for kept in types)
        return Given(f"SELECT * FROM unnest({arrays})", _arrays(types, rows))

    def summed(self, given: str, summing: Sum) -> str:
        # Piece by piece: each is a stretch of an index, and the planner is left no other way.
        keys = ", ".join(f"t.{name}" for name in summing.keys)
        return (
            f"WITH p({', '.join(summing.columns)}) AS ({given}) SELECT p.{summing.columns[0]}, s.* FROM p CROSS JOIN "
            f"LATERAL (SELECT {keys}, {summing.sums} FROM {summing.table} t WHERE {summing.where} GROUP BY {keys}) s"
        )

    def size(self, connection: Connection) -> int | None:
        tables = ["facts", "users", "totals", "sets", "documents"]
        return int(connection.exec_driver_sql(_SIZE, (tables,)).scalar() or 0)

    def upkeep(self, engine: Engine) -> Iterable[Upkeep]:
        return ()

    def errors(self) -> tuple[type[Exception], ...]:
        from psycopg import Error  # there by now: `open` needed it

        return (Error,)

    def meaning(self, error: BaseException, url: URL) -> PulseboardError | None:
        return meaning(error, url)

    @contextmanager
    def _driven(self, connection: Connection, statement: str) -> Iterator[Any]:
        """A cursor of the driver itself, for what SQLAlchemy has no way to say; its errors mean the same."""
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            try:
                yield cursor
            except self.errors() as error:
                state = getattr(error, "sqlstate", None) or ""
                if state.startswith("23"):
                    raise IntegrityError(statement, None, error) from error
                if state == STANDBY or driver.closed:
                    connection.invalidate(error)
                raise


def _set_up(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SET_UP)
    connection.commit()


def _leave_a_standby(context: ExceptionContext) -> None:
    # After a failover the other connections lead to the old server too.
    if getattr(context.original_exception, "sqlstate", None) == STANDBY:
        context.is_disconnect = True


@lru_cache(maxsize=64)
def _insertion(table: str, columns: tuple[str, ...], types: tuple[str, ...], then: str) -> str:
    named = ", ".join(f'"{column}"' for column in columns)
    arrays = ", ".join(f"%s::{kept}[]" for kept in types)
    return f"INSERT INTO {table} ({named}) SELECT * FROM unnest({arrays}) {then}"


def _arrays(types: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> tuple[str, ...]:
    """The columns of these rows as arrays in PostgreSQL's own notation; the driver takes four times as long for it."""
    written = (map(_WRITTEN[kept], column) for kept, column in zip(types, zip(*rows, strict=True), strict=True))
    return tuple("{" + ",".join(["NULL" if item is None else item for item in items]) + "}" for items in written)


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _text(value: str | None) -> str | None:
    if value is None or (value.isalnum() and value.upper() != "NULL"):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bytes(value: bytes) -> str:
    return '"\\\\x' + value.hex() + '"'


_WRITTEN: dict[str, Callable[[Any], str | None]] = {
    "bigint": _number, "integer": _number, "smallint": _number, "text": _text, "bytea": _bytes,
}  # fmt: skip


def _type(table: Table, column: str) -> str:
    return next(name for kept, name in _TYPES if isinstance(table.c[column].type, kept))
