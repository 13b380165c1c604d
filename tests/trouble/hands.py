"""What the tests of trouble share: events in, ids out, and what a recount says."""

from __future__ import annotations

from metrics_core.engine import Engine
from metrics_core.model.event import Event
from metrics_core.rollup.fold import fold
from metrics_core.store.protocols import Store


def put(store: Store, *events: Event) -> None:
    """Write these events with their totals in one batch."""
    with store.batch() as batch:
        assert batch.append(events)
        batch.merge(*fold(events))


def ids(store: Store) -> list[str]:
    return sorted(event.id for chunk in store.events.scan() for event in chunk)


def wrong(engine: Engine) -> list[str]:
    """What a recount from the events finds wrong."""
    return [f"{check.name}: {check.found}, not {check.expected}" for check in engine.verify() if not check.ok]
