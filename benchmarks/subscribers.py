"""Thousands of sockets in one server process, with an order every second: how late a message comes, and what it costs."""

from __future__ import annotations

import statistics
import time
from bisect import bisect_left

from benchmarks.listeners import Heard, collect, listening, open_files
from benchmarks.measure import Outcome, Side, at_most, progress
from benchmarks.server import serving
from benchmarks.wire import Sender

SECONDS, FEW_SECONDS = 20, 5
FEW = 1_000
"""Fewer sockets than this are no load, and are listened to for the shorter time."""
LIMIT_MS = 250.0
LIMIT_SHARE = 0.25
"""Of one core."""


def run(size: float) -> Outcome:
    sockets = int(size)
    open_files(sockets)
    with serving() as server:
        before = server.memory
        with listening(server.port, sockets) as pipes:
            each = (server.memory - before) / sockets
            progress(f"{sockets} sockets hear an order a second")
            used, began = server.cpu, time.monotonic()
            with Sender(server.port, 1, hands=1) as sender:
                time.sleep(SECONDS if sockets > FEW else FEW_SECONDS)
                share = (server.cpu - used) / (time.monotonic() - began)
            time.sleep(1)
            heard = collect(pipes)
    late = _delays(sender.times, heard)
    slowest = at_most(late, 0.99) * 1e3
    return Outcome(
        max(slowest / LIMIT_MS, share / LIMIT_SHARE),
        (
            Side("from acknowledgement to socket, 50 %", statistics.median(late) * 1e3, "ms"),
            Side("from acknowledgement to socket, 99 %", slowest, "ms"),
            Side("processor of the server", share * 100, "% of a core"),
            Side("memory of the server for each socket", each / 1024, "KiB"),
        ),
        (
            f"{sockets:,} sockets, {len(sender.times)} orders, {sum(map(len, heard)):,} messages taken.",
            f"The ratio is the worse of the 99 % mark to {LIMIT_MS:g} ms and the processor to {LIMIT_SHARE:.0%} of a core.",
        ),
    )


def _delays(times: dict[int, tuple[float, float]], heard: list[Heard]) -> list[float]:
    """For each socket and order: from its acknowledgement to the first message whose total holds it (each is for 1.00)."""
    found = []
    for messages in heard:
        totals = [total for total, _ in messages]
        assert totals == sorted(totals), "a socket was shown an older total after a newer one"
        for number, (_, done) in times.items():
            place = bisect_left(totals, number + 1)
            assert place < len(totals), f"a socket never heard of order {number}"
            found.append(max(0.0, messages[place][1] - done))
    return found
