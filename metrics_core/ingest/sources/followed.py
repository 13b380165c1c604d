"""The sales that other programs write into a database we share: each taken in once, by the same door as all others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Protocol

from metrics_core.errors import BusyError, PulseboardError, StoreAwayError
from metrics_core.ingest.file_plan import BESIDE, FLAT, OF_LINES
from metrics_core.ingest.file_values import Bad, Times, beside, exact, money, present, text
from metrics_core.ingest.shapes import SALE
from metrics_core.ingest.unfit import Unfit as NotFit
from metrics_core.model.event import LIVE, Receipt, Refusal
from metrics_core.model.instant import DAY, Instant
from metrics_core.store.foreign import Foreign, Page, Sale, Unfit

SOURCE = "sales"
"""Under whose name they are kept."""

_AHEAD = 20 * 365 * DAY
_TRIES = 4
"""With a full inbox, before it is tried in smaller pieces."""
_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before it begins again after trouble."""
_NAMES = tuple(name for name in FLAT if name not in (*OF_LINES, "id", "orderId", "ts"))
_LOG = logging.getLogger(__name__)


class Accept(Protocol):
    """How records are sent: `Engine.accept`."""

    def __call__(
        self, records: Sequence[Any], /, *, record: str | None, source: str, origin: str, run_id: str | None
    ) -> Receipt: ...


@dataclass(frozen=True, slots=True)
class FollowerState:
    """What it does at a moment, and what it did since it was started."""

    running: bool
    taken: int = 0
    refused: int = 0
    trouble: str | None = None
    """Why it cannot go on now, None while it can."""


class Follower:
    """Takes in what stands in the collection, and from then on what is written there, until it is stopped."""

    def __init__(self, foreign: Foreign, accept: Accept, now: Callable[[], Instant]) -> None:
        self._foreign, self._accept, self._now = foreign, accept, now
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._state = FollowerState(running=False)

    def state(self) -> FollowerState:
        with self._lock:
            return self._state

    def start(self) -> None:
        """Follow, in a thread of its own. Nothing happens where it does already."""
        with self._lock:
            if self._thread is not None:
                return
            self._stopping.clear()
            self._state = FollowerState(running=True)
            self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; what it is taking in at the moment is finished first."""
        self._stopping.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=30)
        with self._lock:
            self._state = replace(self._state, running=False)

    def take_all(self, progress: Callable[[int, int], None] | None = None) -> FollowerState:
        """Take in everything that was not, now, and also judge again what was refused; what became of it."""
        found = self._foreign.found() if progress is not None else None
        before = self.state()
        looked = 0
        for page in self._foreign.missing():
            self._take(page)
            looked += page.looked
            if progress is not None and found is not None:
                progress(min(looked, found.others), found.others)
        after = self.state()
        return replace(after, taken=after.taken - before.taken, refused=after.refused - before.refused)

    def _run(self) -> None:
        failed = 0
        while not self._stopping.is_set():
            began = monotonic()
            try:
                for page in self._foreign.pages(self._stopping.is_set):
                    self._take(page)
                    if self._stopping.is_set():
                        return
                    self._note(None)
                # What it followed is no more what it was: from the start.
            except PulseboardError as error:
                self._note(str(error))
            except Exception:
                # A fault of ours must not end it without a word: it is logged, shown, and tried again.
                _LOG.exception("The sales of other programs could not be followed")
                self._note("Following failed for a reason that is in the server's log. It is tried again.")
            failed = 0 if monotonic() - began > _PAUSES[-1] else failed
            self._stopping.wait(_PAUSES[min(failed, len(_PAUSES) - 1)])
            failed += 1

    def _take(self, page: Page) -> None:
        if not page.sales and page.place is None:
            return
        refused: list[tuple[Sale, Unfit]] = []
        sales: list[Sale] = []
        records: list[dict[str, object]] = []
        times = Times(None, latest=self._now() + _AHEAD)
        for sale in page.sales:
            record = record_of(sale, times)
            if isinstance(record, Unfit):
                refused.append((sale, record))
            else:
                sales.append(sale)
                records.append(record)
        refused += self._sent(sales, records)
        self._foreign.keep(page, refused, self._now())
        with self._lock:
            state = self._state
            taken = len(page.sales) - len(refused)
            self._state = replace(state, taken=state.taken + taken, refused=state.refused + len(refused))

    def _sent(self, sales: Sequence[Sale], records: Sequence[dict[str, object]]) -> list[tuple[Sale, Unfit]]:
        if not records:
            return []
        try:
            receipt = self._patiently(records)
        except PulseboardError as error:
            if len(records) == 1 or not isinstance(error, BusyError):
                raise
        except Exception as error:
            # One of them is of a sort that nobody thought of: it alone is kept out.
            if len(records) == 1:
                _LOG.exception("A sale could not be taken in")
                reason = f"The sale cannot be read ({type(error).__name__}). Its fields are not those of a sale."
                return [(sales[0], Unfit("can_be_read", None, reason))]
        else:
            return [(sales[one.index], _unfit(one)) for one in receipt.refused]
        half = len(records) // 2
        return self._sent(sales[:half], records[:half]) + self._sent(sales[half:], records[half:])

    def _patiently(self, records: Sequence[dict[str, object]]) -> Receipt:
        for _ in range(_TRIES):
            try:
                return self._accept(records, record="order", source=SOURCE, origin=LIVE, run_id=None)
            except BusyError as busy:
                if self._stopping.wait(min(busy.retry_after or 1, 2)):
                    message = "Pulseboard is stopping. What was not taken in is taken in at the next start."
                    raise StoreAwayError(message) from busy
        return self._accept(records, record="order", source=SOURCE, origin=LIVE, run_id=None)

    def _note(self, trouble: str | None) -> None:
        with self._lock:
            if self._state.trouble != trouble:
                self._state = replace(self._state, trouble=trouble)


def _unfit(refusal: Refusal) -> Unfit:
    """The refusal of an order of one line, as one of the sale."""
    field = None if refusal.field is None else refusal.field.removeprefix("lines[0].")
    return Unfit(refusal.step, field, refusal.reason.removeprefix("In lines[0]: "))


def record_of(sale: Sale, times: Callable[[object], object]) -> dict[str, object] | Unfit:
    """The order of one line that a sale is: the same that a file of the collection makes of it. Or why it is none."""
    try:
        fields, _ = SALE.read(sale.fields)
    except NotFit as unfit:
        return Unfit(unfit.step, unfit.field, unfit.reason)
    if fields.get("ts") is None:
        return Unfit("has_a_time", "date", "The sale has no date, so nobody knows in which window it counts. Give it one.")
    at = times(fields["ts"])
    if isinstance(at, Bad):
        return Unfit(at.step, "date", at.reason)
    record: dict[str, object] = {}
    for name in _NAMES:
        value = text(fields.get(name))
        if value is not None:
            record[name] = value
    read = {"quantity": present, "revenue": money}
    line = {name: read.get(name, text)(fields.get(name)) for name in OF_LINES}
    record["lines"] = [{name: value for name, value in line.items() if value is not None}]
    record.update(id=sale.id, orderId=sale.id, ts=exact(at) if isinstance(at, int) else at)
    record.update(beside({name: sale.fields.get(name) for name in BESIDE}))
    return record
