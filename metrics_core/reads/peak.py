"""The most users active at once: at any whole minute of the 24 hours up to a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from metrics_core.model.instant import HOUR, MINUTE, Instant
from metrics_core.model.window import Window
from metrics_core.store.protocols import Sighting

ACTIVE_FOR: Instant = 5 * MINUTE
"""How long after something they did users count as active."""


class Peak(NamedTuple):
    """How many users at most, and the first minute mark at which it was so many; None where nobody was there."""

    users: int
    at: Instant | None


def active_window(at: Instant) -> Window:
    """(at - 5 min, at] as a half-open window."""
    return Window(at - ACTIVE_FOR + 1, at + 1)


def peak_window(at: Instant) -> Window:
    """Where everything lies that the peak of the 24 hours up to a moment depends on."""
    return Window(at - 24 * HOUR - ACTIVE_FOR + 1, at + 1)


def peak(sightings: Iterable[Sighting], at: Instant) -> Peak:
    """The greatest number of active users at the minute marks in (at - 24 h, at]."""
    first, last = (at - 24 * HOUR) // MINUTE + 1, at // MINUTE
    seen_until: dict[int, int] = {}
    steps: Counter[int] = Counter()
    for when, user in sorted((row.at, row.user) for row in sightings if row.active):
        # Active at the marks m with m - 5 min < when <= m, each counted once however often the user was seen.
        start = max(-(-when // MINUTE), seen_until.get(user, first - 1) + 1, first)
        end = min(-(-(when + ACTIVE_FOR) // MINUTE) - 1, last)
        if start <= end:
            steps[start] += 1
            steps[end + 1] -= 1
            seen_until[user] = end
    best = Peak(0, None)
    for mark, users in zip(range(first, last + 1), accumulate(steps[mark] for mark in range(first, last + 1)), strict=True):
        if users > best.users:
            best = Peak(users, mark * MINUTE)
    return best
