"""Bulk ingest over HTTP into PostgreSQL, with totals and durable commits; against a bare COPY of the same rows."""

from __future__ import annotations

import psycopg

from benchmarks.databases import postgresql
from benchmarks.http_ingest import Bare, against
from benchmarks.measure import Outcome
from metrics_core.store.connect import connect
from metrics_core.store.sql.rows import COLUMNS, Row, rows_of


def run(size: float) -> Outcome:
    with postgresql() as fresh, fresh() as served, fresh() as bare:
        store = connect(bare)
        store.prepare()
        store.close()
        with psycopg.connect(bare.replace("+psycopg", ""), autocommit=True) as connection:
            return against(Bare("psycopg COPY", rows_of, lambda rows: copy(connection, rows)), served, size)


def copy(connection: psycopg.Connection, rows: list[Row]) -> None:
    """These rows by COPY into the table of facts, and committed."""
    named = ", ".join(f'"{name}"' for name in COLUMNS)
    with connection.transaction(), connection.cursor() as cursor, cursor.copy(f"COPY facts ({named}) FROM STDIN") as copying:
        for row in rows:
            copying.write_row(row)
