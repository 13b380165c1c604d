"""Connections that lie idle between two uses, and are gone when they are wanted again."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from metrics_core.store.sql.dialects import postgres_idle
from metrics_core.store.sql.store import SqlStore
from tests import given
from tests.servers.postgres import Postgres, binaries, postgres
from tests.trouble.hands import ids, put

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(binaries() is None and not os.environ.get("CI"), reason="PostgreSQL is not on this machine"),
]

CUT = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE application_name = 'pulseboard'"


@pytest.fixture(params=(0.0, 3600.0), ids=("long", "a moment"))
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlStore]:
    """A store whose connections count as idle for long at once, or never."""
    monkeypatch.setattr(postgres_idle, "_SECONDS", request.param)
    with postgres().database() as url:
        made = SqlStore(url)
        made.prepare()
        yield made
        made.close()


def used_at_once(store: SqlStore, number: int) -> list[int]:
    """What so many find who have a connection at the same time."""
    together = threading.Barrier(number)

    def look(_: int) -> int:
        with store.view():
            together.wait()
            return store.newest_seq()

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(look, range(number)))


def cut(server: Postgres) -> None:
    (found,) = server.sql(CUT)
    assert found[0] > 0


def test_readers_do_not_notice(store: SqlStore) -> None:
    assert used_at_once(store, 4) == [0] * 4
    cut(postgres())
    assert used_at_once(store, 4) == [0] * 4


def test_writers_do_not_notice(store: SqlStore) -> None:
    put(store, given.viewed(id="a"))
    cut(postgres())
    put(store, given.viewed(id="b"))
    put(store, given.viewed(id="c"))
    assert ids(store) == ["a", "b", "c"]
