"""The waits of a server that stops: each has an end, and what did not end is named."""

from __future__ import annotations

import asyncio
import threading

import pytest
from structlog.testing import capture_logs

from metrics_core.api.stopping import ended, let_go


async def _deaf(words: int) -> None:
    """Hears that it is to end only when it was told so often."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            words -= 1
            if not words:
                raise


@pytest.mark.parametrize("words", (1, 2))
def test_a_task_is_told_twice_that_it_is_to_end(words: int) -> None:
    async def life() -> None:
        tasks = [asyncio.create_task(_deaf(words)) for _ in range(3)]
        await asyncio.sleep(0)
        await ended(tasks, seconds=0.1)
        assert all(task.cancelled() for task in tasks)

    with capture_logs() as logs:
        asyncio.run(life())
    assert logs == []


def test_a_task_that_does_not_end_holds_nobody_up_and_is_named() -> None:
    async def life() -> None:
        task = asyncio.create_task(_deaf(3), name="feed")
        await asyncio.sleep(0)
        await ended([task], seconds=0.1)

    with capture_logs() as logs:
        asyncio.run(life())
    assert [(row["event"], row["task"]) for row in logs] == [("a task does not end, and is left behind", "feed")]


def test_the_last_work_is_waited_for_and_what_it_raises_is_heard() -> None:
    done: list[str] = []
    asyncio.run(let_go(lambda: done.append("written")))
    assert done == ["written"]

    def fails() -> None:
        message = "the disk is full"
        raise OSError(message)

    with pytest.raises(OSError, match="the disk is full"):
        asyncio.run(let_go(fails))


def test_the_last_work_that_does_not_end_holds_nobody_up() -> None:
    free = threading.Event()

    async def life() -> None:
        await let_go(lambda: bool(free.wait(60)) and None, seconds=0.1)
        free.set()

    with capture_logs() as logs:
        asyncio.run(life())
    assert [row["event"] for row in logs] == ["the database is not let go of, and is left behind"]
