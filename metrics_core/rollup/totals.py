"""Totals: the sums kept for one bucket and key, and the rollups that are kept at all."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant
from metrics_core.model.measure import TOTALS

Totals: TypeAlias = tuple[int, ...]
"""One integer for each name in `TOTALS`, in that order."""

Key: TypeAlias = tuple[str | None, ...]
"""The values of a rollup's dimensions."""

ZERO: Totals = (0,) * len(TOTALS)


class Grain(IntEnum):
    """How finely time is cut, in UTC; the value is the length of a bucket."""

    MINUTE = MINUTE
    HOUR = HOUR
    DAY = DAY


class Rollup(NamedTuple):
    """A table of totals that is kept: by these dimensions, at these grains."""

    by: tuple[str, ...]
    grains: tuple[Grain, ...]


ROLLUPS: tuple[Rollup, ...] = (
    Rollup((), (Grain.MINUTE, Grain.HOUR, Grain.DAY)),
    Rollup(("channel",), (Grain.HOUR, Grain.DAY)),
    Rollup(("region",), (Grain.HOUR, Grain.DAY)),
    Rollup(("content",), (Grain.HOUR, Grain.DAY)),
)

SETS = ("buyers", "active")
"""The exact sets of users kept by hour and by day, for the grand total of each origin."""

SET_GRAINS = (Grain.HOUR, Grain.DAY)


class RollupRow(NamedTuple):
    """Totals of one bucket, origin and key."""

    by: tuple[str, ...]
    grain: Grain
    start: Instant
    origin: str
    key: Key
    totals: Totals


class SetRow(NamedTuple):
    """The users of one bucket and origin, by name."""

    name: str
    grain: Grain
    start: Instant
    origin: str
    users: frozenset[str]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time read from one place: from totals of a grain, or (grain None) from the events themselves."""

    grain: Grain | None
    start: Instant
    end: Instant


def add(left: Totals, right: Totals) -> Totals:
    return tuple(map(operator.add, left, right))
