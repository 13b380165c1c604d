"""Any series of batches and purges leaves every store with the same answers as the plainest one, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from zoneinfo import ZoneInfo

import pytest

from metrics_core.model.event import DEMO, IMPORT, LIVE, SIM, Event
from metrics_core.model.instant import DAY, HOUR, MINUTE
from metrics_core.model.measure import TOTALS
from metrics_core.model.query import Filter
from metrics_core.model.window import Window
from metrics_core.reads.zones import shifts
from metrics_core.rollup.fold import fold
from metrics_core.rollup.tile import tile
from metrics_core.rollup.totals import ROLLUPS, SETS, Piece
from metrics_core.store.memory.store import MemoryStore
from metrics_core.store.protocols import Store, Tally
from tests.stores.contents import EVER, add, contents, days_of, in_runs, seen_of
from tests.truth.world import AUTUMN, SPRING, world

YEAR = Window(SPRING[0] - DAY, AUTUMN[1] + 9 * DAY)
LORD_HOWE = shifts(ZoneInfo("Australia/Lord_Howe"), YEAR)
BERLIN = shifts(ZoneInfo("Europe/Berlin"), YEAR)

QUESTIONS = (
    Tally(YEAR, (*TOTALS, *SETS)),
    Tally(YEAR, (*TOTALS, *SETS), ("origin",)),
    Tally(YEAR, ("gross", "completed", "buyers"), ("product", "channel")),
    Tally(YEAR, ("events", "active"), ("user",)),
    Tally(YEAR, ("placed", "completed", "failed"), ("region",), (Filter("product", ("p1", None)),), grain="week"),
    Tally(YEAR, ("gross", "refunds", "active"), grain="day", shifts=LORD_HOWE),
    Tally(YEAR, ("views", "buyers"), ("weekday", "hour"), (Filter("channel", ("online",), True),), (LIVE,), shifts=BERLIN),
    Tally(Window(SPRING[0] + 7 * HOUR + 1, SPRING[1] - 3 * MINUTE), ("gross", "quantity"), ("kind",), grain="month"),
)  # fmt: skip
PIECES = {
    rollup.by: [
        *tile(Window(SPRING[0] + 1, AUTUMN[1] - 1), sorted(rollup.grains, reverse=True)),
        Piece(None, SPRING[0], SPRING[0] + 5 * DAY),
    ]
    for rollup in ROLLUPS
}


class Interrupted(Exception):
    """What breaks off a batch."""


def everything(store: Store) -> list[object]:
    """Every answer that can be compared between stores, whatever numbers they give to events and users."""
    numbers = [store.events.newest(30), store.events.newest(7, origins=(LIVE,), before=AUTUMN[0]), store.events.count()]
    return [
        contents(store),
        *numbers,
        sorted(store.events.runs()),
        seen_of(store, store.events.sightings_since(0)),
        sorted(seen_of(store, store.events.sightings(Window(*SPRING), (LIVE, IMPORT)))),
        *(sorted(store.events.tally(question), key=repr) for question in QUESTIONS),
        *(store.totals.sums(by, pieces) for by, pieces in PIECES.items()),
    ]


def step(stores: Sequence[Store], chance: Random, coming: list[Event], written: list[Event]) -> None:
    """One thing that happens to all of them alike."""
    size = chance.choice((1, 1, 5, 30, 90))
    some, sort = coming[:size], chance.randrange(12)
    if sort <= 6:
        del coming[:size]
        written += some
        for store in stores:
            with store.batch() as batch:
                for half in (some[: size // 3], some[size // 3 :]):
                    add(batch, half)
    elif sort == 7:
        for store in stores:
            with pytest.raises(Interrupted):
                break_off(store, some)
    elif sort == 8 and written:
        known = chance.choice(written)
        for store in stores:
            with store.batch() as batch:
                assert not batch.append([*some, known])
    elif sort == 9:
        day = chance.choice(days_of(written) or [EVER])
        for store in stores:
            kept = [event for chunk in store.events.scan(day) for event in chunk]
            store.totals.replace(day, *fold(kept))
    elif sort == 10:
        forget(stores, chance, written)
    else:
        orders = [event.order_id for event in written[-200:] if event.order_id is not None]
        told = []
        for store in stores:
            with store.batch() as batch:
                told.append((dict(batch.orders(orders)), dict(batch.known([event.id for event in [*written[-50:], *some]]))))
        assert all(one == told[0] for one in told)


def break_off(store: Store, events: Sequence[Event]) -> None:
    with store.batch() as batch:
        add(batch, events)
        raise Interrupted


def forget(stores: Sequence[Store], chance: Random, written: list[Event]) -> None:
    run = chance.choice(("run-0", "run-1", "run-2", None))
    origins = chance.choice(((SIM,), (IMPORT,), (DEMO,), (SIM, IMPORT)))
    gone = [store.events.forget(run_id=run) if run else store.events.forget(origins=origins) for store in stores]
    going = {event.id for event in written if (event.run_id == run if run else event.origin in origins)}
    written[:] = [event for event in written if event.id not in going]
    assert set(gone) == {len(going)}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_answers_are_those_of_the_memory_store(store: Store, seed: int) -> None:
    chance = Random(seed)
    coming, written = in_runs(world(seed + 100, 90)), []
    stores = (MemoryStore(), store)
    while coming:
        step(stores, chance, coming, written)
        if chance.random() < 0.15:
            plain, other = map(everything, stores)
            assert other == plain
    plain, other = map(everything, stores)
    assert other == plain
    assert len(contents(store).events) == len(written)
