"""How often each caller may send."""

from __future__ import annotations

import math

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from metrics_core.clock import Clock
from metrics_core.errors import TooManyError
from metrics_core.settings import RateLimit


class Rates:
    """Counts the calls of each caller in a sliding window; without a limit it counts nothing."""

    def __init__(self, limit: RateLimit | None, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._item: RateLimitItem | None = None
        if limit is not None:
            self._item = RateLimitItemPerSecond(limit.amount, limit.seconds)
            self._windows = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, who: str) -> None:
        """One more call of this caller; TooManyError when it has had as many as it may."""
        if self._item is None or self._limit is None or self._windows.hit(self._item, who):
            return
        reset = self._windows.get_window_stats(self._item, who).reset_time - self._clock.now() / 1_000_000
        wait = min(self._limit.seconds, max(1, math.ceil(reset)))
        message = (
            f"More than {self._limit.amount} requests in {self._limit.seconds} seconds. "
            f"Send several records in one request, or come back in {wait} s."
        )
        raise TooManyError(message, retry_after=wait)
