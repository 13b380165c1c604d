"""Keeping what was worked out: for a while, within bounds, and worked out once however many ask at the same time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, Protocol, TypeVar

from metrics_core.clock import Clock
from metrics_core.model.instant import SECOND, Instant

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remote(Protocol):
    """A place that several processes share. It may forget anything at any time, and never holds anybody up."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes, *, seconds: float) -> None: ...

    def drop(self, pattern: str) -> None:
        """Forget every key of this pattern; `*` stands for anything."""
        ...


class Kept(Generic[K, V]):
    """Values by key, at most so many: the one that was not asked for the longest goes first. Safe from several threads."""

    def __init__(self, clock: Clock, *, most: int) -> None:
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[K, tuple[V, Instant | None]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        """The value, as long as it is kept."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            value, until = found
            if until is not None and self._clock.now() >= until:
                del self._values[key]
                return None
            self._values.move_to_end(key)
            return value

    def put(self, key: K, value: V, *, seconds: float | None = None) -> V:
        """Keep it for so long; without a time, until it is dropped or others need the room. The value itself."""
        until = None if seconds is None else self._clock.now() + int(seconds * SECOND)
        with self._lock:
            self._values[key] = (value, until)
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value

    def drop(self, key: K) -> None:
        with self._lock:
            self._values.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._values.clear()


class Flights(Generic[K, V]):
    """Work under way, by key: whoever asks for the same meanwhile waits for it and gets the same, or the same error."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[K, Future[V]] = {}

    def once(self, key: K, make: Callable[[], V]) -> V:
        with self._lock:
            flight = self._under_way.get(key)
            mine = flight is None
            if flight is None:
                flight = self._under_way[key] = Future()
        if not mine:
            return flight.result()
        try:
            value = make()
        except BaseException as error:
            self._landed(key)
            flight.set_exception(error)
            raise
        self._landed(key)
        flight.set_result(value)
        return value

    def _landed(self, key: K) -> None:
        with self._lock:
            del self._under_way[key]
