"""A snapshot of all periods on PostgreSQL; against psycopg asking the table of facts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import psycopg

from benchmarks.databases import postgresql
from benchmarks.measure import Outcome
from benchmarks.store_snapshot import Ask, against
from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW
from metrics_core.model.window import Window

_DID = f"kind = '{ORDER_COMPLETED}' AND line = 0"
_ASK = f"""
    SELECT count(*) FILTER (WHERE placed = 1 AND line = 0), count(*) FILTER (WHERE {_DID}),
        count(*) FILTER (WHERE kind = '{ORDER_FAILED}' AND line = 0),
        sum(quantity) FILTER (WHERE kind = '{ORDER_COMPLETED}'),
        sum(amount) FILTER (WHERE kind = '{ORDER_COMPLETED}'), sum(amount) FILTER (WHERE kind = '{REFUND}'),
        sum("count") FILTER (WHERE kind = '{VIEW}'), count(*) FILTER (WHERE line = 0),
        count(DISTINCT "user") FILTER (WHERE {_DID}),
        count(DISTINCT "user") FILTER (WHERE kind <> '{REFUND}' AND (kind <> '{ORDER_FAILED}' OR placed = 1))
    FROM facts WHERE at >= %s AND at < %s
"""


def run(size: float) -> Outcome:
    with postgresql() as fresh, fresh() as url:

        def opened() -> Ask:
            connection.execute("ANALYZE facts")
            return ask

        def ask(window: Window) -> Sequence[int]:
            row = connection.execute(_ASK, (window.start, window.end)).fetchone() or ()
            return [int(value or 0) for value in row]

        with closing(psycopg.connect(url.replace("+psycopg", ""), autocommit=True)) as connection:
            return against("psycopg", url, opened, size)
