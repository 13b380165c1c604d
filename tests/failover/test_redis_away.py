"""Redis away for thirty seconds amid steady load: three replicas go on through the database, and take it up again alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
import redis

from metrics_core.engine import Engine
from metrics_core.settings import Settings
from tests.failover.load import Load, figures_of, records
from tests.replicas.house import Listener, Server, replicas, until
from tests.replicas.test_replicas import same_everywhere
from tests.servers.postgres import postgres
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(300)]

AWAY_SECONDS = 30
PER_SECOND = 80
NUMBER = 3_600
"""More than can be sent by the time Redis is back."""
LATE_SECONDS = 15
"""When something counts as not coming at all; how soon it comes is for the benchmarks."""


@pytest.fixture
def backplane() -> Iterator[RedisServer]:
    made = RedisServer()
    yield made
    made.close()


@pytest.fixture
def url() -> Iterator[str]:
    with postgres().database() as made:
        yield made


def test_redis_goes_away_for_thirty_seconds_under_load(tmp_path: Path, url: str, backplane: RedisServer) -> None:
    sent = records(NUMBER)
    orders = {record["id"] for record in sent if "lines" in record}
    with replicas(tmp_path, url, backplane.url) as servers:
        listeners = [Listener(server) for server in servers]
        all_say(servers, "ok", "Redis answers")
        follower = next(server for server in servers if not server.leads())
        load = Load(lambda: HTTPConnection("127.0.0.1", follower.port, timeout=60), sent, per_second=PER_SECOND)

        def shown_everywhere() -> int:
            """What is acknowledged by now is shown by every replica; how many orders that are."""
            acknowledged = len(orders & load.acknowledged)
            until(
                lambda: all(listener.orders >= acknowledged for listener in listeners), seconds=LATE_SECONDS,
                what=f"{acknowledged} orders at every replica",
            )  # fmt: skip
            assert all(listener.is_alive() for listener in listeners), "a socket was closed"
            return acknowledged

        load.until(lambda load: len(load.acknowledged) >= 200)
        before = shown_everywhere()
        with backplane.away():
            went = time.monotonic()
            all_say(servers, "degraded", "has not answered since")
            while time.monotonic() - went < AWAY_SECONDS:
                goes_on(load)
                during = shown_everywhere()
            assert during > before
            all_say(servers, "degraded", "has not answered since")
        assert len(load.acknowledged) < NUMBER, "nothing was sent any more when it came back"
        all_say(servers, "ok", "Redis answers")
        is_heard_of(backplane)
        assert shown_everywhere() > during
        load.end()
        assert load.turned_away == 0
        assert load.acknowledged == {record["id"] for record in sent}
        assert shown_everywhere() == len(orders)
        expected = figures_of(sent)
        for server in servers:
            status, answer = server.call("POST", "/api/v1/query", {"measures": list(expected), "over": "all_time"})
            assert status == 200
            assert dict(zip(expected, answer["rows"][0], strict=True)) == pytest.approx(expected)
        shown = [body["periods"]["24h"]["figures"]["orders"] for listener in listeners for body in listener.seen.values()]
        assert max(figure["value"] for figure in shown) == len(orders), "something counted twice"
        assert not any(listener.stale for listener in listeners)
        assert same_everywhere(listeners) > 20
    engine = Engine(Settings(_env_file=None, database_url=url))
    engine.start()
    kept = sorted(event.id for chunk in engine.store.events.scan() for event in chunk)
    wrong = [check.name for check in engine.verify() if not check.ok]
    engine.stop()
    assert kept == sorted(load.acknowledged)
    assert wrong == []


def all_say(servers: list[Server], state: str, words: str) -> None:
    """Every replica's health says so of Redis, and serves all the same."""
    until(
        lambda: all((part := server.report()["redis"])["state"] == state and words in part["detail"] for server in servers),
        what=f"Redis to be {state} everywhere",
    )  # fmt: skip
    assert all(server.answers() for server in servers)


def goes_on(load: Load) -> None:
    """One more body is acknowledged."""
    so_far = len(load.acknowledged)
    load.until(lambda load: len(load.acknowledged) > so_far)


def is_heard_of(server: RedisServer) -> None:
    """The replicas speak through it."""
    with redis.Redis(port=server.port) as client, client.pubsub() as line:  # type: ignore[no-untyped-call]
        line.psubscribe("pulseboard:*")
        until(lambda: (found := line.get_message(timeout=1)) is not None and found["type"] == "pmessage", what="a message")
