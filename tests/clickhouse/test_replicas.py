"""Two replicas, as processes of their own, on one ClickHouse with its companion on PostgreSQL: one leads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.replicas.house import Listener, Server, replicas, until
from tests.servers.chdb import chdb, is_here
from tests.servers.chdb_http import Interface
from tests.servers.postgres import binaries, postgres

pytestmark = [
    pytest.mark.servers,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not is_here(), reason="chdb is not installed"),
    pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not on this machine"),
]


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Server]]:
    """The engine of this process, which they reach over its HTTP interface: a folder is open in one process only."""
    interface = Interface()
    with chdb().database() as folder, postgres().database() as companion:
        monkeypatch.setenv("CATALOG_URL", companion)
        url = interface.url(folder.rpartition("=")[2], "").removesuffix("?catalog=")
        with replicas(tmp_path, url, None, number=2) as made:
            yield made
    interface.close()


def order(name: str) -> dict[str, Any]:
    return {"orderId": name, "userId": "ann", "ts": time.time(), "lines": [
        {"productId": "P", "quantity": 1, "revenue": "5.00"},
    ]}  # fmt: skip


def test_what_one_takes_in_the_other_shows_under_the_same_number_and_takes_over_when_it_dies(servers: list[Server]) -> None:
    leader, other = sorted(servers, key=lambda server: not server.leads())
    heard = [Listener(server) for server in (leader, other)]
    orders = [order(f"o-{number}") for number in range(7)]
    for number in range(6):
        assert servers[number % 2].send(orders[number])["accepted"] == 1
    until(lambda: all(listener.orders == 6 for listener in heard), what="six orders on both")
    shared = heard[0].seen.keys() & heard[1].seen.keys()
    assert shared
    assert all(heard[0].seen[number] == heard[1].seen[number] for number in shared)
    before = max(heard[1].numbers)
    leader.kill()
    until(other.leads, what="another that leads")
    assert other.send(orders[6])["accepted"] == 1
    assert other.send(orders[5])["duplicates"] == 1
    until(lambda: heard[1].orders == 7, what="seven orders")
    assert heard[1].numbers[-1] > before
