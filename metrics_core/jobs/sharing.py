"""Living with other programs in one database: follow their sales, and keep the collections they read, where we lead."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from metrics_core.health import DEGRADED, OK, Part
from metrics_core.ingest.sources.followed import Accept, Follower
from metrics_core.jobs import adoption
from metrics_core.jobs.shared_collections import SharedCollections
from metrics_core.model.instant import Instant
from metrics_core.model.window import Calendar
from metrics_core.store.foreign import Found, Shared
from metrics_core.store.protocols import Store

SECONDS = 0.5
"""Between two looks at whether we lead: with several replicas, one does this."""
BUSY = 1_000
"""Records that wait to be written."""
_FRESH = 3.0
_SHARE = 20.0
"""What was found is told again for some seconds, and for so many times as long as it took to find."""


class Others(NamedTuple):
    """What other programs keep here, and what is done about it."""

    found: Found
    follows: bool
    """Whether it is to be followed at all."""
    leads: bool
    """Whether that is for this replica to do."""
    trouble: str | None
    """Why it cannot go on now, None while it can."""


class Sharing:
    """Goes on while the server lives; what it does is once for all replicas, and harmless where two should do it."""

    def __init__(
        self, store: Store, shared: Shared, accept: Accept, *, now: Callable[[], Instant], calendar: Calendar, digits: int,
        leads: Callable[[], bool], follow: bool = True, write: bool = True, waiting: Callable[[], int] = lambda: 0,
    ) -> None:  # fmt: skip
        """`waiting` tells how many records wait to be written: while they are many, other programs wait for ours."""
        self._store = store
        self._leads = leads
        self._follows, self._writes = follow, write
        self.follower = Follower(shared.foreign, accept, now)
        self.collections = SharedCollections(
            store, shared.mirror, now=now, calendar=calendar, digits=digits, busy=lambda: waiting() >= BUSY
        )
        self._looking = threading.Lock()
        self._looked: tuple[Found | None, float] | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None and (self._follows or self._writes):
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="sharing", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=60)

    def others(self) -> Others | None:
        """What other programs keep in the database, as of a few seconds ago; None where they keep nothing."""
        with self._looking:
            if self._looked is None or monotonic() > self._looked[1]:
                began = monotonic()
                found = adoption.found(self._store)
                self._looked = found, monotonic() + max(_FRESH, _SHARE * (monotonic() - began))
            found = self._looked[0]
        if found is None:
            return None
        return Others(found, self._follows, self._leads(), self.follower.state().trouble)

    def look_again(self) -> None:
        """What was found is not told again."""
        with self._looking:
            self._looked = None

    def part(self) -> Part:
        """For health."""
        state = self.follower.state()
        figures = {"taken": state.taken, "refused": state.refused}
        trouble = state.trouble or self.collections.trouble
        if trouble is not None:
            return Part(DEGRADED, trouble, figures=figures)
        said = "Sales of other programs are followed." if state.running else "Not followed here."
        return Part(OK, said, figures=figures)

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._leads():
                if self._follows:
                    self.follower.start()
                if self._writes:
                    self.collections.start()
            else:
                self._rest()
            self._stopping.wait(SECONDS)
        self._rest()

    def _rest(self) -> None:
        self.follower.stop()
        self.collections.stop()
