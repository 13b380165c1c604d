"""Snapshots: every figure is what the query API answers at that moment, and what a recount of the events gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.errors import StoreAwayError
from metrics_core.model.event import DEMO, IMPORT, LIVE, REAL, SIM, Event
from metrics_core.model.instant import DAY, HOUR, MINUTE, SECOND, Instant, iso
from metrics_core.model.snapshot import Snapshot
from metrics_core.reads.snapshot import moment_of
from metrics_core.rollup.fold import is_active
from metrics_core.settings import Settings
from tests import given

NOON = given.NOON
VIEWS = ("real", "all", LIVE, SIM, DEMO)


@contextmanager
def shop(url: str, zone: str = "UTC", now: Instant = NOON) -> Iterator[tuple[Engine, SetClock]]:
    clock = SetClock(now)
    engine = Engine(Settings(_env_file=None, database_url=url, timezone=zone), clock=clock)
    engine.start()
    try:
        yield engine, clock
    finally:
        engine.stop()


@pytest.fixture(params=("memory", "sqlite"))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'snapshot.db'}"


# -------------------------------------------------------------------------------------------------- what must be equal


def as_answered(engine: Engine, snapshot: Snapshot) -> None:
    """Every figure of every period and of what it is compared with is what the query API answers."""
    assert set(snapshot.periods) == {"today", "1h", "24h", "7d", "30d", "week", "month", "all_time"}
    for name, period in snapshot.periods.items():
        measures = list(period.figures)
        result = engine.ask({"measures": measures, "over": name, "compare": True, "origin": snapshot.view})
        assert result.window == period.window
        assert dict(zip(measures, result.rows[0], strict=True)) == period.figures, name
        if period.compared is None:
            assert (result.compared, period.before, period.against) == (None, None, None)
            continue
        assert result.compared is not None
        assert (result.compared.window, result.compared.note) == (period.compared, period.against)
        assert period.before is not None
        assert dict(zip(measures, result.compared.rows[0], strict=True)) == period.before, name


def as_recounted(engine: Engine, snapshot: Snapshot) -> None:
    """What is not a figure of a period is what a look at every single event gives."""
    now = snapshot.as_of
    everything = [event for chunk in engine.store.events.scan() for event in chunk]
    shown = [event for event in everything if not snapshot.origins or event.origin in snapshot.origins]
    past = [event for event in shown if event.at < now]
    assert list(snapshot.recent) == past[::-1][:12]
    assert snapshot.data_through == (past[-1].at if past else None)
    assert snapshot.per_minute == sum(now - MINUTE <= event.at for event in past)
    counts = {origin: sum(event.origin == origin for event in everything) for origin in (LIVE, IMPORT, SIM, DEMO)}
    assert snapshot.counts == {origin: number for origin, number in counts.items() if number}
    active = [event for event in shown if is_active(event)]
    assert snapshot.active_now == there(active, now)
    assert (snapshot.peak, snapshot.peak_at) == peak(active, now)


def there(active: list[Event], at: Instant) -> int:
    """Different users active in the five minutes up to a moment."""
    return len({event.user for event in active if at - 5 * MINUTE < event.at <= at})


def peak(active: list[Event], now: Instant) -> tuple[int, Instant | None]:
    """The most users at a whole minute of the last 24 hours, and the first such minute."""
    last_day = [event for event in active if event.at > now - DAY - 5 * MINUTE]
    best: tuple[int, Instant | None] = (0, None)
    marks = {mark for event in last_day for mark in range(-(-event.at // MINUTE) * MINUTE, event.at + 5 * MINUTE, MINUTE)}
    for mark in sorted(mark for mark in marks if now - DAY < mark <= now):
        users = there(last_day, mark)
        if users > best[0]:
            best = (users, mark)
    return best


def right(engine: Engine, view: str) -> Snapshot:
    snapshot = engine.snapshot(view)
    assert snapshot.as_of == moment_of(engine.clock.now())
    as_answered(engine, snapshot)
    as_recounted(engine, snapshot)
    return snapshot


# ------------------------------------------------------------------------------------------------------------- traffic


class Traffic:
    """What keeps happening to a shop, by chance: at this moment, late, and a little ahead of time."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.orders: list[str] = []

    def happen(self, engine: Engine, number: int) -> None:
        now = engine.clock.now()
        for _ in range(number):
            origin = self.chance.choice((LIVE, LIVE, IMPORT, SIM, DEMO))
            run = None if origin in REAL else f"{origin}-{self.chance.randrange(2)}"
            engine.accept([self.record(now)], origin=origin, run_id=run)

    def record(self, now: Instant) -> dict[str, Any]:
        chance = self.chance
        back = chance.choice((-3 * MINUTE, 0, 1, SECOND, MINUTE, 4 * MINUTE, HOUR, 12 * HOUR, 2 * DAY, 20 * DAY, 50 * DAY))
        at = now - (chance.randrange(back) if back > 1 else back)
        user = f"u{chance.randrange(25)}"
        match chance.randrange(7):
            case 0 | 1:
                self.orders.append(f"o{len(self.orders)}")
                return given.order_record(
                    self.orders[-1], ts=at, userId=user, amount=f"{chance.randrange(1, 500)}.{chance.randrange(100):02}",
                    status=chance.choice(("completed", "pending", "failed")),
                )  # fmt: skip
            case 2 if self.orders:
                return given.status_record(chance.choice(self.orders), chance.choice(("completed", "failed")), ts=now)
            case 3 if self.orders:
                return given.refund_record(chance.choice(self.orders), "0.50", ts=now - 1)
            case 4:
                return given.activity_record(user, ts=at)
            case _:
                return given.event_record(ts=at, userId=user, count=chance.randrange(1, 5))


CHANGES = {
    "Asia/Kolkata": "2026-07-01 18:20",  # ten minutes to midnight, half an hour beside UTC
    "Europe/Berlin": "2026-03-29 00:40",  # the night that loses an hour
    "Australia/Lord_Howe": "2026-04-04 14:40",  # the night that gains half an hour
    "America/St_Johns": "2026-11-01 04:20",  # the night that gains an hour, half an hour beside UTC
}
STEPS = (7 * SECOND, 20 * SECOND, MINUTE, 12 * MINUTE, 41 * MINUTE, 3 * HOUR, 25 * HOUR)


@pytest.mark.parametrize("zone", CHANGES)
def test_through_a_change_of_clocks_and_of_days_every_figure_is_right(url: str, zone: str) -> None:
    traffic = Traffic(seed=len(zone))
    with shop(url, zone, given.at(CHANGES[zone]) + 123_456) as (engine, clock):
        traffic.happen(engine, 60)
        for number, step in enumerate(STEPS):
            clock.move(step)
            traffic.happen(engine, 12)
            right(engine, VIEWS[number % 2])


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_between_two_snapshots_the_next_one_is_right(url: str, seed: int) -> None:
    """Late records, none at all, other writers, purges and recounts: what is remembered of the last one never shows."""
    traffic = Traffic(seed)
    chance = Random(seed)
    with shop(url, "Europe/Berlin") as (engine, clock), shop(url) as (other, beside):
        acts = (
            lambda: None,
            lambda: traffic.happen(engine, 25),
            lambda: traffic.happen(other, 10),
            lambda: engine.forget(run_id=f"sim-{chance.randrange(2)}"),
            lambda: (other.forget(origins=(DEMO,)), traffic.happen(other, 20)),
            lambda: engine.rebuild(),
            lambda: (engine.forget(), traffic.happen(engine, 15)),
        )
        for act in [*chance.sample(acts, len(acts)), acts[1], acts[3]]:
            clock.move(chance.choice((6 * SECOND, 50 * SECOND, 7 * MINUTE, HOUR)))
            beside.put(clock.now())
            act()
            right(engine, "real")
            right(engine, chance.choice(VIEWS[1:]))


def test_on_the_very_edge_of_minutes_hours_and_days_every_figure_is_right(url: str) -> None:
    edges = (0, 1_000, MINUTE, 5 * MINUTE, 5 * MINUTE - 1_000, HOUR, 12 * HOUR, DAY, DAY + 5 * MINUTE, 7 * DAY)
    with shop(url) as (engine, clock):
        for number, ago in enumerate(edges):
            at = {"ts": NOON - ago}
            engine.accept([given.event_record(**at, userId=f"u{number}"), given.order_record(**at, userId=f"u{number + 1}")])
        right(engine, "real")
        for step in (1, MINUTE - 1, 5 * MINUTE - 1, 2, HOUR):
            clock.move(step)
            engine.accept([given.event_record("tick", ts=NOON - DAY)])
            right(engine, "real")


def test_an_empty_shop_shows_zeros_and_no_rates(url: str) -> None:
    with shop(url) as (engine, _):
        snapshot = right(engine, "real")
    assert snapshot.periods["today"].figures["revenue"] == 0
    assert snapshot.periods["today"].figures["avg_order_value"] is None
    assert (snapshot.recent, snapshot.peak, snapshot.peak_at, snapshot.data_through) == ((), 0, None, None)


# --------------------------------------------------------------------------------------------------------------- views


def sold(engine: Engine, amount: int, origin: str) -> None:
    engine.accept([given.order_record(ts=engine.clock.now() - SECOND, amount=amount, userId=origin)], origin=origin)


def revenue(engine: Engine, view: str) -> float | None:
    return engine.snapshot(view).periods["today"].figures["revenue"]


def test_a_view_shows_its_origins_and_no_others(url: str) -> None:
    with shop(url) as (engine, _):
        for amount, origin in ((1, LIVE), (2, IMPORT), (4, SIM), (8, DEMO)):
            sold(engine, amount, origin)
        shown = {view: (revenue(engine, view), set(engine.snapshot(view).origins)) for view in (*VIEWS, IMPORT)}
        for view in VIEWS:
            right(engine, view)
    assert shown == {
        "real": (300, {LIVE, IMPORT}), "all": (1_500, set()), LIVE: (100, {LIVE}), SIM: (400, {SIM}), DEMO: (800, {DEMO}),
        IMPORT: (200, {IMPORT}),
    }  # fmt: skip


def test_while_there_is_no_real_data_the_real_view_shows_what_there_is(url: str) -> None:
    with shop(url) as (engine, clock):
        sold(engine, 8, DEMO)
        assert (revenue(engine, "real"), engine.live()["origin"]["watermark"]) == (800, "Demo data")
        clock.move(10 * SECOND)
        sold(engine, 1, LIVE)
        assert (revenue(engine, "real"), engine.live()["origin"]["watermark"]) == (100, None)
        assert right(engine, "real").counts == {LIVE: 1, DEMO: 1}


def test_after_a_commit_every_view_is_new(url: str) -> None:
    with shop(url) as (engine, _):
        sold(engine, 1, LIVE)
        assert [revenue(engine, view) for view in ("real", "all", LIVE)] == [100, 100, 100]
        sold(engine, 2, LIVE)
        assert [revenue(engine, view) for view in ("real", "all", LIVE)] == [300, 300, 300]


# ------------------------------------------------------------------------------------------------- one after the other


def test_while_nothing_changes_a_snapshot_stays_for_some_seconds(url: str) -> None:
    with shop(url) as (engine, clock):
        sold(engine, 1, LIVE)
        first = engine.snapshot()
        clock.move(SECOND)
        assert engine.snapshot() is first
        clock.move(10 * SECOND)
        assert engine.snapshot().as_of == clock.now()


def test_a_later_snapshot_has_a_higher_number(url: str) -> None:
    with shop(url) as (engine, clock):
        numbers = []
        for _ in range(4):
            sold(engine, 1, LIVE)
            numbers += [engine.snapshot("real").seq, engine.snapshot("all").seq]
            clock.move(MINUTE)
    assert numbers == sorted(set(numbers))


def test_the_live_message_says_what_the_snapshot_holds_in_major_units(url: str) -> None:
    with shop(url, "Europe/Berlin") as (engine, _):
        Traffic(5).happen(engine, 40)
        body, snapshot = engine.live(), right(engine, "real")
    assert body["snapshot"]["seq"] == snapshot.seq
    for name, period in snapshot.periods.items():
        told = body["periods"][name]
        assert (told["start"], told["end"]) == (iso(period.window.start), iso(period.window.end))
        assert told["figures"]["revenue"]["value"] == (period.figures["revenue"] or 0) / 100
        assert told["figures"]["orders"]["value"] == period.figures["orders"]
    assert (body["activeUsers"]["current"], body["activeUsers"]["peak24h"]) == (snapshot.active_now, snapshot.peak)
    assert [row["id"] for row in body["recent"]] == [event.id for event in snapshot.recent]


# ------------------------------------------------------------------------------------------------------- store away


@contextmanager
def gone(engine: Engine, file: Path) -> Iterator[None]:
    """Where the file of the database was, there is a folder, which no SQLite can open."""
    aside = file.parent / "aside"
    aside.mkdir()
    names = [found.name for found in file.parent.glob(file.name + "*")]
    for name in names:
        file.with_name(name).rename(aside / name)
    file.mkdir()
    engine.store.close()  # what is open of a file can be read wherever the file goes
    yield
    file.rmdir()
    for name in names:
        (aside / name).rename(file.with_name(name))


def test_while_the_store_is_away_the_last_snapshot_stays_and_says_since_when(tmp_path: Path) -> None:
    file = tmp_path / "snapshot.db"
    with shop(f"sqlite:///{file}") as (engine, clock):
        sold(engine, 1, LIVE)
        last = engine.snapshot()
        with gone(engine, file):
            clock.move(MINUTE)
            since = clock.now()
            assert engine.snapshot() is last
            clock.move(MINUTE)
            body = engine.live()
            assert (body["stale"]["since"], body["snapshot"]["seq"]) == (iso(since), last.seq)
            with pytest.raises(StoreAwayError):
                engine.snapshot("all")
        body = engine.live()
        assert body["stale"] is None
        assert right(engine, "real").seq > last.seq
