"""Busy hours, quiet nights, weekends: the patterns made-up data follows, in the reporting zone."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from metrics_core.model.instant import DAY, HOUR
from metrics_core.synth.patterns import hour_multiplier, level, mark, noise, trend, weekend_multiplier, whole
from tests.given import NOON, at

BERLIN = ZoneInfo("Europe/Berlin")


def test_peak_hours_are_20_to_50_percent_busier() -> None:
    for hour in (10, 11, 12, 13, 14, 18, 19, 20, 21):
        assert 1.2 <= hour_multiplier(hour) <= 1.5


def test_nights_are_20_to_30_percent_quieter() -> None:
    for hour in (22, 23, 0, 1, 2, 3, 4, 5):
        assert 0.7 <= hour_multiplier(hour) <= 0.8


def test_weekends_are_10_to_30_percent_busier() -> None:
    assert [1.1 <= weekend_multiplier(day) <= 1.3 for day in range(7)] == [False] * 5 + [True, True]


def test_noise_is_at_most_10_percent_either_way() -> None:
    rng = Random(1)
    drawn = [noise(rng) for _ in range(2_000)]
    assert min(drawn) >= 0.9
    assert max(drawn) <= 1.1
    assert max(drawn) - min(drawn) > 0.19


def test_a_trend_is_slow() -> None:
    days = [trend(NOON + day * DAY, seed=3) for day in range(60)]
    assert max(abs(after - before) for before, after in pairwise(days)) < 0.01
    assert max(days) - min(days) > 0.05


def test_hours_and_weekdays_are_those_of_the_reporting_zone() -> None:
    friday_evening = at("2026-11-20 23:30")
    assert mark(friday_evening, ZoneInfo("UTC")).weekday == 4
    seen = mark(friday_evening, BERLIN)
    assert (seen.hour, seen.weekday, seen.weekend_multiplier) == (0, 5, 1.28)


def test_days_are_numbered_from_sunday_where_documents_ask_for_it() -> None:
    assert mark(at("2024-01-15 10:30"), ZoneInfo("UTC")).day_of_week == 1
    assert mark(at("2024-01-14 10:30"), ZoneInfo("UTC")).day_of_week == 0


def test_the_clocks_going_back_repeat_an_hour_and_its_level() -> None:
    first, second = at("2026-10-25 00:30"), at("2026-10-25 01:30")
    assert mark(first, BERLIN).hour == mark(second, BERLIN).hour == 2
    assert abs(level(first, BERLIN, 1) / level(second, BERLIN, 1) - 1) < 1e-3
    assert second - first == HOUR


def test_whole_numbers_keep_the_mean() -> None:
    rng = Random(4)
    assert 2.25 < sum(whole(rng, 2.3) for _ in range(5_000)) / 5_000 < 2.35
