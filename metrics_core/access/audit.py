"""The audit log: who did what to what, when. Entries are only ever added."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from metrics_core.clock import Clock
from metrics_core.errors import ConflictError, PulseboardError
from metrics_core.health import METERS
from metrics_core.logs import log
from metrics_core.model.access import Principal
from metrics_core.model.instant import DAY, Instant, iso
from metrics_core.store.protocols import Catalog, Document

SHELF = "audit"
LONGEST = 300
"""Characters of what is said of one side of a change."""
MOST = 500
"""Entries of one listing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing somebody did."""

    id: str
    at: Instant
    who: str
    label: str
    did: str
    """What it is called: `dashboard.save`, `key.revoke`, `data.clear`."""
    what: str
    """What it was done to."""
    before: str
    after: str

    def mentions(self, words: tuple[str, ...]) -> bool:
        """Whether every one of these words (in small letters) is somewhere in it."""
        text = " ".join((self.who, self.label, self.did, self.what, self.before, self.after)).casefold()
        return all(word in text for word in words)


class Audit:
    """Keeps a shelf a day (UTC), so that the newest are found without reading the rest."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._lock = threading.Lock()
        self._last: Instant = 0

    def note(self, who: Principal, did: str, what: str, before: str = "", after: str = "") -> None:
        """Add an entry. What was done stays done where it cannot be written: the server's log has it then."""
        now = self._clock.now()
        said = {
            "at": now, "who": who.name, "label": who.label, "did": did, "what": _short(what), "before": _short(before),
            "after": _short(after),
        }  # fmt: skip
        with self._lock:
            # What this process did is listed in the order it did it, also within one tick of its clock.
            place = self._last = max(now, self._last + 1)
        day = _day(place)
        try:
            self._catalog.put(f"{SHELF}/{day}", f"{place:020d}-{secrets.token_hex(3)}", said, expecting=0)
            if self._catalog.get(SHELF, day) is None:
                self._catalog.put(SHELF, day, {}, expecting=0)
        except ConflictError:
            return  # somebody else opened the day at the same time
        except PulseboardError as error:
            METERS.faults.labels("audit").inc()
            log(__name__).error("an audit entry could not be written", entry=said, why=str(error))

    def newest(
        self, limit: int = 100, *, search: str = "", did: str = "", before: str | None = None
    ) -> tuple[list[Entry], bool]:
        """Entries from the newest back, and whether there are more; `before` is the id of the last one had already.

        `search` are words that must all be in it, `did` what its name begins with.
        """
        words = tuple(search.casefold().split())
        limit = min(limit, MOST)
        found: list[Entry] = []
        for entry in self._back_from(before):
            if entry.did.startswith(did) and entry.mentions(words):
                if len(found) == limit:
                    return found, True
                found.append(entry)
        return found, False

    def _back_from(self, last: str | None) -> Iterator[Entry]:
        days = sorted((row.name for row in self._catalog.find(SHELF)), reverse=True)
        until = None if last is None else _day(int(last.partition("-")[0]))
        for day in days:
            if until is not None and day > until:
                continue
            for row in reversed(self._catalog.find(f"{SHELF}/{day}")):
                if last is None or row.name < last:
                    yield _entry(row)


def _entry(row: Document) -> Entry:
    body: dict[str, Any] = row.body
    return Entry(
        row.name, body["at"], body["who"], body["label"], body["did"], body["what"], body["before"], body["after"]
    )


def _day(at: Instant) -> str:
    return iso(at - at % DAY)[:10]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
