"""Catalogs that rivals share: in memory, in a file, and on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests.servers.chdb import chdb, is_here
from tests.servers.mongo import replica_set, standalone
from tests.servers.postgres import binaries, postgres

SERVERS = {"postgres": postgres, "mongo": replica_set, "mongo-standalone": standalone}
CLICKHOUSE = "clickhouse"
KINDS = (
    "memory", "sqlite", *(pytest.param(name, marks=pytest.mark.servers) for name in SERVERS),
    pytest.param(CLICKHOUSE, marks=[
        pytest.mark.servers, pytest.mark.skipif(not is_here() or binaries() is None, reason="chdb or PostgreSQL is missing"),
    ]),
)  # fmt: skip
"""ClickHouse with the companion on PostgreSQL that replicas share. One process holds a folder of its engine, so that the
two are two stores of this process: everything they agree on goes through the companion, as it does between processes."""


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Store]]:
    """The same store, opened as two processes would; in memory there is one process."""
    with ExitStack() as stack:
        if request.param == "memory":
            store = connect("memory://")
            yield [store, store]
            return
        url, catalog = f"sqlite:///{tmp_path / 'shared.db'}", None
        if request.param in SERVERS:
            url = stack.enter_context(SERVERS[request.param]().database())
        elif request.param == CLICKHOUSE:
            url, catalog = stack.enter_context(chdb().database()), stack.enter_context(postgres().database())
        opened = [connect(url, catalog), connect(url, catalog)]
        for store in opened:
            stack.callback(store.close)
            store.prepare()
        yield opened
