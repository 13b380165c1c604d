"""Turns at writing: one at a time, of this process or any other, and what is written in one is there whole or not at all."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.errors import ConnectionFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from metrics_core.errors import ContendedError, StoreAwayError
from metrics_core.store.mongo.errors import CONFLICTS, code_of
from metrics_core.store.mongo.repair import repair, tidy
from metrics_core.store.mongo.schema import FACTS, LOG, META, USERS, Collections, Fields
from metrics_core.store.mongo.server import Server, published
from metrics_core.store.mongo.writers import free_the_dead, has_died, sign, who

_PATIENCE = 30.0
"""Seconds to wait for one's turn, and for the answer to a commit."""
_LEASE = 20_000
"""Milliseconds after which a turn that nobody renewed is over."""
_RENEWED = 4.0

_UNSURE = (
    "The database went away during a commit, so that nobody knows yet whether these records are kept. Send them again: what "
    "is kept already counts once."
)
_WAITED = "Another replica or program kept the database for too long. Nothing was taken in; try again in a few seconds."
_OVER = "Another replica took over, because this one stood still for too long. Nothing was taken in; try again."


class Turn(Protocol):
    """From `begin` to `publish` or `undo`. What is published with it is in the fields."""

    seq: int
    users: int
    generation: int
    session: ClientSession | None
    number: int | None
    """On a standalone server, the batch this is: documents keep what they were before it."""
    keep: int
    """Nobody looks at what was before this batch."""
    beyond_facts: bool
    """It has changed more than the end of the facts, so that there is more to undo."""

    @property
    def database(self) -> Collections: ...

    def begin(self) -> None: ...

    def renew(self) -> None:
        """Say that one is still there; ContendedError where it is somebody else's turn by now."""
        ...

    def publish(self) -> None:
        """Everything is there from now on, for everybody, durably."""
        ...

    def undo(self) -> None: ...


@contextmanager
def turn(server: Server) -> Iterator[Turn]:
    """A turn, published at the end."""
    server.settle()
    with turn_at_start(server) as mine:
        yield mine


@contextmanager
def turn_at_start(server: Server) -> Iterator[Turn]:
    """The same, for what itself belongs to a start."""
    with server.writing, server.sentences():
        mine: Turn = _Transaction(server) if server.has_transactions else _Noted(server)
        mine.begin()
        try:
            yield mine
        except BaseException:
            # Where it cannot be undone now, nobody sees it, and it is undone before the next turn.
            with suppress(PyMongoError, StoreAwayError):
                mine.undo()
            raise
        mine.publish()


def mend(server: Server) -> None:
    """Undo what a crash left half done. Where another process is in the middle of its turn, it is left to it."""
    database = server.database
    found = database[META].find_one(LOG)
    if found is None:
        return
    if server.has_transactions:
        # Such a note was written before this server became a replica set.
        if found.get("writing"):
            repair(database, found)
            database[META].update_one(LOG, {"$unset": {"writing": ""}})
        tidy(database, int(found["batch"]))
        free_the_dead(server)
        return
    if found.get("writing"):
        mine = _Noted(server)
        with suppress(ContendedError):
            mine.begin(patience=0)
            mine.undo()
    # Somebody may still look at what went with the last batches.
    tidy(database, server.oldest(int(found["batch"])))
    server.untidy = int(found["batch"])


def _waiting(patience: float) -> Iterator[None]:
    """Once, and again and again for so many seconds; then ContendedError."""
    until = time.monotonic() + patience
    pause = 0.001
    while True:
        yield
        if time.monotonic() > until:
            raise ContendedError(_WAITED)
        time.sleep(random.uniform(pause / 2, pause))
        pause = min(pause * 1.5, 0.02)


_LONG = 0.5
"""Seconds to wait for one's turn before asking whether who has it still lives."""


class _Transaction:
    """A transaction of a replica set. Its first statement changes the log document, which only one at a time can."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.session: ClientSession | None = None
        self.number: int | None = None
        self.keep = 0
        self.beyond_facts = False
        self.seq = self.users = self.generation = 0

    @property
    def database(self) -> Collections:
        return self._server.plain

    def begin(self) -> None:
        asked = time.monotonic()
        for _ in _waiting(_PATIENCE):
            if time.monotonic() - asked > _LONG:
                asked = time.monotonic()
                free_the_dead(self._server)
            session = self._server.client.start_session()
            sign(self._server, session)
            session.start_transaction(ReadConcern("snapshot"), WriteConcern("majority", j=True))
            try:
                found = self.database[META].find_one_and_update(LOG, {"$inc": {"batch": 1}}, session=session)
            except PyMongoError as error:
                _end(session)
                if code_of(error) not in CONFLICTS:
                    raise
                continue
            if found is None:
                _end(session)
                published(self._server.plain, None)
                continue
            self.session = session
            self.seq, self.users, self.generation = int(found["seq"]), int(found["users"]), int(found["generation"])
            return

    def renew(self) -> None:
        return None

    def publish(self) -> None:
        session = self.session
        assert session is not None
        now = {"seq": self.seq, "users": self.users, "generation": self.generation}
        try:
            self.database[META].update_one(LOG, {"$set": now}, session=session)
            _settled(lambda: session.commit_transaction(), _is_unknown)
        finally:
            _end(session)

    def undo(self) -> None:
        if self.session is not None:
            _end(self.session)
            self.session = None


class _Noted:
    """A batch on a standalone server. A note of it is written first; what it writes carries its number and is seen by nobody
    until the number is published, which is the one write that ends the note."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.session: ClientSession | None = None
        self.beyond_facts = False
        self._by = secrets.token_hex(8)
        self._renewed = 0.0
        self._before: Fields = {}
        self.number: int | None = None
        self.keep = 0
        self.seq = self.users = self.generation = 0

    @property
    def database(self) -> Collections:
        return self._server.database

    def begin(self, patience: float = _PATIENCE) -> None:
        meta = self.database[META]
        note = [{"$set": {
            "tried": {"$add": [{"$max": ["$batch", {"$ifNull": ["$tried", 0]}]}, 1]},
            "writing": {
                "by": self._by, **who(self._server), "until": {"$add": ["$$NOW", _LEASE]},
            },
        }}]  # fmt: skip
        for _ in _waiting(patience):
            free: Fields = {**LOG, "writing": None}
            held = (published(self.database, None).get("writing") or {}) if patience == 0 or self._renewed else {}
            self._renewed = time.monotonic()
            if held:
                free = {**LOG, "writing.by": held["by"]}
                if not self._has_died(held):
                    free["$expr"] = {"$lt": ["$writing.until", "$$NOW"]}
            found = meta.find_one_and_update(free, note, return_document=ReturnDocument.AFTER)
            if found is None:
                continue
            if held:
                repair(self.database, found)
            self._before = found
            self.number = int(found["tried"])
            self.keep = self._server.oldest(int(found["batch"]))
            self.seq, self.users, self.generation = int(found["seq"]), int(found["users"]), int(found["generation"])
            self._renewed = time.monotonic()
            return

    def renew(self) -> None:
        if time.monotonic() - self._renewed < _RENEWED:
            return
        longer = [{"$set": {"writing.until": {"$add": ["$$NOW", _LEASE]}}}]
        if not self.database[META].update_one({**LOG, "writing.by": self._by}, longer).matched_count:
            raise ContendedError(_OVER)
        self._renewed = time.monotonic()

    def publish(self) -> None:
        # Whatever it wrote is on disk by now; should the server go away here, it is found as it was.
        now = {"seq": self.seq, "users": self.users, "generation": self.generation, "batch": self.number}

        def end() -> None:
            meta = self.database[META]
            done = meta.update_one({**LOG, "writing.by": self._by}, {"$set": now, "$unset": {"writing": ""}})
            if not done.matched_count and published(self.database, None)["batch"] != self.number:
                raise ContendedError(_OVER)

        _settled(end, lambda error: isinstance(error, ConnectionFailure))
        assert self.number is not None
        if self.generation != self._before["generation"]:
            self._server.untidy = self.number
        untidy = self._server.untidy
        if untidy is not None and self._server.oldest(self.number) >= untidy:
            with suppress(PyMongoError):  # else at the next start
                tidy(self.database, untidy)
                self._server.untidy = None

    def undo(self) -> None:
        database, before = self.database, self._before
        if database[META].find_one({**LOG, "writing.by": self._by}) is None:
            return
        if self.beyond_facts:
            repair(database, before)
        else:
            database[FACTS].delete_many({"_id": {"$gt": int(before["seq"])}})
            database[USERS].delete_many({"_id": {"$gt": int(before["users"])}})
        database[META].update_one({**LOG, "writing.by": self._by}, {"$unset": {"writing": ""}})

    def _has_died(self, held: Fields) -> bool:
        """Who wrote this note can be known to write no more."""
        if held.get("store") == who(self._server)["store"]:
            return True  # it was this very store, which writes nothing else now
        return has_died(held)


def _is_unknown(error: PyMongoError) -> bool:
    return error.has_error_label("UnknownTransactionCommitResult")


def _settled(commit: Callable[[], object], is_unknown: Callable[[PyMongoError], bool]) -> None:
    """Commit, and where the answer got lost ask again, which changes nothing, until it is known."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            commit()
            return
        except PyMongoError as error:
            if not is_unknown(error):
                raise
            if time.monotonic() > until:
                raise StoreAwayError(_UNSURE) from error
        time.sleep(0.05)


def _end(session: ClientSession) -> None:
    with suppress(PyMongoError):
        session.end_session()
