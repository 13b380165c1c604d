"""Totals and sets of users in ClickHouse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pyroaring import BitMap
from sqlalchemy import select

from metrics_core.model.instant import Instant
from metrics_core.model.measure import TOTALS
from metrics_core.model.window import Window
from metrics_core.rollup.totals import ZERO, Grain, Key, Piece, RollupRow, SetRow, Totals
from metrics_core.store.clickhouse.batch import ClickHouseBatch
from metrics_core.store.clickhouse.schema import FACTS, SETS, TOTALS_NAME
from metrics_core.store.clickhouse.server import Server
from metrics_core.store.clickhouse.states import State, text
from metrics_core.store.clickhouse.tally import sums as sums_of_facts
from metrics_core.store.clickhouse.turns import turn
from metrics_core.store.sql.kept import key_of
from metrics_core.store.sql.schema import USERS
from metrics_core.store.sql.users import UserNumbers

_KEPT = ", ".join(f"sum({name}) AS s{number}" for number, name in enumerate(TOTALS))
_SOME = " OR ".join(f"s{number} != 0" for number in range(len(TOTALS)))
_AT_ONCE = 60
"""Stretches of time in one part of a statement."""
_PARTS = 20
"""Parts in one statement."""

Summed = dict[tuple[str, Key], Totals]
_Numbered = tuple[int, Piece]


class ClickHouseTotals:
    """See `metrics_core.store.protocols.RollupTable`."""

    def __init__(self, server: Server, users: UserNumbers) -> None:
        self._server = server
        self._users = users

    def sums(self, by: tuple[str, ...], pieces: Sequence[Piece]) -> list[Summed]:
        found: list[Summed] = [{} for _ in pieces]
        layers = list(_layers(pieces))
        with self._server.read() as state:
            for first in range(0, len(layers), _PARTS):
                some = layers[first : first + _PARTS]
                parts = [self._part(state, by, number, layer) for number, layer in enumerate(some)]
                for row in self._server.select(" UNION ALL ".join(parts)):
                    layer = some[int(row[0])]
                    place = next(number for number, piece in layer if piece.start == int(row[1]))
                    totals = tuple([int(value) for value in row[4:]])
                    if totals != ZERO:
                        found[place][row[2], key_of(by, row[3])] = totals
        return found

    def rows(self, by: tuple[str, ...], grain: int, window: Window) -> list[RollupRow]:
        with self._server.read() as state:
            rows = self._server.select(
                f"SELECT start, origin, key, {_KEPT} FROM {self._server.table(TOTALS_NAME)} "
                f"WHERE rollup = {text(','.join(by))} AND grain = {int(grain)} AND start >= {window.start} "
                f"AND start < {window.end} AND {state.of(TOTALS_NAME)} "
                f"GROUP BY start, origin, key HAVING {_SOME} ORDER BY start, origin, key"
            )
        return [
            RollupRow(by, Grain(grain), int(row[0]), row[1], key_of(by, row[2]), tuple(int(value) for value in row[3:]))
            for row in rows
        ]

    def users(self, name: str, grain: int, window: Window) -> dict[tuple[Instant, str], BitMap]:
        with self._server.read() as state:
            rows = self._server.select(
                f"SELECT start, origin, bitmapToArray(groupBitmapMergeState(users)) FROM {self._server.table(SETS)} "
                f"WHERE name = {text(name)} AND grain = {int(grain)} AND start >= {window.start} AND start < {window.end} "
                f"AND {state.of(SETS)} GROUP BY start, origin"
            )
        return {(int(row[0]), row[1]): BitMap(row[2]) for row in rows if len(row[2])}

    def replace(self, window: Window, rows: Iterable[RollupRow], sets: Iterable[SetRow]) -> None:
        rows, sets = list(rows), list(sets)
        naming = self._users.naming()
        with turn(self._server) as mine:
            batch = ClickHouseBatch(mine, naming)
            batch.merge(rows, sets)
            batch.flush()
            for table in (TOTALS_NAME, SETS):
                mine.void(table, low=window.start, high=window.end)
            mine.generation += 1
        naming.committed()

    def names(self, users: Iterable[int]) -> dict[int, str]:
        wanted, companion = list(users), self._server.ledger.connections
        found: dict[int, str] = {}
        with companion.read() as connection:
            for first in range(0, len(wanted), companion.dialect.at_once):
                some = companion.dialect.among(USERS.c.no, wanted[first : first + companion.dialect.at_once])
                found.update((row[0], row[1]) for row in connection.execute(select(USERS.c.no, USERS.c.name).where(some)))
        return found

    def _part(self, state: State, by: tuple[str, ...], number: int, layer: Sequence[_Numbered]) -> str:
        """The sums of pieces that do not overlap: each row goes to the piece that starts last before it."""
        starts = f"CAST([{', '.join(str(piece.start) for _, piece in layer)}], 'Array(Int64)')"
        grain = layer[0][1].grain
        if grain is None:
            values = ", ".join(f"toString(`{name}`)" for name in by)
            key = f"arrayStringConcat([{values}], '\x1f')" if by else "''"
            return (
                f"SELECT {number} AS n, roundDown(at, {starts}) AS lo, toString(origin) AS o, {key} AS k, "
                f"{sums_of_facts()} FROM {self._server.table(FACTS)} "
                f"WHERE ({_stretches('at', layer)}) AND {state.facts} GROUP BY n, lo, o, k"
            )
        return (
            f"SELECT {number} AS n, roundDown(start, {starts}) AS lo, toString(origin) AS o, key AS k, {_KEPT} "
            f"FROM {self._server.table(TOTALS_NAME)} WHERE rollup = {text(','.join(by))} AND grain = {int(grain)} "
            f"AND ({_stretches('start', layer)}) AND {state.of(TOTALS_NAME)} GROUP BY n, lo, o, k"
        )


def _layers(pieces: Sequence[Piece]) -> Iterator[list[_Numbered]]:
    """The pieces in groups of one grain, in which they follow one another without overlapping."""
    by_grain: dict[int | None, list[list[_Numbered]]] = {}
    for number, piece in sorted(enumerate(pieces), key=lambda row: row[1].start):
        if piece.start >= piece.end:
            continue
        layers = by_grain.setdefault(piece.grain, [])
        for layer in layers:
            if layer[-1][1].end <= piece.start and len(layer) < _AT_ONCE:
                layer.append((number, piece))
                break
        else:
            layers.append([(number, piece)])
    for layers in by_grain.values():
        yield from layers


def _stretches(column: str, layer: Sequence[_Numbered]) -> str:
    """The time that these pieces cover, neighbours joined."""
    joined: list[list[Instant]] = []
    for _, piece in layer:
        if joined and joined[-1][1] == piece.start:
            joined[-1][1] = piece.end
        else:
            joined.append([piece.start, piece.end])
    return " OR ".join(f"{column} >= {start} AND {column} < {end}" for start, end in joined)
