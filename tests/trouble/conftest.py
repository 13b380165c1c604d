"""The servers that can get into trouble: a row for each, with a fresh database and a store on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tests.servers.house import engine, store, url
from tests.servers.mongo import Mongo, mongod, replica_set, standalone
from tests.servers.postgres import Postgres, binaries, postgres

__all__ = ["engine", "server", "store", "url"]

Server: TypeAlias = Postgres | Mongo


def _row(start: Callable[[], Server], name: str, program: object) -> Any:
    missing = program is None and not os.environ.get("CI")
    return pytest.param(start, id=name, marks=pytest.mark.skipif(missing, reason=f"{name} is not on this machine"))


SERVERS = (
    _row(postgres, "PostgreSQL", binaries()),
    _row(replica_set, "MongoDB replica set", mongod()),
    _row(standalone, "MongoDB standalone", mongod()),
)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    """One sort of server after the other."""
    start: Callable[[], Server] = request.param
    return start()

