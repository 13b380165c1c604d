"""Answers that everybody shares: each question once for a state of the store, and again only where its data changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import orjson

from metrics_core.cache import Kept, Remote
from metrics_core.clock import Clock
from metrics_core.health import METERS
from metrics_core.model.instant import Instant
from metrics_core.model.measure import How, parts
from metrics_core.model.query import Query, Result
from metrics_core.model.window import ALL_TIME_START, Window
from metrics_core.reads.answer import answer
from metrics_core.reads.peak import active_window, peak_window
from metrics_core.reads.segments import names_segment
from metrics_core.store.protocols import Store

MOST = 2_000
MOST_NEW = 50_000
"""After so many new events it is not looked up whether any is of a window: it is counted again."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A state of the store: two reads with the same mark see the same."""

    seq: int
    generation: int


class Answers:
    """Answers by question, which is one with its windows, filters and origins worked out.

    A window that moves with now is another question every time. One that does not, such as last week, keeps its answer
    until an event of that window was appended, by this process or another, or anything was removed or rebuilt. What
    another replica has just answered is taken from the place they share, where there is one.
    """

    def __init__(self, store: Store, clock: Clock, *, seconds: float, shared: Remote | None = None) -> None:
        self._store = store
        self._seconds = seconds
        self._shared = shared
        self._kept: Kept[Query, tuple[Mark, Result]] = Kept(clock, most=MOST)
        self.asked = 0
        """Questions the store was asked."""
        self.spared = 0
        """Questions that an answer was kept for."""

    def mark(self) -> Mark:
        """The state that is read now; take it inside `store.view()`."""
        return Mark(self._store.newest_seq(), self._store.generation())

    def of(self, query: Query, mark: Mark, as_of: Instant) -> Result:
        """The answer at a mark, inside the view of the store whose mark it is."""
        query = replace(query, where=tuple(sorted(set(query.where), key=repr)))
        kept = self._kept.get(query)
        result = kept[1] if kept is not None and self._holds(query, kept[0], mark) else None
        known = result is not None
        if result is None and self._shared is not None and self._seconds:
            kept = _unpacked(self._shared.get(_key(query)))
            result = kept[1] if kept is not None and self._holds(query, kept[0], mark) else None
        if result is None:
            self.asked += 1
            METERS.board_questions.labels("asked").inc()
            result = answer(self._store, query, as_of=as_of)
        else:
            self.spared += 1
            METERS.board_questions.labels("spared").inc()
        if self._seconds:
            moves = query.window.end >= as_of
            self._kept.put(query, (mark, result), seconds=self._seconds if moves else None)
            if not known and self._shared is not None:
                self._shared.put(_key(query), _packed(mark, result), seconds=self._seconds)
        return replace(result, as_of=as_of)

    def forget(self) -> None:
        """Drop what the replicas share: what was counted has changed as a whole."""
        if self._shared is not None:
            self._shared.drop("answers:*")

    def _holds(self, query: Query, then: Mark, now: Mark) -> bool:
        if then == now:
            return True
        if then.generation != now.generation or not 0 <= now.seq - then.seq <= MOST_NEW:
            return False
        reach = reach_of(query)
        # What a buyer's segment is may follow from orders of another origin.
        origins = () if names_segment(query.by, query.where) else query.origins
        newest = self._store.events.newest(1, origins=origins, before=reach.end, after_seq=then.seq)
        return not newest or newest[0].at < reach.start


def reach_of(query: Query) -> Window:
    """The stretch of time whose events an answer depends on."""
    windows = [window for window in (query.window, query.compared) if window is not None]
    needed = {row.name: row for name in query.measures for row in parts(name)}
    if any(row.how is How.LEVEL for row in needed.values()) or names_segment(query.by, query.where):
        windows.append(Window(ALL_TIME_START, max(query.window.end, ALL_TIME_START)))
    ends = [window.end for window in windows]
    if "active_now" in needed:
        windows += [active_window(end) for end in ends]
    if "peak_24h" in needed:
        windows += [peak_window(end) for end in ends]
    return Window(min(window.start for window in windows), max(window.end for window in windows))


def _key(query: Query) -> str:
    return f"answers:{blake2b(repr(query).encode(), digest_size=16).hexdigest()}"


def _packed(mark: Mark, result: Result) -> bytes:
    return orjson.dumps({"mark": [mark.seq, mark.generation], "result": result})


def _unpacked(data: bytes | None) -> tuple[Mark, Result] | None:
    if data is None:
        return None
    body = orjson.loads(data)
    return Mark(*body["mark"]), _result(body["result"])


def _result(body: Mapping[str, Any]) -> Result:
    compared = body["compared"]
    return Result(
        tuple(body["columns"]), tuple(tuple(row) for row in body["rows"]), Window(**body["window"]), body["as_of"],
        None if compared is None else _result(compared), body["note"],
    )  # fmt: skip
