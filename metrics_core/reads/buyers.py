"""The segment of a buyer at an order, from the orders they completed before: new, won back, loyal or returning."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, ORDER_PLACED, REAL, REFUND, Event
from metrics_core.model.instant import DAY, Instant
from metrics_core.store.protocols import Store

NEW, WON_BACK, LOYAL, RETURNING = "new", "won back", "loyal", "returning"
SEGMENTS = (NEW, RETURNING, LOYAL, WON_BACK)
AWAY: Instant = 90 * DAY
"""Who completed no order for longer than this is won back by the next."""
MANY = 4
"""With so many completed orders before it, the buyer of an order is loyal."""

ORDER_KINDS = (ORDER_PLACED, ORDER_COMPLETED, ORDER_FAILED, REFUND)
"""What is said of orders: all of it is of the segment that the order was of when it was placed."""

_CHUNK = 50_000
_JOURNAL = 20_000
"""Completed orders that it can go back by, and events that are followed one by one at the beginning."""
_REAL = "real"


class Seen(NamedTuple):
    """Something a user did that was taken in, or taken back."""

    at: Instant
    user: str
    buyer: bool


def segment_at(before: Sequence[Instant], at: Instant) -> str:
    """The segment of who places an order at `at`, having completed orders at these times (in order, some perhaps later).

    Only what was completed before that instant counts, so it is the same in whatever order things arrived.
    """
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


class Buyers:
    """When every buyer completed orders, as the store's state says at the last `catch_up`.

    It follows the store by its newest events, forth and a little way back, and can be thrown away at any time. Not for
    several threads at once.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._generation: int | None = None
        self._reset(0)

    def _reset(self, generation: int | None) -> None:
        self._generation = generation
        self._seq = self._first = 0
        self._completed: dict[str, dict[str, array[int]]] = {}
        self._names: dict[int, str] = {}
        self._journal: deque[tuple[int, str, str, Instant]] = deque(maxlen=_JOURNAL)

    @property
    def knows_nothing(self) -> bool:
        """Nothing was taken in so far."""
        return self._seq == 0

    def behind(self, newest: int) -> int:
        """How many events there are to take in."""
        return newest - self._seq

    def catch_up(self, generation: int, newest: int) -> list[Seen] | None:
        """Be where the store is. What was seen since; None where everything may have changed.

        Call it and ask inside one `store.view()`, with the generation and newest number of that view.
        """
        if generation != self._generation or (newest < self._seq and not self._goes_back_to(newest)):
            self._reset(generation)
        fresh = self._seq == 0
        if newest < self._seq:
            self._go_back_to(newest)
            return None
        if fresh and newest > _JOURNAL:
            self._begin(newest - _JOURNAL)
        found: list[Seen] = []
        while self._seq < newest:
            new = self._store.events.sightings_since(self._seq, _CHUNK)
            if not new:
                break
            names = self._named({row.user for row in new})
            for row in new:
                user = names[row.user]
                if row.buyer:
                    self._include(row.seq, world_of(row.origin), user, row.at)
                if not fresh:
                    found.append(Seen(row.at, user, row.buyer))
            self._seq = new[-1].seq
        self._seq = newest
        return None if fresh else found

    def segment(self, event: Event, placed_at: Instant) -> str:
        """The segment of who placed an order at an instant."""
        return segment_at(self._completed.get(world_of(event.origin), {}).get(event.user or "", ()), placed_at)

    def named(self, events: Sequence[Event]) -> list[Event]:
        """The events, each order with the segment of its buyer where it names none."""
        unnamed = [event for event in events if is_unnamed(event)]
        placed = {event.order_id: event.at for event in unnamed if event.placed}
        wanted = [
            event.order_id
            for event in unnamed
            if not event.placed and event.order_id is not None and event.order_id not in placed
        ]
        if wanted:
            placed.update(self._store.events.placed_at(wanted))
        return [
            event._replace(segment=self.segment(event, event.at if event.placed else placed.get(event.order_id, event.at)))
            if is_unnamed(event)
            else event
            for event in events
        ]

    # ------------------------------------------------------------------------------------------------------- following

    def _named(self, numbers: Iterable[int]) -> dict[int, str]:
        unknown = [number for number in numbers if number not in self._names]
        if unknown:
            self._names.update(self._store.totals.names(unknown))
        return self._names

    def _begin(self, until: int) -> None:
        """All that was completed up to a number, grouped by the store: what came after it is followed one by one."""
        parts = list(self._store.events.completions(until))
        names = self._named({user for user, _, _ in parts})
        for user, origin, times in parts:
            of_world, name = self._completed.setdefault(world_of(origin), {}), names[user]
            of_world[name] = array("q", sorted((*of_world[name], *times) if name in of_world else times))
        self._seq = self._first = until

    def _include(self, seq: int, world: str, user: str, at: Instant) -> None:
        times = self._completed.setdefault(world, {}).setdefault(user, array("q"))
        if not times or times[-1] <= at:
            times.append(at)
        else:
            insort(times, at)
        self._journal.append((seq, world, user, at))

    def _goes_back_to(self, seq: int) -> bool:
        """Whether what came after a number is remembered one by one."""
        if seq < self._first:
            return False
        return len(self._journal) < _JOURNAL or self._journal[0][0] <= seq + 1

    def _go_back_to(self, seq: int) -> None:
        """Forget what came after a number: somebody still reads the state before it."""
        while self._journal and self._journal[-1][0] > seq:
            _, world, user, at = self._journal.pop()
            times = self._completed[world][user]
            times.pop(bisect_left(times, at))
        self._seq = seq
