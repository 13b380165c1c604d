"""The simulator: one run at a time, the same for everybody, marked, and not to be put off by a store that is away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics_core.clock import SetClock, SystemClock
from metrics_core.errors import BadRequestError, BusyError, ConflictError, StoreAwayError, UnknownNameError
from metrics_core.ingest.admit import Admission
from metrics_core.ingest.sources.simulator import Simulator, SimulatorSettings
from metrics_core.model.event import Event, Receipt
from metrics_core.model.instant import SECOND
from tests.given import NOON


class Till:
    """A door that admits for real, keeps what it admitted, and can be told to fail."""

    def __init__(self) -> None:
        self.clock = SetClock(NOON)
        self.events: list[Event] = []
        self.trouble: Exception | None = None
        self.sent = threading.Condition()
        self._door = Admission(2, "USD")

    def __call__(self, records: Sequence[Any], /, *, source: str, origin: str, run_id: str | None) -> Receipt:
        if self.trouble is not None:
            raise self.trouble
        admitted = self._door.admit(records, record=None, source=source, origin=origin, run_id=run_id, now=self.clock.now())
        with self.sent:
            self.events.extend(admitted.events)
            self.sent.notify_all()
        return Receipt(len(admitted.events), 0, tuple(admitted.refused))


@pytest.fixture
def till() -> Till:
    return Till()


@pytest.fixture
def simulator(till: Till) -> Iterator[Simulator]:
    made = Simulator(till, clock=till.clock, zone=ZoneInfo("UTC"), digits=2, next_number=numbers(42))
    yield made
    made.stop()


def numbers(first: int) -> Callable[[], int]:
    after = count(first)
    return lambda: next(after)


def run(simulator: Simulator, till: Till, ticks: int) -> None:
    for _ in range(ticks):
        simulator.tick(till.clock.now())
        till.clock.move(5 * SECOND)


def test_everything_it_sends_is_marked_with_origin_and_run(simulator: Simulator, till: Till) -> None:
    simulator.start(by="Mara", thread=False)
    run(simulator, till, 5)
    assert {(event.source, event.origin, event.run_id) for event in till.events} == {("simulator", "sim", "r-0042")}


def test_its_state_counts_what_was_sent(simulator: Simulator, till: Till) -> None:
    simulator.start(by="Mara", thread=False)
    run(simulator, till, 30)
    state = simulator.state()
    kinds = [event.kind for event in till.events]
    assert state.sent["records"] == len(till.events)
    assert state.sent["completed"] == kinds.count("order_completed")
    assert state.sent["failed"] == kinds.count("order_failed")
    assert state.sent["pending"] == kinds.count("order_placed") - sum(
        event.order_id is not None and not event.placed for event in till.events
    )
    assert state.sent["views"] == sum(event.count for event in till.events if event.kind == "content_view")
    assert state.sent["activities"] == kinds.count("activity")
    assert (state.by, state.started_at, state.trouble) == ("Mara", NOON, None)
    assert len(state.ticks) == 20
    assert state.ticks[-1]["at"] == "2026-11-19T12:02:25.000Z"


def test_one_run_goes_at_a_time_whoever_starts_it(simulator: Simulator, till: Till) -> None:
    simulator.start(by="Mara", thread=False)
    with pytest.raises(ConflictError, match="r-0042, started by Mara"):
        simulator.start(by="Tom", thread=False)
    simulator.stop()
    assert simulator.start(by="Tom", thread=False).run_id == "r-0043"


def test_after_a_stop_the_last_run_can_still_be_looked_at(simulator: Simulator, till: Till) -> None:
    simulator.start(thread=False)
    run(simulator, till, 3)
    state = simulator.stop()
    assert not state.running
    assert state.run_id == "r-0042"
    assert state.sent["records"] == len(till.events) > 0
    assert simulator.tick(till.clock.now()) is None


def test_a_pause_sends_nothing_and_resuming_goes_on(simulator: Simulator, till: Till) -> None:
    simulator.start(thread=False)
    assert simulator.pause().paused
    assert simulator.tick(till.clock.now()) is None
    assert not simulator.resume().paused
    assert simulator.tick(till.clock.now()) is not None


def test_changed_settings_apply_at_the_next_tick(simulator: Simulator, till: Till) -> None:
    simulator.start(thread=False)
    run(simulator, till, 1)
    simulator.change(SimulatorSettings(rate=0))
    before = len([event for event in till.events if event.placed])
    run(simulator, till, 3)
    assert len([event for event in till.events if event.placed]) == before
    assert simulator.state().settings.rate == 0


@pytest.mark.parametrize("trouble", (BusyError("The inbox is full."), StoreAwayError("The database does not answer.")))
def test_what_could_not_be_sent_is_sent_once_the_store_is_back(simulator: Simulator, till: Till, trouble: Exception) -> None:
    simulator.start(thread=False)
    till.trouble = trouble
    run(simulator, till, 3)
    assert simulator.state().running
    assert simulator.state().trouble == str(trouble)
    assert simulator.state().sent["retried"] == 3
    till.trouble = None
    run(simulator, till, 2)
    assert simulator.state().trouble is None
    assert len({event.id for event in till.events}) == len(till.events) == simulator.state().sent["records"]
    assert min(event.at for event in till.events) <= NOON


def test_a_refused_record_is_counted_and_the_run_goes_on(simulator: Simulator, till: Till) -> None:
    simulator.start(thread=False)
    till.clock.put(NOON - 400 * SECOND)
    simulator.tick(NOON)
    state = simulator.state()
    assert state.sent["refused"] > 0
    assert state.sent["records"] == 0
    till.clock.put(NOON)
    simulator.tick(NOON + 5 * SECOND)
    assert simulator.state().sent["records"] > 0


def test_two_runs_with_one_seed_send_the_same_amounts_at_the_same_time(till: Till) -> None:
    def amounts() -> list[tuple[str, int]]:
        fresh = Till()
        one = Simulator(fresh, clock=fresh.clock, zone=ZoneInfo("UTC"), digits=2, next_number=numbers(1))
        one.start(SimulatorSettings(seed=20261119), thread=False)
        run(one, fresh, 6)
        return [(event.id, sum(line.amount for line in event.lines)) for event in fresh.events]

    assert amounts() == amounts()


def test_in_its_own_thread_it_ticks_until_it_is_stopped_through_pause_change_and_failure() -> None:
    till = Till()
    till.clock = SystemClock()  # type: ignore[assignment]
    simulator = Simulator(till, clock=till.clock, zone=ZoneInfo("UTC"), digits=2, next_number=numbers(1))
    simulator.start(SimulatorSettings(seconds=0.2, rate=3, speed=20))
    with till.sent:
        assert till.sent.wait_for(lambda: len(till.events) > 20, timeout=20)
    till.trouble = RuntimeError("a fault of ours")
    simulator.pause()
    simulator.resume()
    simulator.change(replace(simulator.state().settings, rate=9))
    till.trouble = None
    before = len(till.events)
    with till.sent:
        assert till.sent.wait_for(lambda: len(till.events) > before + 20, timeout=20)
    assert simulator.state().running
    simulator.stop()
    after = len(till.events)
    assert not [thread for thread in threading.enumerate() if thread.name == "simulator"]
    assert len(till.events) == after


@pytest.mark.parametrize(
    "given", ({"seconds": 0}, {"speed": 21}, {"rate": -1}, {"channels": {"online": 2.5}}, {"rate": float("nan")})
)
def test_settings_it_cannot_work_with_are_refused_in_a_sentence(given: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match="must be from"):
        SimulatorSettings(**given)


def test_a_channel_that_is_not_there_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownNameError, match="'online'"):
        SimulatorSettings(channels={"onlin": 1.0})
