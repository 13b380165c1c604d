"""A fresh database on the server of a test, a store on it, and an engine: whoever imports these brings a `server`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from metrics_core.engine import Engine
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests.servers.mongo import Mongo
from tests.servers.postgres import Postgres
from tests.sql.hands import engine_on


@pytest.fixture
def url(server: Mongo | Postgres) -> Iterator[str]:
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
