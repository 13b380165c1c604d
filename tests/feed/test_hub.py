"""The hub: everybody gets the newest, nobody waits for anybody, and nothing piles up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from metrics_core.errors import BusyError
from metrics_core.feed import hub as feed
from metrics_core.feed.hub import Hub, Subscription


def data(number: int) -> bytes:
    return str(number).encode()


async def settle() -> None:
    """Let everything that is due on the loop happen."""
    for _ in range(20):
        await asyncio.sleep(0)


async def got(reader: Subscription) -> bytes | None:
    message = await asyncio.wait_for(reader.next(), 5)
    return message and message.data


def run(promise: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(promise(), 20)

    asyncio.run(bounded())


def test_a_message_reaches_every_reader_of_its_topic_and_view() -> None:
    async def promise() -> None:
        hub = Hub()
        first, second = hub.subscribe(["metrics"]), hub.subscribe(["metrics"])
        other_view, other_topic = hub.subscribe(["metrics"], "all"), hub.subscribe(["live"])
        hub.publish("metrics", "real", data(1))
        assert await got(first) == await got(second) == data(1)
        hub.publish("metrics", "all", data(2))
        hub.publish("live", "real", data(3))
        assert await got(other_view) == data(2)
        assert await got(other_topic) == data(3)

    run(promise)


def test_a_slow_reader_sees_the_newest() -> None:
    async def promise() -> None:
        hub = Hub()
        slow = hub.subscribe(["metrics"])
        hub.publish("metrics", "real", data(0))
        assert await got(slow) == data(0)
        for number in range(1, 101):
            hub.publish("metrics", "real", data(number))
            await settle()
        assert await got(slow) == data(100)
        assert hub.counts()["skipped"] == 99
        hub.publish("metrics", "real", data(101))
        assert await got(slow) == data(101)

    run(promise)


def test_a_reader_that_never_reads_keeps_nobody_waiting() -> None:
    async def promise() -> None:
        hub = Hub()
        hub.subscribe(["metrics"])
        quick = hub.subscribe(["metrics"])
        for number in range(10):
            hub.publish("metrics", "real", data(number))
            assert await got(quick) == data(number)

    run(promise)


def test_who_comes_later_gets_the_newest_at_once() -> None:
    async def promise() -> None:
        hub = Hub()
        hub.subscribe(["metrics"])
        hub.publish("metrics", "real", data(1))
        await settle()
        late = hub.subscribe(["metrics"])
        assert await got(late) == data(1)

    run(promise)


def test_a_busy_topic_does_not_keep_a_quiet_one_away() -> None:
    async def promise() -> None:
        hub = Hub()
        reader = hub.subscribe(["live", "curves"])
        hub.publish("live", "real", b"live")
        hub.publish("curves", "real", b"curves")
        await settle()
        assert await got(reader) == b"live"
        hub.publish("live", "real", b"live again")
        await settle()
        assert await got(reader) == b"curves"
        assert await got(reader) == b"live again"

    run(promise)


def test_messages_come_in_from_any_thread() -> None:
    async def promise() -> None:
        hub = Hub()
        reader = hub.subscribe(["metrics"])
        senders = [threading.Thread(target=hub.publish, args=("metrics", "real", data(n))) for n in range(20)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        hub.publish("metrics", "real", b"last")
        assert await got(reader) == b"last"

    run(promise)


def test_thousands_are_served_and_each_gets_it() -> None:
    async def promise() -> None:
        hub = Hub()
        readers = [hub.subscribe(["metrics"]) for _ in range(3_000)]
        waiting = [asyncio.create_task(got(reader)) for reader in readers]
        await settle()
        hub.publish("metrics", "real", data(1))
        assert await asyncio.gather(*waiting) == [data(1)] * 3_000

    run(promise)


def test_a_message_that_nobody_reads_is_not_kept() -> None:
    async def promise() -> None:
        hub = Hub()
        hub.open()
        hub.publish("metrics", "real", data(1))
        assert hub.wanted() == set()
        with hub.subscribe(["metrics", "live"], "all"):
            assert hub.wanted() == {("metrics", "all"), ("live", "all")}
        assert hub.wanted() == set()

    run(promise)


def test_the_limit_refuses_the_next_and_takes_one_more_when_one_leaves() -> None:
    async def promise() -> None:
        hub = Hub(limit=2)
        first = hub.subscribe(["metrics"], door="socket")
        hub.subscribe(["metrics"], door="stream")
        with pytest.raises(BusyError, match="2 readers"):
            hub.subscribe(["live"])
        first.close()
        first.close()
        hub.subscribe(["live"], door="socket")
        counts = hub.counts()
        assert counts["by_door"] == {"socket": 1, "stream": 1}
        assert counts["by_topic"] == {"metrics": 1, "live": 1}
        assert counts["refused"] == 1

    run(promise)


def test_closing_lets_everybody_go_and_opening_takes_them_again() -> None:
    async def promise() -> None:
        hub = Hub()
        reader = hub.subscribe(["metrics"])
        waiting = asyncio.create_task(got(reader))
        await settle()
        hub.close()
        assert await waiting is None
        with pytest.raises(BusyError, match="stopping"):
            hub.subscribe(["metrics"])
        hub.open()
        hub.publish("metrics", "real", data(1))
        assert await got(reader) == data(1)

    run(promise)


def test_the_first_message_is_made_once_for_all_who_come_together() -> None:
    async def promise() -> None:
        hub = Hub()
        made = 0

        async def make() -> bytes:
            nonlocal made
            made += 1
            await settle()
            return data(made)

        readers = [hub.subscribe(["live"], "sim") for _ in range(5)]
        await asyncio.gather(*(hub.fill("live", "sim", make) for _ in readers))
        assert [await got(reader) for reader in readers] == [data(1)] * 5
        await hub.fill("live", "sim", make)
        assert made == 1

    run(promise)


def test_a_newer_message_is_not_overwritten_by_a_first_one_that_took_long() -> None:
    async def promise() -> None:
        hub = Hub()
        reader = hub.subscribe(["live"])

        async def slow() -> bytes:
            hub.publish("live", "real", b"newer")
            await settle()
            return b"older"

        await hub.fill("live", "real", slow)
        assert await got(reader) == b"newer"
        await settle()
        late = hub.subscribe(["live"])
        assert await got(late) == b"newer"

    run(promise)


def test_when_nothing_changes_the_newest_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "BEAT_SECONDS", 0.05)

    async def promise() -> None:
        hub = Hub()
        reader = hub.subscribe(["metrics"])
        hub.publish("metrics", "real", data(1))
        beat = asyncio.create_task(hub.run())
        assert [await got(reader) for _ in range(3)] == [data(1)] * 3
        hub.close()
        await beat

    run(promise)


def test_a_hub_goes_on_on_another_loop() -> None:
    hub = Hub()

    async def promise() -> None:
        reader = hub.subscribe(["metrics"])
        hub.publish("metrics", "real", data(1))
        assert await got(reader) == data(1)

    run(promise)
    hub.publish("metrics", "real", data(0))
    run(promise)
