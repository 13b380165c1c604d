"""A lease: at most one holder at a time, kept where all replicas look, with a number that grows with every new holder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic as machine_seconds

from metrics_core.errors import ConflictError, StoreAwayError
from metrics_core.store.protocols import Catalog, Document

SHELF = "leases"


class Lease:
    """One party's view of a lease; call `step` every quarter of its time.

    No two clocks are compared. Who holds it changes the document again and again; who wants it takes it once it has seen
    the same document for the whole time of the lease, on its own clock. The holder counts from before it wrote, and
    whoever waits from after it read, so that the first gives up before the second begins.
    """

    def __init__(
        self, catalog: Catalog, name: str, holder: str, *, seconds: float = 4.0,
        monotonic: Callable[[], float] = machine_seconds,
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._name = name
        self._me = holder
        self._seconds = seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._mine: int | None = None
        """The version that we wrote last, while nobody is known to have written after us."""
        self._until = 0.0
        self._seen: tuple[int, float] | None = None
        """The version that was seen last, and since when it stands unchanged."""
        self.fence = 0
        """The number of the holder that was seen last. Of two holders the later one has the higher number."""
        self.holder: str | None = None

    @property
    def held(self) -> bool:
        """Whether it is ours at this moment."""
        return self._mine is not None and self._monotonic() < self._until

    def step(self) -> bool:
        """Renew it, or take it where that may be done; whether it is ours. StoreAwayError where nobody can tell."""
        with self._lock:
            began = self._monotonic()
            try:
                if self._mine is not None and self._wrote(self._mine, self.fence, began):
                    return True
                found = self._catalog.get(SHELF, self._name)
            except StoreAwayError:
                self._seen = None  # what was not looked at may have changed
                raise
            if self._is_ours(found) and found is not None and self._wrote(found.version, self.fence, began):
                return True  # a write whose answer was lost
            self._mine = None
            if not self._may_take(found):
                return False
            version, fence = (0, 0) if found is None else (found.version, _number(found, "fence"))
            return self._wrote(version, fence + 1, began)

    def release(self) -> None:
        """Give it back, so that nobody has to wait for its end."""
        with self._lock:
            mine, self._mine = self._mine, None
            if mine is None:
                return
            body: dict[str, object] = {"holder": None, "fence": self.fence, "seconds": self._seconds}
            try:
                self._catalog.put(SHELF, self._name, body, expecting=mine)
            except (ConflictError, StoreAwayError):
                return  # somebody else has it, or it ends by itself
            self.holder = None

    def _wrote(self, version: int, fence: int, began: float) -> bool:
        """It is ours from now on, where nobody wrote after this version."""
        body: dict[str, object] = {"holder": self._me, "fence": fence, "seconds": self._seconds}
        try:
            kept = self._catalog.put(SHELF, self._name, body, expecting=version)
        except ConflictError:
            return False
        self._mine, self._until = kept.version, began + self._seconds
        self.fence, self.holder, self._seen = fence, self._me, None
        return True

    def _is_ours(self, found: Document | None) -> bool:
        return (
            self._mine is not None and found is not None
            and (found.body["holder"], found.body["fence"]) == (self._me, self.fence)
        )  # fmt: skip

    def _may_take(self, found: Document | None) -> bool:
        now = self._monotonic()
        if found is None:
            return True
        holder = found.body["holder"]
        self.fence, self.holder = _number(found, "fence"), None if holder is None else str(holder)
        if holder is None:
            return True
        if self._seen is None or self._seen[0] != found.version:
            self._seen = (found.version, now)
            return False
        return now - self._seen[1] >= float(str(found.body["seconds"]))


def _number(found: Document, name: str) -> int:
    return int(str(found.body[name]))
