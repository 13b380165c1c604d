"""The segment of a buyer at an order, from the orders they completed before: new, won back, loyal or returning."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from metrics_core.model.event import ORDER_KINDS, REAL, Event
from metrics_core.model.instant import DAY, HOUR, Instant
from metrics_core.model.window import Window
from metrics_core.store.protocols import Orders, Signs, Store

NEW, WON_BACK, LOYAL, RETURNING = "new", "won back", "loyal", "returning"
SEGMENTS = (NEW, RETURNING, LOYAL, WON_BACK)
AWAY: Instant = 90 * DAY
"""Who completed no order for longer than this is won back by the next."""
MANY = 4
"""With so many completed orders before it, the buyer of an order is loyal."""

_JOURNAL = 20_000
"""Events that it can go back by."""
_PIECE = 20_000
"""Events that are read together, and of which is known only between which times they happened."""
_EVER: Instant = 1 << 62
_REAL = "real"
_NONE = ord("0")
_SIGNS = {name: ord("0") + number for number, name in enumerate(SEGMENTS, 1)}


def segment_at(before: Sequence[Instant], at: Instant) -> str:
    """The segment of who places an order at `at`, having completed orders at these times (in order, some perhaps later).

    Only what was completed before that instant counts, so it is the same in whatever order things arrived.
    """
    number = len(before)
    if number and before[-1] >= at:
        number = bisect_left(before, at)
    if not number:
        return NEW
    if at - before[number - 1] > AWAY:
        return WON_BACK
    return LOYAL if number >= MANY else RETURNING


def is_unnamed(event: Event) -> bool:
    """Whether it is of an order by a known buyer that names no segment."""
    return event.segment is None and event.user is not None and event.kind in ORDER_KINDS


def world_of(origin: str) -> str:
    """Whose earlier orders count: real ones (live and imported) for real ones, made-up ones for their own origin only,
    so that made-up data, and taking it away, moves nothing else."""
    return _REAL if origin in REAL else origin


class Piece(NamedTuple):
    """Some events that follow one another in the log: their numbers, and between which times they happened."""

    first: int
    last: int
    since: Instant
    until: Instant


class Signed(NamedTuple):
    """The signs of the events of some pieces; what was taken from it stays as it is."""

    pieces: tuple[Piece, ...]
    first: int
    signs: bytes

    def within(self, window: Window) -> Signs:
        """Those of a part of the time; a few more, where they cannot be told apart."""
        pieces = [piece for piece in self.pieces if piece.since < window.end and piece.until >= window.start]
        first, last = (pieces[0].first, pieces[-1].last) if pieces else (self.first, self.first - 1)
        return Signs(first, self.signs[first - self.first : last - self.first + 1], SEGMENTS)


class _World:
    """The buyers of one world, by number."""

    def __init__(self) -> None:
        self.completed: dict[int, array[int]] = {}
        """When each completed orders, in order."""
        self.ahead: dict[int, Instant] = {}
        """Up to when something of theirs was signed, where that is later than all they completed."""
        self.late: dict[int, Instant] = {}
        """From when on what was signed before has to be signed again, because of what arrived later."""

    def include(self, user: int, times: array[int], at: Instant) -> None:
        if times and times[-1] > at:
            insort(times, at)
            self.is_late(user, at)
            return
        times.append(at)
        if user in self.ahead:
            if self.ahead[user] > at:
                self.is_late(user, at)
            else:
                del self.ahead[user]

    def take_back(self, user: int, at: Instant) -> None:
        times = self.completed[user]
        times.pop(bisect_left(times, at))
        self.ahead[user] = max(at, self.ahead.get(user, at))
        if (times and times[-1] > at) or self.ahead[user] > at:
            self.is_late(user, at)

    def is_late(self, user: int, at: Instant) -> None:
        self.late[user] = min(at, self.late.get(user, at))


class Buyers:
    """When every buyer completed orders, and a sign for every order that names no segment: the store's state says so at
    the last `catch_up`.

    It follows the store by what is said of orders, forth and a little way back, and can be thrown away at any time. What
    it keeps is 8 bytes for each completed order, some 250 for each buyer and one for each event. Not for several threads at
    once.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._generation: int | None = None
        self._reset(0)

    def _reset(self, generation: int | None) -> None:
        self._generation = generation
        self._seq = self._first = 0
        self._worlds: dict[str, _World] = {}
        self._numbers: dict[str, int] = {}
        self._nameless: list[int] = []
        self._journal: deque[tuple[int, _World, int, Instant]] = deque(maxlen=_JOURNAL)
        self._signs = bytearray()
        self._pieces: list[Piece] = []
        self._changed: set[Instant] = set()
        self._begins = True
        """What was counted by these signs need not be what they say now."""

    @property
    def knows_nothing(self) -> bool:
        """Nothing was taken in so far."""
        return self._seq == 0

    def behind(self, newest: int) -> int:
        """How many events there are to take in."""
        return newest - self._seq

    def catch_up(self, generation: int, newest: int) -> set[Instant] | None:
        """Be where the store is. The hours in which an order that was there before is of another segment now; None where
        everything may have changed.

        Call it and ask inside one `store.view()`, with the generation and newest number of that view.
        """
        if generation != self._generation or (newest < self._seq and not self._goes_back_to(newest)):
            self._reset(generation)
        if not self._seq:
            self._first = max(newest - _JOURNAL, 0)
        if newest < self._seq:
            self._go_back_to(newest)
        elif newest > self._seq:
            for orders in self._store.events.orders(after=self._seq, chunk=_PIECE):
                self._take(orders)
                self._seq = orders.seq[-1]
            self._seq = newest
        self._sign_again()
        changed, begins = self._changed, self._begins
        self._changed, self._begins = set(), False
        return None if begins else changed

    def signed(self, window: Window) -> Signed:
        """The signs of the events of a window."""
        pieces = tuple([piece for piece in self._pieces if piece.since < window.end and piece.until >= window.start])
        first, last = (pieces[0].first, pieces[-1].last) if pieces else (1, 0)
        return Signed(pieces, first, bytes(self._signs[first : last + 1]))

    def named(self, events: Sequence[Event]) -> list[Event]:
        """The events, each order with the segment of its buyer where it names none."""
        unnamed = [event for event in events if is_unnamed(event)]
        if self._nameless and unnamed:
            names = self._store.totals.names(self._nameless)
            self._numbers.update((name, number) for number, name in names.items())
            self._nameless.clear()
        placed = {event.order_id: event.at for event in unnamed if event.placed}
        wanted = [
            event.order_id
            for event in unnamed
            if not event.placed and event.order_id is not None and event.order_id not in placed
        ]
        if wanted:
            placed.update(self._store.events.placed_at(wanted))
        return [
            event._replace(segment=self._segment(event, event.at if event.placed else placed.get(event.order_id, event.at)))
            if is_unnamed(event)
            else event
            for event in events
        ]

    def _segment(self, event: Event, placed_at: Instant) -> str:
        world, user = self._worlds.get(event.origin), self._numbers.get(event.user or "", 0)
        return segment_at(() if world is None else world.completed.get(user, ()), placed_at)

    # ------------------------------------------------------------------------------------------------------- following

    def _world(self, origin: str) -> _World:
        """The world of an origin, which others may be of too."""
        known = [world for other, world in self._worlds.items() if world_of(other) == world_of(origin)]
        return self._worlds.setdefault(origin, known[0] if known else _World())

    def _take(self, orders: Orders) -> None:
        """Include what was completed, and sign what names no segment by what is known so far."""
        worlds, signs, journal, first = self._worlds, self._signs, self._journal, self._first
        signs.extend(b"0" * (orders.seq[-1] + 1 - len(signs)))
        for seq, at, user, origin, placed_at, completed, named in zip(*orders, strict=True):
            world = worlds.get(origin) or self._world(origin)
            times = world.completed.get(user)
            if times is None:
                times = world.completed[user] = array("q")
                self._nameless.append(user)
            # What it completes itself does not count for it: that is not before it was placed.
            signs[seq] = _NONE if named else _SIGNS[segment_at(times, placed_at)]
            if completed:
                world.include(user, times, at)
                if seq > first:
                    journal.append((seq, world, user, at))
            if not named and (not times or times[-1] < placed_at):
                world.ahead[user] = max(placed_at, world.ahead.get(user, placed_at))
        self._note(Piece(orders.seq[0], orders.seq[-1], min(orders.at), max(orders.at)))

    def _note(self, piece: Piece) -> None:
        if self._pieces and piece.last - self._pieces[-1].first < _PIECE:
            before = self._pieces.pop()
            piece = Piece(before.first, piece.last, min(before.since, piece.since), max(before.until, piece.until))
        self._pieces.append(piece)

    def _sign_again(self) -> None:
        """What was signed before something earlier became known."""
        late = [min(world.late.values()) for world in self._worlds.values() if world.late]
        if not late:
            return
        signs = self._signs
        for orders in self._store.events.orders(window=Window(min(late) + 1, _EVER), chunk=_PIECE):
            for seq, at, user, origin, placed_at, _, named in zip(*orders, strict=True):
                world = self._worlds[origin]
                if named or placed_at <= world.late.get(user, placed_at):
                    continue
                sign = _SIGNS[segment_at(world.completed[user], placed_at)]
                if signs[seq] != sign:
                    signs[seq] = sign
                    self._changed.add(at - at % HOUR)
        for world in self._worlds.values():
            world.late.clear()

    def _goes_back_to(self, seq: int) -> bool:
        """Whether what came after a number is remembered one by one."""
        if seq < self._first:
            return False
        return len(self._journal) < _JOURNAL or self._journal[0][0] <= seq + 1

    def _go_back_to(self, seq: int) -> None:
        """Forget what came after a number: somebody still reads the state before it."""
        while self._journal and self._journal[-1][0] > seq:
            _, world, user, at = self._journal.pop()
            world.take_back(user, at)
        while self._pieces and self._pieces[-1].first > seq:
            self._pieces.pop()
        if self._pieces:
            self._pieces[-1] = self._pieces[-1]._replace(last=min(self._pieces[-1].last, seq))
        self._seq = seq
        self._begins = True
