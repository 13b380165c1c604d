"""The collections `sales` and `metrics` as other programs read them: our sales with a mark, figures by period and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from itertools import islice
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, DeleteOne, UpdateOne
from pymongo.errors import BulkWriteError

from metrics_core.model.event import Event
from metrics_core.model.instant import HOUR, instant, moment
from metrics_core.store.foreign import Document, key_of_metrics, sales_of
from metrics_core.store.mongo.errors import TAKEN
from metrics_core.store.mongo.foreign import identity
from metrics_core.store.mongo.schema import FACTS, MARK, META, METRICS, SALES, Fields
from metrics_core.store.mongo.server import Server, all_of

_AT_ONCE = 1_000
_MIRRORED = {"_id": "mirrored"}
_TIMES = ("date", "createdAt", "updatedAt")
_IDS = 24
_HOURLY = "1h"


class MongoMirror:
    """See `metrics_core.store.foreign.Mirror`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._written: dict[object, Fields] = {}
        """The metrics as they were written last."""

    def place(self) -> Document:
        self._server.settle()
        with self._server.sentences():
            return self._server.plain[META].find_one(_MIRRORED, {"_id": 0}) or {}

    def keep(self, place: Document) -> None:
        with self._server.sentences():
            self._server.database[META].replace_one(_MIRRORED, {**_MIRRORED, **place}, upsert=True)

    def add_sales(self, events: Iterable[Event], digits: int) -> None:
        with self._server.sentences():
            mine = identity(self._server)
            documents = (
                {**document, MARK: {"store": mine, "id": event.id, "origin": event.origin}}
                for event in events
                for document in sales_of(event, digits)
            )
            for some in _in_parts(documents):
                # A sale that is there already, of another program or written before, stays as it is.
                try:
                    self._server.database[SALES].insert_many(map(_sale, some), ordered=False)
                except BulkWriteError as error:
                    if any(one.get("code") != TAKEN for one in (error.details or {}).get("writeErrors", [{}])):
                        raise

    def drop_sales(self, *, but: Sequence[str]) -> None:
        with self._server.sentences():
            sales = self._server.database[SALES]
            ours: Fields = {f"{MARK}.origin": {"$exists": True}, f"{MARK}.store": identity(self._server)}
            sales.delete_many({**ours, f"{MARK}.origin": {"$exists": True, "$nin": list(but)}})
            found = iter(sales.find(ours, {f"{MARK}.id": 1}))
            while rows := list(islice(found, _AT_ONCE)):
                gone = self._gone({str(row[MARK]["id"]) for row in rows})
                if gone:
                    sales.delete_many({"_id": {"$in": [row["_id"] for row in rows if row[MARK]["id"] in gone]}})

    def put_metrics(self, documents: Iterable[Document]) -> None:
        with self._server.sentences():
            made = {key_of_metrics(str(row["period"]), int(row["timestamp"])): row for row in documents}
            changed = {key: row for key, row in made.items() if self._written.get(key) != row}
            there = self._there(changed)
            changes: list[UpdateOne | DeleteOne] = []
            for key, row in changed.items():
                mine = ObjectId(key)
                found = there.get(key, mine)
                said = {**row, "timestamp": moment(int(row["timestamp"]))}
                changes.append(UpdateOne({"_id": found}, {"$set": said}, upsert=found == mine))
                if found != mine:
                    changes.append(DeleteOne({"_id": mine}))  # an export of ours that was brought here
            if changes:
                # Together: each by itself would wait for the disk.
                self._server.database[METRICS].bulk_write(changes)
            self._written.update({key: dict(row) for key, row in changed.items()})

    def _there(self, documents: Mapping[str, Document]) -> dict[str, Any]:
        """The ids of what stands in the place of these: the newest of a period, or within the hour."""
        metrics = self._server.plain[METRICS]
        found: dict[str, Any] = {}
        hours = [int(row["timestamp"]) for row in documents.values() if row["period"] == _HOURLY]
        if hours:
            first, last = min(hours) // HOUR * HOUR, max(hours) // HOUR * HOUR + HOUR
            within = {"period": _HOURLY, "timestamp": {"$gte": moment(first), "$lt": moment(last)}}
            for row in metrics.find(within, {"timestamp": 1}).sort("timestamp", ASCENDING):
                found[key_of_metrics(_HOURLY, instant(row["timestamp"].replace(tzinfo=UTC)))] = row["_id"]
        for key, row in documents.items():
            if row["period"] != _HOURLY:
                newest = metrics.find({"period": row["period"]}, {"_id": 1}).sort("timestamp", DESCENDING).limit(1)
                found.update((key, one["_id"]) for one in newest)
        return found

    def _gone(self, ids: set[str]) -> set[str]:
        """Those of these events that are in the log no more."""
        with self._server.read() as state:
            these = all_of([{"id": {"$in": list(ids)}, "kept": True}, *state.facts()])
            return ids - {row["id"] for row in self._server.plain[FACTS].find(these, {"id": 1}, session=state.session)}


def _sale(document: Document) -> Fields:
    told = str(document["_id"])
    key: Any = ObjectId(told) if len(told) == _IDS and ObjectId.is_valid(told) else told
    return {**document, "_id": key, **{name: moment(document[name]) for name in _TIMES}}


def _in_parts(documents: Iterator[Document]) -> Iterator[list[Document]]:
    while some := list(islice(documents, _AT_ONCE)):
        yield some
