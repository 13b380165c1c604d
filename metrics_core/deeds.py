"""Deeds: what changes the data as a whole. Each is refused to those who may not, and noted with what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from metrics_core.access.audit import Audit
from metrics_core.access.roles import require
from metrics_core.clock import Clock
from metrics_core.errors import BadRequestError, PulseboardError
from metrics_core.exports.board import Progress
from metrics_core.ingest.files import ImportReport, import_file
from metrics_core.ingest.sources.followed import Follower, FollowerState
from metrics_core.ingest.sources.generator import Generated, generate
from metrics_core.ingest.sources.shared import SharedSimulator
from metrics_core.ingest.sources.simulator import Simulator, SimulatorSettings, SimulatorState
from metrics_core.ingest.writer import Writer
from metrics_core.jobs import adoption
from metrics_core.jobs import verify as checks
from metrics_core.jobs.verify import Check
from metrics_core.model.access import LOCAL, Principal
from metrics_core.model.event import LIVE, Receipt
from metrics_core.reads.names import known
from metrics_core.reads.views import kept_events
from metrics_core.settings import Settings
from metrics_core.store.foreign import shared
from metrics_core.store.protocols import Store
from metrics_core.synth.sample import sample

_NOT_SHARED = "Only a MongoDB database is shared with other programs. Take a file of theirs in with `import`."


class Accept(Protocol):
    """How records are taken in; the receipt comes after the commit that holds them."""

    def __call__(
        self, records: Sequence[object], *, record: str | None = None, source: str = "api", origin: str = LIVE,
        run_id: str | None = None, zone: ZoneInfo | None = None,
    ) -> Receipt: ...  # fmt: skip


@dataclass(frozen=True, slots=True)
class Purge:
    """What a purge removed, and the proof that what stayed did not move."""

    removed: int
    before: dict[str, int]
    """Events by origin that were to stay."""
    after: dict[str, int]
    unchanged: bool


class Deeds:
    """Verifies, rebuilds, removes, and fills in."""

    def __init__(
        self, store: Store, settings: Settings, clock: Clock, *, audit: Audit, accept: Accept, writer: Writer,
        simulator: Simulator | SharedSimulator, changed: Callable[[], None],
    ) -> None:  # fmt: skip
        """`changed` is called after what no sender brought has changed the figures."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._audit = audit
        self._accept = accept
        self._writer = writer
        self._simulator = simulator
        self._changed = changed

    def verify(self, progress: Progress | None = None) -> list[Check]:
        """Everything that must hold, checked now against a recount from the events."""
        return [*checks.verify(self._store, progress), *adoption.checks(self._store)]

    def adopt(self, progress: Progress | None = None, *, who: Principal = LOCAL) -> FollowerState:
        """Take in every sale that another program wrote into our database and that was not taken in yet."""
        with self._deed(who, "data", "data.adopt", "sales of other programs") as told:
            here = shared(self._store)
            if here is None:
                raise BadRequestError(_NOT_SHARED)
            state = Follower(here.foreign, self._accept, self._clock.now).take_all(progress)
            told.append(f"{state.taken:,} taken in, {state.refused:,} refused")
        self._changed()
        return state

    def rebuild(self, progress: Progress | None = None, *, who: Principal = LOCAL) -> None:
        """Count every total again from the events."""
        with self._deed(who, "data", "data.rebuild", "every total"):
            checks.rebuild(self._store, progress)
        self._changed()

    def forget(self, *, origins: Sequence[str] = (), run_id: str | None = None, who: Principal = LOCAL) -> Purge:
        """Remove made-up data (or clear everything), and prove that what stays did not move."""
        going = set(origins)
        what = f"run {run_id}" if run_id is not None else ", ".join(origins) or "everything"
        may, did = ("data", "data.clear") if run_id is None else ("simulate", "simulator.purge")
        # What arrives meanwhile would look as if it had moved what stays.
        with self._deed(who, may, did, what) as told, self._writer.paused():
            before = kept_events(self._store)
            removed = self._store.events.forget(origins=tuple(origins), run_id=run_id)
            told.append(f"{removed:,} records gone")
            after = kept_events(self._store)
        if run_id is not None:
            unchanged = sum(before.values()) - removed == sum(after.values())
        else:
            unchanged = all(after.get(name, 0) == number for name, number in before.items() if going and name not in going)
        self._changed()
        return Purge(removed, before, after, unchanged)

    def generate(
        self, days: int = 30, seed: int = 1, progress: Progress | None = None, *, who: Principal = LOCAL, **how: Any
    ) -> Generated:
        """Fill in demo data for the days up to now."""
        settings = self._settings
        with self._deed(who, "data", "data.generate", f"{days} days of demo data, seed {seed}") as told:
            made = generate(
                self._accept, now=self._clock.now(), zone=settings.zone, digits=settings.currency_digits, days=days,
                seed=seed, progress=progress, **how,
            )  # fmt: skip
            told.append(f"{made.accepted:,} records added")
            return made

    def sample(self, *, who: Principal = LOCAL) -> Receipt:
        """A handful of demo records, now."""
        settings = self._settings
        with self._deed(who, "data", "data.sample", "a quick sample") as told:
            records = sample(now=self._clock.now(), zone=settings.zone, digits=settings.currency_digits)
            receipt = self._accept(records, source="sample", origin="demo", run_id="sample")
            told.append(f"{receipt.accepted:,} records added")
            return receipt

    def import_file(
        self, path: Path | str, kind: str = "auto", mapping: dict[str, str] | None = None, zone: ZoneInfo | None = None,
        source: str = "import", shift_to_now: bool = False, progress: Progress | None = None, who: Principal = LOCAL,
    ) -> ImportReport:
        """Take in a file of orders, events or activity."""
        with self._deed(who, "data", "data.import", f"{Path(path).name} as {source}") as told:
            report = import_file(
                self._accept, Path(path), kind, mapping, zone=zone, source=source, shift_to_now=shift_to_now,
                now=self._clock.now(), catalog=self._store.catalog, progress=progress,
            )  # fmt: skip
            told.append(f"{report.added:,} added, {report.duplicates:,} here before, {report.refused:,} refused")
            return report

    def simulate(self, step: str, settings: SimulatorSettings | None = None, *, who: Principal = LOCAL) -> SimulatorState:
        """Move the simulator: start, stop, pause, resume or change (with settings)."""
        require(who, "simulate")
        simulator = self._simulator
        before = simulator.state()
        steps: dict[str, Callable[[], SimulatorState]] = {
            "start": lambda: simulator.start(settings, by=who.label), "stop": simulator.stop, "pause": simulator.pause,
            "resume": simulator.resume, "change": lambda: simulator.change(settings or before.settings),
        }  # fmt: skip
        after = steps[known("step of the simulator", step, steps)]()
        same = (before.run_id, before.running, before.paused, before.settings) == (
            after.run_id, after.running, after.paused, after.settings,
        )  # fmt: skip
        if not same:
            changed = step in ("start", "change")
            was, now = (_pace_of(state.settings) if changed else "" for state in (before, after))
            self._audit.note(who, f"simulator.{step}", f"run {after.run_id}" if after.run_id else "the next run", was, now)
        return after

    @contextmanager
    def _deed(self, who: Principal, permission: str, did: str, what: str) -> Iterator[list[str]]:
        """Something that changes things: refused to those who may not, and noted with what came of it, however it ends."""
        require(who, permission)
        told: list[str] = []
        try:
            yield told
        except BaseException as error:
            told.append(f"not finished: {error}" if isinstance(error, PulseboardError) else "not finished")
            raise
        finally:
            self._audit.note(who, did, what, after="; ".join(told) or "done")


def _pace_of(settings: SimulatorSettings) -> str:
    return f"{settings.rate:g} orders a tick, every {settings.pace:g} s, seed {settings.seed}"
