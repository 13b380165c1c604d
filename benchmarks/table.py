"""Every benchmark there is: what it compares, its target, and its size."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from benchmarks.measure import Outcome


class Benchmark(NamedTuple):
    """One row. `run(size)` of the module of the same name measures it."""

    name: str
    what: str
    direction: str
    """How the ratio must stand to the target: >= or <=."""
    target: float
    unit: str
    """What the size is a number of."""
    size: float
    quick: float
    """The size in a run of all, which takes under fifteen minutes."""
    tiny: float
    """The smallest size that still runs through everything."""

    def run(self, size: float) -> Outcome:
        outcome: Outcome = import_module(f"benchmarks.{self.name}").run(size)
        return outcome

    def met(self, ratio: float) -> bool:
        return ratio >= self.target if self.direction == ">=" else ratio <= self.target


BENCHMARKS = (
    Benchmark(
        "snapshot", "time of a DuckDB scan of the same rows / time of an exact snapshot of all periods",
        ">=", 400, "sales", 10_000_000, 2_000_000, 2_000,
    ),
    Benchmark(
        "snapshot_growth", "time of a snapshot / time of one over 45,000 sales",
        "<=", 4, "sales", 10_000_000, 2_000_000, 2_000,
    ),
    Benchmark(
        "segments", "time of DuckDB working the segments of buyers out / time of a question by segment not asked before",
        ">=", 0.25, "sales", 2_000_000, 2_000_000, 2_000,
    ),
    Benchmark(
        "snapshot_postgresql", "time of psycopg asking the facts, a question a window / time of a snapshot, on PostgreSQL",
        ">=", 10, "sales", 500_000, 200_000, 2_000,
    ),
    Benchmark(
        "snapshot_mongodb", "time of pymongo asking the facts, a question a window / time of a snapshot, on MongoDB",
        ">=", 10, "sales", 500_000, 200_000, 2_000,
    ),
    Benchmark(
        "snapshot_clickhouse", "time of clickhouse-connect asking the facts, a question a window / of a snapshot, on chdb",
        ">=", 1.5, "sales", 500_000, 200_000, 2_000,
    ),
    Benchmark(
        "http_ingest", "orders a second over HTTP, with totals / rows a second of bare executemany",
        ">=", 0.8, "orders", 240_000, 120_000, 8_000,
    ),
    Benchmark(
        "http_ingest_postgresql", "orders a second over HTTP into PostgreSQL, with totals / rows a second of bare COPY",
        ">=", 0.6, "orders", 240_000, 60_000, 8_000,
    ),
    Benchmark(
        "http_ingest_mongodb", "orders a second over HTTP into MongoDB, with totals / documents a second of insert_many",
        ">=", 0.7, "orders", 240_000, 60_000, 8_000,
    ),
    Benchmark(
        "http_ingest_clickhouse", "orders a second over HTTP into chdb, with totals / rows a second of a bare insertion",
        ">=", 0.6, "orders", 240_000, 60_000, 8_000,
    ),
    Benchmark(
        "store_order", "time of one order with its totals / that of the bare driver writing the same; the worst of four",
        "<=", 4, "orders a round", 40, 20, 4,
    ),
    Benchmark(
        "order_to_socket", "99 % of orders, from acknowledgement to socket message / 250 ms, at 200 orders a second",
        "<=", 1, "seconds", 30, 15, 2,
    ),
    Benchmark(
        "subscribers", "worse of: 99 % of deliveries / 250 ms, processor / 25 % of a core; a message a second",
        "<=", 1, "sockets", 5_000, 5_000, 100,
    ),
    Benchmark(
        "replicas", "99 % of orders at one replica, until a socket of another has them / 500 ms; without Redis / 1.5 s",
        "<=", 1, "seconds", 30, 15, 2,
    ),
    Benchmark(
        "page_rerun", "processor time of a run of the live page / 12 ms",
        "<=", 1, "runs", 600, 300, 24,
    ),
    Benchmark(
        "viewers", "99 % of refreshes / 500 ms with none missed, each viewer refreshing every 5 seconds",
        "<=", 1, "viewers", 150, 150, 4,
    ),
    Benchmark(
        "first_number", "time to the first number of the live page in a cold browser / that of a bare st.metric page",
        "<=", 1.1, "visits to each", 9, 5, 1,
    ),
    Benchmark(
        "dashboard_viewers", "time to answer ten widgets for all who look / for one, a refresh; each one missed adds 1",
        "<=", 1.5, "viewers", 100, 100, 4,
    ),
    Benchmark(
        "dashboard_first", "worse of, to a bare st.metric page in a cold browser: first number / 1.2, ten widgets / 2.5",
        "<=", 1, "visits to each", 9, 5, 1,
    ),
    Benchmark(
        "soak", "growth of the server's memory over the second half / 5 %, under steady mixed load",
        "<=", 1, "minutes", 30, 2, 0.2,
    ),
    Benchmark(
        "grocer", "answers equal to those of pandas / questions asked, about a grocer's year",
        ">=", 1, "lines", 1_469_307, 300_000, 20_000,
    ),
)  # fmt: skip

NAMED = {row.name: row for row in BENCHMARKS}
