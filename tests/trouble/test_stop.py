"""Told to stop, a server ends: whoever is connected, whoever was killed a moment ago, however it was started."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from metrics_core.engine import Engine
from metrics_core.errors import StoreAwayError
from metrics_core.publishing.publisher import UNHEARD_SECONDS
from metrics_core.settings import Settings
from metrics_core.store.connect import connect
from tests.carriers.shop import ROOT, Shop

STREAMLIT = ("-m", "streamlit", "run", "app.py", "--server.headless=true", "--server.address=127.0.0.1", "--server.port")
STARTS = {
    "streamlit run app.py": STREAMLIT,
    "uvicorn app:app": ("-m", "uvicorn", "app:app", "--log-level", "warning", "--port"),
    "the doors alone": ("-m", "uvicorn", "metrics_core.api.server:app", "--log-level", "warning", "--port"),
}
LIMIT = 60
"""Seconds after which it counts as a server that does not end."""
AWAY = {"PostgreSQL": "postgresql://ann:secret@127.0.0.1:9/shop", "MongoDB": "mongodb://ann:secret@127.0.0.1:9/shop"}


@contextmanager
def started(shop: Shop, start: str) -> Iterator[subprocess.Popen[bytes]]:
    log = shop.folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *STARTS[start], str(shop.port)], cwd=ROOT, env=shop.environment, stdout=out, stderr=out
        )
    try:
        until = time.monotonic() + LIMIT
        while True:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < until, log.read_text(encoding="utf-8")
            try:
                shop.call("GET", "/health")
                break
            except OSError:
                time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait(30)


class Callers:
    """The process that holds the connections, and what was acknowledged to it."""

    def __init__(self, port: int, *words: str) -> None:
        self.acknowledged: set[str] = set()
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.trouble.callers", str(port), *words], cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()
        assert self._ready.wait(LIMIT), "the callers did not come through"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)
        self._thread.join(30)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _hear(self) -> None:
        assert self.process.stdout is not None
        for word in self.process.stdout:
            if word == "ready\n":
                self._ready.set()
            elif word.endswith("\n"):
                self.acknowledged.add(word.strip())


@pytest.mark.servers
@pytest.mark.timeout(200)
@pytest.mark.parametrize("who", ("were killed", "are still there"))
@pytest.mark.parametrize("start", STARTS)
def test_a_server_that_is_told_to_stop_ends_whoever_is_connected(tmp_path: Path, start: str, who: str) -> None:
    shop = Shop(tmp_path)
    with started(shop, start) as server:
        callers = Callers(shop.port, *([] if start == "the doors alone" else ["pages"]))
        try:
            if who == "were killed":
                callers.kill()
            server.send_signal(signal.SIGTERM)
            assert server.wait(LIMIT) == -signal.SIGTERM
        finally:
            callers.kill()
    assert "left behind" not in (tmp_path / "server.log").read_text(encoding="utf-8")
    assert not list(tmp_path.glob("*-wal")), "the store was not closed"
    store = connect(f"sqlite:///{shop.file}")
    kept = {event.id for chunk in store.events.scan() for event in chunk}
    store.close()
    assert len(callers.acknowledged) >= 4
    assert callers.acknowledged <= kept
    assert shop.command("verify").code == 0


@pytest.mark.servers
@pytest.mark.timeout(200)
@pytest.mark.parametrize("database", AWAY)
def test_ctrl_c_ends_a_server_whose_database_was_never_there(tmp_path: Path, database: str) -> None:
    shop = Shop(tmp_path, AWAY[database])
    with started(shop, "the doors alone") as server:
        server.send_signal(signal.SIGINT)
        assert server.wait(LIMIT) == 0
    said = (tmp_path / "server.log").read_text(encoding="utf-8")
    assert "the database does not answer" in said
    assert "Traceback" not in said
    assert "left behind" not in said


def test_an_engine_whose_database_was_never_there_can_be_let_go() -> None:
    engine = Engine(Settings(_env_file=None, database_url=AWAY["PostgreSQL"]))
    engine.start()

    async def life() -> None:
        engine.hub.open()
        running = asyncio.create_task(engine.run())
        await asyncio.sleep(0)
        assert "replicas" in engine.report()["parts"]
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(life())
    with pytest.raises(StoreAwayError):  # the run is kept there: nobody can say that it has stopped
        engine.simulator.stop()
    engine.stop()


@pytest.mark.parametrize("later", range(6))
def test_publishing_ends_when_it_is_told_to_also_amid_a_change(later: int) -> None:
    """A change and the end may come together, however few turns of the event loop lie between them."""
    engine = Engine(Settings(_env_file=None, database_url="memory://"))
    engine.start()

    async def life() -> bool:
        engine.hub.open()
        running = asyncio.create_task(engine.run())
        await asyncio.sleep(2 * UNHEARD_SECONDS)  # by then it waits for a change
        engine._changed()
        for _ in range(later):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running], timeout=2)
        ended = running.cancelled()
        running.cancel()
        return ended

    assert asyncio.run(life())
    engine.stop()
