"""From the acknowledgement of an order at one of three replicas to the sockets of the others, with Redis and without."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

from websockets.sync.client import connect

from benchmarks.databases import postgresql
from benchmarks.measure import Outcome, Side, at_most, progress
from benchmarks.order_to_socket import Heard, _delays, _listen, _sides
from benchmarks.server import ROOT, START_SECONDS, environment, free_port
from benchmarks.wire import Sender

REPLICAS = 3
RATE = 20
WARM_SECONDS = 2.0
LIMITS_MS = {"with Redis": 500.0, "without Redis": 1_500.0}


def run(size: float) -> Outcome:
    from tests.servers.redis import RedisServer

    sides: list[Side] = []
    ratios: list[float] = []
    with postgresql() as fresh:
        for name, limit in LIMITS_MS.items():
            with ExitStack() as stack:
                redis = None
                if name == "with Redis":
                    redis = RedisServer()
                    stack.callback(redis.close)
                ports = stack.enter_context(_replicas(stack.enter_context(fresh()), redis and redis.url))
                progress(f"{name}: {RATE} orders a second for {size:g} seconds")
                late = _measured(ports, size)
            sides += _sides(f"at another replica, after the acknowledgement, {name}", late)
            ratios.append(at_most(late, 0.99) * 1e3 / limit)
    limits = " and ".join(f"{limit:g} ms {name}" for name, limit in LIMITS_MS.items())
    return Outcome(
        max(ratios), tuple(sides),
        (f"{RATE} orders a second at one replica, the sockets of the two others.", f"Worse of the 99 % marks to {limits}."),
    )  # fmt: skip


def _measured(ports: list[int], size: float) -> list[float]:
    """Seconds from each acknowledgement at the first replica to the first message of each of the others that has it."""
    heard: list[list[Heard]] = [[] for _ in ports[1:]]
    with ExitStack() as stack:
        threads = []
        for port, kept in zip(ports[1:], heard, strict=True):
            socket = stack.enter_context(connect(f"ws://127.0.0.1:{port}/ws/metrics?topics=live", max_size=None))
            threads.append(threading.Thread(target=_listen, args=(socket, kept)))
            threads[-1].start()
        with Sender(ports[0], RATE) as sender:
            time.sleep(WARM_SECONDS + size)
        until = time.monotonic() + 15
        while any(not kept or kept[-1].events < len(sender.times) for kept in heard) and time.monotonic() < until:
            time.sleep(0.05)
    for thread in threads:
        thread.join()
    first = int(RATE * WARM_SECONDS)
    return [late for kept in heard for late, _ in _delays(sender.times, kept, first=first)]


@contextmanager
def _replicas(url: str, redis: str | None) -> Iterator[list[int]]:
    """The ports of servers of the doors alone; the first of them follows, so that it is never the one that computes."""
    with tempfile.TemporaryDirectory(prefix="pulseboard-") as folder, ExitStack() as stack:
        given = environment(url) | ({} if redis is None else {"REDIS_URL": redis})
        ports = [free_port() for _ in range(REPLICAS)]
        for port in ports:
            words = ["-m", "uvicorn", "metrics_core.api.server:app", "--port", str(port), "--log-level", "warning"]
            out = stack.enter_context((Path(folder) / f"{port}.log").open("wb"))
            process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=given, stdout=out, stderr=out)
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
        until = time.monotonic() + START_SECONDS
        while [_leads(port) for port in ports].count(True) != 1 or None in (leads := [_leads(port) for port in ports]):
            if time.monotonic() > until:
                logs = "\n".join(path.read_text(errors="replace")[-2_000:] for path in Path(folder).glob("*.log"))
                raise RuntimeError(f"The replicas did not start:\n{logs}")
            time.sleep(0.1)
        yield [port for _, port in sorted(zip(leads, ports, strict=True))]


def _leads(port: int) -> bool | None:
    """Whether the server leads; None while it does not answer."""
    with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
        return bool(json.load(answer)["parts"].get("replicas", {}).get("leads"))
    return None
