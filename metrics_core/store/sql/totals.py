"""Totals and sets of users in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyroaring import BitMap
from sqlalchemy import Connection, delete, select

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW
from metrics_core.model.instant import Instant
from metrics_core.model.measure import TOTALS
from metrics_core.model.window import Window
from metrics_core.rollup.totals import Grain, Key, Piece, RollupRow, SetRow, Totals
from metrics_core.store.sql.batch import SqlBatch
from metrics_core.store.sql.connections import Connections
from metrics_core.store.sql.dialects.dialect import Sum
from metrics_core.store.sql.forget import next_generation
from metrics_core.store.sql.kept import key_of
from metrics_core.store.sql.schema import SETS_TABLE, TOTALS_TABLE, USERS
from metrics_core.store.sql.users import Naming, UserNumbers

_RAW = ", ".join(
    f"CAST(SUM(CASE WHEN {condition} THEN {amount} ELSE 0 END) AS BIGINT)"
    for condition, amount in (
        ("t.placed = 1 AND t.line = 0", "1"),
        (f"t.kind = '{ORDER_COMPLETED}' AND t.line = 0", "1"),
        (f"t.kind = '{ORDER_FAILED}' AND t.line = 0", "1"),
        (f"t.kind = '{ORDER_COMPLETED}'", "t.quantity"),
        (f"t.kind = '{ORDER_COMPLETED}'", "t.amount"),
        (f"t.kind = '{REFUND}'", "t.amount"),
        (f"t.kind = '{VIEW}'", 't."count"'),
        ("t.line = 0", "1"),
    )
)
_KEPT = ", ".join(f"CAST(SUM(t.{name}) AS BIGINT)" for name in TOTALS)


class SqlTotals:
    """See `metrics_core.store.protocols.RollupTable`."""

    def __init__(self, connections: Connections, users: UserNumbers) -> None:
        self._connections = connections
        self._users = users

    def sums(self, by: tuple[str, ...], pieces: Sequence[Piece]) -> list[dict[tuple[str, Key], Totals]]:
        found: list[dict[tuple[str, Key], Totals]] = [{} for _ in pieces]
        kept = [(number, piece) for number, piece in enumerate(pieces) if piece.grain is not None]
        raw = [(number, piece) for number, piece in enumerate(pieces) if piece.grain is None]
        dialect = self._connections.dialect
        from_totals = Sum(
            ("n", "grain", "lo", "hi"), "totals", f"t.rollup = {dialect.mark} AND t.grain = p.grain AND t.start >= p.lo "
            "AND t.start < p.hi", ("origin", "key"), _KEPT, "",
        )  # fmt: skip
        from_facts = Sum(
            ("n", "lo", "hi"), "facts", "t.at >= p.lo AND t.at < p.hi", ("origin", *by), _RAW, "facts_at",
        )  # fmt: skip
        with self._connections.read() as connection:
            for first in range(0, len(kept), dialect.at_once):
                some = kept[first : first + dialect.at_once]
                ranges = [(n, int(piece.grain or 0), piece.start, piece.end) for n, piece in some]
                given = dialect.given(("bigint",) * 4, ranges)
                statement = dialect.summed(given.text, from_totals)
                for row in connection.exec_driver_sql(statement, (*given.parameters, ",".join(by))).fetchall():
                    found[row[0]][row[1], key_of(by, row[2])] = tuple(row[3:])
            for first in range(0, len(raw), dialect.at_once):
                bounds = [(n, piece.start, piece.end) for n, piece in raw[first : first + dialect.at_once]]
                given = dialect.given(("bigint",) * 3, bounds)
                for row in connection.exec_driver_sql(dialect.summed(given.text, from_facts), given.parameters).fetchall():
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
        rows, sets = list(rows), list(sets)

        def put(connection: Connection) -> Naming:
            naming = self._users.naming()
            for table in (TOTALS_TABLE, SETS_TABLE):
                connection.execute(delete(table).where(table.c.start >= window.start, table.c.start < window.end))
            SqlBatch(connection, naming).merge(rows, sets)
            next_generation(connection)
            return naming

        self._connections.change(put).committed()

    def names(self, users: Iterable[int]) -> dict[int, str]:
        wanted, dialect = list(users), self._connections.dialect
        found: dict[int, str] = {}
        with self._connections.read() as connection:
            for first in range(0, len(wanted), dialect.at_once):
                some = dialect.among(USERS.c.no, wanted[first : first + dialect.at_once])
                found.update((row[0], row[1]) for row in connection.execute(select(USERS.c.no, USERS.c.name).where(some)))
        return found
