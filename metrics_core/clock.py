"""The clock, handed in from the top: nothing below the engine looks at the time by itself."""

from __future__ import annotations

import time
from typing import Protocol

from metrics_core.model.instant import Instant


class Clock(Protocol):
    def now(self) -> Instant:
        """This instant."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> Instant:
        return time.time_ns() // 1_000


class SetClock:
    """A clock that stands where it was put, for tests and replays."""

    def __init__(self, at: Instant) -> None:
        self._at = at

    def now(self) -> Instant:
        return self._at

    def move(self, by: Instant) -> None:
        self._at += by

    def put(self, at: Instant) -> None:
        self._at = at
