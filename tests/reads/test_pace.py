"""Fair pace: an unfinished day is projected from how the same weekday went on before."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from metrics_core.model.instant import DAY, HOUR, Instant
from metrics_core.model.window import Calendar
from metrics_core.reads.pace import moments, pace
from metrics_core.reads.running import Running
from metrics_core.rollup.fold import fold
from metrics_core.store.memory.store import MemoryStore
from tests import given

THURSDAY = given.at("2026-11-19 14:30")
UTC = Calendar(ZoneInfo("UTC"))


def sold(*amounts: tuple[Instant, int]) -> MemoryStore:
    store = MemoryStore()
    events = [given.viewed(at=THURSDAY - 400 * DAY)]
    events += [given.completed(at=at, lines=(given.Line("lamp", 1, amount),)) for at, amount in amounts]
    with store.batch() as batch:
        assert batch.append(events)
        batch.merge(*fold(events))
    return store


def of(store: MemoryStore, now: Instant = THURSDAY, calendar: Calendar = UTC) -> dict[str, object] | None:
    return pace(Running(store, moments(calendar, now)), calendar, now, (), 100)


def test_the_day_is_projected_with_what_the_same_weekday_brought_from_this_time_on() -> None:
    rests = [100_00, 300_00, 200_00, 900_00, 0, 0, 0, 50_00]
    amounts = [(THURSDAY - HOUR, 70_00)]
    for week, rest in enumerate(rests, start=1):
        amounts += [(THURSDAY - week * 7 * DAY - HOUR, 1_00), (THURSDAY - week * 7 * DAY + HOUR, rest)]
        amounts += [(THURSDAY - week * 7 * DAY + DAY, 5_000_00)]  # a Friday says nothing of Thursdays
    assert of(sold(*amounts)) == {"value": 145.0, "low": 70.0, "high": 970.0, "days": 8, "weekday": "Thursday"}


def test_a_refund_lowers_what_the_rest_of_a_day_brought() -> None:
    store = sold(*((THURSDAY - week * 7 * DAY + HOUR, 100_00) for week in range(1, 9)))
    refunds = [given.refunded("o", 40_00, at=THURSDAY - week * 7 * DAY + 2 * HOUR) for week in range(1, 9)]
    with store.batch() as batch:
        assert batch.append(refunds)
        batch.merge(*fold(refunds))
    found = of(store)
    assert found is not None
    assert (found["low"], found["high"]) == (60.0, 60.0)


def test_days_before_anything_was_recorded_do_not_count_and_two_days_say_nothing() -> None:
    store = MemoryStore()
    for weeks, expected in ((1, None), (2, None), (3, None), (4, 3), (5, 4)):
        event = given.completed(at=THURSDAY - weeks * 7 * DAY, lines=(given.Line("lamp", 1, 1_00),))
        with store.batch() as batch:
            assert batch.append([event])
            batch.merge(*fold([event]))
        found = of(store)
        assert (found and found["days"]) == expected


def test_this_time_is_as_long_after_midnight_as_it_is_today_also_when_clocks_changed_between() -> None:
    berlin = Calendar(ZoneInfo("Europe/Berlin"))
    now = given.at("2026-04-02T00:30+02:00")  # half an hour into a Thursday; the clocks changed on 29 March
    before = [given.at(f"2026-{day}T00:30+01:00") for day in ("03-26", "03-19", "03-12", "03-05", "02-26", "02-19")]
    store = sold(*((at - 1, 7_00) for at in before), *((at, 11_00) for at in before))
    found = of(store, now, berlin)
    assert found is not None
    assert (found["value"], found["days"]) == (11.0, 8)
