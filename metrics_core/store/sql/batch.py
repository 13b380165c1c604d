"""One transaction of events and their totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyroaring import BitMap
from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, Event
from metrics_core.model.measure import TOTALS
from metrics_core.rollup.totals import RollupRow, SetRow
from metrics_core.store.protocols import OrderState
from metrics_core.store.sql.insert import insert
from metrics_core.store.sql.rows import COLUMNS, events_of, rows_of
from metrics_core.store.sql.schema import FACTS, SETS_TABLE, USERS
from metrics_core.store.sql.users import UserNumbers

_IDS = 500
_MOST_LINES = 1000
_ADD = "ON CONFLICT (rollup, grain, start, origin, key) DO UPDATE SET " + ", ".join(
    f"{name} = totals.{name} + excluded.{name}" for name in TOTALS
)
_PUT = "ON CONFLICT (name, grain, start, origin) DO UPDATE SET users = excluded.users"
_KNOWN = select(FACTS.c.id, FACTS.c.digest).where(FACTS.c.id.in_(bindparam("ids", expanding=True)))
EVENT_ROWS = select(
    *[USERS.c.name.label("user") if name == "user" else FACTS.c[name] for name in COLUMNS]
).select_from(FACTS.outerjoin(USERS, USERS.c.no == FACTS.c.user))  # fmt: skip
"""Rows of events with the names of their users, as `events_of` takes them."""


class SqlBatch:
    """See `metrics_core.store.protocols.Batch`."""

    def __init__(self, connection: Connection, users: UserNumbers) -> None:
        self._connection = connection
        self._users = users
        self._next: int | None = None

    def known(self, ids: Sequence[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for first in range(0, len(ids), _IDS):
            rows = self._connection.execute(_KNOWN, {"ids": list(ids[first : first + _IDS])})
            found.update((row[0], row[1]) for row in rows)
        return found

    def orders(self, order_ids: Sequence[str]) -> Mapping[str, OrderState]:
        states: dict[str, OrderState] = {}
        wanted = list(dict.fromkeys(order_ids))
        for first in range(0, len(wanted), _IDS):
            some = wanted[first : first + _IDS]
            heads = {
                row.order_id: row.seq
                for row in self._connection.execute(
                    select(FACTS.c.order_id, FACTS.c.seq).where(FACTS.c.order_id.in_(some), FACTS.c.placed == 1)
                )
            }
            placed = self._placed(list(heads.values()))
            later: dict[str, list[Any]] = {}
            for row in self._connection.execute(
                select(FACTS.c.order_id, FACTS.c.kind, FACTS.c.at, FACTS.c.amount)
                .where(FACTS.c.order_id.in_(list(heads)), FACTS.c.placed == 0)
                .order_by(FACTS.c.seq)
            ):
                later.setdefault(row.order_id, []).append(row)
            for order_id in heads:
                states[order_id] = _state(placed[order_id], later.get(order_id, ()))
        return states

    def append(self, events: Sequence[Event]) -> bool:
        numbers = self._users.of(self._connection, {event.user for event in events if event.user is not None})
        if self._next is None:
            newest = self._connection.execute(select(func.max(FACTS.c.seq))).scalar()
            self._next = (newest or 0) + 1
        rows = rows_of(events, self._next, numbers)
        nested = self._connection.begin_nested()
        try:
            insert(self._connection, "facts", COLUMNS, rows)
        except IntegrityError:
            nested.rollback()
            return False
        nested.commit()
        self._next += len(rows)
        return True

    def merge(self, rows: Iterable[RollupRow], sets: Iterable[SetRow]) -> None:
        add_totals(self._connection, rows)
        changed = []
        for group in sets:
            place = (group.name, int(group.grain), group.start, group.origin)
            numbers = BitMap(self._users.of(self._connection, set(group.users)).values())
            before = self._connection.exec_driver_sql(
                "SELECT users FROM sets WHERE name = ? AND grain = ? AND start = ? AND origin = ?", place
            ).scalar()
            kept = BitMap.deserialize(before) if before is not None else BitMap()
            if not numbers.issubset(kept):
                changed.append((*place, (kept | numbers).serialize()))
        put_sets(self._connection, changed)

    def _placed(self, heads: Sequence[int]) -> dict[str, Event]:
        if not heads:
            return {}
        rows: list[Any] = []
        for head in heads:
            rows += rows_of_event(self._connection, head)
        return {event.order_id: event for event in events_of(rows) if event.order_id is not None}


def rows_of_event(connection: Connection, head: int) -> list[tuple[Any, ...]]:
    """The rows of the event numbered `head`: its own and, without a gap behind it, those of its further lines."""
    rows: list[tuple[Any, ...]] = []
    following = EVENT_ROWS.where(FACTS.c.seq >= head, FACTS.c.seq < head + _MOST_LINES).order_by(FACTS.c.seq)
    with connection.execute(following) as result:
        for row in result:
            if rows and row[1] == 0:
                break
            rows.append(tuple(row))
    return rows


def add_totals(connection: Connection, rows: Iterable[RollupRow]) -> None:
    """Add these to the totals kept."""
    insert(
        connection, "totals", ("rollup", "grain", "start", "origin", "key", *TOTALS),
        [(*place_of(row.by, row.grain, row.start, row.origin, row.key), *row.totals) for row in rows], _ADD,
    )  # fmt: skip


def put_sets(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Keep these sets (name, grain, start, origin, serialised users) in the place of what was kept."""
    insert(connection, "sets", tuple(SETS_TABLE.c.keys()), rows, _PUT)


def place_of(by: tuple[str, ...], grain: int, start: int, origin: str, key: tuple[str | None, ...]) -> tuple[Any, ...]:
    """The primary key of a total. A value that is not named is kept as the empty text: admission lets none in."""
    return ",".join(by), int(grain), start, origin, "\x1f".join(value or "" for value in key)


def key_of(by: tuple[str, ...], key: str) -> tuple[str | None, ...]:
    """The values that `place_of` wrote."""
    return tuple(value or None for value in key.split("\x1f")) if by else ()


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
