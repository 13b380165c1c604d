"""One turn of events and their totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, Event
from metrics_core.rollup.fold import merge
from metrics_core.rollup.totals import RollupRow, SetRow
from metrics_core.store.clickhouse.facts import TOLD, columns_of, events_told
from metrics_core.store.clickhouse.schema import FACT_TYPES, FACTS, SET_TYPES, SETS, TOTAL_TYPES, TOTALS_NAME
from metrics_core.store.clickhouse.states import among, in_parts
from metrics_core.store.clickhouse.turns import Turn
from metrics_core.store.protocols import OrderState
from metrics_core.store.sql.users import Naming

_SetPlace = tuple[str, int, int, str]


class ClickHouseBatch:
    """See `metrics_core.store.protocols.Batch`. Events wait here until its end, so that each table takes one insertion."""

    def __init__(self, turn: Turn, naming: Naming) -> None:
        self._turn = turn
        self._naming = naming
        self._waiting: list[Event] = []
        self._ids: dict[str, int] = {}
        self._orders: set[str] = set()
        """What was appended in this batch: ids with their digests, and every order that it names."""
        self._placed: set[str] = set()
        self._rows: list[RollupRow] = []
        self._sets: dict[_SetPlace, set[str]] = {}

    def known(self, ids: Sequence[str]) -> Mapping[str, int]:
        found = {name: self._ids[name] for name in ids if name in self._ids}
        missing = [name for name in dict.fromkeys(ids) if name not in found]
        for some in in_parts(missing):
            rows = self._turn.server.select(
                f"SELECT id, digest FROM {self._facts} WHERE {among('id', some)} AND line = 0 AND {self._turn.state.facts}"
            )
            found.update((row[0], int(row[1])) for row in rows)
        return found

    def orders(self, order_ids: Sequence[str]) -> Mapping[str, OrderState]:
        states: dict[str, OrderState] = {}
        wanted = list(dict.fromkeys(order_ids))
        if not self._orders.isdisjoint(wanted):
            self._write()
        for some in in_parts(wanted):
            heads: dict[str, tuple[int, int]] = {}
            later: dict[str, list[tuple[Any, ...]]] = {}
            rows = self._turn.server.select(
                f"SELECT order_id, placed, seq, kind, at, amount FROM {self._facts} "
                f"WHERE {among('order_id', some)} AND line = 0 AND {self._turn.state.facts} ORDER BY seq"
            )
            for order_id, placed, seq, kind, at, amount in rows:
                if placed:
                    heads.setdefault(order_id, (int(at), int(seq)))
                else:
                    later.setdefault(order_id, []).append((kind, int(at), int(amount)))
            placed_events = {event.order_id: event for event in events_at(self._turn, list(heads.values()))}
            states.update(
                (order_id, _state(placed_events[order_id], later.get(order_id, ()))) for order_id in heads
            )
        return states

    def append(self, events: Sequence[Event]) -> bool:
        if not events:
            return True
        ids = {event.id: event.digest for event in events}
        placed = [event.order_id for event in events if event.placed and event.order_id is not None]
        if len(ids) < len(events) or len(set(placed)) < len(placed):
            return False
        if self.known(list(ids)) or not self._placed.isdisjoint(placed) or self._is_any_placed(placed):
            return False
        self._ids.update(ids)
        self._placed.update(placed)
        self._orders.update(event.order_id for event in events if event.order_id is not None)
        self._waiting += events
        return True

    def merge(self, rows: Iterable[RollupRow], sets: Iterable[SetRow]) -> None:
        self._rows += rows
        for group in sets:
            place = (group.name, int(group.grain), group.start, group.origin)
            self._sets.setdefault(place, set()).update(group.users)

    def flush(self) -> None:
        """Write everything that waits."""
        self._write()
        add_totals(self._turn, self._rows)
        if self._sets:
            numbers = self._naming.of(self._turn.connection, {name for users in self._sets.values() for name in users})
            rows = [(*place, sorted(numbers[name] for name in users), self._turn.number)
                    for place, users in sorted(self._sets.items())]  # fmt: skip
            self._turn.insert(SETS, SET_TYPES, list(zip(*rows, strict=True)))

    @property
    def _facts(self) -> str:
        return self._turn.server.table(FACTS)

    def _is_any_placed(self, order_ids: Sequence[str]) -> bool:
        for some in in_parts(order_ids):
            found = self._turn.server.select(
                f"SELECT seq FROM {self._facts} WHERE {among('order_id', some)} AND placed = 1 AND line = 0 "
                f"AND {self._turn.state.facts} LIMIT 1"
            )
            if found:
                return True
        return False

    def _write(self) -> None:
        events, self._waiting = self._waiting, []
        if not events:
            return
        turn = self._turn
        numbers = self._naming.of(turn.connection, {event.user for event in events if event.user is not None})
        columns, rows = columns_of(events, turn.seq + 1, numbers, turn.number)
        turn.insert(FACTS, FACT_TYPES, columns)
        turn.seq += rows


def add_totals(turn: Turn, rows: Iterable[RollupRow]) -> None:
    """Rows of totals, added to those that are there by being beside them."""
    told = [
        (",".join(row.by), int(row.grain), row.start, row.origin, "\x1f".join(value or "" for value in row.key), *row.totals,
         turn.number)
        for row in merge(rows)
    ]  # fmt: skip
    if told:
        turn.insert(TOTALS_NAME, TOTAL_TYPES, list(zip(*sorted(told), strict=True)))
        turn.loose += len(told)


def events_at(turn: Turn, heads: Sequence[tuple[int, int]]) -> list[Event]:
    """The events at these moments with these numbers, in no particular order."""
    found: list[Event] = []
    for first in range(0, len(heads), 2_000):
        some = heads[first : first + 2_000]
        times, numbers = {at for at, _ in some}, [seq for _, seq in some]
        question = (
            f"SELECT {TOLD} FROM {turn.server.table(FACTS)} WHERE at IN ({', '.join(map(str, times))}) "
            f"AND seq - line IN ({', '.join(map(str, numbers))}) AND {turn.state.facts} ORDER BY seq"
        )
        found += events_told(turn.server.columns(question))
    return found


def _state(placed: Event, later: Sequence[tuple[Any, ...]]) -> OrderState:
    status, settled, refunded = "pending", None, 0
    if placed.kind == ORDER_COMPLETED:
        status, settled = "completed", placed.at
    elif placed.kind == ORDER_FAILED:
        status, settled = "failed", placed.at
    for kind, at, amount in later:
        if kind == REFUND:
            refunded += amount
        elif kind in {ORDER_COMPLETED, ORDER_FAILED}:
            status, settled = ("completed" if kind == ORDER_COMPLETED else "failed"), at
    return OrderState(placed, status, settled, refunded)
