"""Totals and sets of users in MongoDB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyroaring import BitMap

from metrics_core.model.instant import Instant
from metrics_core.model.measure import TOTALS
from metrics_core.model.window import Window
from metrics_core.rollup.totals import ZERO, Grain, Key, Piece, RollupRow, SetRow, Totals, add
from metrics_core.store.mongo.batch import MongoBatch
from metrics_core.store.mongo.kept import (
    empty_sets,
    empty_totals,
    every_set_between,
    every_total_between,
    rows_of,
    sets_of,
    totals_between,
)
from metrics_core.store.mongo.recent import Recent
from metrics_core.store.mongo.schema import FACTS, Fields
from metrics_core.store.mongo.schema import TOTALS as TOTALS_NAME
from metrics_core.store.mongo.server import Server, State, all_of
from metrics_core.store.mongo.tally import sums_by
from metrics_core.store.mongo.turns import turn
from metrics_core.store.mongo.users import UserNumbers

_AT_ONCE = 100
"""Pieces in one pipeline."""

Summed = dict[tuple[str, Key], Totals]


class MongoTotals:
    """See `metrics_core.store.protocols.RollupTable`."""

    def __init__(self, server: Server, users: UserNumbers) -> None:
        self._server = server
        self._users = users

    def sums(self, by: tuple[str, ...], pieces: Sequence[Piece]) -> list[Summed]:
        found: list[Summed] = [{} for _ in pieces]
        kept = [(number, piece) for number, piece in enumerate(pieces) if piece.grain is not None]
        raw = [(number, piece) for number, piece in enumerate(pieces) if piece.grain is None]
        with self._server.read() as state:
            self._sum_facts(state, by, raw, found)
            if state.batch is None:
                self._sum_totals(state, by, kept, found)
            else:
                for number, piece in kept:
                    found[number] = self._sum_versions(state, by, piece)
        return found

    def rows(self, by: tuple[str, ...], grain: int, window: Window) -> list[RollupRow]:
        with self._server.read() as state:
            return [
                RollupRow(by, Grain(grain), start, origin, key, totals)
                for start, origin, key, totals in rows_of(self._server.plain, state, by, grain, window)
            ]

    def users(self, name: str, grain: int, window: Window) -> dict[tuple[Instant, str], BitMap]:
        with self._server.read() as state:
            return sets_of(self._server.plain, state, name, grain, window)

    def replace(self, window: Window, rows: Iterable[RollupRow], sets: Iterable[SetRow]) -> None:
        rows, sets = list(rows), list(sets)
        with turn(self._server) as mine:
            mine.beyond_facts = True
            mine.generation += 1
            empty_totals(mine, every_total_between(window))
            empty_sets(mine, every_set_between(window))
            batch = MongoBatch(mine, self._users, Recent())
            batch.merge(rows, sets)
            batch.flush()
        batch.published()

    def names(self, users: Iterable[int]) -> dict[int, str]:
        with self._server.read() as state:
            return self._users.names(self._server.plain, state.session, users)

    def _sum_facts(
        self, state: State, by: tuple[str, ...], pieces: Sequence[tuple[int, Piece]], found: list[Summed]
    ) -> None:
        parts: list[tuple[int, list[Fields]]] = []
        for number, piece in pieces:
            these = all_of([{"at": {"$gte": piece.start, "$lt": piece.end}}, *state.facts()])
            parts.append((number, [{"$match": these}, *sums_by(by)]))
        for number, row in self._each(state, FACTS, parts):
            key = tuple([row["_id"][f"key_{place}"] for place in range(len(by))])
            found[number][row["_id"]["origin"], key] = tuple([int(row[name]) for name in TOTALS])

    def _sum_totals(
        self, state: State, by: tuple[str, ...], pieces: Sequence[tuple[int, Piece]], found: list[Summed]
    ) -> None:
        group = {"_id": {"origin": "$_id.origin", "key": "$_id.key"}, **{name: {"$sum": f"${name}"} for name in TOTALS}}
        parts: list[tuple[int, list[Fields]]] = [
            (number, [
                {"$match": totals_between(by, int(piece.grain or 0), Window(piece.start, piece.end))}, {"$group": group},
            ])
            for number, piece in pieces
        ]  # fmt: skip
        for number, row in self._each(state, TOTALS_NAME, parts):
            totals = tuple([int(row[name]) for name in TOTALS])
            if totals != ZERO:
                found[number][row["_id"]["origin"], tuple(row["_id"]["key"])] = totals

    def _sum_versions(self, state: State, by: tuple[str, ...], piece: Piece) -> Summed:
        summed: Summed = {}
        window = Window(piece.start, piece.end)
        for _, origin, key, totals in rows_of(self._server.plain, state, by, int(piece.grain or 0), window):
            place = (origin, key)
            summed[place] = add(summed[place], totals) if place in summed else totals
        return summed

    def _each(
        self, state: State, table: str, parts: Sequence[tuple[int, list[Fields]]]
    ) -> Iterable[tuple[int, Fields]]:
        """Each row of these pipelines with the number of its pipeline; all of them run as one."""
        for first in range(0, len(parts), _AT_ONCE):
            stages: list[Fields] = []
            for number, part in parts[first : first + _AT_ONCE]:
                numbered = [*part, {"$set": {"number": {"$literal": number}}}]
                stages += [{"$unionWith": {"coll": table, "pipeline": numbered}}] if stages else numbered
            for row in self._server.plain[table].aggregate(stages, session=state.session):
                yield int(row["number"]), row
