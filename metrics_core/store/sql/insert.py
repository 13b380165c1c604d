"""Many rows in few statements: each statement is one step of the driver, so other threads wait for none of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

_PARAMETERS = 24_000
"""Well below SQLite's limit of 32,766 for one statement."""


def insert(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], then: str = ""
) -> None:
    """Insert all rows; `then` is the ON CONFLICT clause."""
    largest = max(1, _PARAMETERS // len(columns))
    sizes = [size for size in (800, 128, 16, 4, 1) if size <= largest]
    at = 0
    names = tuple(columns)
    for size in sizes:
        statement = _statement(table, names, size, then)
        while len(rows) - at >= size:
            connection.exec_driver_sql(statement, tuple(value for row in rows[at : at + size] for value in row))
            at += size


@lru_cache(maxsize=256)
def _statement(table: str, columns: tuple[str, ...], size: int, then: str) -> str:
    row = "(" + ",".join("?" * len(columns)) + ")"
    named = ",".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({named}) VALUES {','.join([row] * size)} {then}"
