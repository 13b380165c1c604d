"""Totals and sets of users in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pyroaring import BitMap
from sqlalchemy import delete, select

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW
from metrics_core.model.instant import Instant
from metrics_core.model.measure import TOTALS
from metrics_core.model.window import Window
from metrics_core.rollup.totals import Grain, Key, Piece, RollupRow, SetRow, Totals
from metrics_core.store.sql.batch import SqlBatch, key_of
from metrics_core.store.sql.connections import Connections
from metrics_core.store.sql.forget import next_generation
from metrics_core.store.sql.schema import SETS_TABLE, TOTALS_TABLE, USERS
from metrics_core.store.sql.users import UserNumbers

_AT_ONCE = 200
"""Pieces in one statement."""

_RAW_TOTALS = ", ".join((
    "SUM(f.placed * (f.line = 0))",
    f"SUM(f.kind = '{ORDER_COMPLETED}' AND f.line = 0)",
    f"SUM(f.kind = '{ORDER_FAILED}' AND f.line = 0)",
    f"SUM(CASE WHEN f.kind = '{ORDER_COMPLETED}' THEN f.quantity ELSE 0 END)",
    f"SUM(CASE WHEN f.kind = '{ORDER_COMPLETED}' THEN f.amount ELSE 0 END)",
    f"SUM(CASE WHEN f.kind = '{REFUND}' THEN f.amount ELSE 0 END)",
    f"SUM(CASE WHEN f.kind = '{VIEW}' THEN f.\"count\" ELSE 0 END)",
    "SUM(f.line = 0)",
))
_KEPT_TOTALS = ", ".join(f"SUM(t.{name})" for name in TOTALS)


class SqlTotals:
    """See `metrics_core.store.protocols.RollupTable`."""

    def __init__(self, connections: Connections, users: UserNumbers) -> None:
        self._connections = connections
        self._users = users

    def sums(self, by: tuple[str, ...], pieces: Sequence[Piece]) -> list[dict[tuple[str, Key], Totals]]:
        found: list[dict[tuple[str, Key], Totals]] = [{} for _ in pieces]
        kept = [(number, piece) for number, piece in enumerate(pieces) if piece.grain is not None]
        raw = [(number, piece) for number, piece in enumerate(pieces) if piece.grain is None]
        with self._connections.read() as connection:
            for first in range(0, len(kept), _AT_ONCE):
                some = kept[first : first + _AT_ONCE]
                given = [(number, piece.grain, piece.start, piece.end) for number, piece in some]
                statement = (
                    f"WITH p(n, grain, lo, hi) AS (VALUES {_marks(len(some), 4)}) "
                    f"SELECT p.n, t.origin, t.key, {_KEPT_TOTALS} FROM p CROSS JOIN totals t "
                    "WHERE t.rollup = ? AND t.grain = p.grain AND t.start >= p.lo AND t.start < p.hi GROUP BY 1, 2, 3"
                )
                for row in connection.exec_driver_sql(statement, (*_flat(given), ",".join(by))).fetchall():
                    found[row[0]][row[1], key_of(by, row[2])] = tuple(row[3:])
            for first in range(0, len(raw), _AT_ONCE):
                some = raw[first : first + _AT_ONCE]
                bounds = [(number, piece.start, piece.end) for number, piece in some]
                keys = "".join(f", f.{name}" for name in by)
                # The planner must not leave the index on `at`: after ANALYZE it has preferred a skip-scan.
                statement = (
                    f"WITH p(n, lo, hi) AS (VALUES {_marks(len(some), 3)}) "
                    f"SELECT p.n, f.origin{keys}, {_RAW_TOTALS} FROM p CROSS JOIN facts f INDEXED BY facts_at "
                    f"WHERE f.at >= p.lo AND f.at < p.hi GROUP BY p.n, f.origin{keys}"
                )
                for row in connection.exec_driver_sql(statement, _flat(bounds)).fetchall():
                    found[row[0]][row[1], tuple(row[2 : 2 + len(by)])] = tuple(row[2 + len(by) :])
        return found

    def rows(self, by: tuple[str, ...], grain: int, window: Window) -> list[RollupRow]:
        table = TOTALS_TABLE.c
        statement = (
            select(table.start, table.origin, table.key, *(table[name] for name in TOTALS))
            .where(table.rollup == ",".join(by), table.grain == int(grain))
            .where(table.start >= window.start, table.start < window.end)
            .order_by(table.start, table.origin, table.key)
        )
        with self._connections.read() as connection:
            return [
                RollupRow(by, Grain(grain), row[0], row[1], key_of(by, row[2]), tuple(row[3:]))
                for row in connection.execute(statement)
            ]

    def users(self, name: str, grain: int, window: Window) -> dict[tuple[Instant, str], BitMap]:
        table = SETS_TABLE.c
        statement = select(table.start, table.origin, table.users).where(
            table.name == name, table.grain == int(grain), table.start >= window.start, table.start < window.end
        )
        with self._connections.read() as connection:
            return {(row[0], row[1]): BitMap.deserialize(row[2]) for row in connection.execute(statement)}

    def replace(self, window: Window, rows: Iterable[RollupRow], sets: Iterable[SetRow]) -> None:
        with self._connections.write() as connection:
            for table in (TOTALS_TABLE, SETS_TABLE):
                connection.execute(delete(table).where(table.c.start >= window.start, table.c.start < window.end))
            SqlBatch(connection, self._users).merge(rows, sets)
            next_generation(connection)
        self._users.committed()

    def names(self, users: Iterable[int]) -> dict[int, str]:
        wanted = list(users)
        found: dict[int, str] = {}
        with self._connections.read() as connection:
            for first in range(0, len(wanted), 500):
                statement = select(USERS.c.no, USERS.c.name).where(USERS.c.no.in_(wanted[first : first + 500]))
                found.update((row[0], row[1]) for row in connection.execute(statement))
        return found


def _marks(rows: int, columns: int) -> str:
    row = "(" + ",".join("?" * columns) + ")"
    return ",".join([row] * rows)


def _flat(rows: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(value for row in rows for value in row)
