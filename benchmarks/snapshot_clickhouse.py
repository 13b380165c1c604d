"""A snapshot of all periods on the engine of ClickHouse in this process; against its driver asking the table of facts."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.bare_clickhouse import bare
from benchmarks.databases import clickhouse
from benchmarks.measure import Outcome
from benchmarks.store_snapshot import against
from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW
from metrics_core.model.window import Window
from metrics_core.store.clickhouse.schema import FACTS

_DID = f"kind = '{ORDER_COMPLETED}' AND line = 0"
_ASK = f"""
    SELECT countIf(placed = 1 AND line = 0), countIf({_DID}), countIf(kind = '{ORDER_FAILED}' AND line = 0),
        sumIf(quantity, kind = '{ORDER_COMPLETED}'), sumIf(amount, kind = '{ORDER_COMPLETED}'),
        sumIf(amount, kind = '{REFUND}'), sumIf(count, kind = '{VIEW}'), countIf(line = 0), uniqExactIf(user, {_DID}),
        uniqExactIf(user, user != 0 AND kind != '{REFUND}' AND (kind != '{ORDER_FAILED}' OR placed = 1))
    FROM {FACTS} WHERE at >= {{start}} AND at < {{end}}
"""


def run(size: float) -> Outcome:
    with clickhouse() as fresh, fresh() as url, bare(url) as client:

        def ask(window: Window) -> Sequence[int]:
            (row,) = client.query(_ASK.format(start=window.start, end=window.end)).result_rows
            return [int(value or 0) for value in row]

        return against("clickhouse-connect", url, lambda: ask, size)
