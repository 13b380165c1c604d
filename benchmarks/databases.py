"""Database servers to measure on: those that the environment names, or our own, which keep what they acknowledge."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TypeAlias

Fresh: TypeAlias = Callable[[], AbstractContextManager[str]]
"""Gives the URL of a fresh and empty database, which is gone afterwards."""

Named: TypeAlias = Callable[[str], AbstractContextManager[str]]
"""The same, on the server of a URL."""

POSTGRESQL, MONGODB = "BENCH_POSTGRESQL", "BENCH_MONGODB"
"""The variables that name a server whose databases may be made and dropped."""


class Own(Protocol):
    """A server of our own."""

    def database(self) -> AbstractContextManager[str]: ...

    def close(self) -> None: ...


def postgresql() -> AbstractContextManager[Fresh]:
    """A PostgreSQL: that of BENCH_POSTGRESQL, or one of our own on this machine."""

    def own() -> Own:
        from tests.servers.postgres import Postgres

        return Postgres(durable=True)

    return _server(POSTGRESQL, _on_postgresql, own)


def mongodb() -> AbstractContextManager[Fresh]:
    """A MongoDB replica set: that of BENCH_MONGODB, or one node of our own on this machine."""

    def own() -> Own:
        from tests.servers.mongo import Mongo

        return Mongo(replicates=True)

    return _server(MONGODB, _on_mongodb, own)


@contextmanager
def clickhouse() -> Iterator[Fresh]:
    """The engine of ClickHouse in a process, on a folder of its own: a process has one folder open at a time."""
    with tempfile.TemporaryDirectory(prefix="pulseboard-", ignore_cleanup_errors=True) as folder:
        yield lambda: nullcontext(f"chdb://{folder}/data?database={_name()}")


@contextmanager
def _server(variable: str, named: Named, own: Callable[[], Own]) -> Iterator[Fresh]:
    """The server that a variable names, or one of our own until the end."""
    if url := os.environ.get(variable):
        yield lambda: named(url)
        return
    server = own()
    try:
        yield server.database
    finally:
        server.close()


@contextmanager
def _on_postgresql(url: str) -> Iterator[str]:
    import psycopg
    from sqlalchemy.engine import make_url

    name = _name()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield make_url(url).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _on_mongodb(url: str) -> Iterator[str]:
    from pymongo import MongoClient

    name = _name()
    start, slash, rest = url.partition("://")
    hosts, _, after = rest.partition("/")
    options = after.partition("?")[2]
    try:
        yield f"{start}{slash}{hosts}/{name}" + (f"?{options}" if options else "")
    finally:
        with MongoClient[dict[str, object]](url) as client:
            client.drop_database(name)


def _name() -> str:
    return f"pulseboard_bench_{secrets.token_hex(4)}"
