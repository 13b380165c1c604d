"""Our own process is killed in the middle of a turn: nobody ever sees half of it, and the next turn begins as before."""

from __future__ import annotations

import signal
import time
from contextlib import closing

import pytest

from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests import given
from tests.mongo.hands import put, run
from tests.servers.mongo import mongod
from tests.stores.contents import EVENTS, contents, expected, keep

pytestmark = [pytest.mark.servers, pytest.mark.skipif(mongod() is None, reason="MongoDB is not on this machine")]


WORK = {
    "put": "put(store, *EVENTS[120:180])",
    "forget": "store.events.forget(run_id='run-0')",
    "replace": "store.totals.replace(EVER, [], [])",
}
DIES = f"""
import sys
from pymongo import monitoring
from tests.mongo.hands import DiesAt
from metrics_core.store.connect import connect
from tests.stores.contents import EVENTS, EVER, put

url, what, number = sys.argv[1:]
store = connect(url)
store.prepare()
store.close()
monitoring.register(DiesAt(int(number)))
exec({WORK!r}[what])
"""
"""A program that is killed at its so-manyth write."""


def everything(store: Store) -> object:
    return contents(store), store.newest_seq(), store.generation(), store.events.count()


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("what", WORK)
def test_a_process_killed_at_any_of_its_writes_leaves_nothing_half_done(url: str, store: Store, what: str) -> None:
    keep(store, EVENTS[:120])
    survived, number = False, 0
    while not survived:
        number += 1
        before = everything(store)
        survived = run(DIES, url, what, number) != -signal.SIGKILL
        if everything(store) != before:
            break  # it died after its last write, or not at all
        with closing(connect(url)) as other:
            other.prepare()
            assert everything(other) == before
            started = time.monotonic()
            extra = given.viewed(id=f"after {number}")
            put(other, extra)
            assert time.monotonic() - started < 15
            assert extra in contents(store).events
            assert contents(other) == expected(contents(other).events)
    assert number > 3
