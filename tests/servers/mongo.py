"""MongoDB servers of our own: on a free port, in a temporary folder; a replica set of one, and a standalone one."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.servers.postgres import _free_port

PASSWORD = "top@secret"
"""Of the users that `guarded` makes; in a URL it is percent-encoded."""

_QUICK = "serverSelectionTimeoutMS=1500"
_SECONDS = 40


def mongod() -> Path | None:
    """The server's program: on the path, or a wheel's. None where there is none."""
    if found := shutil.which("mongod"):
        return Path(found)
    spec = find_spec("fiftyone")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        program = Path(folder) / "db" / "bin" / "mongod"
        if program.exists():
            program.chmod(0o755)
            return program
    return None


class Mongo:
    """A server: `url` and `database()` while it runs, `kill`, `stop` and `start` to make trouble."""

    def __init__(self, *, replicates: bool, guarded: bool = False) -> None:
        found = mongod()
        assert found is not None, "MongoDB is not here: pip install -r requirements-dev.txt"
        self._program = found
        self._folder = Path(tempfile.mkdtemp(prefix="pulseboard-mongo-"))
        self._replicates = replicates
        self._guarded = False
        self._numbers = itertools.count(1)
        self._server: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self.start()
        if guarded:
            self._guard()

    def url(self, database: str = "", *, user: str | None = None, password: str = PASSWORD, options: str = _QUICK) -> str:
        who = "" if user is None else f"{user}:{password.replace('@', '%40')}@"
        source = "" if user is None else "&authSource=admin"
        return f"mongodb://{who}127.0.0.1:{self.port}/{database}?{options}{source}"

    def start(self) -> None:
        """Until it takes writes, which after a hard stop means until it has recovered."""
        data = self._folder / "data"
        data.mkdir(exist_ok=True)
        words = [
            self._program, "--dbpath", data, "--port", str(self.port), "--bind_ip", "127.0.0.1", "--nounixsocket",
            "--wiredTigerCacheSizeGB", "0.4", "--setParameter", "diagnosticDataCollectionEnabled=false",
            *(["--replSet", "rs", "--oplogSize", "64"] if self._replicates else []), *(["--auth"] if self._guarded else []),
        ]  # fmt: skip
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(words, stdout=log, stderr=log, cwd=self._folder)
        until = time.monotonic() + _SECONDS
        while not self._takes_writes():
            assert self._server.poll() is None, (self._folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, "MongoDB did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        """As its service manager would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As if the plug of the server were pulled."""
        self._end(signal.SIGKILL)

    @contextmanager
    def away(self) -> Iterator[None]:
        """It does not answer inside, and does again afterwards."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a fresh and empty database; gone at the end."""
        name = f"fresh_{next(self._numbers)}"
        try:
            yield self.url(name)
        finally:
            with self.client() as client:
                client.drop_database(name)

    def client(self, **options: Any) -> MongoClient[dict[str, Any]]:
        """A plain client, as any other program would have one."""
        user = "root" if self._guarded else None
        return MongoClient(self.url("admin", user=user), directConnection=True, **options)

    def close(self) -> None:
        if self._server is not None and self._server.poll() is None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _guard(self) -> None:
        """From now on, nobody comes in without a password."""
        with self.client() as client:
            client.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"])
            client.admin.command("createUser", "reader", pwd=PASSWORD, roles=[{"role": "read", "db": "shop"}])
            client.admin.command("createUser", "shop", pwd=PASSWORD, roles=[{"role": "readWrite", "db": "shop"}])
        self.stop()
        self._guarded = True
        self.start()

    def _takes_writes(self) -> bool:
        with suppress(PyMongoError), self.client(serverSelectionTimeoutMS=300) as client:
            told = client.admin.command("hello")
            if self._replicates and "setName" not in told:
                members = [{"_id": 0, "host": f"127.0.0.1:{self.port}"}]
                settings = {"electionTimeoutMillis": 500, "heartbeatIntervalMillis": 500}
                client.admin.command("replSetInitiate", {"_id": "rs", "members": members, "settings": settings})
                return False
            return bool(told["isWritablePrimary"])
        return False

    def _end(self, number: int) -> None:
        assert self._server is not None
        with suppress(ProcessLookupError):
            os.kill(self._server.pid, number)
        self._server.wait(timeout=_SECONDS)


@cache
def replica_set() -> Mongo:
    """The replica set of this test process; started when it is first asked for."""
    return _until_the_end(Mongo(replicates=True))


@cache
def standalone() -> Mongo:
    """The server without transactions of this test process."""
    return _until_the_end(Mongo(replicates=False))


@cache
def guarded() -> Mongo:
    """One that wants a password: `root`, `shop` and `reader` may come in."""
    return _until_the_end(Mongo(replicates=False, guarded=True))


def _until_the_end(server: Mongo) -> Mongo:
    atexit.register(server.close)
    return server
