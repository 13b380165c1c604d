"""The product as it runs: a server in a process of its own, over a store in a folder of its own."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
import psutil

from benchmarks.measure import cpu_seconds, memory
from metrics_core.settings import described

ROOT = Path(__file__).parents[1]
PRODUCT = ROOT / "app.py"
START_SECONDS = 120


class Server(NamedTuple):
    """A server that answers, and what it has used so far."""

    pid: int
    port: int
    log: Path

    @property
    def cpu(self) -> float:
        """Seconds of processor time, with that of the processes that read large bodies for it."""
        return cpu_seconds(self.pid) + sum(cpu_seconds(child.pid) for child in psutil.Process(self.pid).children())

    @property
    def memory(self) -> int:
        return memory(self.pid)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: object = None, *, expects: int = 200) -> bytes:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            line.request(method, path, None if body is None else orjson.dumps(body), {"Content-Type": "application/json"})
            answer = line.getresponse()
            said = answer.read()
        finally:
            line.close()
        if answer.status != expects:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}: {said[:500]!r}")
        return said


@contextmanager
def serving(*, script: Path = PRODUCT, store: Path | str | None = None) -> Iterator[Server]:
    """`streamlit run` of the product, or of another script without our configuration, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="pulseboard-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        port = free_port()
        named = {"server.address": "127.0.0.1", "server.port": str(port), "server.headless": "true"}
        given = [f"--{option}={value}" for option, value in named.items()]
        command = [sys.executable, "-m", "streamlit", "run", str(script), *given]
        log = folder / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=ROOT if script == PRODUCT else folder, stdout=out, stderr=out,
                env=environment(store or folder / "store.db"),
            )  # fmt: skip
        server = Server(process.pid, port, log)
        try:
            _answers(server, process)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(server: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None or time.monotonic() > until:
            said = server.log.read_text(encoding="utf-8", errors="replace")[-4000:]
            raise RuntimeError(f"The server did not start:\n{said}")
        try:
            server.call("GET", "/_stcore/health")
        except (OSError, http.client.HTTPException, RuntimeError):
            time.sleep(0.05)
        else:
            return


def environment(store: Path | str) -> dict[str, str]:
    """What the shell says, but for the settings of the product: a benchmark measures it as it comes, on a file or a URL."""
    ours = {variable for row in described() for variable in row.variable.split(" or ")}
    kept = {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("STREAMLIT_")}
    url = store if isinstance(store, str) else f"sqlite:///{store}"
    return {**kept, "DATABASE_URL": url, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "WARNING"}


