"""Copy: everything one store keeps into another, in pieces that a kill cannot double, and the proof that both are equal."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple, TypeVar

from metrics_core.errors import ConflictError, ContendedError
from metrics_core.jobs.copy_documents import COPIES, bring, shelves_of
from metrics_core.jobs.verify import Check, Progress, kept_sets, kept_totals
from metrics_core.model.event import Event
from metrics_core.model.instant import DAY, Instant, iso
from metrics_core.model.window import Window
from metrics_core.rollup.fold import fold
from metrics_core.rollup.totals import ZERO, Grain, Key
from metrics_core.store.protocols import Batch, Document, Store

NAME = "into here"
"""The document in which the target notes how far it is."""

_AT_ONCE = 10_000
_WEEK = 7 * DAY
_EVER = Window(-(1 << 62), 1 << 62)
_PAUSES = (0.02, 0.1, 0.5, 2.0)

Done = TypeVar("Done")


class _Days(NamedTuple):
    """What both sides have of some days: how much, and what of it is not the same."""

    days: int
    totals: int
    sets: int
    differing: list[str]
    unlike: list[str]


@dataclass(frozen=True, slots=True)
class _Mark:
    """How far a copy is. What was written after it is written again as if it were new, and counts once."""

    token: str
    """Of this run."""
    source: str
    """What it is called, for people."""
    first: list[object] | None
    """Id and digest of the source's first event: what the next run knows the source by."""
    seq: int = 0
    """The number, at the source, of the last event that is surely here."""
    generation: int = 0
    """The source's; where it has changed, events may have gone, and all are looked at again."""
    target_seq: int = 0
    """The number of that event here."""
    target_generation: int = 0
    finished: bool = False
    """Once everything was found equal, the target may be in use: nothing there is removed any more."""


class Copy:
    """One run, in this order: `begin`, `events`, `documents`, `verify`. After a kill, another run goes on where it was.

    The source may be written meanwhile: `verify` takes over what came in, and compares each day at an instant at which
    the target has all that the source has. Nothing but the copy may write to the target.
    """

    def __init__(self, source: Store, target: Store) -> None:
        self._source = source
        self._target = target
        self._mark = _Mark("", "", None)
        self._kept: Document | None = None
        self._began_at = 0
        self._counts = ("", "")
        self.before = 0
        """Events that an earlier run had copied."""
        self.copied = 0
        """Events copied by this one."""
        self.grew = 0
        """How many of them came in while it ran."""

    def begin(self) -> None:
        """Find out what is where. ConflictError where there is nothing to copy, or the target holds anything else."""
        source, target = self._source, self._target
        if not source.newest_seq() and not shelves_of(source.catalog):
            message = f"There is nothing at {source.name} to copy. Is it the right URL?"
            raise ConflictError(message)
        first = [[event.id, event.digest] for _, event in source.events.since(0, 1)]
        mark = _Mark(secrets.token_hex(8), source.name, first[0] if first else None, 0, source.generation())
        self._kept = target.catalog.get(COPIES, NAME)
        before = None if self._kept is None else _Mark(**self._kept.body)  # type: ignore[arg-type]
        self._require_ours(before, mark)
        if before is not None:
            same = before.generation == mark.generation and before.target_generation == target.generation()
            mark = replace(mark, seq=before.seq if same else 0, finished=before.finished)
        self._note(mark)
        seen = source.catalog.get(COPIES, NAME)
        if seen is not None and seen.body["token"] == mark.token:
            message = f"The source and the target are the same database: {source.name}."
            raise ConflictError(message)
        self._began_at = source.newest_seq()
        self.before = _number(target)

    def events(self, progress: Progress | None = None) -> None:
        """Copy the events, in the order in which they came in, each piece with its totals in one batch."""
        while some := _patiently(self._next):
            if progress is not None:
                progress(self.before + self.copied, max(_number(self._source), self.before + self.copied))
            if len(some) < _AT_ONCE:
                return

    def documents(self, progress: Progress | None = None) -> None:
        """Copy every document, up to its version."""
        bring(self._source.catalog, self._target.catalog, in_use=self._mark.finished, progress=progress)

    def verify(self, progress: Progress | None = None) -> list[Check]:
        """Whether both sides have the same number of events, the same totals and sets, and the same documents."""
        totals = sets = done = 0
        differing: list[str] = []
        unlike: list[str] = []
        waiting = self._days()
        while (found := _patiently(lambda: self._compared_days(waiting))) is not None:
            done, totals, sets = done + found.days, totals + found.totals, sets + found.sets
            differing += found.differing
            unlike += found.unlike
            if progress is not None:
                progress(done, done + len(waiting))
        documents, unequal = bring(self._source.catalog, self._target.catalog, in_use=self._mark.finished)
        here, there = self._counts
        checks = [
            Check("Both have as many events of each origin", here, there, here == there),
            _same("Every total is the same", totals, differing),
            _same("Every set of users is the same", sets, unlike),
            _same("Every document is the same", documents, unequal),
        ]
        if all(check.ok for check in checks):
            self._note(replace(self._mark, finished=True))
        return checks

    def behind(self) -> bool:
        """The source has taken in more since it was compared."""
        return self._source.newest_seq() > self._mark.seq

    def changed(self) -> bool:
        """While this ran, something went from the source, or its totals were worked out anew."""
        return self._source.generation() != self._mark.generation

    # ------------------------------------------------------------------------------------------------------- whose it is

    def _require_ours(self, before: _Mark | None, now: _Mark) -> None:
        """ConflictError unless the target is empty, or holds a copy of this source and nothing else."""
        source, target = self._source, self._target
        if before is None:
            events, shelves = _number(target), shelves_of(target.catalog)
            if events or shelves:
                documents = sum(len(target.catalog.find(shelf)) for shelf in shelves)
                message = (
                    f"{target.name} is not empty (events: {events:,}, documents: {documents:,}), and what it holds is no "
                    f"copy of {source.name}. Name an empty database as the target."
                )
                raise ConflictError(message)
        elif before.first is not None and before.first != now.first:
            message = (
                f"{target.name} holds a copy of something else ({before.source}), which this source does not begin with. "
                "Name that source to go on, or an empty database as the target."
            )
            raise ConflictError(message)
        elif self._was_used(before, now):
            message = (
                f"{target.name} has changed by itself since it was copied from {before.source}: it is no copy any more, and "
                "is left as it is. Name an empty database as the target."
            )
            raise ConflictError(message)

    def _was_used(self, before: _Mark, now: _Mark) -> bool:
        if before.target_generation != self._target.generation():
            return before.finished
        if before.generation != now.generation:
            return False
        beyond = {event.id for _, event in self._target.events.since(before.target_seq, _AT_ONCE + 1)}
        if not beyond:
            return False
        # What a kill left beyond the mark is the beginning of what comes next.
        return not beyond <= {event.id for _, event in self._source.events.since(before.seq, _AT_ONCE)}

    def _note(self, mark: _Mark) -> None:
        self._mark = replace(mark, target_seq=self._target.newest_seq(), target_generation=self._target.generation())
        try:
            self._kept = self._target.catalog.put(COPIES, NAME, asdict(self._mark), expecting=_version(self._kept))
        except ConflictError:
            message = f"Another copy into {self._target.name} is under way. Wait for it, or stop it and run this again."
            raise ConflictError(message) from None

    # ------------------------------------------------------------------------------------------------------------ events

    def _next(self) -> list[Event]:
        """Copy the next events, at most `_AT_ONCE`; which they are."""
        found = self._source.events.since(self._mark.seq, _AT_ONCE)
        if found:
            events = [event for _, event in found]
            with self._target.batch() as batch:
                fresh = events if batch.append(events) else _append_new(batch, events)
                if fresh:
                    batch.merge(*fold(fresh))
            self.copied += len(fresh)
            self.grew += sum(number > self._began_at for number, _ in found)
            self._note(replace(self._mark, seq=found[-1][0]))
            return events
        return []

    def _days(self) -> set[Instant]:
        rows = [row for store in (self._source, self._target) for row in store.totals.rows((), DAY, _EVER)]
        return {row.start for row in rows if row.totals != ZERO}

    def _compared_days(self, waiting: set[Instant]) -> _Days | None:
        """Compare the first week of the days that wait, as of one instant of the source; what came in until then is taken
        over first, and its days wait again. None, and the events counted, once no day waits."""
        with self._source.view():
            while some := self._next():
                waiting |= {event.at - event.at % DAY for event in some}
            if not waiting:
                self._counts = _told(self._source), _told(self._target)
                return None
            window = Window(min(waiting), min(waiting) + _WEEK)
            here, there = kept_totals(self._source, window), kept_totals(self._target, window)
            users, others = kept_sets(self._source, window), kept_sets(self._target, window)
        days = {day for day in waiting if day < window.end}
        waiting -= days
        return _Days(
            len(days), len(here), len(users),
            [_place(row) for row in here.keys() | there.keys() if here.get(row) != there.get(row)],
            [_place(row) for row in users.keys() | others.keys() if users.get(row) != others.get(row)],
        )  # fmt: skip


def _append_new(batch: Batch, events: Sequence[Event]) -> list[Event]:
    """Append those that are not there; ConflictError where one is there with other content."""
    known = batch.known([event.id for event in events])
    fresh = [event for event in events if event.id not in known]
    other = next((event for event in events if known.get(event.id, event.digest) != event.digest), None)
    if other is not None or (fresh and not batch.append(fresh)):
        which = f", such as {other.id[:80]!r}," if other is not None else ""
        message = f"The target holds records{which} with other content. Name an empty database as the target."
        raise ConflictError(message)
    return fresh


def _number(store: Store) -> int:
    return sum(number for number, _, _ in store.events.count().values())


def _version(document: Document | None) -> int:
    return 0 if document is None else document.version


def _told(store: Store) -> str:
    return ", ".join(f"{number:,} {origin}" for origin, (number, _, _) in sorted(store.events.count().items())) or "none"


def _place(row: tuple[object, Grain, Instant, str] | tuple[object, Grain, Instant, str, Key]) -> str:
    what, _, start, origin = row[:4]
    return f"{what if isinstance(what, str) else 'totals'} of {iso(start)}, {origin}"


def _same(name: str, number: int, differing: Sequence[str]) -> Check:
    expected = f"{number:,} the same"
    found = f"{len(differing):,} differ, such as {min(differing)}" if differing else expected
    return Check(name, expected, found, not differing)


def _patiently(work: Callable[[], Done]) -> Done:
    """Done again, where others were in the way."""
    for pause in _PAUSES:
        try:
            return work()
        except ContendedError:
            time.sleep(pause)
    return work()
