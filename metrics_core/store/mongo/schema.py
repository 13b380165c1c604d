"""The collections and their indexes, made step by step: each step has a number and is applied once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.database import Database
from pymongo.errors import OperationFailure

from metrics_core.store.newer import refuse_newer

Fields: TypeAlias = dict[str, Any]
"""A document as the driver takes and gives it."""

Collections: TypeAlias = Database[Fields]

# Their names begin with ours: programs that share the database have users and documents, too.
FACTS = "pulseboard.facts"
"""One document an event, with its lines inside: `_id` is its seq. `kept` marks what is in the log; on a standalone server,
`gone` is the number of the batch that took it out, for as long as somebody may still look at what was before."""
USERS = "pulseboard.users"
"""`_id` is the number of the user called `name`."""
TOTALS = "pulseboard.totals"
"""`_id` is the place {rollup, grain, start, origin, key}. On a standalone server `n` is the batch that wrote it last, and
`was` what it was before, newest first."""
SETS = "pulseboard.sets"
"""`_id` is the place {name, grain, start, origin}; `n` and `was` as in the totals, see `versions.py`."""
DOCUMENTS = "pulseboard.documents"
WRITERS = "pulseboard.writers"
"""`_id` is the session in which a process writes transactions: those of one that died are ended by the others."""
META = "pulseboard.meta"
"""`log`: the newest seq, batch and user number that were published, the generation, and on a standalone server the note of
the batch that is being written. `schema`: the number of the last step. `identity`: what marks our own sales in `sales`.
`followed`: how far the sales of other programs were read, and since when. `mirrored`: how far ours were written there.
`forgetting`: what is to go and takes several steps, see `forget.py`."""
REFUSED = "pulseboard.refused"
"""Sales of other programs that were not taken in: `_id` is theirs; with the step, the field and the reason."""

SALES = "sales"
"""One document a sale, shared with other programs: theirs are read and never changed, ours carry a mark."""
METRICS = "metrics"
"""Figures by period and time, for programs that read them here."""
MARK = "pulseboard"
"""The field that our own documents in `sales` have."""

LOG: Mapping[str, str] = {"_id": "log"}

_EXISTS = 48
"""Another one, who starts at the same time, was quicker."""
_NOT_INDEXED = frozenset({85, 86, 166})
"""It is a view, or has such an index of another sort: it is read without ours."""
_HERE = {"kept": True}
_FACTS_INDEXES = [
    IndexModel([("id", ASCENDING)], name="facts_id", unique=True, partialFilterExpression=_HERE),
    IndexModel(
        [("order_id", ASCENDING)], name="facts_order", unique=True,
        partialFilterExpression={**_HERE, "placed": True, "order_id": {"$exists": True}},
    ),
    IndexModel([("order_id", ASCENDING)], name="facts_followup", partialFilterExpression={**_HERE, "placed": False}),
    IndexModel([("at", DESCENDING), ("_id", DESCENDING)], name="facts_at"),
    IndexModel([("run_id", ASCENDING)], name="facts_run", sparse=True),
    IndexModel([("gone", ASCENDING)], name="facts_gone", sparse=True),
]  # fmt: skip

_SHARED_INDEXES: Mapping[str, tuple[list[tuple[str, int]], ...]] = {
    SALES: (
        [("date", DESCENDING)], [("productId", ASCENDING), ("date", DESCENDING)], [(f"{MARK}.origin", ASCENDING)],
    ),
    METRICS: ([("timestamp", DESCENDING)], [("period", ASCENDING), ("timestamp", DESCENDING)]),
}  # fmt: skip


def _first(database: Collections) -> None:
    # A collection that is made in the middle of a transaction would be in everybody's way.
    there = set(database.list_collection_names())
    for name in (FACTS, USERS, TOTALS, SETS, DOCUMENTS, WRITERS, META):
        if name not in there:
            _create(database, name)
    for name, index in ((TOTALS, "totals_empty"), (SETS, "sets_empty")):
        database[name].create_indexes([IndexModel([("empty", ASCENDING)], name=index, sparse=True)])
    database[FACTS].create_indexes(_FACTS_INDEXES)
    database[USERS].create_indexes([IndexModel([("name", ASCENDING)], name="users_name", unique=True)])
    start = {"seq": 0, "batch": 0, "users": 0, "generation": 0}
    database[META].update_one(LOG, {"$setOnInsert": start}, upsert=True)


def _shared(database: Collections) -> None:
    there = set(database.list_collection_names())
    for name in (REFUSED, SALES, METRICS):
        if name not in there:
            _create(database, name)
    database[META].update_one({"_id": "identity"}, {"$setOnInsert": {"value": secrets.token_hex(8)}}, upsert=True)
    for name, wanted in _SHARED_INDEXES.items():
        try:
            # Another program may have made them, under names of its own.
            has = [list(index["key"].items()) for index in database[name].list_indexes()]
            for keys in wanted:
                if keys not in has:
                    database[name].create_index(keys, sparse=keys[0][0].startswith(MARK))
        except OperationFailure as error:
            if error.code not in _NOT_INDEXED:
                raise


def _create(database: Collections, name: str) -> None:
    try:
        database.create_collection(name, check_exists=False)
    except OperationFailure as error:
        if error.code != _EXISTS:
            raise


STEPS: tuple[tuple[int, str, Callable[[Collections], None]], ...] = (
    (1, "facts, totals, sets and documents", _first),
    (2, "sales and metrics, shared with other programs", _shared),
)


def apply(database: Collections) -> None:
    """Apply the steps that were not applied yet, in order. Each may be done twice, by two who start at once. SettingError,
    and nothing done, where a step was applied that is not known here."""
    meta = database[META]
    kept = meta.find_one({"_id": "schema"})
    done = 0 if kept is None else int(kept["value"])
    refuse_newer(done, STEPS[-1][0])
    for number, _, step in STEPS:
        if number > done:
            step(database)
            meta.find_one_and_update(
                {"_id": "schema"}, {"$max": {"value": number}}, upsert=True, return_document=ReturnDocument.AFTER
            )
