"""The collections `sales` and `metrics` in the shapes of seed 000, so that what reads them goes on working."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Event, Semaphore, Thread
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from metrics_core.engine import Engine
from metrics_core.ingest.sources.followed import Follower
from metrics_core.jobs import shared_collections
from metrics_core.jobs.shared_collections import SharedCollections
from metrics_core.model.event import DEMO, SIM
from metrics_core.model.instant import HOUR, moment
from metrics_core.store.mongo.store import MongoStore
from tests.mongo.foreign import counted, database, foreign_sales, summed, until
from tests.servers.mongo import Mongo, mongod

pytestmark = [pytest.mark.servers, pytest.mark.skipif(mongod() is None, reason="MongoDB is not on this machine")]

SALE = {"productId", "quantity", "revenue", "channel", "region", "date", "userId", "createdAt", "updatedAt"}
METRICS = {"period", "totalRevenue", "totalOrders", "avgOrderValue", "totalQuantity", "conversionRate", "timestamp",
           "isLive", "metadata"}  # fmt: skip


@pytest.fixture
def trendai(server: Mongo, url: str) -> Iterator[Database[dict[str, Any]]]:
    found = database(server, url)
    yield found
    found.client.close()


@pytest.fixture
def collections(engine: Engine) -> SharedCollections:
    return collections_of(engine)


def collections_of(engine: Engine) -> SharedCollections:
    store = engine.store
    assert isinstance(store, MongoStore)
    return SharedCollections(store, store.mirror, now=engine.clock.now, calendar=engine.calendar, digits=2)


def follower_of(engine: Engine) -> Follower:
    assert isinstance(engine.store, MongoStore)
    return Follower(engine.store.foreign, engine.accept, engine.clock.now)


def two_lines(order_id: str, **more: Any) -> dict[str, Any]:
    lines = [
        {"productId": "PROD001", "quantity": 2, "revenue": "250.00"},
        {"productId": "PROD002", "quantity": 1, "revenue": "0.99"},
    ]
    return {"orderId": order_id, "lines": lines, "channel": "online", "region": "Asia", "userId": "ann", **more}


def contents(trendai: Database[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    return list(trendai.sales.find().sort("_id", 1)), list(trendai.metrics.find().sort("_id", 1))


# --------------------------------------------------------------------------------------------------------------- sales


def test_a_sale_that_was_posted_to_us_can_be_read_there_in_the_shape_of_the_seed(
    trendai: Database[dict[str, Any]], engine: Engine, collections: SharedCollections
) -> None:
    engine.accept([two_lines("A"), two_lines("B", status="pending"), {"type": "signup"}])
    collections.write()
    first, second = trendai.sales.find().sort("productId", 1)
    assert set(first) == {*SALE, "_id", "orderId", "pulseboard"}
    assert isinstance(first["_id"], ObjectId)
    assert isinstance(first["date"], datetime)
    assert (first["productId"], first["quantity"], first["revenue"], first["orderId"]) == ("PROD001", 2, 250.0, "A")
    assert (second["productId"], second["quantity"], second["revenue"], second["userId"]) == ("PROD002", 1, 0.99, "ann")


def test_ours_are_never_taken_for_those_of_another_program(
    trendai: Database[dict[str, Any]], engine: Engine, collections: SharedCollections
) -> None:
    follower = follower_of(engine)
    follower.start()
    engine.accept([two_lines(f"o{number}") for number in range(20)])
    collections.write()
    trendai.sales.insert_many(foreign_sales(5))
    until(lambda: engine.store.newest_seq() == 25)
    follower.stop()
    assert follower_of(engine).take_all().taken == 0
    assert isinstance(engine.store, MongoStore)
    found = engine.store.foreign.found()
    assert (found.ours, found.taken, found.waiting) == (40, 5, 0)


def test_those_of_other_programs_are_not_written_a_second_time(
    trendai: Database[dict[str, Any]], engine: Engine, collections: SharedCollections
) -> None:
    trendai.sales.insert_many(foreign_sales(30))
    before = list(trendai.sales.find().sort("_id", 1))
    follower_of(engine).take_all()
    collections.write()
    assert list(trendai.sales.find().sort("_id", 1)) == before
    engine.accept([{**two_lines("A"), "lines": two_lines("A")["lines"][:1]}])
    collections.write()
    assert trendai.sales.count_documents({}) == 31
    assert counted(engine) == summed(trendai.sales)


def test_writing_again_changes_nothing_and_goes_on_after_a_start(
    url: str, trendai: Database[dict[str, Any]], engine: Engine, collections: SharedCollections
) -> None:
    engine.accept([two_lines(f"o{number}") for number in range(5)])
    collections.write()
    before = contents(trendai)[0]
    collections.write()
    collections_of(engine).write()
    assert contents(trendai)[0] == before
    trendai.pulseboard.meta.delete_one({"_id": "mirrored"})  # as if it had been killed before it kept its place
    collections_of(engine).write()
    assert contents(trendai)[0] == before


def test_made_up_sales_leave_as_soon_as_there_are_real_ones(
    trendai: Database[dict[str, Any]], engine: Engine, collections: SharedCollections
) -> None:
    engine.accept([two_lines("made up")], origin=DEMO)
    collections.write()
    assert trendai.sales.count_documents({"pulseboard.origin": DEMO}) == 2
    engine.accept([two_lines("real")])
    engine.accept([two_lines("simulated")], origin=SIM, run_id="r-1")
    collections.write()
    assert trendai.sales.distinct("orderId") == ["real"]


def test_what_was_purged_leaves_too(
    trendai: Database[dict[str, Any]], engine: Engine, collections: SharedCollections
) -> None:
    for run in ("r-1", "r-2"):
        engine.accept([two_lines(f"of {run}")], origin=SIM, run_id=run)
    collections.write()
    engine.forget(run_id="r-1")
    collections.write()
    assert trendai.sales.distinct("orderId") == ["of r-2"]


# ------------------------------------------------------------------------------------------------------------- metrics


def test_metrics_are_what_the_seed_has(
    trendai: Database[dict[str, Any]], engine: Engine, collections: SharedCollections
) -> None:
    trendai.sales.insert_many(foreign_sales(500, days=7))
    follower_of(engine).take_all()
    collections.write()
    found = list(trendai.metrics.find())
    assert all(set(row) == {*METRICS, "_id"} for row in found)
    number = {period: sum(row["period"] == period for row in found) for period in ("current", "1h", "24h", "7d", "30d")}
    # An hour each for seven days, and the hour that is not over yet.
    assert number == {"current": 1, "1h": 169, "24h": 1, "7d": 1, "30d": 1}
    assert [row["period"] for row in found if row["isLive"]] == ["current"]
    month = trendai.metrics.find_one({"period": "30d"})
    assert month is not None
    total = sum(cents for _, _, cents in summed(trendai.sales).values())
    assert (month["totalOrders"], round(month["totalRevenue"] * 100)) == (500, total)
    assert month["avgOrderValue"] == pytest.approx(total / 500 / 100, abs=0.005)
    assert month["metadata"].keys() == {"hour", "dayOfWeek", "hourMultiplier", "weekendMultiplier"}


def test_an_hour_says_what_a_pipeline_over_its_sales_says(
    trendai: Database[dict[str, Any]], engine: Engine, collections: SharedCollections
) -> None:
    trendai.sales.insert_many(foreign_sales(400, days=2))
    follower_of(engine).take_all()
    collections.write()
    start = moment(engine.clock.now() // HOUR * HOUR) - timedelta(hours=5)
    (hour,) = trendai.metrics.find({"period": "1h", "timestamp": start})
    sold = summed(trendai.sales, {"date": {"$gte": start, "$lt": start + timedelta(hours=1)}})
    assert hour["totalOrders"] == sum(row[0] for row in sold.values())
    assert round(hour["totalRevenue"] * 100) == sum(row[2] for row in sold.values())
    assert hour["totalQuantity"] == sum(row[1] for row in sold.values())


def test_figures_of_another_program_are_taken_over_rather_than_doubled(
    trendai: Database[dict[str, Any]], engine: Engine, collections: SharedCollections
) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    old = [{"period": "1h", "totalRevenue": 1.0, "timestamp": hour - timedelta(hours=n, minutes=-7)} for n in range(3, 300)]
    made = [{"period": name, "totalRevenue": 1.0, "timestamp": hour} for name in ("24h", "7d", "30d")]
    live = {"period": "current", "totalRevenue": 1.0, "timestamp": hour, "isLive": True, "note": "kept"}
    trendai.metrics.insert_many([*old, *made, live])
    collections.write()
    assert trendai.metrics.count_documents({"period": "current"}) == 1
    current = trendai.metrics.find_one({"period": "current"})
    assert current is not None
    assert (current["totalRevenue"], current["note"]) == (0.0, "kept")
    # The hours of the last week are ours now, each once; older ones stay as they were.
    week = {"period": "1h", "timestamp": {"$gte": hour - timedelta(days=7)}}
    assert trendai.metrics.count_documents({**week, "totalRevenue": 1.0}) == 0
    assert trendai.metrics.count_documents(week) == 169
    assert trendai.metrics.count_documents({"period": "1h", "totalRevenue": 1.0}) == 297 - 166


def test_writing_the_figures_again_adds_no_document(
    trendai: Database[dict[str, Any]], engine: Engine, collections: SharedCollections
) -> None:
    engine.accept([two_lines("A")])
    collections.write()
    number = trendai.metrics.count_documents({})
    collections_of(engine).write()
    engine.accept([two_lines("B")])
    collections.write()
    assert trendai.metrics.count_documents({}) == number
    current = trendai.metrics.find_one({"period": "current"})
    assert current is not None
    assert (current["totalOrders"], current["totalRevenue"]) == (2, 501.98)


def test_a_job_keeps_them_up_to_date(
    trendai: Database[dict[str, Any]], engine: Engine, collections: SharedCollections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics_core.jobs.shared_collections.SECONDS", 0.1)
    collections.start()
    engine.accept([two_lines("A")])
    until(lambda: trendai.metrics.count_documents({"period": "current", "totalOrders": 1}) == 1)
    until(lambda: trendai.sales.count_documents({}) == 2)
    collections.stop()
    assert collections.trouble is None


# ------------------------------------------------------------------------------------------------------------- the pace


def writing(engine: Engine, busy: Callable[[], bool]) -> tuple[SharedCollections, Thread]:
    """Both collections are being brought up to date beside us."""
    store = engine.store
    assert isinstance(store, MongoStore)
    made = SharedCollections(store, store.mirror, now=engine.clock.now, calendar=engine.calendar, digits=2, busy=busy)
    beside = Thread(target=made.write, daemon=True)
    beside.start()
    return made, beside


def test_while_much_comes_in_other_programs_wait_for_ours_and_get_all_of_it_then(
    trendai: Database[dict[str, Any]], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_collections, "AT_ONCE", 5)
    monkeypatch.setattr(shared_collections, "_LONG_PAUSE", 600.0)
    engine.accept([two_lines(f"o{number}") for number in range(30)])
    asked = Semaphore(0)
    much = Event()
    much.set()

    def busy() -> bool:
        asked.release()
        return much.is_set()

    _, beside = writing(engine, busy)
    for _ in range(3):
        assert asked.acquire(timeout=30)
    assert trendai.sales.count_documents({}) == 10
    much.clear()
    beside.join(60)
    assert trendai.sales.count_documents({}) == 60


def test_however_much_comes_in_they_get_some_of_it(
    trendai: Database[dict[str, Any]], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_collections, "AT_ONCE", 5)
    monkeypatch.setattr(shared_collections, "_LONG_PAUSE", 0.0)
    engine.accept([two_lines(f"o{number}") for number in range(30)])
    _, beside = writing(engine, lambda: True)
    beside.join(60)
    assert trendai.sales.count_documents({}) == 60


def test_who_waits_for_that_can_be_stopped(
    trendai: Database[dict[str, Any]], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_collections, "AT_ONCE", 5)
    monkeypatch.setattr(shared_collections, "_LONG_PAUSE", 600.0)
    engine.accept([two_lines(f"o{number}") for number in range(30)])
    asked = Event()
    collections, beside = writing(engine, lambda: asked.set() or True)
    assert asked.wait(30)
    collections.stop()
    beside.join(60)
    assert not beside.is_alive()
    assert trendai.sales.count_documents({}) == 10
