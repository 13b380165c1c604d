"""Database servers to measure on: those that the environment names, or our own, which keep what they acknowledge."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

Fresh: TypeAlias = Callable[[], AbstractContextManager[str]]
"""Gives the URL of a fresh and empty database, which is gone afterwards."""

POSTGRESQL, MONGODB = "BENCH_POSTGRESQL", "BENCH_MONGODB"
"""The variables that name a server whose databases may be made and dropped."""


@contextmanager
def postgresql() -> Iterator[Fresh]:
    """A PostgreSQL: that of BENCH_POSTGRESQL, or one of our own on this machine."""
    if named := os.environ.get(POSTGRESQL):
        yield lambda: _on_postgresql(named)
        return
    from tests.servers.postgres import Postgres

    server = Postgres(durable=True)
    try:
        yield server.database
    finally:
        server.close()


@contextmanager
def mongodb() -> Iterator[Fresh]:
    """A MongoDB replica set: that of BENCH_MONGODB, or one node of our own on this machine."""
    if named := os.environ.get(MONGODB):
        yield lambda: _on_mongodb(named)
        return
    from tests.servers.mongo import Mongo

    server = Mongo(replicates=True)
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
