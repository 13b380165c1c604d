"""Documents in MongoDB."""

from __future__ import annotations

import orjson
from pymongo.errors import DuplicateKeyError

from metrics_core.errors import ConflictError
from metrics_core.store.mongo.schema import DOCUMENTS, Collections, Fields
from metrics_core.store.mongo.server import Server
from metrics_core.store.protocols import Document

_TRIES = 20


class MongoCatalog:
    """See `metrics_core.store.protocols.Catalog`. Documents do not wait for those who write events: a change is one
    write that names the version it changes. Bodies are kept as text: a name in one may be anything."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def get(self, shelf: str, name: str) -> Document | None:
        with self._server.read() as state:
            found = self._server.plain[DOCUMENTS].find_one(_here(shelf, name), session=state.session)
        return None if found is None else _document(found)

    def put(self, shelf: str, name: str, body: dict[str, object], *, expecting: int | None = None) -> Document:
        text = orjson.dumps(body).decode()
        self._server.settle()
        with self._server.sentences():
            database = self._server.database
            version = 0
            for _ in range(_TRIES):
                found = database[DOCUMENTS].find_one(_here(shelf, name))
                version = int(found["version"]) if found else 0
                if expecting is not None and expecting != version:
                    break
                if _changed(database, shelf, name, version, text):
                    return Document(shelf, name, version + 1, orjson.loads(text))
        msg = f"{name!r} was changed meanwhile: it is at version {version}, not {expecting}. Read it again."
        raise ConflictError(msg)

    def find(self, shelf: str) -> list[Document]:
        these = {"_id": {"$gte": {"shelf": shelf}, "$lt": {"shelf": shelf + "\0"}}, "_id.shelf": shelf}
        with self._server.read() as state:
            rows = self._server.plain[DOCUMENTS].find(these, session=state.session).sort("_id", 1)
            return [_document(row) for row in rows]

    def shelves(self) -> list[str]:
        with self._server.read() as state:
            return sorted(self._server.plain[DOCUMENTS].distinct("_id.shelf", session=state.session))

    def drop(self, shelf: str, name: str) -> bool:
        self._server.settle()
        with self._server.sentences():
            return self._server.database[DOCUMENTS].delete_one(_here(shelf, name)).deleted_count > 0


def _here(shelf: str, name: str) -> Fields:
    return {"_id": {"shelf": shelf, "name": name}}


def _document(found: Fields) -> Document:
    return Document(found["_id"]["shelf"], found["_id"]["name"], int(found["version"]), orjson.loads(found["body"]))


def _changed(database: Collections, shelf: str, name: str, version: int, text: str) -> bool:
    """The document went from this version (0: none) to the next; False where somebody else was first."""
    here = _here(shelf, name)
    if version:
        newer = {"$set": {"version": version + 1, "body": text}}
        return database[DOCUMENTS].update_one({**here, "version": version}, newer).matched_count > 0
    try:
        database[DOCUMENTS].insert_one({**here, "version": 1, "body": text})
    except DuplicateKeyError:
        return False
    return True
