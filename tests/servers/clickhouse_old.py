"""The ClickHouse of Debian: too old to work with, and for that reason good to be refused by over HTTP."""

from __future__ import annotations

import atexit
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_CONFIG = """<yandex><logger><level>error</level><console>1</console></logger><listen_host>127.0.0.1</listen_host>
<http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path>
<users_config>{folder}/users.xml</users_config><default_profile>default</default_profile>
<default_database>default</default_database><mark_cache_size>5368709120</mark_cache_size></yandex>"""
_USERS = """<yandex><profiles><default/></profiles><quotas><default/></quotas><users><shop><password>top@secret</password>
<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></shop></users></yandex>"""


def program() -> str | None:
    """The server, where it is installed."""
    return shutil.which("clickhouse-server", path="/usr/sbin:/usr/bin:/usr/local/bin")


class OldServer:
    """One server of this process, with one user, `shop`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="clickhouse-"))
        self.http, self.tcp = _free(), _free()
        places = {"folder": self._folder, "http": self.http, "tcp": self.tcp}
        (self._folder / "config.xml").write_text(_CONFIG.format(**places))
        (self._folder / "users.xml").write_text(_USERS)
        self._process = subprocess.Popen(
            [program() or "", f"--config-file={self._folder / 'config.xml'}"], cwd=self._folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        atexit.register(self._end)
        until = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, "The server ended at its start."
            assert time.monotonic() < until, "The server did not come up."
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.http}/ping", timeout=5) as told:
                return bool(told.status == 200)
        except (URLError, OSError):
            return False

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


@cache
def old_server() -> OldServer:
    """The one of this process."""
    return OldServer()


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
