"""A snapshot of all periods on a MongoDB replica set; against pymongo asking the collection of facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import MongoClient

from benchmarks.databases import mongodb
from benchmarks.measure import Outcome
from benchmarks.store_snapshot import against
from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW
from metrics_core.model.window import Window
from metrics_core.store.mongo.schema import FACTS, Fields


def _is(kind: str) -> Fields:
    return {"$eq": ["$kind", kind]}


def _sum(condition: Fields, amount: object = 1) -> Fields:
    return {"$sum": {"$cond": [condition, amount, 0]}}


def _users(condition: Fields) -> Fields:
    return {"$addToSet": {"$cond": [condition, "$user", "$$REMOVE"]}}


_PLACED: Fields = {"$eq": ["$placed", True]}
_GROUP: Fields = {
    "_id": None, "transactions": _sum(_PLACED), "orders": _sum(_is(ORDER_COMPLETED)), "failed": _sum(_is(ORDER_FAILED)),
    "quantity": _sum(_is(ORDER_COMPLETED), "$quantity"), "gross_revenue": _sum(_is(ORDER_COMPLETED), "$amount"),
    "refunds": _sum(_is(REFUND), "$amount"), "views": _sum(_is(VIEW), "$count"), "events": {"$sum": 1},
    "buyers": _users(_is(ORDER_COMPLETED)),
    "active_users": _users({"$and": [{"$ne": ["$kind", REFUND]}, {"$or": [{"$ne": ["$kind", ORDER_FAILED]}, _PLACED]}]}),
}  # fmt: skip


def run(size: float) -> Outcome:
    with mongodb() as fresh, fresh() as url, MongoClient[Fields](url) as client:
        facts = client.get_default_database()[FACTS]

        def ask(window: Window) -> Sequence[int]:
            these = {"$match": {"at": {"$gte": window.start, "$lt": window.end}}}
            found: list[Any] = list(facts.aggregate([these, {"$group": _GROUP}], allowDiskUse=True))
            row: dict[str, Any] = found[0] if found else dict.fromkeys(_GROUP, 0)
            told = [value for name, value in row.items() if name != "_id"]
            return [len(value) if isinstance(value, list) else int(value or 0) for value in told]

        return against("pymongo", url, lambda: ask, size)
