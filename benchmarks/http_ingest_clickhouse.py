"""Bulk ingest over HTTP into the engine of ClickHouse in the server's process; against bare insertions of the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from benchmarks.bare_clickhouse import bare, insert
from benchmarks.databases import clickhouse
from benchmarks.http_ingest import Bare, against
from benchmarks.measure import Outcome
from metrics_core.model.event import Event
from metrics_core.store.clickhouse.facts import columns_of
from metrics_core.store.clickhouse.schema import FACT_TYPES, FACTS
from metrics_core.store.connect import connect


def run(size: float) -> Outcome:
    # Each process has a folder of its own.
    with clickhouse() as theirs, theirs() as served, clickhouse() as ours, ours() as url, bare(url) as client:
        store = connect(url)
        store.prepare()
        store.close()
        batches = count(1)

        def columns(events: list[Event], seq: int, users: dict[str, int]) -> list[Sequence[Any]]:
            return columns_of(events, seq, users, next(batches))[0]

        def write(some: list[Sequence[Any]]) -> None:
            insert(client, FACTS, FACT_TYPES, some)

        return against(Bare("clickhouse-connect insert", columns, write), served, size)
