"""Turns at writing: one at a time, of this process or any other, and what is written in one is there whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from sqlalchemy import Connection

from metrics_core.errors import PulseboardError
from metrics_core.logs import log
from metrics_core.model.measure import TOTALS
from metrics_core.store.clickhouse import ledger
from metrics_core.store.clickhouse.schema import FACTS, SETS, TOTALS_NAME
from metrics_core.store.clickhouse.server import Server
from metrics_core.store.clickhouse.states import State, Void

LOOSE = 20_000
"""So many rows of totals may come after the last packing; where it left more, so many as it left."""
MOST_VOIDS = 60
"""So many conditions on totals and sets a question may carry."""
_LOOKS = 600.0
"""Seconds between two looks for what can be cleared away."""


class Turn:
    """A batch in the making. Its rows carry its number, and the commit of the companion's transaction makes them seen."""

    def __init__(self, server: Server, connection: Connection, number: int) -> None:
        self.server = server
        self.connection = connection
        self.number = number
        kept = ledger.progress(connection)
        self.seq, self.generation = kept["seq"], kept["generation"]
        self.loose, self.packed = kept["loose"], kept["packed"]
        self.has_written = False
        self._before = ledger.state(connection)._replace(unfinished=ledger.begun_before(connection, number))
        self._voids: list[Void] = []
        self._sent = 0

    @property
    def state(self) -> State:
        """What is finished, and what this turn has done."""
        return self._before._replace(seq=self.seq, batch=self.number, voids=(*self._before.voids, *self._voids))

    def insert(self, table: str, types: Mapping[str, str], columns: Sequence[Sequence[Any]]) -> None:
        self.has_written = True
        self._sent += 1
        self.server.insert(table, types, columns, f"{self.number}-{self._sent}")

    def command(self, statement: str) -> None:
        self.has_written = True
        self.server.command(statement)

    def void(self, table: str, **described: Any) -> None:
        """Take out what older batches wrote."""
        self._voids.append(Void(self.number, table, **described))

    def publish(self) -> None:
        values = {
            "seq": self.seq, "batch": self.number, "generation": self.generation, "loose": self.loose, "packed": self.packed,
        }  # fmt: skip
        ledger.finish(self.connection, self.number, values, self._voids)

    @property
    def wants_packing(self) -> bool:
        voids = sum(void.table != FACTS and not void.is_everything for void in self.state.voids)
        return self.loose > max(LOOSE, self.packed) or voids > MOST_VOIDS


@contextmanager
def turn(server: Server) -> Iterator[Turn]:
    """A turn, published at the end."""
    with server.writing:
        mine: Turn | None = None
        try:
            with ExitStack() as stack:
                mine = _take(server, stack)
                yield mine
                mine.publish()
        except BaseException:
            if mine is not None and not mine.has_written:
                with suppress(PulseboardError):  # else it counts as broken off
                    server.ledger.drop(mine.number)
            raise
        _keep_house(server, mine.wants_packing)


def clear(server: Server) -> None:
    """Clear away what nobody sees any more."""
    with server.ledger.connections.read() as connection:
        dead, voids = ledger.clearable(connection, server.patience)
    if voids:
        server.ledger.connections.change(lambda connection: ledger.clearing(connection, voids), alone=False)
    for void in voids:
        server.remove(void.table, void.condition)
    if dead:
        for table in (FACTS, TOTALS_NAME, SETS):
            server.remove(table, f"batch IN ({', '.join(map(str, dead))})")
    if dead or voids:
        server.ledger.connections.change(lambda connection: ledger.cleared(connection, dead, voids), alone=False)


def _take(server: Server, stack: ExitStack) -> Turn:
    """Alone, with a number that is newer than what is finished."""
    while True:
        number = server.ledger.begin()
        with ExitStack() as attempt:
            connection = attempt.enter_context(server.ledger.connections.write())
            if ledger.progress(connection)["batch"] < number:
                mine = Turn(server, connection, number)
                stack.enter_context(attempt.pop_all())
                return mine
        # Somebody who began later was quicker, and has written this number off.
        server.ledger.drop(number)


def _keep_house(server: Server, wants_packing: bool) -> None:
    """What can wait until somebody's turn is over; where it fails, the next one does it."""
    try:
        if wants_packing:
            with turn(server) as mine:
                _pack(mine)
        if time.monotonic() - server.looked > _LOOKS:
            server.looked = time.monotonic()
            clear(server)
    except Exception as error:  # the batch before it is there, and whoever wrote it must hear so
        log(__name__).warning("totals were not packed", why=str(error))


def _pack(mine: Turn) -> None:
    """Write the totals and sets anew, a row for each place instead of one for each batch that touched it."""
    server, state = mine.server, mine.state
    totals, sets = server.table(TOTALS_NAME), server.table(SETS)
    sums = ", ".join(f"sum({name}) AS s{number}" for number, name in enumerate(TOTALS))
    some = " OR ".join(f"s{number} != 0" for number in range(len(TOTALS)))
    mine.command(
        f"INSERT INTO {totals} (rollup, grain, start, origin, key, {', '.join(TOTALS)}, batch) "
        f"SELECT rollup, grain, start, origin, key, {sums}, {mine.number} FROM {totals} WHERE {state.of(TOTALS_NAME)} "
        f"GROUP BY `rollup`, grain, start, origin, key HAVING {some}"
    )
    mine.command(
        f"INSERT INTO {sets} (name, grain, start, origin, users, batch) "
        f"SELECT name, grain, start, origin, groupBitmapMergeState(users) AS u, {mine.number} FROM {sets} "
        f"WHERE {state.of(SETS)} GROUP BY name, grain, start, origin"
    )
    mine.void(TOTALS_NAME)
    mine.void(SETS)
    mine.loose, mine.packed = 0, int(server.select(f"SELECT count() FROM {totals} WHERE batch = {mine.number}")[0][0])
