"""Starting on a database that cannot be used: one sentence, exit code 2, no stack trace, no password."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.postgres import binaries, postgres

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "the doors": ("-m", "uvicorn", "metrics_core.api.server:app", "--port", "0"),
    "a command": ("-m", "metrics_core", "verify"),
}


def start(command: str, url: str, folder: Path) -> tuple[int, list[str]]:
    """The exit code, and what was said on the error stream."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": url, "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, *COMMANDS[command]], capture_output=True, text=True, cwd=folder, env=environment, check=False,
        timeout=60,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr
    assert "secret" not in done.stdout + done.stderr
    return done.returncode, [line for line in done.stderr.splitlines() if line.startswith("Error: ")]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("url", "says"),
    (
        ("mysql://ann:secret@db/shop", "No store speaks to 'mysql'."),
        ("postgresql://ann:secret@db:fifty/shop", "DATABASE_URL cannot be read."),
        ("sqlite:///shopping.db", "shopping.db is not an SQLite database."),
    ),
    ids=("unknown", "unreadable", "no database"),
)
def test_what_a_person_has_to_change_is_said_in_one_sentence(command: str, url: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "shopping.db").write_text("shopping list\n" * 100)
    code, told = start(command, url, tmp_path)
    assert code == 2
    assert len(told) == 1
    assert says in told[0]


@pytest.mark.servers
@pytest.mark.skipif(binaries() is None and not os.environ.get("CI"), reason="PostgreSQL is not on this machine")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_password_is_said_in_one_sentence(command: str, tmp_path: Path) -> None:
    code, told = start(command, postgres().url(password="wrong@secret"), tmp_path)
    assert code == 2
    assert len(told) == 1
    assert "does not let the user postgres in" in told[0]
