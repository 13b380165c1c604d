"""The event log in ClickHouse."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from metrics_core.model.event import ORDER_KINDS, Event
from metrics_core.model.instant import DAY, Instant
from metrics_core.model.query import Value
from metrics_core.model.window import Window
from metrics_core.store.clickhouse.facts import TOLD, told, whole
from metrics_core.store.clickhouse.forget import forget
from metrics_core.store.clickhouse.schema import FACTS, TOTALS_NAME
from metrics_core.store.clickhouse.server import Server
from metrics_core.store.clickhouse.states import State, among, in_parts, text
from metrics_core.store.clickhouse.tally import IS_ACTIVE, IS_BUYER
from metrics_core.store.clickhouse.tally import run as run_tally
from metrics_core.store.clickhouse.turns import turn
from metrics_core.store.protocols import Orders, Sighting, Tally
from metrics_core.store.sql.rows import COLUMNS, Row, events_of
from metrics_core.store.sql.users import UserNumbers

_AT, _SEQ, _LINE = COLUMNS.index("at"), COLUMNS.index("seq"), COLUMNS.index("line")
_HEADS = 10_000
_LEAST = 2_000
_SIGHTED = f"SELECT seq, at, user, origin, {IS_BUYER}, {IS_ACTIVE}"


class ClickHouseLog:
    """See `metrics_core.store.protocols.EventLog`."""

    def __init__(self, server: Server, users: UserNumbers) -> None:
        self._server = server
        self._users = users

    def scan(
        self, window: Window | None = None, *, kinds: Sequence[str] = (), origins: Sequence[str] = (),
        run_id: str | None = None, user: str | None = None, chunk: int = 10_000,
    ) -> Iterator[list[Event]]:
        conditions = _within(window, origins)
        if kinds:
            conditions.append(among("kind", kinds))
        if run_id is not None:
            conditions.append(f"run_id = {text(run_id)}")
        if user is not None:
            conditions.append(f"name = {text(user)}")
        found: list[Event] = []
        with self._server.read() as state:
            for events in self._pages(state, conditions, chunk):
                found += events
                while len(found) >= chunk:
                    yield found[:chunk]
                    found = found[chunk:]
        if found:
            yield found

    def newest(
        self, limit: int, *, origins: Sequence[str] = (), before: Instant | None = None, after_seq: int = 0
    ) -> list[Event]:
        conditions = _within(None, origins)
        if before is not None:
            conditions.append(f"at < {before}")
        if after_seq:
            conditions.append(f"seq > {after_seq}")
        with self._server.read() as state:
            here = " AND ".join(["line = 0", state.facts, *conditions])
            heads = self._server.select(
                f"SELECT at, seq FROM {self._facts} WHERE {here} ORDER BY at DESC, seq DESC LIMIT {limit}"
            )
            return [event for first in range(0, len(heads), _HEADS)
                    for event in self._latest(state, heads[first : first + _HEADS])]  # fmt: skip

    def since(self, seq: int, limit: int) -> list[tuple[int, Event]]:
        most = max(_LEAST, limit + limit // 2)
        with self._server.read() as state:
            while True:
                rows = list(told(self._server.columns(
                    f"SELECT {TOLD} FROM {self._facts} WHERE seq > {seq} AND seq - line > {seq} AND {state.facts} "
                    f"ORDER BY seq LIMIT {most}"
                )))
                end = whole(rows, most)
                if end or len(rows) < most:
                    break
                most *= 2  # one event alone has more lines than this
        heads = [int(row[_SEQ]) for row in rows[:end] if row[_LINE] == 0]
        return list(zip(heads, events_of(rows[:end]), strict=True))[:limit]

    def placed_at(self, order_ids: Sequence[str]) -> dict[str, Instant]:
        found: dict[str, Instant] = {}
        with self._server.read() as state:
            for some in in_parts(list(dict.fromkeys(order_ids))):
                rows = self._server.select(
                    f"SELECT order_id, at FROM {self._facts} WHERE {among('order_id', some)} AND placed = 1 AND line = 0 "
                    f"AND {state.facts}"
                )
                found.update((row[0], int(row[1])) for row in rows)
        return found

    def sightings(self, window: Window, origins: Sequence[str] = ()) -> list[Sighting]:
        with self._server.read() as state:
            return self._sighted(state, _within(window, origins), "")

    def sightings_since(self, seq: int, limit: int = 50_000) -> list[Sighting]:
        with self._server.read() as state:
            return self._sighted(state, [f"seq > {seq}"], f" ORDER BY seq LIMIT {limit}")

    def orders(self, *, after: int = 0, window: Window | None = None, chunk: int = 20_000) -> Iterator[Orders]:
        here = [among("kind", ORDER_KINDS), "line = 0", "user != 0", *_within(window, ())]
        since = time.monotonic()
        with self._server.read() as state:
            while True:
                self._server.check(state, since)
                where = " AND ".join([f"seq > {after}", state.facts, *here])
                found = self._server.columns(
                    f"SELECT seq, at, user, origin, placed = 1 OR order_id = '', order_id, {IS_BUYER}, segment != '' "
                    f"FROM {self._facts} WHERE {where} ORDER BY seq LIMIT {chunk}"
                )
                if not found:
                    return
                seq, at, user, origin, placing, order_ids, completed, named = found
                follows = [order for order, placed in zip(order_ids, placing, strict=True) if not placed]
                placed_at = self.placed_at(follows) if follows else {}
                placed = [
                    when if first else placed_at.get(order, when)
                    for order, when, first in zip(order_ids, at, placing, strict=True)
                ]
                yield Orders(seq, at, user, origin, placed, completed, named)
                if len(seq) < chunk:
                    return
                after = seq[-1]

    def tally(self, tally: Tally) -> list[tuple[Value, ...]]:
        with self._server.read() as state:
            return run_tally(self._server, state, tally)

    def count(self) -> dict[str, tuple[int, Instant, Instant]]:
        with self._server.read() as state:
            days = self._server.select(
                f"SELECT origin, start, sum(events) AS number FROM {self._server.table(TOTALS_NAME)} "
                f"WHERE rollup = '' AND grain = {DAY} AND {state.of(TOTALS_NAME)} GROUP BY origin, start HAVING number != 0"
            )
            numbers: dict[str, int] = {}
            starts: dict[str, list[Instant]] = {}
            for origin, start, number in days:
                numbers[origin] = numbers.get(origin, 0) + int(number)
                starts.setdefault(origin, []).append(int(start))
            edges = [
                f"(origin = {text(origin)} AND at >= {day} AND at < {day + DAY})"
                for origin, some in starts.items()
                for day in {min(some), max(some)}
            ]
            if not edges:
                return {}
            ends = self._server.select(
                f"SELECT origin, min(at), max(at) FROM {self._facts} WHERE ({' OR '.join(edges)}) AND {state.facts} "
                "GROUP BY origin"
            )
            return {origin: (numbers[origin], int(first), int(last)) for origin, first, last in ends}

    def forget(self, *, origins: Sequence[str] = (), run_id: str | None = None) -> int:
        with turn(self._server) as mine:
            return forget(mine, origins, run_id)

    def runs(self) -> list[tuple[str, str, int, Instant, Instant]]:
        with self._server.read() as state:
            rows = self._server.select(
                f"SELECT run_id, origin, count() AS events, min(at) AS first, max(at) AS last FROM {self._facts} "
                f"WHERE run_id != '' AND line = 0 AND {state.facts} GROUP BY run_id, origin ORDER BY first DESC"
            )
        return [(row[0], row[1], int(row[2]), int(row[3]), int(row[4])) for row in rows]

    @property
    def _facts(self) -> str:
        return self._server.table(FACTS)

    def _pages(self, state: State, conditions: Sequence[str], chunk: int) -> Iterator[list[Event]]:
        """Events by time, page by page: a new question for each, so that nothing is held open in between."""
        most = max(_LEAST, chunk + chunk // 2)
        after: tuple[int, int] | None = None
        since = time.monotonic()
        while True:
            self._server.check(state, since)
            here = [state.facts, *conditions]
            if after is not None:
                here.append(f"at >= {after[0]} AND (at > {after[0]} OR seq > {after[1]})")
            where = " AND ".join(here)
            question = f"SELECT {TOLD} FROM {self._facts} WHERE {where} ORDER BY at, seq LIMIT {most}"
            rows = list(told(self._server.columns(question)))
            end = whole(rows, most)
            yield list(events_of(rows[:end]))
            if len(rows) < most:
                return
            if end:
                after = rows[end - 1][_AT], rows[end - 1][_SEQ]
            else:
                most *= 2  # one event alone has more lines than this

    def _latest(self, state: State, heads: Sequence[Sequence[int]]) -> list[Event]:
        """These events, latest first; they follow one another in time."""
        if not heads:
            return []
        numbers = ", ".join(str(seq) for _, seq in heads)
        rows: list[Row] = list(told(self._server.columns(
            f"SELECT {TOLD} FROM {self._facts} WHERE at >= {heads[-1][0]} AND at <= {heads[0][0]} "
            f"AND seq - line IN ({numbers}) AND {state.facts} ORDER BY at, seq"
        )))
        return list(events_of(rows))[::-1]

    def _sighted(self, state: State, conditions: Sequence[str], order: str) -> list[Sighting]:
        here = " AND ".join(["line = 0", "user != 0", state.facts, *conditions])
        rows = self._server.select(f"{_SIGHTED} FROM {self._facts} WHERE {here}{order}")
        return [
            Sighting(int(seq), int(at), int(user), origin, bool(buyer), bool(active))
            for seq, at, user, origin, buyer, active in rows
        ]


def _within(window: Window | None, origins: Sequence[str]) -> list[str]:
    conditions: list[str] = []
    if window is not None:
        conditions.append(f"at >= {window.start} AND at < {window.end}")
    if origins:
        conditions.append(among("origin", origins))
    return conditions
