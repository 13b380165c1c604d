"""Views of the data: which origins count under a name."""

from __future__ import annotations

from collections.abc import Collection

from metrics_core.model.event import REAL
from metrics_core.model.measure import TOTALS
from metrics_core.reads.running import Running
from metrics_core.store.protocols import Store

_EVENTS = TOTALS.index("events")


def origins_of(view: str, kept: Collection[str]) -> tuple[str, ...]:
    """The origins a view shows, none meaning all: `real` is live and imported data, or whatever is kept while there is
    none of it; `all` is all; anything else is the one origin of that name."""
    if view == "all":
        return ()
    if view != "real":
        return (view,)
    return REAL if any(origin in REAL for origin in kept) or not kept else ()


def events_by_origin(running: Running) -> dict[str, int]:
    """How many events are kept of each origin that has any."""
    return {origin: totals[_EVENTS] for origin, totals in sorted(running.ever.items()) if totals[_EVENTS]}


def kept_events(store: Store) -> dict[str, int]:
    """How many events are kept of each origin that has any."""
    return events_by_origin(Running(store, ()))


