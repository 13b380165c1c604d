"""The condition of every part, for health and for the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metrics_core.clock import Clock
from metrics_core.errors import StoreAwayError
from metrics_core.health import DEGRADED, DOWN, OK, Part, report_of
from metrics_core.model.instant import SECOND, Instant, iso
from metrics_core.model.snapshot import Snapshot
from metrics_core.reads.views import kept_events
from metrics_core.settings import Settings
from metrics_core.store.protocols import Store

LATE_SECONDS = 15


def report(
    store: Store, settings: Settings, clock: Clock, *, waiting: int, newest: Snapshot | None, away_since: Instant | None,
    ticked_at: Instant | None, readers: Mapping[str, Any], others: Mapping[str, Part],
) -> dict[str, Any]:  # fmt: skip
    """The report: what is known here, and the parts that tell their own condition."""
    kept, counts = _store(store)
    parts = {
        "store": kept,
        "inbox": _inbox(waiting, settings.inbox_limit),
        "snapshot": _snapshot(newest, clock.now(), away_since, ticked_at),
        "feed": Part(OK, "Readers are served.", figures=readers),
        **others,
    }
    return report_of(parts, counts)


def _store(store: Store) -> tuple[Part, dict[str, Any]]:
    try:
        store.ping()
        counts = {"events": kept_events(store)}
    except StoreAwayError as error:
        return Part(DOWN, str(error), essential=True), {}
    return Part(OK, f"{store.name} answers.", essential=True, figures={"bytes": store.size()}), counts


def _inbox(waiting: int, limit: int) -> Part:
    full = waiting >= limit * 0.9
    return Part(DEGRADED if full else OK, f"{waiting:,} of {limit:,} places taken.", figures={"waiting": waiting})


def _snapshot(newest: Snapshot | None, now: Instant, away_since: Instant | None, ticked_at: Instant | None) -> Part:
    if newest is None:
        return Part(OK if away_since is None else DEGRADED, "None was taken yet.")
    late = ticked_at is not None and now - ticked_at > LATE_SECONDS * SECOND
    return Part(
        DEGRADED if late or away_since is not None else OK, f"Snapshot {newest.seq} of {iso(newest.as_of)}.",
        figures={"seq": newest.seq, "asOf": iso(newest.as_of), "lag_seconds": round((now - newest.as_of) / SECOND, 3)},
    )  # fmt: skip
