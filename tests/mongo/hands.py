"""What the tests of MongoDB share: a process that dies at a chosen write, and the hands of every test of trouble."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pymongo import monitoring

from tests.trouble.hands import ids as ids
from tests.trouble.hands import put as put
from tests.trouble.hands import wrong as wrong

ROOT = Path(__file__).parents[2]
WRITES = frozenset({"insert", "update", "delete", "findAndModify", "commitTransaction"})


class DiesAt(monitoring.CommandListener):
    """Kills this process without warning once its so-manyth write was answered."""

    def __init__(self, number: int) -> None:
        self._left = number

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        return None

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if event.command_name in WRITES:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        return None


def run(program: str, *words: object) -> int:
    """Run a program of Python in a process of its own; how it ended."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    told: Sequence[Any] = [sys.executable, "-c", program, *map(str, words)]
    return subprocess.run(told, env=environment, check=False, timeout=100, cwd=ROOT).returncode
