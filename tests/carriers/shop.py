"""A store of its own, with the commands that work on it and a server that can be killed and started again at its port."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]


class Done(NamedTuple):
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


class Shop:
    """An SQLite store in `folder`, or one at a URL. Its server is always at the same port, as a service manager would start
    it again."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        self.file = folder / "shop.db"
        self.environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "140", "DATABASE_URL": url or f"sqlite:///{self.file}",
        }  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def command(self, *words: str) -> Done:
        process = self.start(*words)
        out, err = process.communicate(timeout=250)
        return Done(process.returncode, out, err)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command, not waited for."""
        return subprocess.Popen(
            [sys.executable, "-m", "metrics_core", *words], cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def serve(self) -> subprocess.Popen[bytes]:
        """The process of a server, which may not answer yet."""
        words = ["-m", "uvicorn", "metrics_core.api.server:app", "--port", str(self.port), "--log-level", "warning"]
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen([sys.executable, *words], cwd=self.folder, env=self.environment, stdout=log, stderr=log)

    def until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        while True:
            assert process.poll() is None, (self.folder / "server.log").read_text(encoding="utf-8")
            try:
                assert self.call("GET", "/health")[0] == 200
                return
            except OSError:
                time.sleep(0.02)

    @contextmanager
    def open(self) -> Iterator[None]:
        """With a server that answers, for as long as the block lasts."""
        process = self.serve()
        try:
            self.until_it_answers(process)
            yield
        finally:
            process.kill()
            process.wait(30)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request(method, path, None if body is None else json.dumps(body))
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            line.close()

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer of the running server to a question."""
        status, answer = self.call("POST", "/api/v1/query", question)
        assert status == 200, answer
        return dict(answer)
