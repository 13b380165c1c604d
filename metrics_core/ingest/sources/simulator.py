"""The simulator: a shop that goes on until it is stopped, and sends by the same door as everyone else."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Protocol, TypedDict
from zoneinfo import ZoneInfo

from metrics_core.clock import Clock
from metrics_core.errors import BadRequestError, ConflictError, PulseboardError, UnknownNameError
from metrics_core.model.event import SIM, Receipt
from metrics_core.model.instant import SECOND, Instant, iso
from metrics_core.synth.people import CHANNELS, REGIONS
from metrics_core.synth.records import Record
from metrics_core.synth.stream import Flow, Made, Waiting, tick

SOURCE = "simulator"
COUNTS = ("records", "completed", "pending", "failed", "views", "activities", "refused", "retried")
"""What is counted of a run. `pending` is how many of its orders wait now; the others only grow."""

SHOWN_TICKS = 20
_LOG = logging.getLogger(__name__)


class Door(Protocol):
    """How records are sent: `Engine.accept`, or a client of a server elsewhere."""

    def __call__(self, records: Sequence[Record], /, *, source: str, origin: str, run_id: str | None) -> Receipt: ...


class TickRow(TypedDict):
    """One tick for the chart: the orders placed in it, by the status they were sent with."""

    at: str
    completed: int
    pending: int
    failed: int


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """How a run goes; BadRequestError for a value it cannot work with."""

    seconds: float = 5.0
    """Between two ticks, at speed 1."""
    rate: float = 12.0
    """Orders placed in an ordinary tick."""
    speed: float = 1.0
    """How many times faster ticks come."""
    seed: int = 1
    channels: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(CHANNELS, 1.0))
    """0 to 2 for each channel; 1 is its usual share."""
    regions: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(REGIONS, 1.0))

    def __post_init__(self) -> None:
        _within("Seconds between ticks", self.seconds, 0.2, 3_600)
        _within("Orders a tick", self.rate, 0, 2_000)
        _within("The speed", self.speed, 1, 20)
        for given, known, what in ((self.channels, CHANNELS, "channel"), (self.regions, REGIONS, "region")):
            for name, value in given.items():
                if name not in known:
                    raise UnknownNameError(what, name, known)
                _within(f"The intensity of {name}", value, 0, 2)

    @property
    def pace(self) -> float:
        """Seconds from one tick to the next."""
        return self.seconds / self.speed

    def flow(self, zone: ZoneInfo, digits: int) -> Flow:
        """What a tick holds."""
        return Flow(self.seed, self.rate, int(self.pace * SECOND), self.channels, self.regions, zone, digits)


@dataclass(frozen=True, slots=True)
class SimulatorState:
    """What the simulator does at a moment, the same for everybody who asks; after a stop, what the last run did."""

    running: bool
    paused: bool
    run_id: str | None
    started_at: Instant | None
    stopped_at: Instant | None
    paused_at: Instant | None
    by: str | None
    owner: str
    settings: SimulatorSettings
    sent: dict[str, int]
    ticks: tuple[TickRow, ...]
    trouble: str | None
    """Why the last tick could not be sent, None when it was."""


class Simulator:
    """The one simulator of a process: whoever looks at it sees the same run, and one run goes at a time."""

    def __init__(
        self,
        accept: Door,
        *,
        clock: Clock,
        zone: ZoneInfo,
        digits: int,
        next_number: Callable[[], int],
        owner: str = "this server",
    ) -> None:
        self._accept, self._clock, self._zone, self._digits = accept, clock, zone, digits
        self._next_number = next_number
        self._lock = threading.Lock()
        self._ticking = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._number = 0
        self._waiting: tuple[Waiting, ...] = ()
        self._unsent: Made | None = None
        self._ticks: deque[TickRow] = deque(maxlen=SHOWN_TICKS)
        self._sent: Counter[str] = Counter()
        self._state = SimulatorState(False, False, None, None, None, None, None, owner, SimulatorSettings(), {}, (), None)

    def state(self) -> SimulatorState:
        with self._lock:
            sent = {name: self._sent[name] for name in COUNTS} | {"pending": len(self._waiting)}
            return replace(self._state, sent=sent, ticks=tuple(self._ticks))

    def start(
        self, settings: SimulatorSettings | None = None, by: str = "somebody", *, thread: bool = True
    ) -> SimulatorState:
        """Begin a new run; ConflictError while one goes on. Without a thread, whoever starts it calls `tick`."""
        self._require_stopped()
        number = self._next_number()
        with self._lock:
            if self._state.running:
                raise self._busy()
            now = self._clock.now()
            self._number, self._waiting, self._unsent = 0, (), None
            self._ticks.clear()
            self._sent.clear()
            self._state = replace(
                self._state,
                running=True,
                paused=False,
                run_id=f"r-{number:04d}",
                started_at=now,
                stopped_at=None,
                paused_at=None,
                by=by,
                settings=settings or self._state.settings,
                trouble=None,
            )
            if thread:
                run_id = self._state.run_id
                self._thread = threading.Thread(target=self._run, args=(run_id,), name="simulator", daemon=True)
                self._thread.start()
        return self.state()

    def stop(self) -> SimulatorState:
        """End the run; a tick under way is finished first. Nothing happens where none goes on."""
        with self._lock:
            thread, self._thread = self._thread, None
            if self._state.running:
                self._state = replace(self._state, running=False, paused=False, paused_at=None, stopped_at=self._clock.now())
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=30)
        return self.state()

    def close(self) -> None:
        """The process ends, and its run with it."""
        self.stop()

    def pause(self) -> SimulatorState:
        with self._lock:
            if self._state.running and not self._state.paused:
                self._state = replace(self._state, paused=True, paused_at=self._clock.now())
        return self.state()

    def resume(self) -> SimulatorState:
        with self._lock:
            self._state = replace(self._state, paused=False, paused_at=None)
        self._wake.set()
        return self.state()

    def change(self, settings: SimulatorSettings) -> SimulatorState:
        """Go on with these settings from the next tick; kept for the next run where none goes on."""
        with self._lock:
            self._state = replace(self._state, settings=settings)
        self._wake.set()
        return self.state()

    def tick(self, now: Instant) -> Receipt | None:
        """Make and send one tick that ends now; None where nothing was sent.

        What could not be sent is kept and is all that the next tick sends, so that a store that is away costs no memory.
        """
        with self._ticking:
            with self._lock:
                state = self._state
                if not state.running or state.paused or state.run_id is None:
                    return None
                made = self._unsent or tick(
                    self._flow(state.settings), run_id=state.run_id, number=self._number, now=now, waiting=self._waiting
                )
                self._unsent = made
            try:
                receipt = (
                    self._accept(made.records, source=SOURCE, origin=SIM, run_id=state.run_id) if made.records else Receipt()
                )
            except PulseboardError as error:
                self._note(str(error))
                return None
            with self._lock:
                if self._state.run_id != state.run_id:
                    return receipt
                self._count(made, receipt, now)
                self._waiting, self._unsent = made.waiting, None
                self._number += 1
            return receipt

    def _run(self, run_id: str) -> None:
        last = monotonic() - 3_600
        while True:
            with self._lock:
                state = self._state
            if not state.running or state.run_id != run_id:
                return
            left = last + state.settings.pace - monotonic()
            if left > 0 or state.paused:
                self._wake.wait(left if left > 0 and not state.paused else None)
                self._wake.clear()
                continue
            last = monotonic()
            try:
                self.tick(self._clock.now())
            except Exception:
                # A fault of ours must not end a run without a word: it is logged, shown, and the next tick tries again.
                _LOG.exception("A tick of the simulator failed")
                self._note("A tick failed for a reason that is in the server's log. The next one tries again.")

    def _flow(self, settings: SimulatorSettings) -> Flow:
        return settings.flow(self._zone, self._digits)

    def _note(self, trouble: str) -> None:
        with self._lock:
            self._sent["retried"] += 1
            self._state = replace(self._state, trouble=trouble)

    def _count(self, made: Made, receipt: Receipt, now: Instant) -> None:
        sent, row = counted(made, receipt, now)
        self._sent.update(sent)
        self._ticks.append(row)
        self._state = replace(self._state, trouble=None)

    def _require_stopped(self) -> None:
        with self._lock:
            if self._state.running:
                raise self._busy()

    def _busy(self) -> ConflictError:
        return busy(self._state)


def busy(state: SimulatorState) -> ConflictError:
    """Why a second run cannot be started."""
    since = iso(state.started_at)[11:19] if state.started_at is not None else ""
    return ConflictError(
        f"The simulator is running already: {state.run_id}, started by {state.by} at {since} UTC. Stop it first."
    )


def counted(made: Made, receipt: Receipt, now: Instant) -> tuple[Counter[str], TickRow]:
    """What a tick adds to the counts of its run, and its row of the chart."""
    refused = {refusal.index for refusal in receipt.refused}
    sent: Counter[str] = Counter()
    placed: Counter[str] = Counter()
    for index, record in enumerate(made.records):
        if index in refused:
            continue
        if "lines" in record:
            placed[record["status"]] += 1
        elif "status" in record:
            sent[record["status"]] += 1
        elif "userName" in record:
            sent["activities"] += 1
        else:
            sent["views"] += record.get("count", 1)
    sent["records"] += len(made.records) - len(refused)
    sent["refused"] += len(refused)
    sent["completed"] += placed["completed"]
    sent["failed"] += placed["failed"]
    return sent, {
        "at": iso(now), "completed": placed["completed"], "pending": placed["pending"], "failed": placed["failed"],
    }  # fmt: skip


def _within(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        msg = f"{what} must be from {low:g} to {high:g}, not {value:g}."
        raise BadRequestError(msg)
