"""Documents in SQL."""

from __future__ import annotations

import orjson
from sqlalchemy import ColumnElement, Connection, delete, select, update

from metrics_core.errors import ConflictError
from metrics_core.store.protocols import Document
from metrics_core.store.sql.connections import Connections
from metrics_core.store.sql.dialects import dialect_of
from metrics_core.store.sql.schema import DOCUMENTS

_TRIES = 20


class SqlCatalog:
    """See `metrics_core.store.protocols.Catalog`. Documents do not wait for those who write events: a change is one
    statement that names the version it changes."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def get(self, shelf: str, name: str) -> Document | None:
        statement = select(DOCUMENTS.c.version, DOCUMENTS.c.body).where(DOCUMENTS.c.shelf == shelf, DOCUMENTS.c.name == name)
        with self._connections.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Document(shelf, name, row.version, orjson.loads(row.body))

    def put(self, shelf: str, name: str, body: dict[str, object], *, expecting: int | None = None) -> Document:
        text = orjson.dumps(body).decode()

        def change(connection: Connection) -> int:
            version = 0
            for _ in range(_TRIES):
                version = connection.execute(select(DOCUMENTS.c.version).where(*_here(shelf, name))).scalar() or 0
                if expecting is not None and expecting != version:
                    break
                if _changed(connection, shelf, name, version, text):
                    return version + 1
            msg = f"{name!r} was changed meanwhile: it is at version {version}, not {expecting}. Read it again."
            raise ConflictError(msg)

        return Document(shelf, name, self._connections.change(change, alone=False), dict(body))

    def find(self, shelf: str) -> list[Document]:
        statement = select(DOCUMENTS).where(DOCUMENTS.c.shelf == shelf).order_by(DOCUMENTS.c.name)
        with self._connections.read() as connection:
            rows = connection.execute(statement)
            return [Document(row.shelf, row.name, row.version, orjson.loads(row.body)) for row in rows]

    def shelves(self) -> list[str]:
        statement = select(DOCUMENTS.c.shelf).distinct().order_by(DOCUMENTS.c.shelf)
        with self._connections.read() as connection:
            return [row[0] for row in connection.execute(statement)]

    def drop(self, shelf: str, name: str) -> bool:
        statement = delete(DOCUMENTS).where(*_here(shelf, name))
        return self._connections.change(lambda connection: connection.execute(statement).rowcount > 0, alone=False)


def _here(shelf: str, name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return DOCUMENTS.c.shelf == shelf, DOCUMENTS.c.name == name


def _changed(connection: Connection, shelf: str, name: str, version: int, text: str) -> bool:
    """The document went from this version (0: none) to the next; False where somebody else was first."""
    if version:
        newer = update(DOCUMENTS).where(*_here(shelf, name), DOCUMENTS.c.version == version)
        return connection.execute(newer.values(version=version + 1, body=text)).rowcount > 0
    marks = ", ".join([dialect_of(connection).mark] * 4)
    first = f"INSERT INTO documents (shelf, name, version, body) VALUES ({marks}) ON CONFLICT DO NOTHING"
    return connection.exec_driver_sql(first, (shelf, name, 1, text)).rowcount > 0
