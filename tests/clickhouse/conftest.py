"""A fresh database in the engine of this process, and a store on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from metrics_core.store.clickhouse.store import ClickHouseStore
from tests.servers.chdb import chdb


@pytest.fixture
def url() -> Iterator[str]:
    with chdb().database() as fresh:
        yield fresh


@pytest.fixture
def store(url: str) -> Iterator[ClickHouseStore]:
    made = ClickHouseStore(url)
    made.prepare()
    yield made
    made.close()
