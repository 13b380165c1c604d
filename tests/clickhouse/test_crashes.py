"""Our own process is killed in the middle of a turn: nobody ever sees half of it, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.chdb import is_here

pytestmark = [pytest.mark.servers, pytest.mark.skipif(not is_here(), reason="chdb is not installed")]

ROOT = Path(__file__).parents[2]
WORK = {
    "put": "put(store, *fresh(60))",
    "forget": "store.events.forget(run_id='run-0')",
    "replace": "store.totals.replace(EVER, *fold(contents(store).events))",
    "pack": "turns.LOOSE = -1; pack(store)",
}
DIES = f"""
import os, signal, sys
from hashlib import sha256
from metrics_core.store.clickhouse import ledger, server, turns
from metrics_core.rollup.fold import fold
from metrics_core.store.connect import connect
from tests.stores.contents import EVENTS, EVER, contents, expected, put

url, what, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = connect(url)
store.prepare()

def fresh(number):
    there = set(event.id for event in contents(store).events)
    return [event for event in EVENTS if event.id not in there][:number]

def pack(store):
    with turns.turn(store._server):
        pass

def told():
    found = contents(store)
    assert found == expected(found.events), "half of something is there"
    sets = sorted((place, sorted(users)) for place, users in found.sets.items())
    count = sorted(store.events.count().items())
    everything = repr((found.events, found.rows, sets, store.newest_seq(), store.generation(), count))
    print(sha256(everything.encode()).hexdigest(), flush=True)

told()
put(store, *fresh(40))
told()

left = number
def dies(do):
    def done(*args, **more):
        global left
        try:
            return do(*args, **more)
        finally:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    return done

# After each write: a number taken, rows sent, statements run, and the end noted but not committed.
server.Server.insert = dies(server.Server.insert)
server.Server.command = dies(server.Server.command)
ledger.Ledger.begin = dies(ledger.Ledger.begin)
turns.ledger.finish = dies(ledger.finish)
exec({WORK!r}[what])
left = 0
told()
"""
"""A program that says what is there, writes some more, says it again, and is killed at its so-manyth write after that."""


def run(url: str, what: str, number: int) -> tuple[int, list[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", DIES, url, what, str(number)]
    done = subprocess.run(words, env=environment, check=False, timeout=150, cwd=ROOT, capture_output=True, text=True)
    assert "Error" not in done.stderr, done.stderr
    return done.returncode, done.stdout.split()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("what", WORK)
def test_a_process_killed_at_any_of_its_writes_leaves_nothing_half_done(tmp_path: Path, what: str) -> None:
    url = f"chdb://{tmp_path / 'folder'}"
    acknowledged, number = "", 0
    while True:
        number += 1
        code, told = run(url, what, number)
        assert acknowledged in ("", told[0])
        if code == 0:
            break
        assert code == -signal.SIGKILL
        acknowledged = told[1]
    assert number > 3
