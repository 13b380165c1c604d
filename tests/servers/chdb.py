"""The engine of ClickHouse inside this process, on a folder of its own, with a database for each test."""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_numbers = itertools.count(1)
_CONFIG = """<clickhouse><tcp_port>9000</tcp_port><remote_servers><main>
<shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></main></remote_servers></clickhouse>"""
"""With a cluster of one shard, which is this engine: it is asked without a connection, and nothing listens at the port."""


def is_here() -> bool:
    """Whether the engine is installed."""
    return find_spec("chdb") is not None


class Chdb:
    """One folder: a process can have one open at a time, so that tests get a database in it instead."""

    def __init__(self) -> None:
        import clickhouse_connect

        self._home = Path(tempfile.mkdtemp(prefix="chdb-"))
        self.folder = self._home / "data"
        config = self._home / "config.xml"
        config.write_text(_CONFIG)
        # Held for as long as the process lives: the engine ends with its last client, and starting it takes a second.
        self.client: Any = clickhouse_connect.get_client(
            dsn=f"chdb://{self.folder}", chdb_options={"config-file": str(config)}
        )
        atexit.register(self._end)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a fresh database with a fresh companion."""
        name = f"fresh_{next(_numbers)}"
        yield f"chdb://{self.folder}?database={name}"
        self.client.command(f"DROP DATABASE IF EXISTS {name} SYNC")
        for file in self.companion(name):
            file.unlink()

    @contextmanager
    def away(self, url: str) -> Iterator[None]:
        """Neither the database nor its companion is where it was."""
        name = url.rpartition("=")[2]
        files = self.companion(name)
        self.client.command(f"RENAME DATABASE {name} TO {name}_away")
        for file in files:
            file.rename(file.with_name(f"away-{file.name}"))
        (self.folder / f"{name}-catalog.db").mkdir()
        yield
        (self.folder / f"{name}-catalog.db").rmdir()
        for file in files:
            file.with_name(f"away-{file.name}").rename(file)
        self.client.command(f"RENAME DATABASE {name}_away TO {name}")

    def companion(self, name: str) -> list[Path]:
        return list(self.folder.glob(f"{name}-catalog.db*"))

    def _end(self) -> None:
        self.client.close()
        shutil.rmtree(self._home, ignore_errors=True)


@cache
def chdb() -> Chdb:
    """The one of this process."""
    return Chdb()
