"""One transaction of events and their totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyroaring import BitMap
from sqlalchemy import Connection, literal_column, select

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, Event
from metrics_core.model.events import columns_of
from metrics_core.rollup.totals import RollupRow, SetRow
from metrics_core.store.protocols import OrderState
from metrics_core.store.sql.dialects import dialect_of
from metrics_core.store.sql.kept import add_totals, kept_sets, put_sets
from metrics_core.store.sql.rows import COLUMNS, written_columns
from metrics_core.store.sql.schema import FACTS
from metrics_core.store.sql.told import events_at
from metrics_core.store.sql.users import Naming

_HIGHEST = "SELECT (SELECT max(seq) FROM facts), (SELECT max(no) FROM users)"
"""The numbers of the last row and of the last user."""

# Written out, not handed over: only then can a plan rely on an index that holds just these rows.
_PLACED = FACTS.c.placed == literal_column("1")
_FOLLOWS = FACTS.c.placed == literal_column("0")


class SqlBatch:
    """See `metrics_core.store.protocols.Batch`."""

    def __init__(self, connection: Connection, users: Naming) -> None:
        self._connection = connection
        self._dialect = dialect_of(connection)
        self._users = users
        self._next: int | None = None
        self._bitmaps: dict[frozenset[str], BitMap] = {}

    def known(self, ids: Sequence[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for some in self._in_parts(ids):
            rows = self._connection.execute(select(FACTS.c.id, FACTS.c.digest).where(self._dialect.among(FACTS.c.id, some)))
            found.update((row[0], row[1]) for row in rows)
        return found

    def orders(self, order_ids: Sequence[str]) -> Mapping[str, OrderState]:
        states: dict[str, OrderState] = {}
        for some in self._in_parts(list(dict.fromkeys(order_ids))):
            these = self._dialect.among(FACTS.c.order_id, some)
            heads = [row[0] for row in self._connection.execute(select(FACTS.c.seq).where(these, _PLACED))]
            placed = {event.order_id: event for event in events_at(self._connection, heads) if event.order_id is not None}
            later: dict[str, list[Any]] = {}
            if placed:
                follows = select(FACTS.c.order_id, FACTS.c.kind, FACTS.c.at, FACTS.c.amount).where(these, _FOLLOWS)
                for row in self._connection.execute(follows.order_by(FACTS.c.seq)):
                    later.setdefault(row.order_id, []).append(row)
            states.update((order_id, _state(event, later.get(order_id, ()))) for order_id, event in placed.items())
        return states

    def append(self, events: Sequence[Event]) -> bool:
        if not events:
            return True
        if self._next is None:
            row, user = self._connection.exec_driver_sql(_HIGHEST).one()
            self._next, self._users.there = (row or 0) + 1, user or 0
        numbers = self._users.of(self._connection, {user for user in columns_of(events).user if user is not None})
        columns = written_columns(events, self._next, numbers)
        if not self._dialect.add_new(self._connection, FACTS, COLUMNS, columns, by="id"):
            return False
        self._next += len(columns[0])
        return True

    def merge(self, rows: Iterable[RollupRow], sets: Iterable[SetRow]) -> None:
        add_totals(self._connection, rows)
        groups: dict[tuple[Any, ...], BitMap] = {}
        for group in sets:
            place = (group.name, int(group.grain), group.start, group.origin)
            users = self._numbered(group.users)
            groups[place] = groups[place] | users if place in groups else users
        before = kept_sets(self._connection, list(groups))
        put_sets(
            self._connection,
            [(*place, (before[place] | users if place in before else users).serialize())
             for place, users in groups.items() if place not in before or not users.issubset(before[place])],
        )  # fmt: skip

    def _numbered(self, names: frozenset[str]) -> BitMap:
        if names not in self._bitmaps:
            numbers = self._users.of(self._connection, names)
            self._bitmaps[names] = BitMap([numbers[name] for name in names])
        return self._bitmaps[names]

    def _in_parts(self, values: Sequence[str]) -> list[list[str]]:
        most = self._dialect.at_once
        return [list(values[first : first + most]) for first in range(0, len(values), most)]


def _state(placed: Event, later: Sequence[Any]) -> OrderState:
    status, settled, refunded = "pending", None, 0
    if placed.kind == ORDER_COMPLETED:
        status, settled = "completed", placed.at
    elif placed.kind == ORDER_FAILED:
        status, settled = "failed", placed.at
    for row in later:
        if row.kind == REFUND:
            refunded += row.amount
        elif row.kind in {ORDER_COMPLETED, ORDER_FAILED}:
            status, settled = ("completed" if row.kind == ORDER_COMPLETED else "failed"), row.at
    return OrderState(placed, status, settled, refunded)
