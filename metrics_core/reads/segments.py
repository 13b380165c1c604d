"""Counting by the segments of buyers: what orders name, and what follows from earlier orders where they name none."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from threading import RLock
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary, proxy

from metrics_core.errors import PulseboardError
from metrics_core.logs import log
from metrics_core.model.event import Event
from metrics_core.model.instant import DAY, HOUR, Instant
from metrics_core.model.query import Filter, Value
from metrics_core.model.window import Window
from metrics_core.reads.buyers import ORDER_KINDS, Buyers, Seen, is_unnamed
from metrics_core.rollup.tile import tile
from metrics_core.rollup.totals import SETS, Grain
from metrics_core.store.memory.tally import tally as tally_of
from metrics_core.store.protocols import Store, Tally

Row: TypeAlias = tuple[Value, ...]

SMALL = 200_000
"""Events that can be gone through without being asked to."""
_MOST_ROWS = 400_000
"""Rows of pieces of time that are kept, of all questions together."""
_MOST_STRETCHES = 20_000
_LOOK_FIRST: Instant = 3 * HOUR
"""In longer stretches it is first asked whether any order names no segment."""
_LONGEST: Instant = 400 * DAY

_ASKED = ("reads", "segments")
"""The document that is there where somebody has asked by segments that were not at hand."""

_NAMED = Filter("segment", (None,), negated=True)
_UNNAMED = Filter("segment", (None,))
_OF_ORDERS = Filter("kind", ORDER_KINDS)
_OF_OTHERS = Filter("kind", ORDER_KINDS, negated=True)
_OF_NOBODY = Filter("user", (None,))
_OF_SOMEBODY = Filter("user", (None,), negated=True)
_OF_ANYTHING = ("views", "events", "active")
"""Terms that are made of more than orders."""


def names_segment(by: Iterable[str], where: Iterable[Filter]) -> bool:
    """Whether a question depends on segments."""
    return "segment" in by or any(row.dimension == "segment" for row in where)


def tally(store: Store, question: Tally) -> list[Row]:
    """`EventLog.tally`, with the segment of every order's buyer; call it inside `store.view()`."""
    if not names_segment(question.by, question.where):
        return store.events.tally(question)
    return segments_of(store).tally(question)


def segments_of(store: Store) -> Segments:
    """What is kept of a store's buyers, which goes when the store goes."""
    with _OPENING:
        kept = _KEPT.get(store)
        if kept is None:
            kept = _KEPT[store] = Segments(proxy(store))
        return kept


def warm_up(store: Store) -> None:
    """Read now what the first question by segment would wait for, where somebody has asked one here before."""
    try:
        if store.catalog.get(*_ASKED) is not None:
            segments_of(store).warm_up()
    except Exception as error:  # also where the store is let go meanwhile: the first question does it then
        log(__name__).info("segments were not read ahead", why=str(error))


class _Stretch(NamedTuple):
    """What a stretch of time came to, and who is in it."""

    window: Window
    rows: list[Row]
    users: frozenset[str]


class Segments:
    """Counts by segment, kept hour by hour and day by day until something in them changes. Safe for several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._buyers = Buyers(store)
        self._lock = RLock()
        self._kept: OrderedDict[tuple[Tally, Instant, Instant], _Stretch] = OrderedDict()
        self._rows = 0

    def is_at_hand(self) -> bool:
        """Whether it takes no long reading to know the segments."""
        with self._store.view():
            return self._buyers.behind(self._store.newest_seq()) <= SMALL

    def warm_up(self) -> None:
        """Know the buyers."""
        with self._store.view(), self._lock:
            self._catch_up()

    def named(self, events: Sequence[Event]) -> list[Event]:
        """The events, each order with the segment of its buyer where it names none."""
        if not any(is_unnamed(event) for event in events):
            return list(events)
        # The view first, as everywhere: two who took them in turns could wait for each other.
        with self._store.view(), self._lock:
            self._catch_up()
            return self._buyers.named(events)

    def tally(self, question: Tally) -> list[Row]:
        """The rows of `EventLog.tally`."""
        # Users are counted once in all parts together, so each row has to say whose it is.
        by_user = "user" not in question.by and any(term in SETS for term in question.terms)
        asked = question._replace(by=(*question.by, "user") if by_user else question.by)
        parts: list[tuple[Filter, ...]] = [(_NAMED,)]
        if any(term in _OF_ANYTHING for term in question.terms):
            parts.append((_UNNAMED, _OF_OTHERS))
        if any(term not in SETS for term in question.terms):
            parts.append((_UNNAMED, _OF_ORDERS, _OF_NOBODY))
        found = _Sum(question, by_user)
        with self._store.view():
            for part in parts:
                found.add(self._store.events.tally(asked._replace(where=(*question.where, *part))))
            if self._buyers.knows_nothing and not self._has_unnamed(self._within(question.window), question.origins):
                return found.rows()
            was_far = not self.is_at_hand()
            with self._lock:
                self._catch_up()
                for rows in self._unnamed(asked):
                    found.add(rows)
        if was_far:
            self._note_asked()
        return found.rows()

    # ---------------------------------------------------------------------------------------------------------- pieces

    def _catch_up(self) -> None:
        seen = self._buyers.catch_up(self._store.generation(), self._store.newest_seq())
        if seen is None:
            self._kept.clear()
            self._rows = 0
        elif seen:
            self._drop(seen)

    def _note_asked(self) -> None:
        """From the next start on it is read ahead."""
        with suppress(PulseboardError):  # a database that takes no documents now is told at the next time
            if self._store.catalog.get(*_ASKED) is None:
                self._store.catalog.put(*_ASKED, {"asked": True})

    def _drop(self, seen: Sequence[Seen]) -> None:
        """Let go of the stretches in which something happened, or at whose buyers something was completed before."""
        times = sorted(row.at for row in seen)
        since: dict[str, Instant] = {}
        for row in seen:
            if row.buyer:
                since[row.user] = min(row.at, since.get(row.user, row.at))
        for key, kept in list(self._kept.items()):
            start, end = kept.window.start, kept.window.end
            if times[0] >= end:
                continue
            inside = bisect_left(times, end) > bisect_left(times, start)
            fewer, more = sorted((since.keys(), kept.users), key=len)
            if inside or any(user in more and since[user] < end for user in fewer):
                self._rows -= len(self._kept.pop(key).rows)

    def _unnamed(self, asked: Tally) -> Iterator[list[Row]]:
        """The rows of the orders that name no segment, stretch by stretch."""
        missing: list[tuple[Window, bool]] = []
        for window, whole in _stretches(self._within(asked.window)):
            kept = self._kept.get(_key(asked, window)) if whole else None
            if kept is None:
                missing.append((window, whole))
            else:
                self._kept.move_to_end(_key(asked, window))
                yield kept.rows
        for run in _runs(missing):
            span = Window(run[0][0].start, run[-1][0].end)
            if span.length > _LOOK_FIRST and not self._has_unnamed(span, asked.origins):
                for window, whole in run:
                    if whole:
                        self._keep(asked, _Stretch(window, [], frozenset()))
                continue
            yield from self._read(asked, run, span)

    def _within(self, window: Window) -> Window:
        """The window, as far as there are events in it."""
        if window.length <= _LONGEST:
            return window
        ends = [(first, last) for _, first, last in self._store.events.count().values()]
        start = max(window.start, min((first for first, _ in ends), default=window.end))
        return Window(min(start, window.end), max(min(window.end, max((last + 1 for _, last in ends), default=0)), start))

    def _has_unnamed(self, window: Window, origins: tuple[str, ...]) -> bool:
        look = Tally(window, ("events",), (), (_UNNAMED, _OF_ORDERS, _OF_SOMEBODY), origins)
        return any(row[0] for row in self._store.events.tally(look))

    def _read(self, asked: Tally, run: Sequence[tuple[Window, bool]], span: Window) -> Iterator[list[Row]]:
        pieces = iter(run)
        window, whole = next(pieces)
        inside: list[Event] = []
        for chunk in self._store.events.scan(span, kinds=ORDER_KINDS, origins=asked.origins):
            for event in chunk:
                while event.at >= window.end:
                    yield self._counted(asked, window, whole, inside)
                    inside = []
                    window, whole = next(pieces)
                if is_unnamed(event):
                    inside.append(event)
        yield self._counted(asked, window, whole, inside)
        for window, whole in pieces:
            yield self._counted(asked, window, whole, [])

    def _counted(self, asked: Tally, window: Window, whole: bool, events: Sequence[Event]) -> list[Row]:
        rows = tally_of(self._buyers.named(events), _key(asked, window)[0]) if events else []
        if whole:
            self._keep(asked, _Stretch(window, rows, frozenset(event.user or "" for event in events)))
        return rows

    def _keep(self, asked: Tally, stretch: _Stretch) -> None:
        self._kept[_key(asked, stretch.window)] = stretch
        self._rows += len(stretch.rows)
        while self._rows > _MOST_ROWS or len(self._kept) > _MOST_STRETCHES:
            self._rows -= len(self._kept.popitem(last=False)[1].rows)


class _Sum:
    """Rows of several tallies put together: sums are added, users counted once."""

    def __init__(self, question: Tally, by_user: bool) -> None:
        self._question = question
        self._by_user = by_user
        before = question.grain is not None
        self._width = before + len(question.by)
        self._user = before + question.by.index("user") if "user" in question.by else self._width
        self._sums: dict[Row, list[int]] = {}
        self._users: dict[tuple[Row, int], set[Value]] = {}

    def add(self, rows: Iterable[Row]) -> None:
        terms, width = self._question.terms, self._width
        first = width + self._by_user
        distinct = [place for place, term in enumerate(terms) if term in SETS]
        for row in rows:
            key, numbers = row[:width], row[first:]
            sums = self._sums.setdefault(key, [0] * len(terms))
            for place, number in enumerate(numbers):
                sums[place] += int(number or 0)
            for place in distinct:
                if numbers[place]:
                    self._users.setdefault((key, place), set()).add(row[self._user])

    def rows(self) -> list[Row]:
        if not self._width:
            self._sums.setdefault((), [0] * len(self._question.terms))
        for (key, place), users in self._users.items():
            self._sums[key][place] = len(users)
        return [(*key, *sums) for key, sums in self._sums.items() if not self._width or any(sums)]


def _key(asked: Tally, window: Window) -> tuple[Tally, Instant, Instant]:
    """The question of one stretch: the same one however wide the window is that it is a part of."""
    at = bisect_right([since for since, _ in asked.shifts], window.start) - 1
    since, offset = asked.shifts[max(at, 0)]
    later = [shift for shift in asked.shifts[max(at, 0) + 1 :] if shift[0] < window.end]
    shifts = ((max(since, window.start - DAY), offset), *later)
    return asked._replace(window=window, shifts=shifts), window.start, window.end


def _stretches(window: Window) -> Iterator[tuple[Window, bool]]:
    """The window as whole days, whole hours (both are kept) and what is left at its ends."""
    for piece in tile(window, (Grain.DAY, Grain.HOUR)):
        if piece.grain is None:
            yield Window(piece.start, piece.end), False
            continue
        for start, end in pairwise(range(piece.start, piece.end + 1, int(piece.grain))):
            yield Window(start, end), True


def _runs(missing: Iterable[tuple[Window, bool]]) -> Iterator[list[tuple[Window, bool]]]:
    """Stretches that follow each other without a gap."""
    run: list[tuple[Window, bool]] = []
    for row in missing:
        if run and run[-1][0].end != row[0].start:
            yield run
            run = []
        run.append(row)
    if run:
        yield run


_OPENING = RLock()
_KEPT: WeakKeyDictionary[Store, Segments] = WeakKeyDictionary()
