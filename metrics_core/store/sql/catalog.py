"""Documents in SQL."""

from __future__ import annotations

import orjson
from sqlalchemy import delete, insert, select, update

from metrics_core.errors import ConflictError
from metrics_core.store.protocols import Document
from metrics_core.store.sql.connections import Connections
from metrics_core.store.sql.schema import DOCUMENTS


class SqlCatalog:
    """See `metrics_core.store.protocols.Catalog`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def get(self, shelf: str, name: str) -> Document | None:
        statement = select(DOCUMENTS.c.version, DOCUMENTS.c.body).where(DOCUMENTS.c.shelf == shelf, DOCUMENTS.c.name == name)
        with self._connections.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Document(shelf, name, row.version, orjson.loads(row.body))

    def put(self, shelf: str, name: str, body: dict[str, object], *, expecting: int | None = None) -> Document:
        here = (DOCUMENTS.c.shelf == shelf, DOCUMENTS.c.name == name)
        with self._connections.write() as connection:
            version = connection.execute(select(DOCUMENTS.c.version).where(*here)).scalar() or 0
            if expecting is not None and expecting != version:
                msg = f"{name!r} was changed meanwhile: it is at version {version}, not {expecting}. Read it again."
                raise ConflictError(msg)
            text = orjson.dumps(body).decode()
            if version:
                connection.execute(update(DOCUMENTS).where(*here).values(version=version + 1, body=text))
            else:
                connection.execute(insert(DOCUMENTS).values(shelf=shelf, name=name, version=1, body=text))
        return Document(shelf, name, version + 1, dict(body))

    def find(self, shelf: str) -> list[Document]:
        statement = select(DOCUMENTS).where(DOCUMENTS.c.shelf == shelf).order_by(DOCUMENTS.c.name)
        with self._connections.read() as connection:
            rows = connection.execute(statement)
            return [Document(row.shelf, row.name, row.version, orjson.loads(row.body)) for row in rows]

    def drop(self, shelf: str, name: str) -> bool:
        with self._connections.write() as connection:
            done = connection.execute(delete(DOCUMENTS).where(DOCUMENTS.c.shelf == shelf, DOCUMENTS.c.name == name))
            return done.rowcount > 0
