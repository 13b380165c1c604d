"""Keep the collections `sales` and `metrics` as other programs read them, at a modest pace; slowly while much comes in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import monotonic

from metrics_core.errors import PulseboardError
from metrics_core.exports.json_lines import figures
from metrics_core.model.event import ORDER_COMPLETED, Event
from metrics_core.model.instant import Instant
from metrics_core.model.query import Query, Result
from metrics_core.model.window import Calendar
from metrics_core.reads.answer import answer
from metrics_core.reads.views import kept_events, origins_of
from metrics_core.store.foreign import PREFIX, Mirror
from metrics_core.store.protocols import Store

SECONDS = 5.0
"""Between two looks at whether something changed."""
IDLE = 60.0
"""Seconds after which figures are written though nothing changed: windows move too."""
AT_ONCE = 1_000
_PAUSE, _LONG_PAUSE = 0.1, 2.0
"""Seconds between two parts of many sales; the longer one while the database is needed for what cannot wait."""
_LOG = logging.getLogger(__name__)


class SharedCollections:
    """Writes what changed until it is stopped. Doing it twice, or by two processes at once, is the same."""

    def __init__(
        self, store: Store, mirror: Mirror, *, now: Callable[[], Instant], calendar: Calendar, digits: int,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        """`busy` tells whether the database is needed for what cannot wait: then it goes on slowly."""
        self._store, self._mirror = store, mirror
        self._busy = busy
        self._now, self._calendar, self._digits = now, calendar, digits
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.trouble: str | None = None
        """Why they could not be written the last time, None where they were."""

    def start(self) -> None:
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="shared collections", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=30)

    def write(self) -> None:
        """Bring both collections up to date. Figures do not wait for a long history of sales."""
        began = monotonic()
        while self.write_sales() and not self._pause():
            if monotonic() - began > SECONDS:
                self.write_metrics()
                began = monotonic()
        self.write_metrics()

    def write_sales(self) -> bool:
        """Add the next of our completed orders to `sales`, and take away what is not shown any more; whether more wait."""
        store, mirror = self._store, self._mirror
        place = mirror.place()
        generation, origins = store.generation(), self._origins()
        seq = int(place.get("seq", 0))
        if place.get("generation") != generation or place.get("origins") != list(origins):
            mirror.drop_sales(but=origins)
            if place.get("origins") != list(origins):
                seq = 0
        found = store.events.since(seq, AT_ONCE)
        mirror.add_sales((event for _, event in found if event.origin in origins and _is_ours(event)), self._digits)
        if found or place.get("generation") != generation or place.get("origins") != list(origins):
            newest = found[-1][0] if found else seq
            mirror.keep({"seq": newest, "generation": generation, "origins": list(origins)})
        return len(found) == AT_ONCE

    def write_metrics(self) -> None:
        """Work out every figure at this moment, and write those that are not as they were."""
        now = self._now()

        def ask(query: Query) -> Result:
            return answer(self._store, query, as_of=now)

        made = figures(ask, now=now, calendar=self._calendar, digits=self._digits, origins=self._origins())
        self._mirror.put_metrics(made)

    def _pause(self) -> bool:
        """Between two parts; whether it is to end."""
        until = monotonic() + _LONG_PAUSE
        while not self._stopping.wait(_PAUSE):
            if not self._busy() or monotonic() > until:
                return False
        return True

    def _origins(self) -> tuple[str, ...]:
        kept = kept_events(self._store)
        return origins_of("real", kept) or tuple(sorted(kept))

    def _run(self) -> None:
        last: tuple[int, int] | None = None
        wrote = 0.0
        while not self._stopping.is_set():
            try:
                now = (self._store.newest_seq(), self._store.generation())
                if now != last or monotonic() - wrote > IDLE:
                    self.write()
                    last, wrote = now, monotonic()
                self.trouble = None
            except PulseboardError as error:
                self.trouble = str(error)
            except Exception:
                # A fault of ours must not end it without a word: it is logged, and tried again.
                _LOG.exception("The collections sales and metrics could not be written")
                self.trouble = "Writing failed for a reason that is in the server's log. It is tried again."
            self._stopping.wait(SECONDS)


def _is_ours(event: Event) -> bool:
    """A completed order that no other program wrote there."""
    return event.kind == ORDER_COMPLETED and not (event.source == "sales" and event.id.startswith(PREFIX))
