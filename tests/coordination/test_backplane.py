"""Redis between replicas: heard at once, shared for a while, and nobody's trouble while it is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from metrics_core.clock import SetClock, SystemClock
from metrics_core.coordination.backplane import Backplane
from metrics_core.coordination.installation import installation, is_shared
from metrics_core.dashboards.answers import Answers
from metrics_core.errors import SettingError
from metrics_core.model.event import Event
from metrics_core.model.instant import HOUR
from metrics_core.model.query import Query
from metrics_core.model.window import Window
from metrics_core.reads.answer import answer
from metrics_core.rollup.fold import fold
from metrics_core.settings import Settings
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests import given
from tests.replicas.house import until
from tests.servers.redis import RedisServer

servers = pytest.mark.servers


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


class Party:
    """Somebody at the backplane, and what they heard."""

    def __init__(self, url: str, space: str = "shop") -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.backplane = Backplane(url, SystemClock(), heard=lambda topic, data: self.heard.append((topic, data)))
        self.backplane.start(lambda: space)


@pytest.fixture
def parties(redis: RedisServer) -> Iterator[list[Party]]:
    with ExitStack() as stack:
        made = [Party(redis.url), Party(redis.url), Party(redis.url, space="another shop")]
        for party in made:
            stack.callback(party.backplane.stop)
        until(lambda: all(party.backplane.up for party in made))
        yield made


@servers
def test_what_one_says_all_of_the_installation_hear_and_nobody_else(parties: list[Party]) -> None:
    first, second, stranger = parties
    first.backplane.say("commits", "a", b"1")
    until(lambda: first.heard and second.heard)
    assert first.heard == second.heard == [("commits", b"1")]
    second.backplane.say("lease", "b", b"2")
    until(lambda: len(first.heard) == 2)
    assert stranger.heard == []


@servers
def test_of_a_hundred_about_the_same_the_newest_arrives_last_and_none_is_waited_for(parties: list[Party]) -> None:
    first, second, _ = parties
    for number in range(100):
        first.backplane.say("letters", "real", b"%d" % number)
    until(lambda: second.heard and second.heard[-1] == ("letters", b"99"))
    numbers = [int(data) for _, data in second.heard]
    assert numbers == sorted(numbers)


@servers
def test_a_message_that_nobody_understands_makes_nobody_deaf(redis: RedisServer, parties: list[Party]) -> None:
    understood: list[bytes] = []

    def heard(topic: str, data: bytes) -> None:
        understood.append(b"%d" % int(data))

    strict = Backplane(redis.url, SystemClock(), heard=heard)
    strict.start(lambda: "shop")
    try:
        until(lambda: strict.up)
        parties[0].backplane.say("commits", "a", b"not a number")
        until(lambda: parties[1].heard)
        parties[0].backplane.say("commits", "a", b"7")
        until(lambda: understood == [b"7"])
    finally:
        strict.stop()


@servers
def test_what_is_kept_is_shared_for_a_while_and_dropped_by_pattern(parties: list[Party]) -> None:
    first, second, stranger = (party.backplane for party in parties)
    first.put("answers:1", b"one", seconds=60)
    first.put("answers:2", b"two", seconds=0.05)
    first.put("pages:1", b"page", seconds=60)
    assert second.get("answers:1") == b"one"
    assert stranger.get("answers:1") is None
    until(lambda: second.get("answers:2") is None)
    second.drop("answers:*")
    assert first.get("answers:1") is None
    assert first.get("pages:1") == b"page"


@servers
@pytest.mark.parametrize("how", ("away", "frozen"))
def test_while_it_is_away_it_says_since_when_and_it_is_taken_up_again_by_itself(
    redis: RedisServer, parties: list[Party], how: str
) -> None:
    first, second, _ = parties
    with redis.away() if how == "away" else redis.frozen():
        until(lambda: not first.backplane.up and not second.backplane.up)
        assert first.backplane.get("answers:1") is None
        first.backplane.put("answers:1", b"one", seconds=60)
        first.backplane.drop("*")
        first.backplane.say("commits", "a", b"1")
        part = first.backplane.part()
        assert part.state == "degraded"
        assert "has not answered since" in part.detail
    until(lambda: first.backplane.up and second.backplane.up)
    assert first.backplane.part().state == "ok"
    first.backplane.say("commits", "a", b"again")
    until(lambda: ("commits", b"again") in second.heard)


@servers
def test_a_password_that_is_wrong_is_a_redis_that_is_away_and_is_shown_nowhere(redis: RedisServer) -> None:
    party = Party(f"redis://:secret-word@127.0.0.1:{redis.port + 1}/0")
    try:
        until(lambda: party.backplane.part().state == "degraded" and party.backplane.away_since)
        assert "secret-word" not in party.backplane.part().detail
    finally:
        party.backplane.stop()


def test_a_url_that_is_none_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingError, match="REDIS_URL has a value that cannot be used"):
        Settings(_env_file=None, redis_url="secret-word@host")


def test_a_file_is_one_server_s_and_a_database_server_is_everybody_s() -> None:
    assert [is_shared(url) for url in ("sqlite:///data/a.db", "memory://", "chdb:///data")] == [False] * 3
    assert all(is_shared(url) for url in ("postgresql+psycopg://h/d", "postgres://h/d", "mongodb://h", "clickhouse://h"))


def test_an_installation_has_one_name_however_it_is_reached() -> None:
    store = connect("memory://")
    assert installation(store.catalog) == installation(store.catalog) != ""


# -------------------------------------------------------------------------------------------------- answers for each other


class Shared:
    """What replicas share, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def put(self, key: str, value: bytes, *, seconds: float) -> None:
        assert seconds == 10
        self.kept[key] = value

    def drop(self, pattern: str) -> None:
        assert pattern == "answers:*"
        self.kept.clear()


def keep(store: Store, *events: Event) -> None:
    with store.batch() as batch:
        assert batch.append(events)
        batch.merge(*fold(events))


def test_what_one_replica_answered_the_other_does_not_ask_again() -> None:
    store, shared, clock = connect("memory://"), Shared(), SetClock(given.NOON)
    store.prepare()
    keep(store, *(given.completed(at=given.NOON - HOUR, channel=name) for name in ("online", "retail")))
    day = Window(given.NOON - 24 * HOUR, given.NOON)
    query = Query(("revenue", "avg_order_value"), day, by=("channel",), compared=Window(day.start - 24 * HOUR, day.start))
    one, other = (Answers(store, clock, seconds=10, shared=shared) for _ in range(2))
    with store.view():
        first = one.of(query, one.mark(), given.NOON)
        again = other.of(query, other.mark(), given.NOON)
    assert first == again == answer(store, query, as_of=given.NOON)
    assert (one.asked, other.asked, other.spared) == (1, 0, 1)
    keep(store, given.completed(at=given.NOON - HOUR))
    with store.view():
        assert other.of(query, other.mark(), given.NOON) != first  # what came since counts
    third = Answers(store, clock, seconds=10, shared=shared)
    third.forget()
    with store.view():
        third.of(query, third.mark(), given.NOON)
    assert third.asked == 1
