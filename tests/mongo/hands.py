"""What the tests of MongoDB share: the two sorts of server, and a process that dies at a chosen write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pymongo import monitoring

from metrics_core.engine import Engine
from metrics_core.model.event import Event
from metrics_core.rollup.fold import fold
from metrics_core.store.protocols import Store

ROOT = Path(__file__).parents[2]
WRITES = frozenset({"insert", "update", "delete", "findAndModify", "commitTransaction"})


def put(store: Store, *events: Event) -> None:
    """Write these events with their totals in one batch."""
    with store.batch() as batch:
        assert batch.append(events)
        batch.merge(*fold(events))


def ids(store: Store) -> list[str]:
    return sorted(event.id for chunk in store.events.scan() for event in chunk)


def wrong(engine: Engine) -> list[str]:
    """What a recount from the events finds wrong."""
    return [f"{check.name}: {check.found}, not {check.expected}" for check in engine.verify() if not check.ok]


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
