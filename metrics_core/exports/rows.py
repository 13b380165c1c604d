"""The rows behind a figure as CSV, a stretch at a time, however many they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from metrics_core.exports.to_csv import BOM, line, money
from metrics_core.model.query import Query
from metrics_core.reads.explained import COLUMNS, row_json
from metrics_core.reads.rows import Fact

_AT_ONCE = 500


def csv_rows(facts: Iterable[Fact], query: Query, digits: int) -> Iterator[bytes]:
    """The file in pieces; amounts have the decimals of the currency, and refunds are negative."""
    lines = [BOM + line(COLUMNS)]
    for fact in facts:
        row = row_json(fact, query, digits)
        row["products"] = "; ".join(sold.product for sold in fact.lines if sold.product is not None)
        row["amount"] = money(row["amount"], digits)
        lines.append(line(row[name] for name in COLUMNS))
        if len(lines) >= _AT_ONCE:
            yield "".join(lines).encode()
            lines = []
    yield "".join(lines).encode()
