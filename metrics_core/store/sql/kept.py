"""Totals and sets of users as they are kept: how a place is written, and how more is added to what is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pyroaring import BitMap
from sqlalchemy import Connection

from metrics_core.model.measure import TOTALS
from metrics_core.rollup.totals import ZERO, RollupRow, Totals, add
from metrics_core.store.sql.dialects import dialect_of
from metrics_core.store.sql.schema import SETS_TABLE, TOTALS_TABLE

Place = tuple[Any, ...]

_PLACE = ("name", "grain", "start", "origin")
_TOTALS = ("rollup", "grain", "start", "origin", "key", *TOTALS)
_ADD = "ON CONFLICT (rollup, grain, start, origin, key) DO UPDATE SET " + ", ".join(
    f"{name} = totals.{name} + excluded.{name}" for name in TOTALS
)
_PUT = "ON CONFLICT (name, grain, start, origin) DO UPDATE SET users = excluded.users"


def add_totals(connection: Connection, rows: Iterable[RollupRow]) -> None:
    """Add these to the totals kept."""
    added: dict[Place, Totals] = {}
    for row in rows:
        place = _place(row)
        added[place] = add(added[place], row.totals) if place in added else row.totals
    # In one order by everybody: two who add to the same totals then wait for each other, and never in a circle.
    told = sorted([(*place, *totals) for place, totals in added.items() if totals != ZERO])
    dialect_of(connection).upsert(connection, TOTALS_TABLE, _TOTALS, told, _ADD)


def kept_sets(connection: Connection, places: Sequence[Place]) -> dict[Place, BitMap]:
    """The sets that are kept at these places (name, grain, start, origin)."""
    dialect = dialect_of(connection)
    found: dict[Place, BitMap] = {}
    for first in range(0, len(places), dialect.at_once):
        given = dialect.given(("text", "bigint", "bigint", "text"), places[first : first + dialect.at_once])
        same = " AND ".join(f"s.{name} = p.{name}" for name in _PLACE)
        statement = f"WITH p({', '.join(_PLACE)}) AS ({given.text}) SELECT s.* FROM p CROSS JOIN sets s WHERE {same}"
        rows = connection.exec_driver_sql(statement, given.parameters)
        found.update((tuple(row[:4]), BitMap.deserialize(row[4])) for row in rows)
    return found


def put_sets(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Keep these sets (name, grain, start, origin, serialised users) in the place of what was kept."""
    dialect_of(connection).upsert(connection, SETS_TABLE, (*_PLACE, "users"), sorted(rows), _PUT)


def key_of(by: tuple[str, ...], key: str) -> tuple[str | None, ...]:
    """The values of a key that `add_totals` wrote."""
    return tuple(value or None for value in key.split("\x1f")) if by else ()


def _place(row: RollupRow) -> Place:
    # A value that is not named is kept as the empty text: admission lets none in.
    key = "\x1f".join([value or "" for value in row.key])
    return ",".join(row.by), int(row.grain), row.start, row.origin, key
