"""Adoption in trouble and in bulk: killed midway, and as many sales as the seed makes, held against a pipeline."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from metrics_core.engine import Engine
from metrics_core.ingest.sources.followed import Follower
from metrics_core.jobs.verify import verify
from metrics_core.store.mongo.store import MongoStore
from tests.mongo.foreign import BASE, WRONG, counted, database, events, foreign_sales, summed, until, varied
from tests.mongo.hands import ids, run, wrong
from tests.servers.mongo import Mongo, mongod

pytestmark = [pytest.mark.servers, pytest.mark.skipif(mongod() is None, reason="MongoDB is not on this machine")]


@pytest.fixture
def trendai(server: Mongo, url: str) -> Iterator[Database[dict[str, Any]]]:
    found = database(server, url)
    yield found
    found.client.close()


FOLLOWS = """
import sys, time
from pymongo import monitoring
from tests.mongo.foreign import until
from tests.mongo.hands import DiesAt
from tests.sql.hands import engine_on
from metrics_core.ingest.sources.followed import Follower
from metrics_core.store.mongo import foreign

foreign._AT_ONCE = foreign._IDS = 400  # so that there are many pages to die between
url, number, dies = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
engine = engine_on(url)
engine.store.close()
monitoring.register(DiesAt(dies))
follower = Follower(engine.store.foreign, engine.accept, engine.clock.now)
follower.start()
until(lambda: engine.store.newest_seq() >= number)
follower.stop()
engine.stop()
"""
"""A program that follows until so many are taken in, and is killed at its so-manyth write."""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_killed_again_and_again_it_takes_in_nothing_twice_and_misses_nothing(
    url: str, trendai: Database[dict[str, Any]], engine: Engine
) -> None:
    assert isinstance(engine.store, MongoStore)
    bad = [varied(BASE, changes) for changes, _ in WRONG]
    trendai.sales.insert_many(foreign_sales(3_000))
    trendai.sales.insert_many(bad)
    killed = 0
    for turn, dies in enumerate((3, 10, 18, 27, 37), 1):
        killed += run(FOLLOWS, url, 2_900 + 100 * turn, dies) == -signal.SIGKILL
        assert all(check.ok for check in verify(engine.store))
        trendai.sales.insert_many(foreign_sales(100, seed=10 + turn))
    assert killed > 2
    assert run(FOLLOWS, url, 3_500, -1) == 0
    good = {f"sales:{row['_id']}" for row in trendai.sales.find({}, {"_id": 1}).sort("_id", 1)}
    good -= {f"sales:{row['_id']}" for row in trendai.pulseboard.refused.find({}, {"_id": 1})}
    assert ids(engine.store) == sorted(good)
    assert trendai.pulseboard.refused.count_documents({}) == len(WRONG)
    found = engine.store.foreign.found()
    assert (found.waiting, found.refused, found.taken) == (0, len(WRONG), len(good))
    assert wrong(engine) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_45_000_sales_and_then_1_000_by_a_plain_program_add_up_as_a_pipeline_says(
    trendai: Database[dict[str, Any]], engine: Engine
) -> None:
    assert isinstance(engine.store, MongoStore)
    follower = Follower(engine.store.foreign, engine.accept, engine.clock.now)
    trendai.sales.insert_many(foreign_sales(45_000))
    follower.start()
    until(lambda: events(engine) == 45_000, seconds=600)
    for sale in foreign_sales(1_000, days=1, seed=2):
        trendai.sales.insert_one(sale)
    until(lambda: events(engine) == 46_000)
    assert counted(engine) == summed(trendai.sales)
    assert wrong(engine) == []
    assert engine.store.foreign.found().taken == 46_000
    follower.stop()
