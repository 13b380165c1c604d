"""Large bodies are read in processes of their own, which may be killed at any moment: nobody can tell who read one."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest

from metrics_core.engine import Engine
from metrics_core.errors import MalformedError
from metrics_core.ingest.admit import Admission
from metrics_core.ingest.helper import Asked, Read, read
from metrics_core.ingest.large import LARGE, LargeBodies
from metrics_core.rollup.fold import Folded
from tests import given
from tests.ingest.sending import running
from tests.stores.contents import contents

LISTS = ("records", "orders")


class Nobody(Admission):
    """Admits nothing here: whatever is read, a helper has read."""

    def admit(self, *_: Any, **__: Any) -> Any:
        raise AssertionError


@pytest.fixture
def bodies() -> Iterator[LargeBodies]:
    with_help = LargeBodies(Admission(), most=2)
    yield with_help
    with_help.stop()


def asked(body: bytes, *, kind: str = "application/json", record: str | None = None) -> Asked:
    return Asked(body, kind, LISTS, record, "till", "live", None, given.NOON)


def orders(first: int, number: int = 400) -> list[dict[str, Any]]:
    return [
        {
            "orderId": f"o{place}", "userId": f"u{place % 90}", "ts": "2026-03-01T10:00:00Z", "region": "north",
            "lines": [{"productId": f"p{line}", "quantity": 1, "revenue": 2.5} for line in range(place % 3 + 1)],
            **({"gift": {"to": ["Ada", None, 1.5]}} if place % 7 == 0 else {}),
        }
        for place in range(first, first + number)
    ]  # fmt: skip


MIXED: list[object] = [
    *orders(0), "no object", {"orderId": "x"}, {"type": "sign_up", "userId": "u1", "properties": {"plan": "pro"}},
    {"refundId": "r1", "orderId": "o1", "amount": 1}, {"orderId": "o2", "status": "failed"}, {"lines": []},
    {"type": "click", "count": "many"},
]  # fmt: skip

_AS_LINES = b"\n".join(map(orjson.dumps, MIXED))
_NO_NUMBERS = b', {"type": "x", "count": NaN}, {"type": "y", "count": 1e999}]'

BODIES: dict[str, Asked] = {
    "a list": asked(orjson.dumps(MIXED)),
    "a list in an object": asked(orjson.dumps({"records": MIXED})),
    "lines": asked(_AS_LINES, kind="application/x-ndjson"),
    "lines, some broken": asked(b"{\n\n" + _AS_LINES + b"\nnot JSON", kind="application/x-ndjson"),
    "numbers that are none": asked(orjson.dumps(MIXED)[:-1] + _NO_NUMBERS),
    "orders only": asked(orjson.dumps(MIXED), record="order"),
    "a long record": asked(orjson.dumps({"type": "x", "properties": {"text": "word " * 9_000}})),
    "nothing admitted": asked(orjson.dumps(["no object"] * 9_000)),
}


def with_a_helper(bodies: LargeBodies, number: int = 1) -> list[int]:
    """Let so many be there."""
    deadline = time.monotonic() + 30
    some = asked(orjson.dumps(orders(0)))
    with ThreadPoolExecutor(number + 2) as senders:
        while len(bodies.helpers()) < number:
            assert time.monotonic() < deadline
            list(senders.map(bodies.read, [some] * (number + 2)))
    return bodies.helpers()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def same(found: Read, wanted: Read) -> None:
    assert found.admitted == wanted.admitted
    assert [type(line) for event in found.admitted.events for line in event.lines] == [
        type(line) for event in wanted.admitted.events for line in event.lines
    ]
    assert (found.records.places, found.records.broken) == (wanted.records.places, wanted.records.broken)
    assert folded(found.folded) == folded(wanted.folded)


def folded(found: Folded | None) -> object:
    return found and (found.rows, found.sets)


@pytest.mark.parametrize("name", BODIES)
def test_a_helper_makes_of_a_body_what_is_made_of_it_here(bodies: LargeBodies, name: str) -> None:
    assert len(BODIES[name].body) > LARGE
    with_a_helper(bodies)
    wanted = read(Admission(), BODIES[name])
    bodies._admission = Nobody()
    same(bodies.read(BODIES[name]), wanted)


def test_a_body_that_cannot_be_read_is_refused_in_the_same_words(bodies: LargeBodies) -> None:
    with_a_helper(bodies)
    for body in (b"{" * LARGE + b"{", b"[" + b"1," * LARGE, b"\xff" * (LARGE + 1)):
        with pytest.raises(MalformedError) as here:
            read(Admission(), asked(body))
        with pytest.raises(MalformedError) as there:
            bodies.read(asked(body))
        assert str(there.value) == str(here.value)


def test_one_body_at_a_time_needs_no_help(bodies: LargeBodies) -> None:
    for first in range(3):
        bodies.read(asked(orjson.dumps(orders(first))))
    assert (bodies.helpers(), bodies._keepers) == ([], set())


def test_a_helper_that_was_killed_is_missed_by_nobody_and_followed_by_another(bodies: LargeBodies) -> None:
    wanted = read(Admission(), BODIES["a list"])
    for _ in range(3):
        (helper, *_) = with_a_helper(bodies)
        os.kill(helper, signal.SIGKILL)
        same(bodies.read(BODIES["a list"]), wanted)
        until(lambda helper=helper: helper not in bodies.helpers())  # type: ignore[misc]
        assert not psutil.pid_exists(helper)


def test_helpers_end_when_nothing_comes_and_when_they_are_stopped() -> None:
    bodies = LargeBodies(Admission(), most=1, idle=0.2)
    (helper,) = with_a_helper(bodies)
    until(lambda: not psutil.pid_exists(helper) and bodies.helpers() == [])
    bodies.stop()
    lasting = LargeBodies(Admission(), most=1)
    (helper,) = with_a_helper(lasting)
    lasting.stop()
    assert not psutil.pid_exists(helper)
    assert (lasting.helpers(), lasting._keepers) == ([], set())


def test_where_no_process_can_be_started_bodies_are_read_here(
    bodies: LargeBodies, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("metrics_core.ingest.large.sys.executable", "/nowhere/python")
    wanted = read(Admission(), BODIES["a list"])
    with ThreadPoolExecutor(4) as senders:
        for found in senders.map(bodies.read, [BODIES["a list"]] * 12):
            same(found, wanted)
    until(lambda: not bodies._keepers)
    assert bodies.helpers() == []


def test_totals_are_exact_while_helpers_are_killed_and_half_of_it_is_sent_twice(tmp_path: Path) -> None:
    sent = [asked(orjson.dumps(orders(first * 400)), record="order") for first in range(40)]
    sent += sent[::2]
    done = threading.Event()
    killed: set[int] = set()

    def kill(engine: Engine) -> None:
        while not done.wait(0.05):
            for helper in engine.intake.bodies.helpers():
                with suppress(ProcessLookupError):
                    os.kill(helper, signal.SIGKILL)
                    killed.add(helper)

    with running(f"sqlite:///{tmp_path / 'many.db'}") as engine:
        engine.intake.bodies._most = 2
        killer = threading.Thread(target=kill, args=(engine,))
        killer.start()
        try:
            with ThreadPoolExecutor(6) as senders:
                receipts = [receipt.result(60) for _, receipt in senders.map(engine.submit_body, sent)]
        finally:
            done.set()
            killer.join()
        assert sum(receipt.accepted for receipt in receipts) == 16_000
        assert sum(receipt.duplicates for receipt in receipts) == 8_000
        assert [check for check in engine.verify() if not check.ok] == []
        one_by_one = sorted(event.id for body in sent[:40] for event in read(Admission(), body).admitted.events)
        assert sorted(event.id for event in contents(engine.store).events) == one_by_one
    assert killed
