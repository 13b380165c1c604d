"""The simulator of several replicas: one run that is kept in the store, moved by any of them, and sent by whoever leads."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from metrics_core.clock import Clock
from metrics_core.errors import ConflictError, PulseboardError, StoreAwayError
from metrics_core.ingest.sources.simulator import (
    COUNTS,
    SHOWN_TICKS,
    SOURCE,
    Door,
    SimulatorSettings,
    SimulatorState,
    busy,
    counted,
)
from metrics_core.model.event import SIM, Receipt
from metrics_core.model.instant import SECOND, Instant
from metrics_core.store.protocols import Catalog
from metrics_core.synth.stream import Made, Waiting, tick

SHELF, NAME = "simulator", "run"
LOOK_SECONDS = 0.5
_TRIES = 20
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Noted:
    """A tick that is about to be sent: whoever has to send it once more sends the very same."""

    at: Instant
    settings: SimulatorSettings


@dataclass(frozen=True, slots=True)
class _Run:
    """What is kept of the run."""

    state: SimulatorState
    number: int = 0
    """The next tick."""
    ticked_at: Instant = 0
    waiting: tuple[Waiting, ...] = ()
    noted: _Noted | None = None


class SharedSimulator:
    """What `Simulator` is to one process, for all replicas: the same run everywhere, and each tick of it once.

    A tick is noted in the store before it is sent, with the moment and the settings that make it. Who takes over sends the
    noted one again, record for record, and what was sent already counts once.
    """

    def __init__(
        self, accept: Door, catalog: Catalog, *, clock: Clock, zone: ZoneInfo, digits: int, next_number: Callable[[], int],
        leads: Callable[[], bool], tell: Callable[[], None], owner: str,
    ) -> None:  # fmt: skip
        """`leads` says whether it is ours to send, `tell` lets the others know that the run was moved."""
        self._accept, self._catalog, self._clock, self._zone, self._digits = accept, catalog, clock, zone, digits
        self._next_number, self._leads, self._tell, self._owner = next_number, leads, tell, owner
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._known: tuple[int, _Run] = (0, _Run(_NONE))
        self._known_at = -1e9

    # -------------------------------------------------------------------------------------------------- from any of them

    def state(self) -> SimulatorState:
        """Where the run stands; while the store is away, where it stood."""
        if monotonic() - self._known_at > LOOK_SECONDS / 2:
            try:
                self._read()
            except StoreAwayError:
                return self._known[1].state
        return self._known[1].state

    def start(self, settings: SimulatorSettings | None = None, by: str = "somebody") -> SimulatorState:
        """Begin a new run; ConflictError while one goes on."""

        def begun(run: _Run) -> _Run:
            if run.state.running:
                raise busy(run.state)
            state = replace(
                _NONE, running=True, run_id=f"r-{number:04d}", started_at=self._clock.now(), by=by, owner=self._owner,
                settings=settings or run.state.settings, sent=dict.fromkeys(COUNTS, 0),
            )  # fmt: skip
            return _Run(state)

        before = self._read()[1].state
        if before.running:
            raise busy(before)
        number = self._next_number()
        return self._move(begun)

    def stop(self) -> SimulatorState:
        """End the run; a tick under way is finished. Nothing happens where none goes on."""
        now = self._clock.now()
        ended = {"running": False, "paused": False, "paused_at": None, "stopped_at": now}
        return self._move(lambda run: _with(run, **ended) if run.state.running else run)

    def pause(self) -> SimulatorState:
        now = self._clock.now()
        return self._move(
            lambda run: _with(run, paused=True, paused_at=now) if run.state.running and not run.state.paused else run
        )

    def resume(self) -> SimulatorState:
        return self._move(lambda run: _with(run, paused=False, paused_at=None) if run.state.paused else run)

    def change(self, settings: SimulatorSettings) -> SimulatorState:
        """Go on with these settings from the next tick; kept for the next run where none goes on."""
        return self._move(lambda run: _with(run, settings=settings))

    def moved(self) -> None:
        """The run was moved elsewhere, or it is ours from now on."""
        self._known_at = -1e9
        self._wake.set()

    # ------------------------------------------------------------------------------------------------- where it is sent

    def open(self) -> None:
        """Be ready to send whenever it is ours."""
        if self._thread is None:
            self._closing.clear()
            self._thread = threading.Thread(target=self._work, name="simulator", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Finish the tick under way; the run goes on elsewhere, or here after the next start."""
        thread, self._thread = self._thread, None
        self._closing.set()
        self._wake.set()
        if thread is not None:
            thread.join(timeout=30)

    def _work(self) -> None:
        while not self._closing.is_set():
            wait = LOOK_SECONDS
            try:
                if self._leads():
                    wait = self._turn()
            except PulseboardError as error:
                _LOG.warning("The simulator waits: %s", error)
            except Exception:
                # A fault of ours must not end a run without a word: it is logged, and the next tick tries again.
                _LOG.exception("A tick of the simulator failed")
            self._wake.wait(wait)
            self._wake.clear()

    def _turn(self) -> float:
        """Send what is due; the seconds until the next look."""
        version, run = self._read()
        state = run.state
        if not state.running or state.paused:
            return LOOK_SECONDS
        left = (run.ticked_at - self._clock.now()) / SECOND + state.settings.pace
        if run.noted is None and 0 < left <= state.settings.pace:
            return min(left, LOOK_SECONDS)
        if run.noted is None:
            noted = replace(run, noted=_Noted(self._clock.now(), state.settings))
            try:
                self._put(noted, version)
            except ConflictError:
                return 0  # it was moved at this moment
            run = noted
        self._send(run)
        return 0

    def _send(self, run: _Run) -> None:
        assert run.noted is not None
        state, noted = run.state, run.noted
        flow = noted.settings.flow(self._zone, self._digits)
        made = tick(flow, run_id=state.run_id or "", number=run.number, now=noted.at, waiting=run.waiting)
        try:
            receipt = Receipt()
            if made.records:
                receipt = self._accept(made.records, source=SOURCE, origin=SIM, run_id=state.run_id)
        except PulseboardError as error:
            why = str(error)
            self._move(lambda now: _retried(now, why) if _same(now, run) else now)
            self._closing.wait(LOOK_SECONDS)
            return
        self._move(lambda now: _ticked(now, made, receipt) if _same(now, run) else now, quietly=True)

    # ------------------------------------------------------------------------------------------------- where it is kept

    def _move(self, change: Callable[[_Run], _Run], *, quietly: bool = False) -> SimulatorState:
        for _ in range(_TRIES):
            version, run = self._read()
            after = change(run)
            if after is run:
                return run.state
            try:
                self._put(after, version)
            except ConflictError:
                continue
            if not quietly:
                self._wake.set()
                self._tell()
            return after.state
        msg = "Others moved the simulator at the same moment. Try again."
        raise ConflictError(msg)

    def _read(self) -> tuple[int, _Run]:
        kept = self._catalog.get(SHELF, NAME)
        found = (0, _Run(_NONE)) if kept is None else (kept.version, _run(kept.body))
        self._known, self._known_at = found, monotonic()
        return found

    def _put(self, run: _Run, version: int) -> None:
        kept = self._catalog.put(SHELF, NAME, _body(run), expecting=version)
        self._known, self._known_at = (kept.version, run), monotonic()


_NONE = SimulatorState(
    False, False, None, None, None, None, None, "", SimulatorSettings(), dict.fromkeys(COUNTS, 0), (), None
)


def _with(run: _Run, **changed: Any) -> _Run:
    return replace(run, state=replace(run.state, **changed))


def _same(now: _Run, then: _Run) -> bool:
    """Whether the tick that was sent is the one that is noted still."""
    return (now.state.run_id, now.number, now.noted) == (then.state.run_id, then.number, then.noted)


def _retried(run: _Run, why: str) -> _Run:
    sent = Counter(run.state.sent)
    sent["retried"] += 1
    return _with(run, sent=dict(sent), trouble=why)


def _ticked(run: _Run, made: Made, receipt: Receipt) -> _Run:
    assert run.noted is not None
    more, row = counted(made, receipt, run.noted.at)
    sent = Counter(run.state.sent)
    sent.update(more)
    sent["pending"] = len(made.waiting)
    state = replace(
        run.state, sent={name: sent[name] for name in COUNTS}, ticks=(*run.state.ticks, row)[-SHOWN_TICKS:], trouble=None
    )
    return _Run(state, run.number + 1, run.noted.at, made.waiting, None)


def _body(run: _Run) -> dict[str, object]:
    return {
        "state": asdict(run.state), "number": run.number, "ticked_at": run.ticked_at,
        "waiting": [asdict(row) for row in run.waiting], "noted": None if run.noted is None else asdict(run.noted),
    }  # fmt: skip


def _run(body: dict[str, Any]) -> _Run:
    state, noted = body["state"], body["noted"]
    return _Run(
        SimulatorState(**{**state, "settings": SimulatorSettings(**state["settings"]), "ticks": tuple(state["ticks"])}),
        body["number"], body["ticked_at"], tuple(Waiting(**row) for row in body["waiting"]),
        None if noted is None else _Noted(noted["at"], SimulatorSettings(**noted["settings"])),
    )  # fmt: skip
