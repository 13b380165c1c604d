"""Distributed tables: everything a store asks and sends is something they can run, here on a cluster of one shard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from metrics_core.model.measure import TOTALS
from metrics_core.rollup.fold import fold
from metrics_core.rollup.totals import SETS, Piece
from metrics_core.store.clickhouse import turns
from metrics_core.store.clickhouse.schema import TABLES, statements
from metrics_core.store.connect import connect
from metrics_core.store.memory.store import MemoryStore
from metrics_core.store.protocols import Store, Tally
from tests import given
from tests.servers.chdb import chdb, is_here
from tests.stores.contents import EVENTS, EVER, contents, keep, put

servers = pytest.mark.servers
here = pytest.mark.skipif(not is_here(), reason="chdb is not installed")


def test_on_a_cluster_each_table_is_a_distributed_one_over_replicated_ones() -> None:
    made = statements("shop", "main")
    assert len(made) == 2 * len(TABLES)
    for table, (lies, spreads) in zip(TABLES, zip(made[::2], made[1::2], strict=True), strict=True):
        assert f"`shop`.`{table.name}_local` ON CLUSTER 'main'" in lies
        assert f"ENGINE = Replicated{table.engine}" in lies
        assert f"Distributed('main', 'shop', '{table.name}_local', {table.sharded})" in spreads


@pytest.fixture
def store() -> Iterator[Store]:
    """On tables that somebody has made as on a cluster, though not replicated: that takes a keeper."""
    with chdb().database() as url:
        name = url.rpartition("=")[2]
        chdb().client.command(f"CREATE DATABASE {name}")
        for statement in statements(name, "main"):
            alone = statement.replace(" ON CLUSTER 'main'", "").replace("ENGINE = Replicated", "ENGINE = ")
            chdb().client.command(alone)
        with closing(connect(url)) as made:
            made.prepare()
            yield made
        engines = chdb().client.query(f"SELECT engine FROM system.tables WHERE database = '{name}' AND name = 'facts'")
        assert engines.result_rows == [("Distributed",)]


@servers
@here
def test_everything_runs_over_distributed_tables(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = MemoryStore()
    for one in (plain, store):
        keep(one, EVENTS[:200])
        one.events.forget(run_id="run-0")
        one.totals.replace(EVER, *fold(contents(one).events))
        put(one, given.placed("an order", id="placed", user="ann"))
        with monkeypatch.context() as patch:
            patch.setattr(turns, "LOOSE", -1)  # so that totals are packed
            put(one, *EVENTS[300:320])
        one.events.forget(origins=("import",))
    assert contents(store) == contents(plain)
    assert store.events.count() == plain.events.count()
    assert set(store.events.runs()) == set(plain.events.runs())
    for by in ((), ("channel",), ("product", "user")):
        tally = Tally(EVER, (*TOTALS, *SETS), by, grain="day", shifts=((-(10**17), 0),))
        assert set(store.events.tally(tally)) == set(plain.events.tally(tally))
    pieces = [Piece(None, 0, given.NOON), Piece(None, given.NOON, given.NOON + 1)]
    assert store.totals.sums(("channel",), pieces) == plain.totals.sums(("channel",), pieces)
    assert store.events.newest(20) == plain.events.newest(20)
    with store.batch() as batch:
        assert set(batch.orders(["an order", "nobody's"])) == {"an order"}
        assert not batch.append([given.viewed(id="placed")])
