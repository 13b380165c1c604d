"""A database lost under load: what was acknowledged is there, nothing counts twice, and everything comes back alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from http.client import HTTPConnection
from typing import Any

import pytest

from metrics_core.store.connect import connect
from tests.carriers.shop import Shop
from tests.failover.load import Load, Watch, figures_of, records
from tests.servers.mongo import mongod
from tests.servers.mongo_set import MongoSet
from tests.servers.postgres import Postgres, binaries

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(240)]

PER_SECOND = 500
NUMBER = 4_000
KILLED_AT = (1_000, 2_250)

Trouble = Callable[[Load, Watch], None]


@pytest.fixture
def mongo_set() -> Iterator[MongoSet]:
    if mongod() is None and not os.environ.get("CI"):
        pytest.skip("MongoDB is not on this machine")
    # Longer than it takes the product to ask again (5 s) and to wait for a primary (4 s): it has to say that there is none.
    made = MongoSet(election_after=12)
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[Postgres]:
    if binaries() is None and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not on this machine")
    made = Postgres()
    yield made
    made.close()


def test_a_replica_set_that_loses_its_primary_twice_under_load(mongo_set: MongoSet, tmp_path: Any) -> None:
    lost: list[int] = []

    def trouble(load: Load, watch: Watch) -> None:
        so_far = len(watch.messages)
        lost.append(mongo_set.kill_primary())
        stale = is_stale(watch, after=so_far)
        is_fresh(watch, after=stale)
        mongo_set.start(lost[-1])
        mongo_set.until_whole()

    go_through(tmp_path, mongo_set.url("shop"), trouble)
    assert len(lost) == len(KILLED_AT)


@pytest.mark.parametrize("how", ("stop", "kill"))
def test_a_postgres_that_is_stopped_hard_twice_under_load(server: Postgres, how: str, tmp_path: Any) -> None:
    def trouble(load: Load, watch: Watch) -> None:
        so_far, turned_away = len(watch.messages), load.turned_away
        getattr(server, how)()
        stale = is_stale(watch, after=so_far)
        load.until(lambda load: load.turned_away > turned_away)
        server.start()
        is_fresh(watch, after=stale)

    with server.database("shop") as url:
        go_through(tmp_path, url, trouble)


def go_through(folder: Any, url: str, trouble: Trouble) -> None:
    """Load, trouble amid it, twice, and then everything has to be as if there had been none."""
    sent = records(NUMBER)
    shop = Shop(folder, url)
    with shop.open():
        watch = Watch(shop.port)
        watch.until(lambda message: True)
        load = Load(lambda: HTTPConnection("127.0.0.1", shop.port, timeout=60), sent, per_second=PER_SECOND)
        for number in KILLED_AT:
            load.until(lambda load, number=number: len(load.acknowledged) >= number)  # type: ignore[misc]
            trouble(load, watch)
        load.end()
        expected = figures_of(sent)
        net = expected["gross_revenue"] - expected["refunds"]
        last = watch.until(lambda message: message["revenue"]["total"] == pytest.approx(net) and message["stale"] is None)
        assert all(message["revenue"]["total"] <= net + 0.001 for message in watch.messages), "something counted twice"
        shown = [message["snapshot"]["seq"] for message in watch.messages[: last + 1]]
        assert shown == sorted(shown), [
            (message["snapshot"]["seq"], message["snapshot"]["asOf"][17:], message["stale"]) for message in watch.messages
        ]
        [row] = shop.ask({"measures": list(expected), "over": "all_time"})["rows"]
        assert dict(zip(expected, row, strict=True)) == pytest.approx(expected)
        watch.close()
    assert load.acknowledged == {record["id"] for record in sent}
    store = connect(url)
    kept = sorted(event.id for chunk in store.events.scan() for event in chunk)
    store.close()
    assert kept == sorted(load.acknowledged)
    done = shop.command("verify")
    assert done.code == 0, done


def is_stale(watch: Watch, *, after: int) -> int:
    """The figures stay, and it is said since when they have not been renewed."""
    at = watch.until(lambda message: message["stale"] is not None, after=after)
    message, before = watch.messages[at], watch.messages[at - 1]
    assert message["revenue"] == before["revenue"]
    assert message["snapshot"] == before["snapshot"]
    since = datetime.fromisoformat(message["stale"]["since"])
    assert since >= datetime.fromisoformat(before["snapshot"]["asOf"])
    assert message["stale"]["why"] == "The database does not answer."
    return at


def is_fresh(watch: Watch, *, after: int) -> None:
    """It comes back by itself."""
    watch.until(lambda message: message["stale"] is None, after=after)
