"""From the acknowledgement of an order to the socket message that holds it, under two hundred orders a second."""

from __future__ import annotations

import statistics
import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import orjson
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from benchmarks.measure import Outcome, Side, at_most, progress
from benchmarks.server import serving
from benchmarks.wire import Sender

RATE = 200
HANDS = 32
WARM_SECONDS = 2.0
LIMIT_MS = 250.0


class Heard(NamedTuple):
    """A message: when it came, how many events it counts, and the newest orders it names."""

    at: float
    events: int
    orders: tuple[str, ...]


def run(size: float) -> Outcome:
    heard: list[Heard] = []
    with serving() as server, connect(f"ws://127.0.0.1:{server.port}/ws/metrics?topics=live", max_size=None) as socket:
        listener = threading.Thread(target=_listen, args=(socket, heard))
        listener.start()
        before, started = server.cpu, time.monotonic()
        with Sender(server.port, RATE, hands=HANDS) as sender:
            progress(f"{RATE} orders a second for {size:g} seconds")
            time.sleep(WARM_SECONDS + size)
        share = (server.cpu - before) / (time.monotonic() - started)
        until = time.monotonic() + 10
        while (not heard or heard[-1].events < len(sender.times)) and time.monotonic() < until:
            time.sleep(0.05)
        socket.close()
        listener.join()
    late = _delays(sender.times, heard, first=int(RATE * WARM_SECONDS))
    acknowledged = [done - sent for sent, done in sender.times.values()]
    after_ack, after_sending = zip(*late, strict=True)
    return Outcome(
        at_most(after_ack, 0.99) * 1e3 / LIMIT_MS,
        (
            *_sides("acknowledged, after it was sent", acknowledged),
            *_sides("in a message, after it was sent", after_sending),
            *_sides("in a message, after it was acknowledged", after_ack),
        ),
        (
            f"{len(late):,} orders at {len(late) / size:.0f} a second, {len(heard):,} messages; the server used {share:.0%} "
            "of a core.",
            f"The ratio is the last 99 % mark to {LIMIT_MS:g} ms.",
        ),
    )


def _listen(socket: object, heard: list[Heard]) -> None:
    with suppress(ConnectionClosed):
        for text in socket:  # type: ignore[attr-defined]
            at = time.monotonic()
            body = orjson.loads(text)["data"]
            named = tuple(row["order"] for row in body["recent"] if row["order"])
            heard.append(Heard(at, sum(body["origin"]["counts"].values()), named))


def _delays(times: dict[int, tuple[float, float]], heard: Sequence[Heard], *, first: int) -> list[tuple[float, float]]:
    """For each order: how long after its acknowledgement, and after it was sent, came the first message that holds it.

    A message holds the orders it names. It also holds an order when it counts as many events as had been sent when that
    order was acknowledged: any state without it has fewer.
    """
    sent = sorted(began for began, _ in times.values())
    named: dict[str, float] = {}
    for message in heard:
        for order in message.orders:
            named.setdefault(order, message.at)
    counts = [message.events for message in heard]
    found = []
    for number, (began, done) in times.items():
        if number < first:
            continue
        place = bisect_left(counts, bisect_left(sent, done))
        by_count = heard[place].at if place < len(heard) else float("inf")
        at = min(by_count, named.get(f"b-{number}", float("inf")))
        assert at < float("inf"), f"order {number} was acknowledged and never seen"
        found.append((max(0.0, at - done), at - began))
    return found


def _sides(name: str, seconds: Sequence[float]) -> tuple[Side, ...]:
    half, most = statistics.median(seconds) * 1e3, at_most(seconds, 0.99) * 1e3
    return (Side(f"{name}, 50 %", half, "ms"), Side(f"{name}, 99 %", most, "ms"))
