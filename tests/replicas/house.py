"""Three servers on one database, as processes of their own that can be killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.servers.postgres import _end_with_us, _free_port

ROOT = Path(__file__).parents[2]
_SECONDS = 60.0


def until(true: Callable[[], Any], *, seconds: float = _SECONDS, what: str = "it") -> Any:
    """What is true at last; it fails where that does not come about."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"waited {seconds:g} seconds for {what}"
        time.sleep(0.05)
    return found


class Server:
    """One replica, the doors alone."""

    def __init__(self, folder: Path, url: str, redis: str | None) -> None:
        self.port = _free_port()
        self.log = folder / f"{self.port}.log"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": url, "LOG_LEVEL": "INFO"}
        if redis is not None:
            environment["REDIS_URL"] = redis
        words = ["-m", "uvicorn", "metrics_core.api.server:app", "--port", str(self.port), "--log-level", "warning"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *words], cwd=folder, env=environment, stdout=log, stderr=log, preexec_fn=_end_with_us
            )

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")[-3000:]
        with suppress(OSError):
            return self.call("GET", "/health")[0] == 200
        return False

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            line.close()

    def send(self, *orders: dict[str, Any]) -> dict[str, Any]:
        status, receipt = self.call("POST", "/api/v1/orders", list(orders))
        assert status == 200, receipt
        return dict(receipt)

    def report(self) -> dict[str, Any]:
        return dict(self.call("GET", "/health")[1]["parts"])

    def leads(self) -> bool:
        return bool(self.report().get("replicas", {}).get("leads"))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


class Listener(threading.Thread):
    """A reader of the live feed, who keeps the newest figures under the number of their snapshot."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._url = f"ws://127.0.0.1:{server.port}/ws/metrics?topics=live"
        self.seen: dict[int, dict[str, Any]] = {}
        self.numbers: list[int] = []
        self.stale: list[dict[str, Any]] = []
        self.start()

    @property
    def orders(self) -> int:
        newest = self.seen.get(self.numbers[-1]) if self.numbers else None
        return 0 if newest is None else int(newest["periods"]["24h"]["figures"]["orders"]["value"])

    def run(self) -> None:
        with suppress(ConnectionClosed, OSError), connect(self._url, max_size=None) as socket:
            for text in socket:
                body = json.loads(text)["data"]
                number = body["snapshot"]["seq"]
                if body["stale"] is not None:
                    self.stale.append(body["stale"])
                self.seen.setdefault(number, body)
                if not self.numbers or self.numbers[-1] != number:
                    self.numbers.append(number)


@contextmanager
def replicas(folder: Path, url: str, redis: str | None, number: int = 3) -> Iterator[list[Server]]:
    """So many that answer, one of which leads."""
    servers = [Server(folder, url, redis) for _ in range(number)]
    try:
        for server in servers:
            until(server.answers, what="a server")
        until(lambda: [server.leads() for server in servers].count(True) == 1, what="one that leads")
        yield servers
    finally:
        for server in servers:
            server.end()
