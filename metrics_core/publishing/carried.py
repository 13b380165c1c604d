"""Snapshots as letters: what one replica computed, for all others to hand out, exact to the last digit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from metrics_core.feed.bodies import SAID
from metrics_core.model.event import Event, Line
from metrics_core.model.instant import Instant
from metrics_core.model.snapshot import PeriodFigures, Snapshot
from metrics_core.model.window import Window

Point = tuple[Instant, int, int]
_PLAIN = (
    "seq", "view", "as_of", "computed_at", "data_through", "active_now", "peak", "peak_at", "per_minute", "newest_seq",
)  # fmt: skip


def packed(snapshot: Snapshot, trail: Iterable[Point]) -> dict[str, Any]:
    """A snapshot and the points up to it, as JSON values."""
    return {
        **{name: getattr(snapshot, name) for name in _PLAIN},
        "origins": list(snapshot.origins), "counts": dict(snapshot.counts),
        "periods": {name: _period(row) for name, row in snapshot.periods.items()},
        "recent": [_shown(event) for event in snapshot.recent],
        "trail": [list(point) for point in trail],
    }  # fmt: skip


def unpacked(letter: Mapping[str, Any]) -> tuple[Snapshot, list[Point]]:
    """The same again."""
    snapshot = Snapshot(
        **{name: letter[name] for name in _PLAIN},
        origins=tuple(letter["origins"]), counts=letter["counts"],
        periods={name: _figures(row) for name, row in letter["periods"].items()},
        recent=tuple(_event(row) for row in letter["recent"]),
    )
    return snapshot, [(at, amount, users) for at, amount, users in letter["trail"]]


def _period(row: PeriodFigures) -> dict[str, Any]:
    return {
        "window": _edges(row.window), "figures": dict(row.figures), "compared": _edges(row.compared),
        "against": row.against, "before": None if row.before is None else dict(row.before),
    }  # fmt: skip


def _figures(row: Mapping[str, Any]) -> PeriodFigures:
    compared = row["compared"]
    return PeriodFigures(
        Window(*row["window"]), row["figures"], None if compared is None else Window(*compared), row["against"],
        row["before"],
    )  # fmt: skip


def _edges(window: Window | None) -> list[Instant] | None:
    return None if window is None else [window.start, window.end]


def _shown(event: Event) -> dict[str, Any]:
    """What is shown of an event: what else its sender said of it stays where it is."""
    said = event.payload or {}
    return {
        **event._asdict(), "lines": [list(line) for line in event.lines],
        "payload": {key: str(said[key])[:80] for key in SAID if said.get(key)},
    }  # fmt: skip


def _event(row: Mapping[str, Any]) -> Event:
    return Event(**{**row, "lines": tuple(Line(*line) for line in row["lines"])})
