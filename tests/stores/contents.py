"""What the tests put into a store, and everything that can be read of one, so that two can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from zlib import crc32

from metrics_core.model.event import SIM, Event
from metrics_core.model.instant import DAY, Instant
from metrics_core.model.window import Window
from metrics_core.rollup.fold import contribution, fold, is_active, is_buyer
from metrics_core.rollup.totals import ROLLUPS, SET_GRAINS, SETS, Key, Piece, RollupRow
from metrics_core.store.protocols import Batch, Store
from tests import given
from tests.truth.world import keep as keep
from tests.truth.world import world

EVER = Window(given.at("1900-01-01"), given.at("2100-01-01"))
"""All of time, in whole days."""


def in_runs(events: Iterable[Event]) -> list[Event]:
    """The simulated ones in three runs; what belongs to an order is in the run of its order."""
    return [
        event._replace(run_id=f"run-{crc32(event.id[1:].encode()) % 3}") if event.origin == SIM else event
        for event in events
    ]


EVENTS = in_runs(world(5, 160))


def put(store: Store, *events: Event) -> None:
    """Write these events with their totals in one batch."""
    with store.batch() as batch:
        add(batch, events)


def add(batch: Batch, events: Sequence[Event]) -> None:
    """What a writer does with fresh events."""
    assert batch.append(events)
    batch.merge(*fold(events))


class Contents(NamedTuple):
    """All that a store has: events in the order of time, totals, and sets of users by name."""

    events: list[Event]
    rows: list[RollupRow]
    sets: dict[tuple[str, int, Instant, str], frozenset[str]]


def contents(store: Store, window: Window = EVER) -> Contents:
    """What the store has in this window; users by name, because each store numbers them in its own way."""
    rows = [
        row for rollup in ROLLUPS for grain in rollup.grains for row in store.totals.rows(rollup.by, grain, window)
    ]
    sets: dict[tuple[str, int, Instant, str], frozenset[str]] = {}
    for name in SETS:
        for grain in SET_GRAINS:
            for (start, origin), users in store.totals.users(name, grain, window).items():
                sets[name, int(grain), start, origin] = frozenset(store.totals.names(users).values())
    return Contents(scanned(store, window), sorted(rows, key=repr), sets)


def expected(events: Sequence[Event]) -> Contents:
    """What a store must have that was given these events, in this order."""
    folded = fold(events)
    return Contents(
        sorted(events, key=lambda event: event.at),
        sorted(folded.rows, key=repr),
        {(row.name, int(row.grain), row.start, row.origin): row.users for row in folded.sets},
    )


def scanned(store: Store, window: Window | None = None, **filters: object) -> list[Event]:
    return [event for chunk in store.events.scan(window, **filters) for event in chunk]  # type: ignore[arg-type]


class Seen(NamedTuple):
    """A sighting with the user's name in the place of the number."""

    at: Instant
    user: str
    origin: str
    buyer: bool
    active: bool


def seen_of(store: Store, sightings: Iterable[tuple[int, Instant, int, str, bool, bool]]) -> list[Seen]:
    """Sightings, in their order, by name."""
    rows = list(sightings)
    names = store.totals.names({row[2] for row in rows})
    return [Seen(at, names[user], origin, buyer, active) for _, at, user, origin, buyer, active in rows]


def sightings_in(events: Iterable[Event]) -> list[Seen]:
    """The sightings that these events are, in their order."""
    return [
        Seen(event.at, event.user, event.origin, is_buyer(event), is_active(event))
        for event in events
        if event.user is not None
    ]


def summed(events: Iterable[Event], by: tuple[str, ...], piece: Piece) -> dict[tuple[str, Key], list[int]]:
    """Totals of the events in a piece, counted one by one."""
    found: dict[tuple[str, Key], list[int]] = {}
    for event in events:
        if piece.start <= event.at < piece.end:
            place = (event.origin, tuple(getattr(event, name) for name in by))
            before = found.setdefault(place, [0] * len(contribution(event)))
            found[place] = [old + new for old, new in zip(before, contribution(event), strict=True)]
    return found


def days_of(events: Iterable[Event]) -> list[Window]:
    """The whole UTC days on which something happened."""
    starts = sorted({event.at - event.at % DAY for event in events})
    return [Window(start, start + DAY) for start in starts]

