"""All live figures at one moment, numbered and immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metrics_core.model.event import Event
from metrics_core.model.instant import Instant
from metrics_core.model.window import Window


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """The figures of one period and of what it is compared with. Money in minor units; None is n/a."""

    window: Window
    figures: Mapping[str, float | None]
    compared: Window | None
    against: str | None
    """What it is compared with, in words."""
    before: Mapping[str, float | None] | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every figure of one view of the data, all of them at `as_of`."""

    seq: int
    view: str
    origins: tuple[str, ...]
    """The origins it shows; empty is all of them."""
    as_of: Instant
    computed_at: Instant
    data_through: Instant | None
    periods: Mapping[str, PeriodFigures]
    active_now: int
    peak: int
    peak_at: Instant | None
    recent: tuple[Event, ...]
    per_minute: int
    """Events in the minute up to `as_of`."""
    counts: Mapping[str, int]
    """Events kept, by origin."""
    newest_seq: int = 0
    """The number of the newest event of the store it was taken from."""
