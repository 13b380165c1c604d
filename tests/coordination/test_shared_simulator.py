"""One run for all replicas: whoever takes over goes on where the last one stood, and no tick is sent twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics_core.clock import SystemClock
from metrics_core.coordination.numbers import Numbers
from metrics_core.engine import Engine
from metrics_core.errors import ConflictError
from metrics_core.ingest.sources.shared import SharedSimulator
from metrics_core.ingest.sources.simulator import SimulatorSettings
from metrics_core.model.event import Receipt
from metrics_core.settings import Settings
from tests.replicas.house import until

QUICK = SimulatorSettings(seconds=0.2, rate=8)


class Replica:
    """One that may send or not, over the store of an engine, and can die between sending and noting that it did."""

    def __init__(self, engine: Engine, *, leads: bool) -> None:
        self.leads, self.dies, self.sent = leads, False, 0
        self._engine = engine
        catalog = engine.store.catalog
        self.simulator = SharedSimulator(
            self.accept, catalog, clock=SystemClock(), zone=ZoneInfo("UTC"), digits=2,
            next_number=Numbers(catalog, "run", block=1).next, leads=lambda: self.leads, tell=lambda: None, owner="r",
        )  # fmt: skip
        self.simulator.open()

    def accept(self, records: Sequence[Any], /, *, source: str, origin: str, run_id: str | None) -> Receipt:
        receipt = self._engine.accept(records, source=source, origin=origin, run_id=run_id)
        self.sent += 1
        if self.dies:
            self.leads = False
            raise SystemExit
        return receipt


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'shop.db'}"))
    made.start()
    yield made
    made.stop()


@contextmanager
def two(engine: Engine) -> Iterator[tuple[Replica, Replica]]:
    first, second = Replica(engine, leads=True), Replica(engine, leads=False)
    try:
        yield first, second
    finally:
        first.simulator.close()
        second.simulator.close()


def test_who_does_not_lead_starts_it_and_who_leads_sends(engine: Engine) -> None:
    with two(engine) as (first, second):
        run = second.simulator.start(QUICK, by="Ada").run_id
        until(lambda: second.simulator.state().sent["records"] > 10)
        assert (first.sent > 0, second.sent) == (True, 0)
        assert first.simulator.state().run_id == run == "r-0001"
        assert first.simulator.state().by == "Ada"
        with pytest.raises(ConflictError, match="r-0001, started by Ada"):
            first.simulator.start(QUICK)
        second.simulator.stop()
        until(lambda: not first.simulator.state().running)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_tick_that_was_sent_and_not_noted_is_sent_again_record_for_record(engine: Engine) -> None:
    with two(engine) as (first, second):
        run = first.simulator.start(QUICK).run_id
        until(lambda: len(first.simulator.state().ticks) >= 3)
        first.dies = True
        until(lambda: not first.leads)
        was = len(second.simulator.state().ticks)
        second.leads = True
        until(lambda: len(second.simulator.state().ticks) >= min(was + 3, 20))
        second.simulator.stop()
        until(lambda: engine.store.events.count()["sim"][0] == second.simulator.state().sent["records"])
        state = second.simulator.state()
        assert (state.run_id, state.sent["refused"]) == (run, 0)
        assert [check.name for check in engine.verify() if not check.ok] == []


def test_a_new_owner_settles_the_orders_that_wait(engine: Engine) -> None:
    with two(engine) as (first, second):
        first.simulator.start(SimulatorSettings(seconds=0.2, rate=60))
        until(lambda: first.simulator.state().sent["pending"] > 0)
        first.leads, second.leads = False, True
        waits = first.simulator.state().sent["pending"]
        assert waits
        until(lambda: len(second.simulator.state().ticks) >= 16)
        second.simulator.stop()
        until(lambda: engine.store.events.count()["sim"][0] == second.simulator.state().sent["records"])
        assert second.simulator.state().sent["refused"] == 0
