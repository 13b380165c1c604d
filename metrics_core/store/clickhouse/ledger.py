"""The ledger: what is finished in ClickHouse, kept in the companion, whose transaction makes a batch there or not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import orjson
from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text, delete, insert, select, update

from metrics_core.errors import PulseboardError, SettingError
from metrics_core.store.clickhouse.states import State, Void
from metrics_core.store.newer import refuse_newer
from metrics_core.store.sql.connections import Connections
from metrics_core.store.sql.schema import DOCUMENTS, METADATA, USERS

_METADATA = MetaData()
PROGRESS = Table(
    "clickhouse_progress", _METADATA, Column("name", Text, primary_key=True), Column("value", BigInteger, nullable=False)
)
"""`seq`, `batch`: the newest that are finished. `tried`: the newest batch that was begun. `loose`, `packed`: rows of totals
since the last packing, and after it. `generation`. `cleared`: who looks at an older batch may miss something. `schema`: the
step at which the tables are, here and in ClickHouse."""
IDENTITY = Table("clickhouse_identity", _METADATA, Column("name", Text, primary_key=True))
"""Which ClickHouse database this companion belongs to."""
BEGUN = Table(
    "clickhouse_batches", _METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("dead", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
)  # fmt: skip
"""Batches that were begun and are not finished; dead ones never will be."""
VOIDS = Table(
    "clickhouse_voids", _METADATA,
    Column("number", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
)  # fmt: skip
"""What batches took out and is not cleared away yet."""

SCHEMA = 1
"""The last step of the tables that this version knows."""

_START = {"seq": 0, "batch": 0, "tried": 0, "loose": 0, "packed": 0, "generation": 0, "cleared": 0, "schema": SCHEMA}


class Ledger:
    """The companion of one ClickHouse database."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("sqlite", "postgres")):
            msg = "CATALOG_URL is an SQLite file or a PostgreSQL database, such as sqlite:///data/catalog.db."
            raise SettingError(msg)
        with _called_by_its_name():
            self.connections = Connections(url)

    def prepare(self, ready: Callable[[Connection], object]) -> None:
        """Make the tables and have `ready` done, before anything else."""

        theirs: list[PulseboardError] = []

        def make(connection: Connection) -> None:
            self.connections.dialect.check(connection)
            METADATA.create_all(connection, tables=[USERS, DOCUMENTS])
            _METADATA.create_all(connection)
            kept = progress(connection)
            try:
                refuse_newer(kept.get("schema", 0), SCHEMA)
            except PulseboardError as error:
                theirs.append(error)
                raise
            missing = [{"name": name, "value": value} for name, value in _START.items() if name not in kept]
            if missing:
                connection.execute(insert(PROGRESS), missing)
            try:
                ready(connection)
            except PulseboardError as error:
                theirs.append(error)
                raise

        with _called_by_its_name(theirs):
            self.connections.prepare(make)

    def begin(self) -> int:
        """The number of a new batch, noted durably before anything of it is written."""

        def note(connection: Connection) -> int:
            tried = PROGRESS.c.name == "tried"
            connection.execute(update(PROGRESS).where(tried).values(value=PROGRESS.c.value + 1))
            number = int(connection.execute(select(PROGRESS.c.value).where(tried)).scalar_one())
            connection.execute(insert(BEGUN).values(number=number, dead=0, since=_now()))
            return number

        return self.connections.change(note, alone=False)

    def drop(self, number: int) -> None:
        """Forget a batch that has written nothing."""
        these = delete(BEGUN).where(BEGUN.c.number == number)
        self.connections.change(lambda connection: connection.execute(these), alone=False)

    def cleared_to(self) -> int:
        """The newest batch that took out something which is cleared away; as of now, also within a view."""
        return self.connections.change(lambda connection: progress(connection)["cleared"], alone=False)

    def close(self) -> None:
        self.connections.close()


def progress(connection: Connection) -> dict[str, int]:
    return {row[0]: int(row[1]) for row in connection.execute(select(PROGRESS.c.name, PROGRESS.c.value))}


def finish(connection: Connection, number: int, values: dict[str, int], voids: Iterable[Void]) -> None:
    """This batch is there from the commit on; those that were begun before it and are not there will never be."""
    for name, value in values.items():
        connection.execute(update(PROGRESS).where(PROGRESS.c.name == name).values(value=value))
    connection.execute(delete(BEGUN).where(BEGUN.c.number == number))
    connection.execute(update(BEGUN).where(BEGUN.c.number < number, BEGUN.c.dead == 0).values(dead=1))
    voids = list(voids)
    whole = {void.table for void in voids if void.is_everything}
    for (what,) in connection.execute(select(VOIDS.c.what)).fetchall() if whole else ():
        if _read(what).table in whole:  # the newer one takes that out as well
            connection.execute(delete(VOIDS).where(VOIDS.c.what == what))
    rows = [{"number": void.number, "what": _written(void), "since": _now()} for void in voids]
    if rows:
        connection.execute(insert(VOIDS), rows)


def state(connection: Connection) -> State:
    """What is finished, as this connection sees it."""
    kept = progress(connection)
    dead = connection.execute(select(BEGUN.c.number).where(BEGUN.c.number <= kept["batch"]))
    voids = connection.execute(select(VOIDS.c.what))
    return State(
        kept["seq"], kept["batch"], kept["generation"], tuple(sorted(row[0] for row in dead)),
        tuple(_read(row[0]) for row in voids),
    )  # fmt: skip


def begun_before(connection: Connection, number: int) -> tuple[int, ...]:
    """Batches that were begun before this one and are not finished: whoever began them will not go on."""
    return tuple(sorted(row[0] for row in connection.execute(select(BEGUN.c.number).where(BEGUN.c.number < number))))


def clearable(connection: Connection, patience: float) -> tuple[list[int], list[Void]]:
    """Dead batches and voids that are older than so many seconds: nobody looks at what was before, or writes, any more."""
    until = _now() - int(patience)
    dead = connection.execute(select(BEGUN.c.number).where(BEGUN.c.dead == 1, BEGUN.c.since <= until))
    voids = connection.execute(select(VOIDS.c.what).where(VOIDS.c.since <= until))
    return [row[0] for row in dead], [_read(row[0]) for row in voids]


def clearing(connection: Connection, voids: Sequence[Void]) -> None:
    """What these batches took out goes now."""
    newest = max([progress(connection)["cleared"], *(void.number for void in voids)])
    connection.execute(update(PROGRESS).where(PROGRESS.c.name == "cleared").values(value=newest))


def cleared(connection: Connection, dead: Sequence[int], voids: Sequence[Void]) -> None:
    for number in dead:
        connection.execute(delete(BEGUN).where(BEGUN.c.number == number))
    for void in voids:
        connection.execute(delete(VOIDS).where(VOIDS.c.number == void.number, VOIDS.c.what == _written(void)))


def belongs_to(connection: Connection) -> str | None:
    """The identity of the ClickHouse database that this companion belongs to."""
    found = connection.execute(select(IDENTITY.c.name)).scalar()
    return None if found is None else str(found)


def belong(connection: Connection, identity: str) -> None:
    connection.execute(insert(IDENTITY).values(name=identity))


@contextmanager
def _called_by_its_name(theirs: Sequence[PulseboardError] = ()) -> Iterator[None]:
    """What is wrong with the companion is to be changed in CATALOG_URL."""
    try:
        yield
    except PulseboardError as error:
        if "DATABASE_URL" not in str(error) or error in theirs:
            raise
        raise type(error)(str(error).replace("DATABASE_URL", "CATALOG_URL")) from error


def _written(void: Void) -> str:
    return orjson.dumps(list(void)).decode()


def _read(what: str) -> Void:
    number, table, origins, run_id, low, high = orjson.loads(what)
    return Void(number, table, tuple(origins), run_id, low, high)


def _now() -> int:
    return int(datetime.now(UTC).timestamp())
