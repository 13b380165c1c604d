"""Our own process is killed in the middle of a turn: nobody ever sees half of it, and the next turn begins as before."""

from __future__ import annotations

import signal
import time
from contextlib import closing
from typing import Any

import pytest

from metrics_core.model.event import LIVE, SIM, Event
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests import given
from tests.mongo.hands import put, run
from tests.servers.mongo import Mongo, mongod
from tests.stores.contents import EVENTS, contents, expected, keep

pytestmark = [pytest.mark.servers, pytest.mark.skipif(mongod() is None, reason="MongoDB is not on this machine")]


WORK = {
    "put": "put(store, *EVENTS[120:180])",
    "forget": "store.events.forget(run_id='run-0')",
    "replace": "store.totals.replace(EVER, [], [])",
}
FORGOTTEN: dict[str, tuple[dict[str, Any], int]] = {
    "origins": ({"origins": (SIM, LIVE)}, 100), "run": ({"run_id": "run-0"}, 12),
}  # fmt: skip
"""What goes in several steps, and how many events a step may have."""
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


IN_STEPS = f"""
import sys
from pymongo import monitoring
from tests.mongo.hands import DiesAt
from metrics_core.store.connect import connect

url, what, number = sys.argv[1:]
store = connect(url)
store.prepare()
store.close()
chosen, store.events.most_forgotten = {FORGOTTEN!r}[what]
monitoring.register(DiesAt(int(number)))
store.events.forget(**chosen)
"""


def left(what: str) -> list[Event]:
    chosen, _ = FORGOTTEN[what]
    return [event for event in EVENTS if event.run_id != chosen.get("run_id", "-")
            and event.origin not in chosen.get("origins", ())]  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("what", FORGOTTEN)
def test_a_forgetting_in_steps_that_is_killed_adds_up_at_once_and_is_whole_after_the_next_start(
    server: Mongo, what: str
) -> None:
    seen: set[int] = set()
    survived, number = False, 1
    while not survived:
        with server.database() as url, closing(connect(url)) as store:
            store.prepare()
            keep(store, EVENTS)
            survived = run(IN_STEPS, url, what, number) != -signal.SIGKILL
            broken_off = contents(store)
            assert broken_off == expected(broken_off.events)
            seen.add(len(broken_off.events))
            # What comes after it began stays, though it is of the same origin, run and day.
            later = given.completed(id="later", at=EVENTS[len(EVENTS) // 2].at, origin=SIM, run_id="run-0")
            put(store, later)
            with closing(connect(url)) as other:
                other.prepare()
                assert contents(other) in (expected([*EVENTS, later]), expected([*left(what), later]))
                if len(broken_off.events) < len(EVENTS):
                    assert contents(other) == expected([*left(what), later])
                put(other, given.viewed(id="after"))
                assert contents(store) == expected(contents(other).events)
        number += 7
    assert len(seen) > 3  # before, between some steps, and after
