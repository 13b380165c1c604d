"""Numbers that are never given twice, by whichever replica: a block of them at a time."""

from __future__ import annotations

import threading

from metrics_core.errors import ConflictError
from metrics_core.store.protocols import Catalog

SHELF = "numbers"
_TRIES = 50


class Numbers:
    """Growing numbers under a name. Those of a block that was drawn later are higher than all that were given before."""

    def __init__(self, catalog: Catalog, name: str, *, block: int = 1_000) -> None:
        self._catalog = catalog
        self._name = name
        self._block = block
        self._lock = threading.Lock()
        self._next, self._end = 1, 1

    def next(self) -> int:
        with self._lock:
            if self._next == self._end:
                self._next, self._end = self._drawn()
            self._next += 1
            return self._next - 1

    def forget(self) -> None:
        """Go on with a new block: somebody else may have drawn one since."""
        with self._lock:
            self._next = self._end

    def _drawn(self) -> tuple[int, int]:
        for _ in range(_TRIES):
            kept = self._catalog.get(SHELF, self._name)
            given = 0 if kept is None else int(str(kept.body["number"]))
            body: dict[str, object] = {"number": given + self._block}
            try:
                self._catalog.put(SHELF, self._name, body, expecting=0 if kept is None else kept.version)
            except ConflictError:
                continue
            return given + 1, given + self._block + 1
        msg = f"No numbers could be drawn for {self._name}: too many did so at the same moment."
        raise ConflictError(msg)
