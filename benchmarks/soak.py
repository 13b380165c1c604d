"""Memory of the server under steady mixed load: orders, refreshing pages and sockets, for as long as one likes."""

from __future__ import annotations

import re
import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil

from benchmarks.listeners import listening, open_files
from benchmarks.measure import Outcome, Side, progress
from benchmarks.server import Server, serving
from benchmarks.visit import Visit
from benchmarks.wire import Sender

RATE = 100
HANDS = 16
VIEWERS = 10
VIEWERS_EVERY = 5.0
SOCKETS = 200
SAMPLE_SECONDS = 1.0
ALLOWED = 0.05
"""By which memory may grow over the second half."""


def run(size: float) -> Outcome:
    seconds = size * 60
    samples: list[float] = []
    reruns = [0]
    open_files(SOCKETS)
    with serving() as server:
        process = psutil.Process(server.pid)
        with (
            listening(server.port, SOCKETS, processes=1), Sender(server.port, RATE, hands=HANDS) as sender,
            _Watching(server, reruns),
        ):  # fmt: skip
            begin, used = time.monotonic(), server.cpu
            while (passed := time.monotonic() - begin) < seconds:
                samples.append(_own(process) / 2**20)
                progress(f"{passed / 60:.1f} of {size:g} minutes, {samples[-1]:.0f} MiB")
                time.sleep(SAMPLE_SECONDS)
            share = (server.cpu - used) / (time.monotonic() - begin)
    half, end = _around(samples, 0.5, 0.6), _around(samples, 0.9, 1.0)
    return Outcome(
        max(0.0, end / half - 1) / ALLOWED,
        (
            Side("memory after a tenth", _around(samples, 0.1, 0.2), "MiB"),
            Side("memory at half time", half, "MiB"),
            Side("memory at the end", end, "MiB"),
        ),
        (
            f"{size:g} minutes with {len(sender.times):,} orders, {reruns[0]:,} reruns by {VIEWERS} viewers, and {SOCKETS} "
            f"sockets; the server used {share:.0%} of a core.",
            "Anonymous memory; the database file that is mapped is the system's.",
            f"The ratio is the growth over the second half ({end / half - 1:+.1%}) to {ALLOWED:.0%}.",
        ),
    )


def _own(process: psutil.Process) -> int:
    """Bytes that are the process's alone. Pages of the database file that the system keeps in its cache, and which the
    process sees mapped, are not: they grow with the file, and the system takes them when it needs the room."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return int(process.memory_full_info().uss)
    (anonymous,) = re.findall(r"^RssAnon:\s+(\d+) kB$", status.read_text(encoding="ascii"), re.MULTILINE)
    return int(anonymous) * 1024


def _around(samples: Sequence[float], start: float, end: float) -> float:
    """The median of this part of the samples."""
    first = int(len(samples) * start)
    return statistics.median(samples[first : max(first + 1, int(len(samples) * end))])


class _Watching:
    """Viewers whose live page runs again every few seconds, and counts it."""

    def __init__(self, server: Server, reruns: list[int]) -> None:
        self._server = server
        self._reruns = reruns
        self._stop = threading.Event()
        self._failed: list[Exception] = []
        self._threads = [threading.Thread(target=self._watch, args=(number,)) for number in range(VIEWERS)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._failed:
            raise self._failed[0]

    def _watch(self, number: int) -> None:
        try:
            with ExitStack() as stack:
                visit = stack.enter_context(Visit(self._server.port))
                self._stop.wait(number * VIEWERS_EVERY / VIEWERS)
                while not self._stop.wait(VIEWERS_EVERY):
                    visit.rerun()
                    self._reruns[0] += 1
        except Exception as error:
            self._failed.append(error)
