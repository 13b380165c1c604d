"""What a ten-widget dashboard costs the server a refresh while a hundred look at it, beside what it costs for one."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from benchmarks import board
from benchmarks.measure import Outcome, at_most, progress, side
from benchmarks.server import Server, serving
from benchmarks.wire import Sender

EVERY = 5.0
SPREAD = 0.1
"""Of an interval, within which browsers ask: as the page's own loop does."""
ROUNDS, FEW_ROUNDS = 3, 1
REFRESHES, FEW_REFRESHES = 4, 2
"""Of each viewer in a round; fewer where there are too few viewers to be a load."""
FEW = 20
ORDERS_A_SECOND = 2
DAYS, FEW_DAYS = 30, 2
METERS = tuple(
    re.compile(rf"^pulseboard_board_{name} (\S+)$", re.MULTILINE)
    for name in ("processor_seconds_total", r'questions_total\{how="asked"\}')
)


@dataclass(slots=True)
class Round:
    """What the refreshes of a round cost, each on average, and what its viewers got."""

    seconds: float
    questions: float
    took: list[float] = field(default_factory=list)
    missed: int = 0


def run(size: float) -> Outcome:
    viewers = int(size)
    many = viewers > FEW
    rounds, refreshes = (ROUNDS, REFRESHES) if many else (FEW_ROUNDS, FEW_REFRESHES)
    with tempfile.TemporaryDirectory(prefix="pulseboard-") as folder:
        store = board.filled(Path(folder) / "store.db", DAYS if many else FEW_DAYS)
        with serving(store=store) as server, Sender(server.port, ORDERS_A_SECOND, hands=1):
            name = board.made(server)
            found: dict[int, list[Round]] = {1: [], viewers: []}
            asyncio.run(_round(server, name, 1, 1))
            for number in range(rounds):
                for crowd in ((1, viewers), (viewers, 1))[number % 2]:
                    found[crowd].append(asyncio.run(_round(server, name, crowd, refreshes)))
                progress(f"round {number + 1} of {rounds}")
    one, all_ = ([round_.seconds for round_ in found[crowd]] for crowd in (1, viewers))
    missed = sum(round_.missed for round_ in found[viewers])
    asked = {crowd: statistics.median(round_.questions for round_ in found[crowd]) for crowd in found}
    took = [seconds for round_ in found[viewers] for seconds in round_.took]
    return Outcome(
        statistics.median(all_) / statistics.median(one) + missed,
        (
            side(f"a refresh of {viewers} viewers", all_, "ms", scale=1e3),
            side("a refresh of one viewer", one, "ms", scale=1e3),
        ),
        (
            "Processor time in which the server asks its store and draws, as it says itself.",
            f"A refresh asks {asked[viewers]:g} questions for {viewers} viewers, {asked[1]:g} for one.",
            f"{len(took):,} answers, {missed} missed; 99 % of them within {at_most(took, 0.99) * 1e3:,.0f} ms.",
        ),
    )


async def _round(server: Server, name: str, viewers: int, refreshes: int) -> Round:
    """So many look at the dashboard together, as the page does, for some refreshes."""
    # The server ends a connection that is idle for five seconds, just when it is used again: each request has its own.
    limits = httpx2.Limits(max_connections=viewers, max_keepalive_connections=0)
    async with httpx2.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
        watch = [_Viewer(client, name) for _ in range(viewers)]
        await asyncio.gather(*(viewer.come() for viewer in watch))
        # From the middle of one interval to the middle of another, so that whole refreshes are counted.
        await asyncio.sleep(max(0.0, watch[0].due - time.monotonic()) + EVERY / 2)
        before = _meters(server)
        for viewer in watch:
            viewer.due += EVERY * -(-(time.monotonic() - viewer.due) // EVERY)
        await asyncio.gather(*(viewer.look(refreshes) for viewer in watch))
        await asyncio.sleep(EVERY / 2 - SPREAD * EVERY)
        after = _meters(server)
    seconds, questions = ((after[meter] - before[meter]) / refreshes for meter in range(2))
    return Round(seconds, questions, [s for viewer in watch for s in viewer.took], sum(viewer.missed for viewer in watch))


def _meters(server: Server) -> tuple[float, float]:
    """Processor time spent answering and drawing dashboards, and questions asked for them, since the start."""
    told = server.call("GET", "/metrics").decode()
    seconds, questions = (float(found[1]) if (found := meter.search(told)) else 0.0 for meter in METERS)
    return seconds, questions


class _Viewer:
    """A browser with the dashboard open: it asks when the interval of all begins, and takes what is another picture."""

    def __init__(self, client: httpx2.AsyncClient, name: str) -> None:
        self._client = client
        self._path = f"/api/v1/dashboards/{name}/data"
        self._have: dict[str, str] = {}
        self._seq = -1
        self.due = 0.0
        self.took: list[float] = []
        self.missed = 0

    async def come(self) -> None:
        body = await self._ask()
        self._seq = body["instant"]["seq"]

    async def look(self, refreshes: int) -> None:
        for _ in range(refreshes):
            due = self.due
            await asyncio.sleep(max(0.0, due + SPREAD * EVERY * random.random() - time.monotonic()))
            started = time.monotonic()
            body = await self._ask()
            self.took.append(time.monotonic() - started)
            newer = body["instant"]["seq"] > self._seq
            self.missed += not newer or time.monotonic() > due + EVERY
            self._seq = body["instant"]["seq"]

    async def _ask(self) -> dict[str, Any]:
        said = {"state": {"period": "7d", "refresh": int(EVERY)}, "have": self._have}
        answer = await self._client.post(self._path, json=said)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        self._have = {widget: told["hash"] for widget, told in body["widgets"].items()}
        self.due = time.monotonic() + body["next"]
        return body
