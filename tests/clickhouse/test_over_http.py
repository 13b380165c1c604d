"""A server instead of a folder: the same promises with the client over HTTP, and what comes between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from clickhouse_connect import common

from metrics_core.errors import SettingError, StoreAwayError
from metrics_core.model.instant import DAY
from metrics_core.model.measure import TOTALS
from metrics_core.model.window import Window
from metrics_core.rollup.fold import fold
from metrics_core.rollup.totals import SETS, Grain, Piece
from metrics_core.store.connect import connect
from metrics_core.store.memory.store import MemoryStore
from metrics_core.store.protocols import Store, Tally
from tests import given
from tests.servers.chdb import chdb, is_here
from tests.servers.chdb_http import Interface
from tests.stores.contents import EVENTS, EVER, contents, expected, keep, put

pytestmark = [pytest.mark.servers, pytest.mark.skipif(not is_here(), reason="chdb is not installed")]


@pytest.fixture(scope="module")
def interface() -> Iterator[Interface]:
    # Blocks come without the extra fields of a newer protocol, as from a server that does not know it.
    before = common.get_setting("use_protocol_version")
    common.set_setting("use_protocol_version", False)
    made = Interface()
    yield made
    made.close()
    common.set_setting("use_protocol_version", before)


@pytest.fixture
def url(interface: Interface, tmp_path: Path) -> Iterator[str]:
    with chdb().database() as folder:
        yield interface.url(folder.rpartition("=")[2], f"sqlite:///{tmp_path / 'companion.db'}")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    made = connect(url)
    made.prepare()
    yield made
    made.close()


def test_everything_that_is_written_and_read_is_as_in_memory(store: Store) -> None:
    plain = MemoryStore()
    for one in (plain, store):
        keep(one, EVENTS[:200])
        one.events.forget(run_id="run-0")
        put(one, given.placed("an order", id="placed", user="ann"), given.viewed(id="quote ' and \\ and \n", user="ü漢🙂"))
        one.totals.replace(EVER, *fold(contents(one).events))
    assert contents(store) == contents(plain)
    assert store.name.startswith("ClickHouse 2")
    tally = Tally(EVER, (*TOTALS, *SETS), ("channel",), grain="week", shifts=((-(10**17), 3_600_000_000),))
    assert set(store.events.tally(tally)) == set(plain.events.tally(tally))
    pieces = [Piece(Grain.DAY, 0, given.NOON - given.NOON % DAY), Piece(None, 0, given.NOON)]
    assert store.totals.sums(("region",), pieces) == plain.totals.sums(("region",), pieces)
    assert store.events.newest(9) == plain.events.newest(9)
    for one in (plain, store):
        with one.batch() as batch:
            assert batch.orders(["an order"])["an order"].placed.user == "ann"
            assert set(batch.known(["placed", "quote ' and \\ and \n", "nobody"])) == {"placed", "quote ' and \\ and \n"}


def test_a_batch_is_one_insertion_for_each_table(store: Store, interface: Interface) -> None:
    put(store, *EVENTS[:5])
    interface.asked.clear()
    put(store, *EVENTS[5:100])
    assert [statement.split("`")[3] for statement in interface.asked if statement.startswith("INSERT")] == [
        "facts", "totals", "sets",
    ]  # fmt: skip


def test_a_server_that_is_away_is_said_and_found_again(store: Store, interface: Interface) -> None:
    keep(store, EVENTS[:40])
    with interface.away():
        for ask in (
            store.ping, lambda: put(store, *EVENTS[40:60]), lambda: store.events.tally(Tally(Window(0, DAY), ("gross",)))
        ):
            with pytest.raises(StoreAwayError, match="database"):
                ask()
        assert store.newest_seq() > 0
    assert contents(store) == expected(EVENTS[:40])
    put(store, *EVENTS[40:60])
    assert contents(store) == expected(EVENTS[:60])


def test_a_wrong_password_is_said_at_the_start_and_never_shown(interface: Interface, tmp_path: Path) -> None:
    url = interface.url("any", f"sqlite:///{tmp_path / 'companion.db'}", password="wrong@secret")
    with closing(connect(url)) as store, pytest.raises(SettingError, match="does not let the user shop in") as told:
        store.prepare()
    assert "secret" not in str(told.value)
