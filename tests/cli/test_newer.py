"""Whatever is started on a database of a newer version: one sentence, exit code 2, and nothing changed."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.carriers.shop import ROOT, Shop

pytestmark = [pytest.mark.slow]

FUTURE = 999
COMMANDS = {
    "setup": ("setup", "--yes"),
    "generate": ("generate", "--days", "1"),
    "simulate": ("simulate", "--ticks", "1"),
    "sample": ("sample",),
    "verify": ("verify",),
    "rebuild": ("verify", "--rebuild"),
    "import": ("import", "orders.jsonl", "--as", "orders"),
    "export": ("export", "events.jsonl"),
    "copy from it": ("copy", "--from", "sqlite:///shop.db", "--to", "sqlite:///other.db"),
    "copy into it": ("copy", "--from", "sqlite:///other.db", "--to", "sqlite:///shop.db"),
}
SERVERS = {
    "the doors": ("-m", "uvicorn", "metrics_core.api.server:app", "--port", "0"),
    "the product": ("-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless=true", "--server.port=0"),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A store with a handful of records, as if a newer version had been there since. It stays as it is."""
    folder = tmp_path_factory.mktemp("newer")
    made = Shop(folder)
    assert made.command("sample").code == 0
    order = {"orderId": "o-1", "ts": "2026-01-01T00:00:00Z", "lines": [{"productId": "p", "quantity": 1, "revenue": "1.00"}]}
    (folder / "orders.jsonl").write_text(json.dumps(order) + "\n", encoding="utf-8")
    shutil.copy(made.file, folder / "other.db")
    with closing(sqlite3.connect(made.file)) as file:
        file.execute(f"UPDATE meta SET value = {FUTURE} WHERE name = 'schema'")
        file.commit()
    return made


def dumped(shop: Shop) -> list[str]:
    with closing(sqlite3.connect(shop.file)) as file:
        return list(file.iterdump())


def is_refused(code: int, said: str) -> None:
    assert code == 2, said
    assert "Traceback" not in said
    # A terminal may have broken it into lines.
    told = " ".join(said.split())
    assert told.count("A newer version of Pulseboard made this database") == 1
    assert f"are at step {FUTURE}" in told
    assert "Nothing was changed. Update Pulseboard, or name another database" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_it(shop: Shop, command: str) -> None:
    before = dumped(shop)
    done = shop.command(*COMMANDS[command])
    is_refused(done.code, done.err)
    assert dumped(shop) == before


@pytest.mark.parametrize("server", SERVERS)
def test_every_server_refuses_it(shop: Shop, server: str) -> None:
    before = dumped(shop)
    done = subprocess.run(
        [sys.executable, *SERVERS[server]], cwd=shop.folder, env=shop.environment, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    is_refused(done.returncode, done.stderr)
    assert dumped(shop) == before
