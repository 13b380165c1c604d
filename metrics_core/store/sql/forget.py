"""Take events out again, with exactly their share in every total: for made-up data, and for clearing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from pyroaring import BitMap
from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, true, update

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND
from metrics_core.model.instant import DAY, HOUR, Instant
from metrics_core.rollup.fold import fold
from metrics_core.store.sql.kept import add_totals, put_sets
from metrics_core.store.sql.rows import events_of
from metrics_core.store.sql.schema import FACTS, LONG_BEFORE, META, SETS_TABLE, TOTALS_TABLE
from metrics_core.store.sql.told import EVENT_ROWS

_ACTIVE = and_(FACTS.c.kind != REFUND, (FACTS.c.kind != ORDER_FAILED) | (FACTS.c.placed == 1))
_IN_SET = {"buyers": FACTS.c.kind == ORDER_COMPLETED, "active": _ACTIVE}
_CHUNK = 20_000


def forget(connection: Connection, origins: Sequence[str], run_id: str | None) -> int:
    """Remove these events; how many there were. Called inside a writing transaction."""
    gone = _chosen(origins, run_id)
    number = connection.execute(select(func.count()).where(gone, FACTS.c.line == 0)).scalar_one()
    if run_id is None:
        connection.execute(delete(FACTS).where(gone))
        for table in (TOTALS_TABLE, SETS_TABLE):
            connection.execute(delete(table).where(table.c.origin.in_(origins) if origins else true()))
    else:
        hour = FACTS.c.at - (FACTS.c.at + LONG_BEFORE) % HOUR
        hours = [(row[0], row[1]) for row in connection.execute(select(hour, FACTS.c.origin).where(gone).distinct())]
        _subtract(connection, gone)
        connection.execute(delete(FACTS).where(gone))
        _count_users_again(connection, hours)
    next_generation(connection)
    return int(number)


def next_generation(connection: Connection) -> None:
    """Say that something other than appending happened."""
    connection.execute(update(META).where(META.c.name == "generation").values(value=META.c.value + 1))


def _chosen(origins: Sequence[str], run_id: str | None) -> ColumnElement[bool]:
    if run_id is not None:
        return FACTS.c.run_id == run_id
    return FACTS.c.origin.in_(origins) if origins else true()


def _subtract(connection: Connection, gone: ColumnElement[bool]) -> None:
    rows = connection.execute(EVENT_ROWS.where(gone).order_by(FACTS.c.seq)).fetchall()
    events = events_of(tuple(row) for row in rows)
    while chunk := list(islice(events, _CHUNK)):
        shares = fold(chunk).rows
        add_totals(connection, [row._replace(totals=tuple(-value for value in row.totals)) for row in shares])
    connection.execute(delete(TOTALS_TABLE).where(TOTALS_TABLE.c.events == 0))


def _count_users_again(connection: Connection, hours: Sequence[tuple[Instant, str]]) -> None:
    """The sets of these hours from the events that stayed, and of their days from the hours."""
    for name, condition in _IN_SET.items():
        for start, origin in hours:
            left = connection.execute(
                select(FACTS.c.user)
                .where(FACTS.c.at >= start, FACTS.c.at < start + HOUR, FACTS.c.origin == origin)
                .where(FACTS.c.user.is_not(None), condition)
                .distinct()
            )
            _replace(connection, (name, HOUR, start, origin), BitMap(row[0] for row in left))
        for start, origin in {(start - start % DAY, origin) for start, origin in hours}:
            kept = connection.execute(
                select(SETS_TABLE.c.users).where(
                    SETS_TABLE.c.name == name, SETS_TABLE.c.grain == HOUR, SETS_TABLE.c.origin == origin,
                    SETS_TABLE.c.start >= start, SETS_TABLE.c.start < start + DAY,
                )
            )
            users = [BitMap.deserialize(row[0]) for row in kept]
            _replace(connection, (name, DAY, start, origin), BitMap.union(*users) if users else BitMap())


def _replace(connection: Connection, place: tuple[str, int, Instant, str], users: BitMap) -> None:
    if users:
        put_sets(connection, [(*place, users.serialize())])
    else:
        name, grain, start, origin = place
        connection.execute(
            delete(SETS_TABLE).where(
                SETS_TABLE.c.name == name, SETS_TABLE.c.grain == grain, SETS_TABLE.c.start == start,
                SETS_TABLE.c.origin == origin,
            )
        )
