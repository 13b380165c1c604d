"""The newest events that were written here, in short, so that who follows the log need not read them back."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from heapq import nlargest
from itertools import compress, islice
from typing import NamedTuple

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, Event
from metrics_core.model.events import columns_of
from metrics_core.model.instant import Instant
from metrics_core.store.protocols import Sighting

_KEPT = 60_000
"""A reader who is further behind asks the database."""
_BUYER, _ACTIVE = 1, 2
_FLAGS = {
    (ORDER_COMPLETED, True): _BUYER | _ACTIVE, (ORDER_COMPLETED, False): _BUYER | _ACTIVE, (ORDER_FAILED, False): 0,
    (REFUND, False): 0, (REFUND, True): 0,
}  # fmt: skip
"""By kind, and whether an order was placed with it; of all others only that their user was active, see `facts.is_active`."""

_IS_BUYER, _IS_ACTIVE = [bool(flags & _BUYER) for flags in range(4)], [bool(flags & _ACTIVE) for flags in range(4)]
_sighting = partial(tuple.__new__, Sighting)


class Short(NamedTuple):
    """What is remembered of some events that follow one another. `user` is 0 where there is none."""

    first: int
    """The number of the first."""
    at: Sequence[Instant]
    user: Sequence[int]
    origin: Sequence[str]
    flags: Sequence[int]

    @property
    def numbers(self) -> range:
        return range(self.first, self.first + len(self.at))


class Recent:
    """The end of the log as this process wrote it. Nothing is told where it is not all there, or where something else may
    be in the log: then the database has to be asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def add(self, generation: int, parts: Sequence[Short]) -> None:
        """Remember what everybody can read from now on."""
        with self._lock:
            for part in parts:
                if generation != self._generation or part.first != self._first + len(self._at):
                    self._begin(generation, part.first)
                self._at.extend(part.at)
                self._user.extend(part.user)
                self._origin.extend(part.origin)
                self._flags.extend(part.flags)
            if (over := len(self._at) - _KEPT) > _KEPT:
                self._first += over
                del self._at[:over], self._user[:over], self._origin[:over], self._flags[:over]

    def forget(self) -> None:
        with self._lock:
            self._begin(-1, 0)

    def since(self, after: int, newest: int, generation: int) -> Short | None:
        """The events after a number in a state of the log that ends with `newest`; None where they are not all known."""
        with self._lock:
            start, end = after + 1 - self._first, newest + 1 - self._first
            if generation != self._generation or start < 0 or end > len(self._at):
                return None
            cut = slice(start, max(start, end))
            return Short(after + 1, self._at[cut], self._user[cut], self._origin[cut], self._flags[cut])

    def _begin(self, generation: int, first: int) -> None:
        self._generation, self._first = generation, first
        self._at, self._user, self._flags = array("q"), array("q"), bytearray()
        self._origin: list[str] = []


def short(events: Sequence[Event], first: int, users: Mapping[str, int]) -> Short:
    """These events in short, numbered from `first`; `users` has the numbers of their users."""
    columns = columns_of(events)
    flags = [_FLAGS.get(pair, _ACTIVE) for pair in zip(columns.kind, columns.placed, strict=True)]
    return Short(first, columns.at, [0 if user is None else users[user] for user in columns.user], columns.origin, flags)


def sightings(of: Short, limit: int) -> list[Sighting]:
    """The first of these events that have a user, as who was seen."""
    buyer, active = map(_IS_BUYER.__getitem__, of.flags), map(_IS_ACTIVE.__getitem__, of.flags)
    rows = zip(of.numbers, of.at, of.user, of.origin, buyer, active, strict=True)
    return list(map(_sighting, islice(compress(rows, of.user), limit)))


def newest(of: Short, limit: int, origins: Sequence[str], before: Instant | None) -> list[int]:
    """The numbers of the latest of these events."""
    rows: Iterable[tuple[Instant, int]] = zip(of.at, of.numbers, strict=True)
    if origins:
        rows = compress(rows, map(frozenset(origins).__contains__, of.origin))
    return [seq for _, seq in nlargest(limit, rows if before is None else (row for row in rows if row[0] < before))]
