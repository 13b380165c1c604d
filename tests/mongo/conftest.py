"""A replica set and a standalone server, each with a fresh database and a store on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from metrics_core.engine import Engine
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests.servers.mongo import Mongo, replica_set, standalone
from tests.sql.hands import engine_on


@pytest.fixture(params=(replica_set, standalone), ids=("replica set", "standalone"))
def server(request: pytest.FixtureRequest) -> Mongo:
    """Both sorts of server, one after the other."""
    made: Callable[[], Mongo] = request.param
    return made()


@pytest.fixture
def url(server: Mongo) -> Iterator[str]:
    with server.database() as fresh:
        yield fresh


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    made = connect(url)
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = engine_on(url)
    yield made
    made.stop()
