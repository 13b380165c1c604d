"""The event log in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, case, func, literal_column, or_, select

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, ORDER_KINDS, REFUND, Event
from metrics_core.model.instant import Instant
from metrics_core.model.query import Value
from metrics_core.model.window import Window
from metrics_core.store.protocols import Orders, Sighting, Tally
from metrics_core.store.sql.connections import Connections
from metrics_core.store.sql.dialects import dialect_of
from metrics_core.store.sql.forget import forget
from metrics_core.store.sql.rows import events_of
from metrics_core.store.sql.schema import FACTS, TOTALS_TABLE, USERS
from metrics_core.store.sql.tally import run as run_tally
from metrics_core.store.sql.told import EVENT_ROWS, events_at

_SIGHTED = select(
    FACTS.c.seq, FACTS.c.at, FACTS.c.user, FACTS.c.origin, FACTS.c.kind, FACTS.c.placed
).where(FACTS.c.line == 0, FACTS.c.user.is_not(None))  # fmt: skip
_PLACED = FACTS.c.placed == literal_column("1")  # written out, for the index that holds just these rows
_SIGHTED_SINCE = _SIGHTED.where(FACTS.c.seq > bindparam("seq")).order_by(FACTS.c.seq).limit(bindparam("limit"))

_OTHERS = FACTS.alias()
_PLACING = (
    select(_OTHERS.c.at)
    .where(_OTHERS.c.order_id == FACTS.c.order_id, _OTHERS.c.placed == literal_column("1"))
    .correlate(FACTS)
    .scalar_subquery()
)
_ORDERS = select(
    FACTS.c.seq, FACTS.c.at, FACTS.c.user, FACTS.c.origin,
    case((FACTS.c.placed == 1, FACTS.c.at), else_=func.coalesce(_PLACING, FACTS.c.at)).label("placed_at"),
    case((FACTS.c.kind == ORDER_COMPLETED, 1), else_=0).label("completed"),
    case((FACTS.c.segment.is_not(None), 1), else_=0).label("named"),
).where(
    FACTS.c.line == 0, FACTS.c.user.is_not(None), FACTS.c.kind.in_(ORDER_KINDS)
).limit(bindparam("chunk"))  # fmt: skip
_ORDERS_AFTER = _ORDERS.where(FACTS.c.seq > bindparam("seq")).order_by(FACTS.c.seq)
_ORDERS_WITHIN = _ORDERS.where(
    FACTS.c.at >= bindparam("at"), FACTS.c.at < bindparam("end"),
    or_(FACTS.c.at > bindparam("at"), FACTS.c.seq > bindparam("seq")),
).order_by(FACTS.c.at, FACTS.c.seq)  # fmt: skip


class SqlLog:
    """See `metrics_core.store.protocols.EventLog`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def scan(
        self, window: Window | None = None, *, kinds: Sequence[str] = (), origins: Sequence[str] = (),
        run_id: str | None = None, user: str | None = None, chunk: int = 10_000,
    ) -> Iterator[list[Event]]:
        statement = _within(EVENT_ROWS, window, origins).order_by(FACTS.c.at, FACTS.c.seq)
        if kinds:
            statement = statement.where(FACTS.c.kind.in_(kinds))
        if run_id is not None:
            statement = statement.where(FACTS.c.run_id == run_id)
        if user is not None:
            statement = statement.where(USERS.c.name == user)
        with (
            self._connections.read() as connection,
            connection.execution_options(yield_per=chunk).execute(statement) as result,
        ):
            found: list[Event] = []
            for event in events_of(tuple(row) for row in result):
                found.append(event)
                if len(found) == chunk:
                    yield found
                    found = []
            if found:
                yield found

    def newest(
        self, limit: int, *, origins: Sequence[str] = (), before: Instant | None = None, after_seq: int = 0
    ) -> list[Event]:
        heads = _within(select(FACTS.c.seq), None, origins).where(FACTS.c.line == 0)
        if before is not None:
            heads = heads.where(FACTS.c.at < before)
        if after_seq:
            # The sum keeps the planner from walking all of time backwards where the few new rows are at hand.
            heads = heads.where(FACTS.c.seq > after_seq).order_by((FACTS.c.at + 0).desc(), FACTS.c.seq.desc())
        else:
            heads = heads.order_by(FACTS.c.at.desc(), FACTS.c.seq.desc())
        with self._connections.read() as connection:
            return events_at(connection, [row[0] for row in connection.execute(heads.limit(limit))])

    def since(self, seq: int, limit: int) -> list[tuple[int, Event]]:
        heads = select(FACTS.c.seq).where(FACTS.c.line == 0, FACTS.c.seq > seq).order_by(FACTS.c.seq).limit(limit + 1)
        with self._connections.read() as connection:
            found = [row[0] for row in connection.execute(heads)]
            if not found:
                return []
            rows = EVENT_ROWS.where(FACTS.c.seq >= found[0]).order_by(FACTS.c.seq)
            if len(found) > limit:
                rows = rows.where(FACTS.c.seq < found.pop())
            return list(zip(found, events_of(tuple(row) for row in connection.execute(rows)), strict=True))

    def placed_at(self, order_ids: Sequence[str]) -> dict[str, Instant]:
        found: dict[str, Instant] = {}
        wanted = list(dict.fromkeys(order_ids))
        with self._connections.read() as connection:
            dialect = dialect_of(connection)
            for first in range(0, len(wanted), dialect.at_once):
                these = dialect.among(FACTS.c.order_id, wanted[first : first + dialect.at_once])
                rows = connection.execute(select(FACTS.c.order_id, FACTS.c.at).where(these, _PLACED))
                found.update((row[0], row[1]) for row in rows)
        return found

    def sightings(self, window: Window, origins: Sequence[str] = ()) -> list[Sighting]:
        return self._sighted(_within(_SIGHTED, window, origins))

    def sightings_since(self, seq: int, limit: int = 50_000) -> list[Sighting]:
        return self._sighted(_SIGHTED_SINCE, {"seq": seq, "limit": limit})

    def orders(self, *, after: int = 0, window: Window | None = None, chunk: int = 20_000) -> Iterator[Orders]:
        given = {"seq": after, "chunk": chunk}
        if window is not None:
            given |= {"at": window.start, "end": window.end}
        with self._connections.read() as connection:
            while True:
                statement = _ORDERS_AFTER if window is None else _ORDERS_WITHIN
                found = Orders(*dialect_of(connection).all_columns(connection, statement, given))
                if found.seq:
                    yield found
                    given |= {"seq": found.seq[-1]} if window is None else {"seq": found.seq[-1], "at": found.at[-1]}
                if len(found.seq) < chunk:
                    return

    def _sighted(self, statement: Select[Any], given: Mapping[str, int] | None = None) -> list[Sighting]:
        with self._connections.read() as connection:
            return [
                Sighting(
                    seq, at, user, origin, kind == ORDER_COMPLETED, kind != REFUND and (kind != ORDER_FAILED or placed == 1)
                )
                for seq, at, user, origin, kind, placed in dialect_of(connection).all_rows(connection, statement, given)
            ]

    def tally(self, tally: Tally) -> list[tuple[Value, ...]]:
        with self._connections.read() as connection:
            return run_tally(connection, tally)

    def count(self) -> dict[str, tuple[int, Instant, Instant]]:
        events = (
            select(TOTALS_TABLE.c.origin, func.sum(TOTALS_TABLE.c.events))
            .where(TOTALS_TABLE.c.rollup == "", TOTALS_TABLE.c.grain == 86_400_000_000)
            .group_by(TOTALS_TABLE.c.origin)
        )
        days = select(func.min(TOTALS_TABLE.c.start), func.max(TOTALS_TABLE.c.start)).where(
            TOTALS_TABLE.c.rollup == "", TOTALS_TABLE.c.grain == 86_400_000_000, TOTALS_TABLE.c.events > 0
        )
        span = select(func.min(FACTS.c.at), func.max(FACTS.c.at))
        found = {}
        with self._connections.read() as connection:
            for origin, number in connection.execute(events).fetchall():
                if not number:
                    continue
                first, last = connection.execute(days.where(TOTALS_TABLE.c.origin == origin)).one()
                ends = []
                for day in (first, last):
                    edge = span.where(FACTS.c.at >= day, FACTS.c.at < day + 86_400_000_000, FACTS.c.origin == origin)
                    ends.append(connection.execute(edge).one())
                found[origin] = (int(number), ends[0][0], ends[1][1])
        return found

    def forget(self, *, origins: Sequence[str] = (), run_id: str | None = None) -> int:
        return self._connections.change(lambda connection: forget(connection, origins, run_id))

    def runs(self) -> list[tuple[str, str, int, Instant, Instant]]:
        statement = (
            select(FACTS.c.run_id, FACTS.c.origin, func.count(), func.min(FACTS.c.at), func.max(FACTS.c.at))
            .where(FACTS.c.run_id.is_not(None), FACTS.c.line == 0)
            .group_by(FACTS.c.run_id, FACTS.c.origin)
            .order_by(func.min(FACTS.c.at).desc())
        )
        with self._connections.read() as connection:
            return [(row[0], row[1], row[2], row[3], row[4]) for row in connection.execute(statement)]


def _within(statement: Select[Any], window: Window | None, origins: Sequence[str]) -> Select[Any]:
    if window is not None:
        statement = statement.where(FACTS.c.at >= window.start, FACTS.c.at < window.end)
    if origins:
        statement = statement.where(FACTS.c.origin.in_(origins))
    return statement
