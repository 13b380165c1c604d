"""Living with other programs in one database: follow their sales, and keep the collections they read, where we lead."""

from __future__ import annotations

import threading
from collections.abc import Callable

from metrics_core.health import DEGRADED, OK, Part
from metrics_core.ingest.sources.followed import Accept, Follower
from metrics_core.jobs.shared_collections import SharedCollections
from metrics_core.model.instant import Instant
from metrics_core.model.window import Calendar
from metrics_core.store.foreign import Shared
from metrics_core.store.protocols import Store

SECONDS = 0.5
"""Between two looks at whether we lead: with several replicas, one does this."""


class Sharing:
    """Goes on while the server lives; what it does is once for all replicas, and harmless where two should do it."""

    def __init__(
        self, store: Store, shared: Shared, accept: Accept, *, now: Callable[[], Instant], calendar: Calendar, digits: int,
        leads: Callable[[], bool], follow: bool = True, write: bool = True,
    ) -> None:  # fmt: skip
        self._leads = leads
        self._follows, self._writes = follow, write
        self.follower = Follower(shared.foreign, accept, now)
        self.collections = SharedCollections(store, shared.mirror, now=now, calendar=calendar, digits=digits)
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
