"""What the doors give out: receipts and the registry, as JSON."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from metrics_core.ingest.records import Records
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.event import Receipt, Refusal
from metrics_core.model.measure import REGISTRY, How, Measure, Ratio
from metrics_core.model.query import GRAINS
from metrics_core.model.window import PERIODS


def receipt_of(receipt: Receipt, records: Records) -> tuple[dict[str, Any], int]:
    """The receipt of a request and its status: 422 when all of it was refused."""
    refused = [_refusal(one, records.place(one.index)) for one in receipt.refused]
    refused += [_refusal(one, one.index) for one in records.broken]
    refused.sort(key=lambda one: one["index"])
    nothing = bool(refused) and not receipt.accepted and not receipt.duplicates
    body = {"accepted": receipt.accepted, "duplicates": receipt.duplicates, "refused": refused}
    return body, 422 if nothing else 200


def _refusal(one: Refusal, place: int) -> dict[str, Any]:
    said = {"index": place, "id": one.id, "step": one.step, "field": one.field, "reason": one.reason}
    return {**said, "retryable": True} if one.retryable else said


def registry() -> dict[str, Any]:
    """What can be asked for: every measure with its definition, and what it can be split by."""
    return {
        "measures": [
            {
                "name": row.name, "label": row.label, "unit": row.unit.value, "good": row.good,
                "kind": row.how.value if isinstance(row, Measure) else "ratio",
                "formula": row.formula, "definition": row.definition,
                "dimensions": [name for name in DIMENSIONS if name not in _not_by(row)],
            }
            for row in REGISTRY.values()
        ],
        "dimensions": [
            {"name": row.name, "label": row.label, "definition": row.definition} for row in DIMENSIONS.values()
        ],
        "periods": list(PERIODS),
        "grains": list(GRAINS),
    }


def _not_by(row: Measure | Ratio) -> Collection[str]:
    """What a measure cannot be split by: see its definition."""
    if isinstance(row, Measure) and row.how is How.PEAK:
        return DIMENSIONS  # kept for everyone together
    if isinstance(row, Measure) and row.how is How.LEVEL:
        return ("kind", "source", "hour", "weekday")  # an order may be placed in one and settled in another
    return ()
