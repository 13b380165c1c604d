"""Trouble on the way in: a full inbox, a request at fault, a caller who left, a disk that takes nothing more."""

from __future__ import annotations

import itertools
import resource
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from metrics_core.engine import Engine
from metrics_core.errors import BusyError, StoreAwayError
from metrics_core.model.event import Receipt
from tests import given
from tests.ingest.sending import Record, held, holds, kept, running, shop


@pytest.fixture(params=("memory", "sqlite"))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'laws.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    with running(url) as started:
        yield started


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Engine]:
    with running(f"sqlite:///{tmp_path / 'laws.db'}") as started:
        yield started


def test_a_full_inbox_takes_nothing_of_a_request_and_says_when_to_come_back(url: str) -> None:
    lots = [[given.event_record(id=f"{lot}-{number}") for number in range(4)] for lot in range(5)]
    with running(url, inbox_limit=10) as engine:
        with held(engine):
            taken = [engine.submit(lot) for lot in lots[:2]]
            for lot in lots[2:]:
                with pytest.raises(BusyError, match="inbox is full") as busy:
                    engine.submit(lot)
                assert (busy.value.status, busy.value.retry_after) == (503, 1)
            small = engine.submit([given.event_record(id="fits")])
        assert [answer.result(10) for answer in taken] == [Receipt(4), Receipt(4)]
        assert small.result(10) == Receipt(1)
        assert {event.id for event in kept(engine).events} == {
            "first of all", "fits", *(record["id"] for lot in lots[:2] for record in lot),
        }  # fmt: skip
        assert [engine.accept(lot) for lot in lots] == [Receipt(0, 4)] * 2 + [Receipt(4)] * 3


def test_a_request_larger_than_the_inbox_is_told_to_come_in_pieces(url: str) -> None:
    with running(url, inbox_limit=3) as engine:
        with pytest.raises(BusyError, match="smaller pieces"):
            engine.accept([given.event_record(id=str(number)) for number in range(4)])
        assert engine.accept([given.event_record(id=str(number)) for number in range(3)]) == Receipt(3)


def test_what_waits_when_the_engine_stops_is_written_first(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'laws.db'}"
    with running(url) as engine:
        answers = [engine.submit([given.event_record(id=str(number))]) for number in range(200)]
    assert [answer.result(0) for answer in answers] == [Receipt(1)] * 200
    with running(url) as engine:
        assert len(kept(engine).events) == 200


def test_what_is_sent_after_the_stop_is_refused_as_retryable_and_touches_no_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'laws.db'}"
    with running(url) as engine:
        assert engine.accept([given.event_record(id="before")]) == Receipt(1)
    with pytest.raises(BusyError, match="stopping"):
        engine.accept([given.event_record(id="after")])
    with running(url) as engine:
        assert [event.id for event in kept(engine).events] == ["before"]


# ------------------------------------------------------------------------------------------------ one request at fault


def test_a_request_at_fault_does_not_hurt_those_that_share_its_commit(on_sqlite: Engine) -> None:
    """Half a surrogate pair as the run is what no caller of the API can send, and no database can keep."""
    good = [given.event_record(id=f"good {number}") for number in range(3)]
    with held(on_sqlite):
        before = on_sqlite.submit([good[0]])
        at_fault = on_sqlite.submit([given.event_record(id="bad")], run_id="\ud800")
        after = [on_sqlite.submit([record]) for record in good[1:]]
    assert before.result(10) == Receipt(1)
    assert [answer.result(10) for answer in after] == [Receipt(1), Receipt(1)]
    with pytest.raises(UnicodeEncodeError):
        at_fault.result(10)
    assert sorted(event.id for event in kept(on_sqlite).events) == ["first of all", "good 0", "good 1", "good 2"]
    assert all(check.ok for check in on_sqlite.verify())
    assert on_sqlite.accept([given.event_record(id="bad")]) == Receipt(1)


def test_who_no_longer_waits_for_an_answer_keeps_nobody_else_from_theirs(engine: Engine) -> None:
    with held(engine):
        waiting = [engine.submit([given.event_record(id=str(number))]) for number in range(5)]
        waiting[1].cancel()
        waiting[3].cancel()
    assert [waiting[number].result(10) for number in (0, 2, 4)] == [Receipt(1)] * 3
    assert engine.accept([given.event_record(id="later")]) == Receipt(1)
    assert {"0", "2", "4", "later"} <= {event.id for event in kept(engine).events}
    assert all(check.ok for check in engine.verify())


# --------------------------------------------------------------------------------------------------- the store is away


@contextmanager
def disk_full() -> Iterator[None]:
    """No file of this process can be written past its first 64 KiB: the database fails as on a full disk, for real."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def tried(engine: Engine, lots: Sequence[Sequence[Record]]) -> list[Exception | None]:
    answers: list[Future[Receipt]] = [engine.submit(lot) for lot in lots]
    return [answer.exception(30) for answer in answers]  # type: ignore[misc]


def test_while_the_disk_takes_nothing_senders_are_told_and_afterwards_everything_goes_on(on_sqlite: Engine) -> None:
    chains = shop(Random(6), 25)
    early, late = chains[:25], chains[25:]
    on_sqlite.accept([record for chain in early for record in chain])
    before = kept(on_sqlite)
    with disk_full():
        errors = tried(on_sqlite, late)
        seen = kept(on_sqlite)
    assert {type(error) for error in errors} == {StoreAwayError}
    assert {(error.status, error.retry_after) for error in errors if isinstance(error, StoreAwayError)} == {(503, 5)}
    assert seen == before
    assert {on_sqlite.accept(chain) for chain in late} == {Receipt(1)}
    holds(on_sqlite, chains)


def test_what_arrives_during_a_purge_waits_and_is_no_false_alarm(on_sqlite: Engine) -> None:
    on_sqlite.accept([given.event_record(id=f"made up {number}") for number in range(500)], origin="sim", run_id="r1")
    stopping = threading.Event()

    def send() -> None:
        for number in itertools.count():
            if stopping.is_set():
                return
            on_sqlite.accept([given.event_record(id=f"real {number}")])

    sender = threading.Thread(target=send)
    sender.start()
    try:
        purges = [on_sqlite.forget(run_id="r1")]
        for number in range(5):
            on_sqlite.accept([given.event_record(id=f"again {number}")], origin="sim", run_id="r2")
            purges.append(on_sqlite.forget(run_id="r2"))
    finally:
        stopping.set()
        sender.join()
    assert [purge.removed for purge in purges] == [500, 1, 1, 1, 1, 1]
    assert all(purge.unchanged for purge in purges)
