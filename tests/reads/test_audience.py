"""Different users over moving windows: whatever arrives, in whatever order, the kept sets say what a recount says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from metrics_core.model.event import DEMO, LIVE, Event
from metrics_core.model.instant import DAY, HOUR, MINUTE, SECOND, Instant
from metrics_core.model.query import Query
from metrics_core.model.window import Calendar, Window
from metrics_core.reads.audience import Audience
from metrics_core.reads.cells import count
from metrics_core.reads.peak import active_window, peak, peak_window
from metrics_core.rollup.fold import fold
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests import given

NOW = given.at("2026-03-20T13:41:17")
PERIODS = ("1h", "24h", "7d", "today", "month")


@pytest.fixture(params=("memory", "sqlite"))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    kept = connect("memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'kept.db'}")
    kept.prepare()
    yield kept
    kept.close()


def arrive(store: Store, chance: random.Random, now: Instant, number: int, name: str) -> None:
    events = [_event(chance, now, f"{name}-{one}") for one in range(number)]
    with store.batch() as batch:
        assert batch.append(events)
        batch.merge(*fold(events))


def _event(chance: random.Random, now: Instant, name: str) -> Event:
    late = chance.choice((chance.randrange(3 * MINUTE), chance.randrange(2 * HOUR), chance.randrange(9 * DAY), -4 * MINUTE))
    at = now - late if chance.random() < 0.8 else (now - late) // MINUTE * MINUTE
    user, origin = chance.choice((None, *(f"u{one}" for one in range(40)))), chance.choice((LIVE, LIVE, DEMO))
    if chance.random() < 0.5:
        return given.viewed(user=user, at=at, id=name, origin=origin)
    return given.completed(name, user=user, at=at, id=name, origin=origin)


def holds(store: Store, audience: Audience, now: Instant) -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    windows = [calendar.window(period, now) for period in PERIODS]
    windows += [compared[0] for period in PERIODS if (compared := calendar.compared(period, now)) is not None]
    windows += [active_window(now), Window(now - 90 * SECOND, now)]
    with store.view():
        audience.catch_up(store.generation(), store.newest_seq(), now)
        for origins in ((), (LIVE,)):
            for window in windows:
                query = Query((), window, origins=origins)
                cell = count(store, query, window, ("buyers", "active"), None).get((None, ()), {})
                found = {name: audience.users(name, window, origins) for name in ("buyers", "active")}
                assert found == {name: cell.get(name, 0) for name in found}, (window, origins)
            assert audience.peak(now, origins) == peak(store.events.sightings(peak_window(now), origins), now)


@pytest.mark.parametrize("seed", range(4))
def test_the_kept_sets_say_what_a_recount_says_whatever_arrives(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    audience, now = Audience(store), NOW
    arrive(store, chance, now, 400, "first")
    for step in range(14):
        now += chance.choice((0, SECOND, 20 * SECOND, 3 * MINUTE, 50 * MINUTE, 26 * HOUR))
        for part in range(chance.randrange(3)):
            arrive(store, chance, now, chance.randrange(1, 30), f"{step}-{part}")
        holds(store, audience, now)


def test_what_is_removed_is_gone_from_the_kept_sets(store: Store) -> None:
    audience, chance = Audience(store), random.Random(9)
    arrive(store, chance, NOW, 300, "first")
    holds(store, audience, NOW)
    store.events.forget(origins=(DEMO,))
    holds(store, audience, NOW + SECOND)
    store.events.forget()
    holds(store, audience, NOW + 2 * SECOND)
    arrive(store, chance, NOW, 30, "again")
    holds(store, audience, NOW + 3 * SECOND)


def test_a_minute_with_many_small_arrivals_stays_exact(store: Store) -> None:
    audience, chance, now = Audience(store), random.Random(3), NOW // MINUTE * MINUTE + SECOND
    for step in range(60):
        arrive(store, chance, now + step * SECOND // 2, 3, f"{step}")
        with store.view():
            audience.catch_up(store.generation(), store.newest_seq(), now + step * SECOND // 2)
            audience.users("active", Window(now - HOUR, now), ())
    holds(store, audience, now + 31 * SECOND)
