"""Local time: offsets change when the clocks do, and buckets cover a window without a gap."""

from __future__ import annotations

from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant, moment
from metrics_core.model.query import GRAINS
from metrics_core.model.window import Calendar, Window
from metrics_core.reads.zones import offset_at, opening, shifts, slices
from tests import given

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
    "America/Sao_Paulo", "Asia/Beirut", "Africa/Casablanca",
)  # fmt: skip
zones = st.sampled_from(ZONES).map(ZoneInfo)
instants = st.integers(given.at("1971-01-01"), given.at("2040-01-01"))


@examples(zone=zones, start=instants, length=st.integers(1, 400 * DAY), part=st.floats(0, 1))
def test_the_offset_of_any_moment_is_that_of_the_last_shift_before_it(
    zone: ZoneInfo, start: Instant, length: Instant, part: float
) -> None:
    window = Window(start, start + length)
    found = shifts(zone, window)
    at = min(start + int(length * part), window.end - 1)
    assert found[0][0] <= start
    assert [offset for since, offset in found if since <= at][-1] == offset_at(at, zone)


@examples(zone=zones, start=instants, length=st.integers(1, 60 * DAY), grain=st.sampled_from(GRAINS[1:]))
def test_buckets_cover_a_window_and_no_moment_twice(zone: ZoneInfo, start: Instant, length: Instant, grain: str) -> None:
    window = Window(start, start + length)
    found = slices(window, grain, shifts(zone, window))
    assert (found[0].start, found[-1].end) == (window.start, window.end)
    assert all(before.end == after.start and before.bucket != after.bucket for before, after in pairwise(found))


@examples(zone=zones, start=instants, grain=st.sampled_from(GRAINS[2:]), week_start=st.integers(0, 6))
def test_a_bucket_begins_where_the_calendar_says(zone: ZoneInfo, start: Instant, grain: str, week_start: int) -> None:
    window = Window(start, start + 1)
    (only,) = slices(window, grain, shifts(zone, window), week_start)
    assert opening(grain, only.bucket, zone) == Calendar(zone, week_start).start_of(grain, start)


@pytest.mark.parametrize(
    ("day", "hours"), (("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)), ids=("usual", "spring", "autumn")
)
def test_days_have_23_and_25_hours(day: str, hours: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    start = Calendar(zone).start_of("day", given.at(f"{day} 12:00"))
    window = Window(start, Calendar(zone).next_start("day", start))
    assert len(slices(window, "hour", shifts(zone, window))) == hours
    assert len(slices(window, "day", shifts(zone, window))) == 1


def test_half_an_hour_that_comes_twice_is_a_bucket_of_its_own() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")  # at 2:00 on 5 April 2026 the clocks go back to 1:30
    window = Window(given.at("2026-04-04 14:00"), given.at("2026-04-04 16:30"))
    starts = [cut.bucket for cut in slices(window, "hour", shifts(zone, window))]
    assert [f"{moment(start, zone):%H:%M%z}" for start in starts] == ["01:00+1100", "01:30+1030", "02:00+1030"]


def test_a_day_that_a_zone_skipped_is_no_bucket() -> None:
    zone = ZoneInfo("Pacific/Apia")  # there was no 30 December 2011
    window = Window(given.at("2011-12-29 12:00"), given.at("2012-01-01 12:00"))
    days = [opening("day", cut.bucket, zone) for cut in slices(window, "day", shifts(zone, window))]
    assert [f"{moment(day, zone):%d.%m.}" for day in days] == ["29.12.", "31.12.", "01.01.", "02.01."]


def test_the_first_bucket_begins_before_a_window_that_cuts_it() -> None:
    zone = ZoneInfo("Asia/Kathmandu")
    start = given.at("2026-11-19 13:32")
    window = Window(start, start + 10 * MINUTE)
    (hour,) = slices(window, "hour", shifts(zone, window))
    assert hour.bucket == given.at("2026-11-19 13:15")
    assert (hour.start, hour.end - hour.start < HOUR) == (start, True)
