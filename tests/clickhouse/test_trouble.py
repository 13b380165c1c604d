"""ClickHouse beyond the suite of all stores: what broke off, what is sent twice, what is packed and cleared away."""

from __future__ import annotations

from contextlib import ExitStack, closing
from random import Random

import pytest

from metrics_core.engine import Engine
from metrics_core.errors import ContendedError, StoreAwayError
from metrics_core.model.event import SIM
from metrics_core.model.instant import DAY
from metrics_core.model.window import Window
from metrics_core.store.clickhouse import turns
from metrics_core.store.clickhouse.schema import FACT_TYPES, FACTS, SETS, TOTALS_NAME
from metrics_core.store.clickhouse.store import ClickHouseStore
from tests import given
from tests.servers.chdb import chdb, is_here
from tests.sql.hands import engine_on
from tests.stores.contents import EVENTS, EVER, contents, expected, keep, put, scanned

pytestmark = [pytest.mark.servers, pytest.mark.skipif(not is_here(), reason="chdb is not installed")]


def rows_in(url: str, table: str) -> int:
    """Rows of a table, whether anybody sees them or not."""
    name = url.rpartition("=")[2]
    return int(chdb().client.query(f"SELECT count() FROM {name}.{table}").result_rows[0][0])


# --------------------------------------------------------------------------------------------------- what broke off


def break_off(store: ClickHouseStore) -> None:
    with store.batch() as batch:
        assert batch.append([given.placed("ghost", id="ghost", user="ghost")])
        assert set(batch.orders(["ghost"])) == {"ghost"}
        raise ContendedError


def broken_off(url: str, store: ClickHouseStore) -> int:
    """Send events to ClickHouse, and go before the end of the batch; its number."""
    with pytest.raises(ContendedError):
        break_off(store)
    name = url.rpartition("=")[2]
    return int(chdb().client.query(f"SELECT max(batch) FROM {name}.facts").result_rows[0][0])


def test_rows_of_a_batch_that_broke_off_are_there_and_count_for_nothing(url: str, store: ClickHouseStore) -> None:
    keep(store, EVENTS[:40])
    before = rows_in(url, FACTS)
    broken_off(url, store)
    assert rows_in(url, FACTS) == before + 2
    assert contents(store) == expected(EVENTS[:40])
    put(store, *EVENTS[40:60])
    put(store, given.viewed(id="ghost", user="other"))
    assert [event.user for event in scanned(store) if event.id == "ghost"] == ["other"]


def test_what_arrives_late_from_a_writer_that_was_given_up_counts_for_nothing(
    url: str, store: ClickHouseStore
) -> None:
    number = broken_off(url, store)
    put(store, *EVENTS[:20])
    late = [("late",) if name == "id" else (number,) if name == "batch" else (given.NOON,) if name == "at" else None
            for name in FACT_TYPES]  # fmt: skip
    filled = [one or ("" if "String" in type else 0,) for one, type in zip(late, FACT_TYPES.values(), strict=True)]
    store._server.insert(FACTS, FACT_TYPES, filled, "late")
    assert contents(store) == expected(EVENTS[:20])
    with store.batch() as batch:
        assert batch.known(["late"]) == {}


def test_an_insertion_sent_twice_counts_once(url: str, store: ClickHouseStore) -> None:
    put(store, *EVENTS[:20])
    before = rows_in(url, FACTS)
    columns = [["x" if "String" in type else 1] for type in FACT_TYPES.values()]
    for _ in range(2):
        store._server.insert(FACTS, FACT_TYPES, columns, "the same token")
    assert rows_in(url, FACTS) == before + 1


def test_what_broke_off_is_cleared_away_once_nothing_of_it_can_arrive(url: str, store: ClickHouseStore) -> None:
    broken_off(url, store)
    keep(store, EVENTS[:20])
    seen = rows_in(url, FACTS) - 2
    store.prepare()
    assert rows_in(url, FACTS) == seen + 2
    store._server.patience = -1.0
    store.prepare()
    assert rows_in(url, FACTS) == seen
    assert contents(store) == expected(EVENTS[:20])


# ----------------------------------------------------------------------------------------------- packing and clearing


def test_packing_leaves_a_row_for_each_place_and_every_answer_as_it_was(
    url: str, store: ClickHouseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first in range(0, 200, 20):
        put(store, *EVENTS[first : first + 20])
    generation = store.generation()
    with store.view():
        before = contents(store)
        with monkeypatch.context() as patch:
            patch.setattr(turns, "LOOSE", -1)
            put(store, *EVENTS[200:220])
        assert contents(store) == before
    assert contents(store) == expected(EVENTS[:220])
    assert store.generation() == generation
    store._server.patience = -1.0
    store.prepare()
    assert rows_in(url, TOTALS_NAME) == len(expected(EVENTS[:220]).rows)
    assert rows_in(url, SETS) == len(expected(EVENTS[:220]).sets)
    put(store, *EVENTS[220:260])
    assert contents(store) == expected(EVENTS[:260])


def test_many_replacements_are_packed_and_stay_right(store: ClickHouseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MOST_VOIDS", 3)
    keep(store, EVENTS[:120])
    for number in range(4):
        store.totals.replace(Window(number * DAY, (number + 1) * DAY), [], [])
    assert len(store._server.ledger.connections.change(lambda one: turns.ledger.state(one).voids)) <= 4
    assert contents(store) == expected(EVENTS[:120])


def test_what_was_forgotten_is_cleared_away_once_nobody_can_look_back(url: str, store: ClickHouseStore) -> None:
    keep(store, EVENTS[:200])
    store.events.forget(run_id="run-1")
    store.events.forget(origins=(SIM,))
    before = contents(store)
    rows = rows_in(url, FACTS)
    store._server.patience = -1.0
    store.prepare()
    assert rows_in(url, FACTS) < rows
    assert contents(store) == before == expected([event for event in EVENTS[:200] if event.origin != SIM])
    put(store, *[event for event in EVENTS[:200] if event.origin == SIM])
    assert contents(store)[1:] == expected(EVENTS[:200])[1:]


def test_a_view_that_lasts_beyond_what_is_kept_is_refused_rather_than_wrong(url: str, store: ClickHouseStore) -> None:
    keep(store, EVENTS[:60])
    with closing(ClickHouseStore(url)) as other, store.view():
        before = contents(store)
        other.events.forget(run_id="run-0")
        assert contents(store) == before
        other._server.patience = store._server.patience = -1.0
        other.prepare()
        for ask in (lambda: contents(store), store.events.count, lambda: list(store.events.scan())):
            with pytest.raises(ContendedError, match="Ask again"):
                ask()
    assert contents(store) == expected([event for event in EVENTS[:60] if event.run_id != "run-0"])


# ------------------------------------------------------------------------------------------------------- many of them


def test_databases_in_one_folder_know_nothing_of_each_other(store: ClickHouseStore) -> None:
    with chdb().database() as url, closing(ClickHouseStore(url)) as other:
        other.prepare()
        put(store, *EVENTS[:10])
        put(other, *EVENTS[10:30])
        assert contents(store) == expected(EVENTS[:10])
        assert contents(other) == expected(EVENTS[10:30])


def test_writers_that_overtake_each_other_lose_nothing(url: str) -> None:
    with ExitStack() as stack:
        stores = [stack.enter_context(closing(ClickHouseStore(url))) for _ in range(2)]
        for store in stores:
            store.prepare()
        slow, quick = stores
        begin = slow._server.ledger.begin
        chance = Random(1)
        numbers: list[int] = []

        def overtaken() -> int:
            """A number is taken, and before its turn begins another writer is done with a newer one."""
            numbers.append(begin())
            if len(numbers) == 1:
                put(quick, given.viewed(id=f"quick {chance.random()}"))
            return numbers[-1]

        slow._server.ledger.begin = overtaken  # type: ignore[method-assign]
        put(slow, given.viewed(id="slow"))
        assert len(numbers) == 2
        assert len(scanned(quick)) == 2
        assert contents(slow)[1:] == expected(scanned(slow))[1:]


def test_an_engine_on_it_verifies_clean_after_ingest_and_purge(url: str) -> None:
    engine: Engine = engine_on(url)
    records = given.numbered([given.order_record(f"o{number}") for number in range(30)], prefix="first")
    assert engine.accept(records).accepted == 30
    assert engine.accept(records).duplicates == 30
    assert [check.name for check in engine.verify() if not check.ok] == []
    engine.stop()


def test_a_database_that_is_away_at_the_start_is_prepared_once_it_is_there(url: str, store: ClickHouseStore) -> None:
    put(store, *EVENTS[:10])
    store.close()
    with closing(ClickHouseStore(url)) as late:
        with chdb().away(url), pytest.raises(StoreAwayError):
            late.prepare()
        assert late.newest_seq() > 0
        assert contents(late, EVER) == expected(EVENTS[:10])
