"""Counting by the segments of buyers: what orders name, and what follows from earlier orders where they name none."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from threading import RLock
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary, proxy

from metrics_core.errors import PulseboardError
from metrics_core.logs import log
from metrics_core.model.event import ORDER_KINDS, Event
from metrics_core.model.instant import DAY, Instant
from metrics_core.model.measure import TOTALS
from metrics_core.model.query import Filter, Value
from metrics_core.model.window import Window
from metrics_core.reads.buyers import Buyers, Signed, is_unnamed
from metrics_core.rollup.tile import tile
from metrics_core.rollup.totals import SETS, Grain
from metrics_core.store.protocols import Store, Tally

Row: TypeAlias = tuple[Value, ...]

SMALL = 200_000
"""Events that can be gone through without being asked to."""
_MOST_ROWS = 400_000
"""Rows of stretches of time that are kept, of all questions together."""
_MOST_STRETCHES = 20_000
_FEW = 50_000
"""So many events are counted together: of no more than these in a window nothing is kept, they are counted as fast again."""
_LONGEST: Instant = 400 * DAY
_EVENTS = TOTALS.index("events")

_ASKED = ("reads", "segments")
"""The document that is there where somebody has asked by segments that were not at hand."""

_UNNAMED = (
    Filter("segment", (None,)), Filter("kind", ORDER_KINDS), Filter("user", (None,), negated=True),
)  # fmt: skip


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
    """A stretch of time: whole hours or days, or what is left at the ends of a window."""

    window: Window
    events: tuple[tuple[Instant, str, int], ...] | None
    """How many were in it, by origin: where there are as many, there are the same. None where nothing of it is kept."""


class _Kept(NamedTuple):
    """What a stretch came to."""

    stretch: _Stretch
    rows: list[Row]


class Segments:
    """Counts by segment, kept by stretches of time until something in them changes. Safe for several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._buyers = Buyers(store)
        self._lock = RLock()
        self._kept: OrderedDict[tuple[Tally, Instant, Instant], _Kept] = OrderedDict()
        self._rows = 0
        self._dropped = 0
        """How often something was let go because orders came to be of another segment."""

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
        with self._store.view():
            window = self._within(question.window)
            if self._buyers.knows_nothing and not self._has_unnamed(question._replace(window=window)):
                return self._store.events.tally(question)
            was_far = not self.is_at_hand()
            # Users are counted once in all stretches together, which is the store's to do.
            stretches = [] if any(term in SETS for term in question.terms) else self._stretches(window, question.origins)
            rows = self._added(question, stretches) if stretches else self._counted(question, window)
        if was_far:
            self._note_asked()
        return rows

    # --------------------------------------------------------------------------------------------------------- counting

    def _counted(self, question: Tally, window: Window) -> list[Row]:
        with self._lock:
            self._catch_up()
            signed = self._buyers.signed(window)
        return self._store.events.tally(question._replace(segments=signed.within(window)))

    def _added(self, question: Tally, stretches: Sequence[_Stretch]) -> list[Row]:
        """The rows of all stretches added up: of those that are kept as they were counted before."""
        with self._lock:
            self._catch_up()
            dropped = self._dropped
            found = [self._known(question, stretch) for stretch in stretches]
            missing = [stretch.window for stretch, rows in zip(stretches, found, strict=True) if rows is None]
            span = Window(missing[0].start, missing[-1].end) if missing else Window(0, 0)
            signed = self._buyers.signed(span)
        sums: dict[Row, list[int]] = {}
        width = (question.grain is not None) + len(question.by)
        if not width:
            sums[()] = [0] * len(question.terms)
        for stretch, known in zip(stretches, found, strict=True):
            rows = self._asked(question, stretch, signed, dropped) if known is None else known
            for row in rows:
                before = sums.setdefault(row[:width], [0] * len(question.terms))
                for place, number in enumerate(row[width:]):
                    before[place] += int(number or 0)
        return [(*key, *terms) for key, terms in sums.items()]

    def _known(self, question: Tally, stretch: _Stretch) -> list[Row] | None:
        """The rows of a stretch that has the events in it that it had."""
        key = _key(question, stretch.window)
        kept = self._kept.get(key)
        if stretch.events is None or kept is None or kept.stretch != stretch:
            return None
        self._kept.move_to_end(key)
        return kept.rows

    def _asked(self, question: Tally, stretch: _Stretch, signed: Signed, dropped: int) -> list[Row]:
        key = _key(question, stretch.window)
        rows = self._store.events.tally(key[0]._replace(segments=signed.within(stretch.window)))
        with self._lock:
            # Where orders came to be of another segment meanwhile, nobody knows for which state of the store this holds.
            if stretch.events is not None and dropped == self._dropped:
                self._let_go(key)
                self._kept[key] = _Kept(stretch, rows)
                self._rows += len(rows)
                while self._rows > _MOST_ROWS or len(self._kept) > _MOST_STRETCHES:
                    self._let_go(next(iter(self._kept)))
        return rows

    def _let_go(self, key: tuple[Tally, Instant, Instant]) -> None:
        kept = self._kept.pop(key, None)
        self._rows -= len(kept.rows) if kept is not None else 0

    # -------------------------------------------------------------------------------------------------------- following

    def _catch_up(self) -> None:
        changed = self._buyers.catch_up(self._store.generation(), self._store.newest_seq())
        if changed is None:
            self._kept.clear()
            self._rows = 0
        hours = sorted(changed or ())
        for key in [key for key in self._kept if bisect_left(hours, key[2]) > bisect_left(hours, key[1])]:
            self._let_go(key)
        self._dropped += changed is None or bool(changed)

    def _note_asked(self) -> None:
        """From the next start on it is read ahead."""
        with suppress(PulseboardError):  # a database that takes no documents now is told at the next time
            if self._store.catalog.get(*_ASKED) is None:
                self._store.catalog.put(*_ASKED, {"asked": True})

    def _within(self, window: Window) -> Window:
        """The window, as far as there are events in it."""
        if window.length <= _LONGEST:
            return window
        ends = [(first, last) for _, first, last in self._store.events.count().values()]
        start = max(window.start, min((first for first, _ in ends), default=window.end))
        return Window(min(start, window.end), max(min(window.end, max((last + 1 for _, last in ends), default=0)), start))

    def _has_unnamed(self, question: Tally) -> bool:
        look = Tally(question.window, ("events",), (), _UNNAMED, question.origins)
        return any(row[0] for row in self._store.events.tally(look))

    def _stretches(self, window: Window, origins: Sequence[str]) -> list[_Stretch]:
        """The stretches of a window, in order; nothing where there are few events in them."""
        found: list[_Stretch] = []
        number = 0
        for piece in tile(window, (Grain.DAY, Grain.HOUR)):
            whole = Window(piece.start, piece.end)
            if piece.grain is None:
                found.append(_Stretch(whole, None))
                continue
            events = sorted(
                (row.start, row.origin, row.totals[_EVENTS])
                for row in self._store.totals.rows((), piece.grain, whole)
                if not origins or row.origin in origins
            )
            here = sum(count for _, _, count in events)
            step = int(piece.grain)
            while step < whole.length and here * step < _FEW * whole.length:
                step *= 2
            for start, end in pairwise((whole.start, *range(_after(whole.start, step), whole.end, step), whole.end)):
                inside = events[bisect_left(events, (start,)) : bisect_left(events, (end,))]
                found.append(_Stretch(Window(start, end), tuple(inside)))
            number += here
        return found if number > _FEW else []


def _after(at: Instant, step: Instant) -> Instant:
    """The next multiple of a step."""
    return at - at % step + step


def _key(asked: Tally, window: Window) -> tuple[Tally, Instant, Instant]:
    """The question of one stretch: the same one however wide the window is that it is a part of."""
    at = bisect_right([since for since, _ in asked.shifts], window.start) - 1
    since, offset = asked.shifts[max(at, 0)]
    later = [shift for shift in asked.shifts[max(at, 0) + 1 :] if shift[0] < window.end]
    shifts = ((max(since, window.start - DAY), offset), *later)
    return asked._replace(window=window, shifts=shifts), window.start, window.end


_OPENING = RLock()
_KEPT: WeakKeyDictionary[Store, Segments] = WeakKeyDictionary()
