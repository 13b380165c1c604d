"""Undo what a crash left half done on a standalone server, and clear away what nobody looks at any more."""

from __future__ import annotations

from collections.abc import Callable

from pymongo import DeleteOne, ReplaceOne

from metrics_core.store.mongo.schema import FACTS, SETS, USERS, Collections, Fields
from metrics_core.store.mongo.schema import TOTALS as TOTALS_NAME
from metrics_core.store.mongo.versions import set_before, totals_before

_CHUNK = 1_000
_BEFORE: tuple[tuple[str, Callable[[Fields, int], Fields | None]], ...] = (
    (TOTALS_NAME, totals_before), (SETS, set_before),
)  # fmt: skip


def repair(database: Collections, log: Fields) -> None:
    """Bring everything back to what was published. Doing it twice, or breaking it off and doing it again, is the same."""
    batch = int(log["batch"])
    facts = database[FACTS]
    facts.delete_many({"_id": {"$gt": int(log["seq"])}})
    facts.update_many({"gone": {"$gt": batch}}, {"$set": {"kept": True}, "$unset": {"gone": ""}})
    database[USERS].delete_many({"_id": {"$gt": int(log["users"])}})
    for name, before in _BEFORE:
        table = database[name]
        changes: list[DeleteOne | ReplaceOne[Fields]] = []
        for found in table.find({"n": {"$gt": batch}}):
            older = before(found, batch)
            here = {"_id": found["_id"]}
            changes.append(DeleteOne(here) if older is None else ReplaceOne(here, older))
            if len(changes) == _CHUNK:
                table.bulk_write(changes, ordered=False)
                changes = []
        if changes:
            table.bulk_write(changes, ordered=False)


def tidy(database: Collections, batch: int) -> None:
    """Remove what went before or in this batch, which everybody sees as gone."""
    database[FACTS].delete_many({"gone": {"$lte": batch}})
    database[TOTALS_NAME].delete_many({"empty": {"$lte": batch}, "events": 0})
    database[SETS].delete_many({"empty": {"$lte": batch}})
