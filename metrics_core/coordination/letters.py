"""Letters: what the leader has for the others, the newest of each name, kept in the store for whoever does not hear it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from metrics_core.errors import ConflictError
from metrics_core.store.protocols import Catalog, Document

SHELF = "letters"
Letter = Mapping[str, Any]
"""What it says, with the `fence` of the leader who wrote it and a growing `seq`."""


@dataclass
class _Slot:
    """What is kept under one name, as far as the leader knows, and what has to be kept there next."""

    version: int = -1
    next: Letter | None = None
    written_at: float = field(default=-1e9)


class Letters:
    """The letters in the store: written by the leader, not too often, and read by everybody else."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}
        self._read: dict[str, int] = {}

    def post(self, name: str, letter: Letter) -> None:
        """To be written in a moment; a newer one of that name takes its place."""
        with self._lock:
            self._slots.setdefault(name, _Slot()).next = letter

    @property
    def waiting(self) -> bool:
        """Whether something has to be written."""
        with self._lock:
            return any(slot.next for slot in self._slots.values())

    def forget(self) -> None:
        """Whoever led meanwhile wrote others."""
        with self._lock:
            self._slots.clear()
            self._read.clear()

    def write(self, *, spacing: float) -> None:
        """Write what was posted, each name at most once in so many seconds."""
        now = monotonic()
        with self._lock:
            due = [(name, slot) for name, slot in self._slots.items() if slot.next and now - slot.written_at >= spacing]
        for name, slot in due:
            with self._lock:
                letter, slot.next = slot.next, None
            if letter is None:
                continue
            slot.written_at = now
            self._put(name, slot, letter)

    def read(self, names: Iterable[str]) -> dict[str, Letter]:
        """Those of these names that were not read before."""
        found: dict[str, Letter] = {}
        for name in names:
            kept = self._catalog.get(SHELF, name)
            if kept is not None and self._read.get(name) != kept.version:
                self._read[name] = kept.version
                found[name] = kept.body
        return found

    def _put(self, name: str, slot: _Slot, letter: Letter) -> None:
        if slot.version < 0:
            slot.version = _version(self._catalog.get(SHELF, name))
        try:
            slot.version = self._catalog.put(SHELF, name, dict(letter), expecting=slot.version).version
        except ConflictError:
            # Another leader, or we ourselves and the answer was lost. The later one stands.
            kept = self._catalog.get(SHELF, name)
            slot.version = _version(kept)
            if kept is None or int(str(kept.body["fence"])) <= int(letter["fence"]):
                with self._lock:
                    slot.next = slot.next or letter


def _version(kept: Document | None) -> int:
    return 0 if kept is None else kept.version
