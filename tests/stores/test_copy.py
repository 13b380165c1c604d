"""Moving house: into any store and out of any store, and killed without warning on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from metrics_core.jobs.copy import Copy
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Document, Store
from tests.stores.conftest import durable, not_yet
from tests.stores.contents import EVENTS, contents, keep

ROOT = Path(__file__).parents[2]
DIES = """
import os, signal, sys
from itertools import count
from metrics_core.cli.main import run
from metrics_core.jobs import copy

what, number = sys.argv.pop(1), int(sys.argv.pop(1))
calls = count(1)


def dies(place, name):
    real = getattr(place, name)

    def instead(*given):
        if next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given)

    setattr(place, name, instead)


copy._AT_ONCE = 50
if what != "never":
    dies(*{"folding": (copy, "fold"), "noting": (copy.Copy, "_note"), "comparing": (copy.Copy, "_compared_days")}[what])
run()
"""
"""The command, which is killed the so-manyth time it comes to a place."""


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Store]:
    """A SQLite store, empty."""
    made = connect(f"sqlite:///{tmp_path}/beside.db")
    made.prepare()
    yield made
    made.close()


def documents(store: Store) -> list[Document]:
    return [document for shelf in store.catalog.shelves() if shelf != "copies" for document in store.catalog.find(shelf)]


def move(source: Store, target: Store) -> None:
    for number in range(3):
        source.catalog.put("dashboards", "sales", {"title": f"Ümsätze {number}", "n": [1.5, None]})
    source.catalog.put("dashboards/sales", "00000001", {})
    run = Copy(source, target)
    run.begin()
    run.events()
    run.documents()
    assert [check for check in run.verify() if not check.ok] == []
    assert [event for _, event in target.events.since(0, 10_000)] == EVENTS
    assert contents(target) == contents(source)
    assert documents(target) == documents(source)


def test_everything_moves_in(store: Store, beside: Store) -> None:
    keep(beside, EVENTS)
    move(beside, store)


def test_everything_moves_out(store: Store, beside: Store) -> None:
    keep(store, EVENTS)
    move(store, beside)


@durable
@not_yet("clickhouse", because="Here it is chdb, whose folder is open in one process: this one, not in the one that moves.")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_move_killed_again_and_again_ends_with_everything_once(
    store: Store, place: str, beside: Store, tmp_path: Path
) -> None:
    keep(beside, EVENTS)

    def run(what: str, number: int) -> subprocess.CompletedProcess[str]:
        words = ("copy", "--from", f"sqlite:///{tmp_path}/beside.db", "--to", place)
        return subprocess.run(
            [sys.executable, "-c", DIES, what, str(number), *words], capture_output=True, text=True, check=False,
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120,
        )  # fmt: skip

    for what, number in (("folding", 1), ("noting", 3), ("folding", 2), ("noting", 2), ("comparing", 3)):
        assert run(what, number).returncode == -signal.SIGKILL
    done = run("never", 0)
    assert done.returncode == 0, done.stderr
    assert "4 checks, 4 right." in done.stdout
    assert [event for _, event in store.events.since(0, 10_000)] == EVENTS
    assert contents(store) == contents(beside)
