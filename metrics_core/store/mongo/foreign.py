"""The sales that other programs write into the collection `sales`: found once, and followed as they come.

On a replica set a change stream tells of them, from the token that was kept; on a standalone server new ids are asked for.
Ids do not rise strictly (each program makes its own, by its own clock), so the newest minutes are always looked at again,
and everything is where the number of documents does not come out, or the token is too old.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from typing import Any

from bson import CodecOptions, Decimal128, ObjectId
from bson.codec_options import DatetimeConversion
from bson.datetime_ms import DatetimeMS
from pymongo import ReplaceOne
from pymongo.change_stream import CollectionChangeStream
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from metrics_core.model.instant import Instant
from metrics_core.store.foreign import PREFIX, Found, Page, Sale, Unfit
from metrics_core.store.mongo.errors import meaning
from metrics_core.store.mongo.schema import FACTS, MARK, META, REFUSED, SALES, Fields
from metrics_core.store.mongo.server import Server, all_of

_AT_ONCE = 5_000
_IDS = 5_000
_PAUSE = 0.25
"""Seconds between two looks at a standalone server, and the longest wait for a change stream to say something."""
_GATHERED = 0.1
"""Seconds in which changes that follow one another become one page."""
_QUIET = 20.0
"""Seconds after which the token is kept though nothing came: a token that is never renewed grows too old."""
_LATE = timedelta(minutes=2)
_RECKONED = 60.0
"""Seconds between two looks at everything, where the number of documents does not come out."""
_LONGEST = 180

_FOLLOWED = {"_id": "followed"}
_ANEW: Fields = {"token": None, "whole": False, "after": None}
_DENIED = frozenset({13, 40573, 166, 73, 40324})
"""No change stream is to be had here: no right to it, not a replica set, a view."""
_READ: CodecOptions[Fields] = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler="replace"
)
"""What cannot be a time or a text must not keep the others from being read."""


class MongoForeign:
    """See `metrics_core.store.foreign.Foreign`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._mark: str | None = None

    def pages(self, over: Callable[[], bool]) -> Iterator[Page]:
        self._server.settle()
        with self._server.sentences():
            if self._server.has_transactions:
                try:
                    yield from self._streamed(over)
                    return
                except OperationFailure as error:
                    if error.code not in _DENIED:
                        raise
            yield from self._polled(over)

    def missing(self) -> Iterator[Page]:
        self._server.settle()
        with self._server.sentences():
            yield from self._everything(None, again=True)

    def keep(self, page: Page, refused: Sequence[tuple[Sale, Unfit]], now: Instant) -> None:
        with self._server.sentences():
            database = self._server.database
            if page.sales:
                kept_out = {sale.id for sale, _ in refused}
                database[REFUSED].delete_many({"_id": {"$in": [s.key for s in page.sales if s.id not in kept_out]}})
            if refused:
                database[REFUSED].bulk_write([
                    ReplaceOne({"_id": sale.key}, {"_id": sale.key, **unfit._asdict()}, upsert=True)
                    for sale, unfit in refused
                ], ordered=False)  # fmt: skip
            place = page.place if isinstance(page.place, dict) else {}
            if page.sales:
                database[META].update_one(_FOLLOWED, {"$set": place, "$min": {"since": now}}, upsert=True)
            elif place:
                database[META].update_one(_FOLLOWED, {"$set": place}, upsert=True)

    def found(self) -> Found:
        self._server.settle()
        with self._server.sentences():
            theirs = waiting = refused = 0
            for keys in self._keys(None):
                new, kept_out = self._unknown(keys)
                theirs, waiting, refused = theirs + len(keys), waiting + len(new), refused + len(kept_out)
            ours = self._sales.count_documents({f"{MARK}.origin": {"$exists": True}, f"{MARK}.store": self._mine()})
            steps: list[Fields] = [
                {"$group": {"_id": "$step", "reason": {"$first": "$reason"}, "number": {"$sum": 1}}},
                {"$sort": {"number": -1, "_id": 1}},
            ]
            reasons = [(str(row["reason"]), int(row["number"])) for row in self._server.plain[REFUSED].aggregate(steps)]
            since = self._kept().get("since")
            return Found(
                ours, theirs - waiting - refused, refused, waiting, tuple(reasons), None if since is None else int(since)
            )

    # ------------------------------------------------------------------------------------------------------- followed

    def _streamed(self, over: Callable[[], bool]) -> Iterator[Page]:
        kept = self._kept()
        try:
            stream = self._watch(kept.get("token"))
        except OperationFailure as error:
            if kept.get("token") is None or error.code in _DENIED:
                raise
            # It is too old, or of another collection.
            kept, stream = {}, self._watch(None)
        with stream:
            if kept.get("token") is None:
                token = {"token": stream.resume_token, "whole": False, "after": None}
                yield Page((), 0, token)
                kept = token
            generation = kept.get("generation")
            if not kept.get("whole"):
                generation = self._generation()
                yield from self._everything(kept.get("after"))
            told = time.monotonic()
            while not over():
                now = self._generation()
                if now != generation:
                    # Events may have been taken out of the log: what still stands in the collection counts again.
                    yield from self._everything(None)
                    generation = now
                try:
                    sales, looked = self._told(stream)
                except OperationFailure as error:
                    if error.code in _DENIED or meaning(error, self._server.place) is not None:
                        raise
                    # The token is too old, which is only told when the first change is asked for.
                    yield Page((), 0, _ANEW)
                    return
                if looked or time.monotonic() - told > _QUIET:
                    told = time.monotonic()
                    yield Page(tuple(sales), looked, {"token": stream.resume_token})
                if not stream.alive:
                    # The collection was dropped or renamed: what has its name now is looked at from the start.
                    yield Page((), 0, _ANEW)
                    return

    def _watch(self, token: Any) -> CollectionChangeStream[Fields]:
        these: Fields = {
            "operationType": {"$in": ["insert", "replace", "update"]}, f"fullDocument.{MARK}.store": {"$ne": self._mine()},
        }  # fmt: skip
        return self._sales.watch(
            [{"$match": these}], full_document="updateLookup", resume_after=token, max_await_time_ms=int(_PAUSE * 1_000),
            batch_size=_AT_ONCE,
        )  # fmt: skip

    def _told(self, stream: CollectionChangeStream[Fields]) -> tuple[list[Sale], int]:
        """The sales of the changes that came; waits a moment for the first."""
        documents: dict[str, Fields] = {}
        until = None
        while len(documents) < _AT_ONCE and (until is None or time.monotonic() < until):
            change = stream.try_next()
            if change is None:
                break
            until = until or time.monotonic() + _GATHERED
            document = change.get("fullDocument")
            if document is not None:
                documents[id_of(document["_id"])] = document
        # Of those that were refused before, something was changed: they are judged again.
        new, refused = self._unknown([document["_id"] for document in documents.values()])
        return [_sale(documents[id_of(key)]) for key in (*new, *refused)], len(documents)

    def _polled(self, over: Callable[[], bool]) -> Iterator[Page]:
        seen: set[Any] = set()
        count = generation = -1
        looked_at = 0.0
        while not over():
            now = self._generation()
            there = self._sales.estimated_document_count()
            if now != generation or (there != count and time.monotonic() - looked_at > _RECKONED):
                yield from self._everything(None)
                count, generation, looked_at = there, now, time.monotonic()
                seen.clear()
            recent = self._recent()
            fresh = [key for key in recent if key not in seen]
            new, _ = self._unknown(fresh)
            for first in range(0, len(new), _AT_ONCE):
                sales = self._fetched(new[first : first + _AT_ONCE])
                yield Page(tuple(sales), len(sales), None)
            if seen:
                count += len(fresh)
            seen = set(recent)
            if not fresh:
                yield Page((), 0, None)
                time.sleep(_PAUSE)

    def _recent(self) -> list[Any]:
        """The ids of the last minutes, and those that claim to be of times to come."""
        start = ObjectId.from_datetime(datetime.now(UTC) - _LATE)
        return [row["_id"] for row in self._sales.find({"_id": {"$gte": start}}, {"_id": 1}).hint("_id_")]

    # ------------------------------------------------------------------------------------------------------ everything

    def _everything(self, after: Any, *, again: bool = False) -> Iterator[Page]:
        """All sales that are not in the log, by id, from one on; again: also those that were refused."""
        for keys in self._keys(after):
            new, refused = self._unknown(keys)
            if again:
                new += refused
            for first in range(0, len(new), _AT_ONCE):
                yield Page(tuple(self._fetched(new[first : first + _AT_ONCE])), 0, None)
            yield Page((), len(keys), None if again else {"after": keys[-1]})
        if not again:
            yield Page((), 0, {"whole": True, "after": None, "generation": self._generation()})

    def _keys(self, after: Any) -> Iterator[list[Any]]:
        """The ids of the sales of other programs, in their order, whatever sort of ids they are."""
        cursor = self._sales.find(self._theirs(), {"_id": 1}, batch_size=_IDS).hint([("_id", 1)])
        if after is not None:
            cursor = cursor.min([("_id", after)])
        with closing(cursor) as found:
            while keys := [row["_id"] for row in islice(found, _IDS)]:
                yield keys

    def _fetched(self, keys: Sequence[Any]) -> list[Sale]:
        return [_sale(document) for document in self._sales.find({"_id": {"$in": list(keys)}, **self._theirs()})]

    def _unknown(self, keys: Iterable[Any]) -> tuple[list[Any], list[Any]]:
        """Those of which nothing is in the log: the ones that were not refused before, and the ones that were."""
        by_id = {id_of(key): key for key in keys}
        if not by_id:
            return [], []
        with self._server.read() as state:
            these = all_of([{"id": {"$in": list(by_id)}, "kept": True}, *state.facts()])
            for row in self._server.plain[FACTS].find(these, {"id": 1}, session=state.session):
                by_id.pop(row["id"], None)
        left = list(by_id.values())
        before = {id_of(row["_id"]) for row in self._server.plain[REFUSED].find({"_id": {"$in": left}}, {"_id": 1})}
        return [key for key in left if id_of(key) not in before], [key for key in left if id_of(key) in before]

    # ------------------------------------------------------------------------------------------------------------ here

    def _generation(self) -> int:
        return int(self._server.log()["generation"])

    @property
    def _sales(self) -> Collection[Fields]:
        return self._server.settled.get_collection(SALES, codec_options=_READ)

    def _theirs(self) -> Fields:
        return {f"{MARK}.store": {"$ne": self._mine()}}

    def _mine(self) -> str:
        if self._mark is None:
            self._mark = identity(self._server)
        return self._mark

    def _kept(self) -> Fields:
        return self._server.plain[META].find_one(_FOLLOWED) or {}


def identity(server: Server) -> str:
    """What marks the documents that this store wrote."""
    found = server.plain[META].find_one({"_id": "identity"})
    return "" if found is None else str(found["value"])


def id_of(key: object) -> str:
    """The id of the event of a sale."""
    text = str(key)
    if not text or len(text) > _LONGEST or not text.isprintable() or text != text.strip():
        text = f"h:{blake2b(text.encode(errors='replace'), digest_size=16).hexdigest()}"
    return PREFIX + text


def _sale(document: Fields) -> Sale:
    return Sale(document["_id"], id_of(document["_id"]), {
        name: _plain(value) for name, value in document.items() if name != "_id"
    })  # fmt: skip


def _plain(value: object) -> object:
    if isinstance(value, Decimal128):
        return str(value.to_decimal())
    if isinstance(value, DatetimeMS):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return str(value) if isinstance(value, ObjectId) else value
