"""Many viewers whose live page runs again every five seconds, all in one server process, while orders arrive."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import AsyncExitStack

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.measure import Outcome, Side, at_most, progress
from benchmarks.server import Server, serving
from benchmarks.visit import LONGEST, PATH, ends, rerun
from benchmarks.wire import Sender

EVERY = 5.0
REFRESHES, FEW_REFRESHES = 8, 2
"""By each viewer: forty seconds of them, or ten where there are too few to be a load."""
FEW = 20
LIMIT_MS = 500.0
ORDERS_A_SECOND = 2
AT_ONCE = 8
"""Viewers that come up at the same time."""


def run(size: float) -> Outcome:
    viewers = int(size)
    refreshes = REFRESHES if viewers > FEW else FEW_REFRESHES
    with serving() as server, Sender(server.port, ORDERS_A_SECOND):
        took, late, share = asyncio.run(_watched(server, viewers, refreshes))
    missed = viewers * refreshes - len(took) + late
    slowest = at_most(took, 0.99) * 1e3
    return Outcome(
        slowest / LIMIT_MS + missed,
        (Side("a refresh, 50 %", statistics.median(took) * 1e3, "ms"), Side("a refresh, 99 %", slowest, "ms")),
        (
            f"{viewers} viewers, {len(took):,} refreshes, {missed} missed; the server used {share:.0%} of a core.",
            f"The ratio is the 99 % mark to {LIMIT_MS:g} ms, and each missed refresh adds 1.",
        ),
    )


async def _watched(server: Server, viewers: int, refreshes: int) -> tuple[list[float], int, float]:
    """How long each refresh took; how many ended after the next was due; and the server's share of a core."""
    took: list[float] = []
    coming = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:
        async def come() -> ClientConnection:
            async with coming:
                address = f"ws://127.0.0.1:{server.port}{PATH}"
                line = await stack.enter_async_context(
                    connect(address, subprotocols=["streamlit"], compression=None, max_size=None, ping_interval=None)  # type: ignore[list-item]
                )
                await _refreshed(line)
                return line

        lines = await asyncio.gather(*(come() for _ in range(viewers)))
        progress(f"{viewers} viewers")
        begin = time.monotonic() + 0.5
        before = server.cpu

        async def look(number: int, line: ClientConnection) -> None:
            for refresh in range(refreshes):
                due = begin + (refresh + number / viewers) * EVERY
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                took.append(await _refreshed(line))

        found = await asyncio.gather(*(look(*place) for place in enumerate(lines)), return_exceptions=True)
        share = (server.cpu - before) / (time.monotonic() - begin)
    for failed in found:
        if isinstance(failed, BaseException) and not isinstance(failed, TimeoutError):
            raise failed
    return took, sum(seconds > EVERY for seconds in took), share


async def _refreshed(line: ClientConnection) -> float:
    started = time.monotonic()
    async with asyncio.timeout(LONGEST):
        await line.send(rerun())
        while True:
            message = await line.recv()
            assert isinstance(message, bytes)
            if ends(message):
                return time.monotonic() - started
