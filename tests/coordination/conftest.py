"""Catalogs that rivals share: in memory, in a file, and on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests.servers.mongo import replica_set, standalone
from tests.servers.postgres import postgres

SERVERS = {"postgres": postgres, "mongo": replica_set, "mongo-standalone": standalone}
KINDS = ("memory", "sqlite", *(pytest.param(name, marks=pytest.mark.servers) for name in SERVERS))


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Store]]:
    """The same store, opened as two processes would; in memory there is one process."""
    with ExitStack() as stack:
        if request.param == "memory":
            store = connect("memory://")
            yield [store, store]
            return
        url = f"sqlite:///{tmp_path / 'shared.db'}"
        if request.param in SERVERS:
            url = stack.enter_context(SERVERS[request.param]().database())
        opened = [connect(url), connect(url)]
        for store in opened:
            stack.callback(store.close)
            store.prepare()
        yield opened
