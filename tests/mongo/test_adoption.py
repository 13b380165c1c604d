"""A database that other programs fill: their sales are recognised, taken in once each, and followed as they grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database
from pymongo.errors import OperationFailure

from metrics_core.engine import Engine
from metrics_core.ingest.sources.followed import Follower
from metrics_core.model.event import LIVE
from metrics_core.store.foreign import Foreign
from metrics_core.store.mongo.store import MongoStore
from tests.mongo.foreign import BASE, ODD, WRONG, counted, database, events, foreign_sales, summed, until, varied
from tests.servers.mongo import Mongo, mongod, replica_set, standalone

pytestmark = [pytest.mark.servers, pytest.mark.skipif(mongod() is None, reason="MongoDB is not on this machine")]

@pytest.fixture
def trendai(server: Mongo, url: str) -> Iterator[Database[dict[str, Any]]]:
    found = database(server, url)
    yield found
    found.client.close()


def foreign(engine: Engine) -> Foreign:
    assert isinstance(engine.store, MongoStore)
    return engine.store.foreign


@pytest.fixture
def follower(engine: Engine) -> Iterator[Follower]:
    made = Follower(foreign(engine), engine.accept, engine.clock.now)
    yield made
    made.stop()


# ------------------------------------------------------------------------------------------------ what is there before


def test_sales_of_other_programs_are_recognised_before_anything_is_taken_in(
    trendai: Database[dict[str, Any]], engine: Engine
) -> None:
    trendai.sales.insert_many(foreign_sales(20))
    found = foreign(engine).found()
    assert (found.others, found.waiting, found.taken, found.refused, found.ours) == (20, 20, 0, 0, 0)
    assert events(engine) == 0


def test_each_is_an_event_that_bears_the_id_of_its_document(
    trendai: Database[dict[str, Any]], engine: Engine, follower: Follower
) -> None:
    key = trendai.sales.insert_one(dict(BASE)).inserted_id
    assert follower.take_all().taken == 1
    ((event,),) = engine.store.events.scan()
    assert (event.id, event.order_id, event.source, event.origin) == (f"sales:{key}", f"sales:{key}", "sales", LIVE)
    assert (event.user, event.channel, event.region) == (BASE["userId"], BASE["channel"], BASE["region"])
    assert event.lines[0][:2] == (BASE["productId"], BASE["quantity"])
    assert trendai.sales.find_one({}, {"_id": 0}) == BASE


def test_taking_in_again_adds_nothing(trendai: Database[dict[str, Any]], engine: Engine, follower: Follower) -> None:
    trendai.sales.insert_many(foreign_sales(300))
    assert follower.take_all().taken == 300
    assert follower.take_all().taken == 0
    assert events(engine) == 300
    assert counted(engine) == summed(trendai.sales)


def test_what_is_no_sale_is_refused_with_its_reason_and_blocks_no_other(
    trendai: Database[dict[str, Any]], engine: Engine, follower: Follower
) -> None:
    keys = {}
    for changes, step in WRONG:
        keys[trendai.sales.insert_one(varied(BASE, changes)).inserted_id] = step
    trendai.sales.insert_many(foreign_sales(50))
    told = follower.take_all()
    assert (told.taken, told.refused) == (50, len(WRONG))
    assert {row["_id"]: row["step"] for row in trendai.pulseboard.refused.find()} == keys
    found = foreign(engine).found()
    assert (found.taken, found.refused, found.waiting) == (50, len(WRONG), 0)
    assert sum(number for _, number in found.reasons) == len(WRONG)
    assert dict(Counter(keys.values())) == {row["_id"]: row["n"] for row in trendai.pulseboard.refused.aggregate(
        [{"$group": {"_id": "$step", "n": {"$sum": 1}}}])}  # fmt: skip


def test_odd_ids_and_types_are_taken_in(trendai: Database[dict[str, Any]], engine: Engine, follower: Follower) -> None:
    trendai.sales.insert_many([varied(BASE, changes) for changes in ODD])
    told = follower.take_all()
    assert (told.taken, told.refused) == (len(ODD), 0)
    assert foreign(engine).found().waiting == 0


def test_a_document_that_cannot_even_be_read_keeps_no_other_out(
    trendai: Database[dict[str, Any]], engine: Engine, follower: Follower
) -> None:
    trendai.sales.insert_one(dict(BASE))
    # A date that no calendar has: some programs write milliseconds where seconds are meant.
    trendai.sales.update_one({}, [{"$set": {"date": {"$toDate": {"$toLong": 9_000_000_000_000_000}}}}])
    trendai.sales.insert_many(foreign_sales(3))
    told = follower.take_all()
    assert (told.taken, told.refused) == (3, 1)


def test_a_database_with_users_and_documents_of_its_own_keeps_them(
    server: Mongo, url: str, trendai: Database[dict[str, Any]]
) -> None:
    for name in ("users", "documents", "facts", "totals"):
        trendai[name].insert_many([{"email": "ann"}, {"email": "ann"}])
    trendai.sales.create_index([("date", -1)], name="by_date")
    store = MongoStore(url)
    store.prepare()
    store.close()
    assert all(trendai[name].count_documents({}) == 2 for name in ("users", "documents", "facts", "totals"))
    keys = {tuple(index["key"].items()) for index in trendai.sales.list_indexes()}
    assert {(("date", -1),), (("productId", 1), ("date", -1))} <= keys
    assert {tuple(index["key"].items()) for index in trendai.metrics.list_indexes()} >= {
        (("timestamp", -1),), (("period", 1), ("timestamp", -1)),
    }  # fmt: skip


# -------------------------------------------------------------------------------------------------------- as they come


def test_what_is_written_while_it_follows_comes_in(
    trendai: Database[dict[str, Any]], engine: Engine, follower: Follower
) -> None:
    trendai.sales.insert_many(foreign_sales(40))
    follower.start()
    until(lambda: events(engine) == 40)
    trendai.sales.insert_one(dict(BASE))
    until(lambda: events(engine) == 41)
    trendai.sales.insert_many(foreign_sales(500, seed=2))
    until(lambda: events(engine) == 541)
    assert counted(engine) == summed(trendai.sales)
    assert follower.state().trouble is None


def test_ids_of_clocks_that_are_slow_or_fast_are_not_missed(
    trendai: Database[dict[str, Any]], engine: Engine, follower: Follower
) -> None:
    follower.start()
    for number, minutes in enumerate((0, 600, -1, 300, 0), 1):
        at = datetime.now(UTC) + timedelta(minutes=minutes)
        key = ObjectId(f"{int(at.timestamp()):08x}{number:016x}")
        trendai.sales.insert_one({"_id": key, **BASE})
        until(lambda number=number: events(engine) == number)  # type: ignore[misc]


def test_a_sale_that_was_refused_comes_in_once_it_was_put_right(
    trendai: Database[dict[str, Any]], engine: Engine, follower: Follower
) -> None:
    key = trendai.sales.insert_one(varied(BASE, {"quantity": "two"})).inserted_id
    follower.start()
    until(lambda: foreign(engine).found().refused == 1)
    trendai.sales.update_one({"_id": key}, {"$set": {"quantity": 2}})
    if not engine.store._server.has_transactions:  # type: ignore[attr-defined]
        follower.take_all()  # a standalone server does not tell of changes
    until(lambda: foreign(engine).found().refused == 0)
    assert foreign(engine).found().taken == 1


def test_what_was_written_while_nobody_followed_comes_in_at_the_next_start(
    trendai: Database[dict[str, Any]], engine: Engine, follower: Follower
) -> None:
    trendai.sales.insert_many(foreign_sales(10))
    follower.start()
    until(lambda: events(engine) == 10)
    follower.stop()
    trendai.sales.insert_many(foreign_sales(10, seed=2))
    follower.start()
    until(lambda: events(engine) == 20)
    assert counted(engine) == summed(trendai.sales)


@pytest.mark.parametrize("of", ("an event that is gone", "nothing"))
def test_a_token_that_is_of_no_use_any_more_leads_to_a_look_at_everything(of: str) -> None:
    server = replica_set()
    with server.database() as url:
        trendai = database(server, url)
        with trendai.sales.watch() as stream:
            key = trendai.sales.insert_one(dict(BASE)).inserted_id
            told = next(stream)["_id"]["_data"]
        gone = {"_data": told.replace(str(key).upper(), str(ObjectId()).upper())}
        token = gone if of == "an event that is gone" else {"_data": "82000000010000000129"}
        trendai.sales.insert_many(foreign_sales(9))
        with pytest.raises(OperationFailure), trendai.sales.watch(resume_after=token) as stream:
            stream.try_next()
        trendai.pulseboard.meta.insert_one({"_id": "followed", "token": token, "whole": True, "generation": 0})
        store = MongoStore(url)
        store.prepare()
        found: set[str] = set()
        while len(found) < 10:
            for page in store.foreign.pages(lambda: False):
                found |= {sale.id for sale in page.sales}
                store.foreign.keep(page, [], 0)
                if len(found) == 10:
                    break
        store.close()
        trendai.client.close()


def test_a_collection_that_is_dropped_and_filled_again_is_followed_on(
    trendai: Database[dict[str, Any]], engine: Engine, follower: Follower
) -> None:
    trendai.sales.insert_many(foreign_sales(10))
    follower.start()
    until(lambda: events(engine) == 10)
    trendai.sales.drop()
    trendai.sales.insert_many(foreign_sales(10, seed=2))
    until(lambda: events(engine) == 20)


def test_the_server_may_go_away_while_it_follows(
    server: Mongo, trendai: Database[dict[str, Any]], engine: Engine, follower: Follower
) -> None:
    trendai.sales.insert_many(foreign_sales(10))
    follower.start()
    until(lambda: events(engine) == 10)
    with server.away():
        until(lambda: follower.state().trouble is not None)
    trendai.sales.insert_many(foreign_sales(10, seed=2))
    until(lambda: events(engine) == 20 and follower.state().trouble is None)


def test_an_inbox_smaller_than_a_page_does_not_hold_it_up(
    trendai: Database[dict[str, Any]], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.intake.writer, "_limit", 100)
    follower = Follower(foreign(engine), engine.accept, engine.clock.now)
    trendai.sales.insert_many(foreign_sales(250))
    assert follower.take_all().taken == 250


def test_our_own_orders_do_not_stand_in_the_way(
    trendai: Database[dict[str, Any]], engine: Engine, follower: Follower
) -> None:
    engine.accept([{"orderId": "A", "lines": [{"productId": "P", "quantity": 1, "revenue": 1}]}])
    trendai.sales.insert_many(foreign_sales(10))
    assert follower.take_all().taken == 10
    assert events(engine) == 11


def test_a_standalone_server_is_looked_at_wholly_where_the_count_does_not_come_out(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics_core.store.mongo.foreign._RECKONED", 0.5)
    server = standalone()
    with server.database() as url:
        trendai = database(server, url)
        trendai.sales.insert_many(foreign_sales(5))
        store = MongoStore(url)
        store.prepare()
        over = [False]
        found: set[str] = set()
        for page in store.foreign.pages(lambda: over[0]):
            if page.sales and not found:
                trendai.sales.insert_many([varied(BASE, {"_id": "late"}), varied(BASE, {"_id": ObjectId("1" * 24)})])
            found |= {sale.id for sale in page.sales}
            over[0] = len(found) == 7
        assert {"sales:late", f"sales:{'1' * 24}"} <= found
        store.close()
        trendai.client.close()
