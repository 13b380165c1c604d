"""A replica set and a standalone server, each with a fresh database and a store on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.servers.house import engine, store, url
from tests.servers.mongo import Mongo, replica_set, standalone

__all__ = ["engine", "server", "store", "url"]


@pytest.fixture(params=(replica_set, standalone), ids=("replica set", "standalone"))
def server(request: pytest.FixtureRequest) -> Mongo:
    """Both sorts of server, one after the other."""
    made: Callable[[], Mongo] = request.param
    return made()

