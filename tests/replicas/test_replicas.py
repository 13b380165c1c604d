"""Three servers on one PostgreSQL behave as one: same numbers, same figures, one that leads, whatever dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from metrics_core.clock import SystemClock
from metrics_core.engine import Engine
from metrics_core.ingest.sources.simulator import SimulatorSettings
from metrics_core.model.instant import SECOND
from metrics_core.settings import Settings
from tests import given
from tests.replicas.house import Listener, Server, replicas, until
from tests.servers.postgres import postgres
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    server = RedisServer()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def url() -> Iterator[str]:
    with postgres().database() as made:
        yield made


@contextmanager
def beside(url: str) -> Iterator[Engine]:
    """An engine on the same database that serves nobody, as a command has it."""
    engine = Engine(Settings(_env_file=None, database_url=url))
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def order(name: str) -> dict[str, Any]:
    return given.order_record(name, ts=SystemClock().now() - SECOND, amount="10.00")


def same_everywhere(listeners: list[Listener]) -> int:
    """How many numbers all of them saw; under each stood the same figures."""
    # 0 is no number: what a replica shows that has not heard from the one that leads yet.
    common = set.intersection(*(set(listener.seen) for listener in listeners)) - {0}
    for number in common:
        first, *others = (listener.seen[number] for listener in listeners)
        assert all(other == first for other in others), number
    for listener in listeners:
        assert listener.numbers == sorted(listener.numbers)
    return len(common)


class Sender(threading.Thread):
    """Sends orders to whichever of the servers answer, and knows which were acknowledged."""

    def __init__(self, servers: list[Server]) -> None:
        super().__init__(daemon=True)
        self._servers = servers
        self._over = threading.Event()
        self.kept: list[str] = []
        self.start()

    def run(self) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            record = order(f"o-{number}")
            for server in (*self._servers, *self._servers):
                try:
                    status, receipt = server.call("POST", "/api/v1/orders", [record])
                except OSError:
                    continue  # it is sent again, elsewhere, as it was
                if status == 200:
                    assert receipt["accepted"] + receipt["duplicates"] == 1
                    self.kept.append(record["orderId"])
                    break
            self._servers = self._servers[1:] + self._servers[:1]
            self._over.wait(0.05)

    def stop(self) -> None:
        self._over.set()
        self.join(60)


@pytest.mark.parametrize("with_redis", (True, False), ids=("redis", "no redis"))
def test_what_is_sent_to_one_is_shown_by_all_under_the_same_number(
    tmp_path: Path, url: str, redis: RedisServer, with_redis: bool
) -> None:
    with replicas(tmp_path, url, redis.url if with_redis else None) as servers:
        listeners = [Listener(server) for server in servers]
        for number in range(12):
            assert servers[number % 3].send(order(f"o-{number}"))["accepted"] == 1
            until(lambda least=number + 1: all(listener.orders >= least for listener in listeners), seconds=10)
        assert same_everywhere(listeners) >= 6
        said = {server.call("GET", "/api/v1/analytics/realtime-metrics")[1]["revenue"]["total"] for server in servers}
        assert said == {120.0}
        assert all(server.report()["redis"]["state"] == "ok" for server in servers)


def test_the_one_that_leads_dies_under_load_and_nothing_else_is_lost(
    tmp_path: Path, url: str, redis: RedisServer
) -> None:
    with replicas(tmp_path, url, redis.url) as servers, beside(url) as engine:
        listeners = [Listener(server) for server in servers]
        run = engine.simulate("start", SimulatorSettings(seconds=0.4, rate=6)).run_id
        sender = Sender(servers)
        until(lambda: engine.simulator.state().sent["records"] > 30 and len(sender.kept) > 20, what="some load")
        first = next(server for server in servers if server.leads())
        first.kill()
        sent, kept = engine.simulator.state().sent["records"], len(sender.kept)
        others = [server for server in servers if server is not first]
        until(lambda: any(server.leads() for server in others), what="another one that leads")
        until(lambda: engine.simulator.state().sent["records"] > sent + 30, what="the run to go on")
        until(lambda: len(sender.kept) > kept + 20, what="more load")
        engine.simulate("stop")
        sender.stop()
        state = until(lambda: (state := engine.simulator.state()).running is False and state)
        assert state.run_id == run
        until(lambda: _sim_records(engine) == state_records(engine), what="the last tick to be counted")
        assert engine.simulator.state().sent["refused"] == 0
        assert engine.store.events.count()["live"][0] == len(set(sender.kept))
        assert [check.name for check in engine.verify() if not check.ok] == []
        living = [listener for listener, server in zip(listeners, servers, strict=True) if server is not first]
        until(lambda: all(listener.orders >= len(set(sender.kept)) for listener in living))
        assert same_everywhere(living) > 5


def _sim_records(engine: Engine) -> int:
    return engine.store.events.count()["sim"][0]


def state_records(engine: Engine) -> int:
    return engine.simulator.state().sent["records"]


def test_any_of_them_moves_the_one_run(tmp_path: Path, url: str) -> None:
    with replicas(tmp_path, url, None, number=2), beside(url) as one, beside(url) as other:
        run = one.simulate("start", SimulatorSettings(seconds=0.3, rate=5)).run_id
        until(lambda: len(other.simulator.state().ticks) >= 2, what="two ticks")
        assert other.simulator.state().run_id == run
        other.simulate("pause")
        until(lambda: one.simulator.state().paused)
        one.simulate("resume")
        before = len(one.simulator.state().ticks)
        until(lambda: len(other.simulator.state().ticks) > before, what="it to go on")
        assert other.simulate("stop").run_id == run
        until(lambda: not one.simulator.state().running)


def test_a_clean_stop_hands_over_at_once(tmp_path: Path, url: str, redis: RedisServer) -> None:
    with replicas(tmp_path, url, redis.url, number=2) as servers:
        first = next(server for server in servers if server.leads())
        other = next(server for server in servers if server is not first)
        fence = other.report()["replicas"]["fence"]
        first.end()
        until(other.leads, what="the other one to lead")
        assert other.report()["replicas"]["fence"] == fence + 1


@pytest.mark.parametrize("how", ("away", "frozen"))
def test_redis_goes_away_and_comes_back_and_nobody_notices_but_health(
    tmp_path: Path, url: str, redis: RedisServer, how: str
) -> None:
    with replicas(tmp_path, url, redis.url) as servers:
        listeners = [Listener(server) for server in servers]
        sent = 0

        def send_and_see() -> None:
            nonlocal sent
            for server in servers:
                sent += server.send(order(f"o-{sent}"))["accepted"]
                until(lambda now=sent: all(listener.orders == now for listener in listeners), seconds=15)

        def redis_is(state: str) -> None:
            until(lambda: all(server.report()["redis"]["state"] == state for server in servers), what=f"redis {state}")

        redis_is("ok")
        send_and_see()
        with redis.away() if how == "away" else redis.frozen():
            redis_is("degraded")
            send_and_see()
            assert "has not answered since" in servers[0].report()["redis"]["detail"]
            time.sleep(1)
            send_and_see()
        redis_is("ok")
        send_and_see()
        assert same_everywhere(listeners) > 3
