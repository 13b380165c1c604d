"""A question by the segments of buyers that no order names, never asked before; against DuckDB working out the same."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TypeAlias

import duckdb

from benchmarks import sales
from benchmarks.filled import columns_in_duckdb, engine_with
from benchmarks.measure import CORES, Outcome, alternate, progress, side
from metrics_core.model.instant import DAY
from metrics_core.model.query import Query, Value
from metrics_core.model.window import Window
from metrics_core.reads.answer import answer
from metrics_core.reads.buyers import AWAY, MANY
from metrics_core.reads.segments import segments_of
from metrics_core.store.protocols import Store

Asked: TypeAlias = tuple[str, str, str]
"""A measure, the dimension that it is split by beside the segment, and the measure in SQL."""

WINDOW = Window(sales.END - sales.DAYS * DAY, sales.END)
QUESTIONS: tuple[Asked, ...] = (
    ("revenue", "region", "sum(CASE kind WHEN 'order_completed' THEN amount WHEN 'refund' THEN -amount ELSE 0 END)"),
    ("orders", "channel", "count(*) FILTER (kind = 'order_completed')"),
    ("quantity", "region", "sum(quantity) FILTER (kind = 'order_completed')"),
    ("refunds", "channel", "sum(amount) FILTER (kind = 'refund')"),
    ("transactions", "region", "sum(placed)"),
    ("buyers", "channel", "count(DISTINCT o.\"user\") FILTER (kind = 'order_completed')"),
    ("gross_revenue", "region", "sum(amount) FILTER (kind = 'order_completed')"),
)

_SEGMENTED = """
WITH done AS (
    SELECT "user", "at", max(number) AS number FROM (
        SELECT "user", "at", row_number() OVER (PARTITION BY "user" ORDER BY "at") AS number
        FROM facts WHERE kind = 'order_completed'
    ) GROUP BY ALL
), orders AS (
    SELECT f.*, coalesce(p."at", f."at") AS placed_at
    FROM facts f LEFT JOIN (SELECT "order", "at" FROM facts WHERE placed = 1) p
    ON f.kind = 'refund' AND p."order" = f."order"
    WHERE f."at" >= $start AND f."at" < $end AND f.kind <> 'content_view'
)
SELECT CASE WHEN d.number IS NULL THEN 'new' WHEN o.placed_at - d."at" > $away THEN 'won back'
            WHEN d.number >= $many THEN 'loyal' ELSE 'returning' END AS segment,
       o.{by}::VARCHAR AS split, ({term})::BIGINT AS term
FROM orders o ASOF LEFT JOIN done d ON o."user" = d."user" AND o.placed_at > d."at"
GROUP BY ALL
"""


def run(size: float) -> Outcome:
    number = int(size)
    progress("making the rows")
    with engine_with(number) as (engine, _), columns_in_duckdb(sales.facts(number)) as columns:
        store = engine.store
        started = perf_counter()
        segments_of(store).warm_up()
        ahead = perf_counter() - started
        ours, theirs = (_in_turn(partial(ask, where)) for ask, where in ((_ours, store), (_theirs, columns)))
        gc.collect()
        gc.freeze()
        rounds = alternate({"ours": ours, "duckdb": theirs}, len(QUESTIONS), warm=0)
        gc.unfreeze()
        wrong = [row for row in QUESTIONS if _ours(store, row) != _theirs(columns, row)]
    assert not wrong, f"Pulseboard and DuckDB differ: {wrong}"
    return Outcome(
        statistics.median(rounds["duckdb"]) / statistics.median(rounds["ours"]),
        (
            side("Pulseboard", rounds["ours"], "ms", scale=1e3),
            side(f"DuckDB on {CORES} cores", rounds["duckdb"], "ms", scale=1e3),
        ),
        (
            f"{number:,} sales of thirty days, none of which names its segment; {len(QUESTIONS)} questions that were not "
            "asked before, one a round. All rows were equal.",
            f"When each buyer completed orders was read ahead, in {ahead:.1f} s.",
        ),
    )


def _in_turn(ask: Callable[[Asked], object]) -> Callable[[], None]:
    """Asks one question after the other."""
    rows = iter(QUESTIONS)

    def asked() -> None:
        ask(next(rows))

    return asked


def _ours(store: Store, row: Asked) -> dict[tuple[Value, Value], Value]:
    measure, by, _ = row
    result = answer(store, Query((measure,), WINDOW, by=("segment", by)))
    return {(segment, split): value for segment, split, value in result.rows if value and segment is not None}


def _theirs(columns: duckdb.DuckDBPyConnection, row: Asked) -> dict[tuple[Value, Value], Value]:
    _, by, term = row
    given = {"start": WINDOW.start, "end": WINDOW.end, "away": AWAY, "many": MANY}
    found = columns.execute(_SEGMENTED.format(by=by, term=term), given).fetchall()
    return {(segment, split): value for segment, split, value in found if value}
