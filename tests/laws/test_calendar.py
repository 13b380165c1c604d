"""Laws of the calendar: days follow one another in every zone, and comparisons are as long as they can be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant, instant, iso, moment
from metrics_core.model.window import PERIODS, ROLLING, WEEKDAYS, Calendar, Window
from tests.given import at

ODD_ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns",
    "Asia/Beirut", "America/Sao_Paulo", "America/Havana", "Pacific/Apia", "Pacific/Chatham", "Africa/Casablanca",
    "Antarctica/Casey", "America/Asuncion",
)
UNITS = ("day", "week", "month")
FIRST, LAST = at("1975-01-01 00:00"), at("2037-12-01 00:00")

instants = st.integers(FIRST, LAST)
calendars = st.builds(
    Calendar, st.one_of(st.sampled_from(ODD_ZONES), st.sampled_from(sorted(available_timezones()))).map(ZoneInfo),
    st.integers(0, 6),
)


def berlin(text: str) -> Instant:
    return instant(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")))


# --------------------------------------------------------------------------------------------------------------- laws


@given(calendars, st.sampled_from(UNITS), instants)
@example(Calendar(ZoneInfo("America/St_Johns")), "day", at("2010-11-07 02:30:30"))
@example(Calendar(ZoneInfo("America/St_Johns")), "day", at("2010-11-07 03:15"))
@example(Calendar(ZoneInfo("Pacific/Apia"), 4), "week", at("2012-01-01 00:00"))
@example(Calendar(ZoneInfo("America/Sao_Paulo")), "day", at("2018-11-04 03:00"))
def test_every_instant_lies_in_exactly_one_day_week_and_month(calendar: Calendar, unit: str, now: Instant) -> None:
    start = calendar.start_of(unit, now)
    end = calendar.next_start(unit, start)
    assert start <= now < end
    assert calendar.start_of(unit, start) == start
    assert calendar.start_of(unit, end - 1) == start
    assert calendar.start_of(unit, end) == end


@given(calendars, instants)
def test_a_day_begins_at_the_first_moment_of_its_date(calendar: Calendar, now: Instant) -> None:
    start = calendar.start_of("day", now)
    assert moment(start - 1, calendar.zone).date() < moment(start, calendar.zone).date()


@given(calendars, instants)
def test_a_week_begins_on_its_day_and_a_month_on_the_first(calendar: Calendar, now: Instant) -> None:
    day = moment(calendar.start_of("day", now), calendar.zone).date()
    week = moment(calendar.start_of("week", now), calendar.zone).date()
    month = moment(calendar.start_of("month", now), calendar.zone).date()
    # Where a date was skipped (Apia had no 30 December 2011), what would begin on it begins with the next.
    assert week.weekday() == calendar.week_start or _skipped(calendar.zone, week - timedelta(days=1))
    assert timedelta(0) <= day - week < timedelta(days=7)
    assert (month.year, month.month, month.day) == (day.year, day.month, 1)


@given(calendars, st.sampled_from(PERIODS), instants)
def test_a_period_ends_now_and_its_comparison_ends_where_it_starts_at_the_latest(
    calendar: Calendar, period: str, now: Instant
) -> None:
    window = calendar.window(period, now)
    assert window.end == now
    compared = calendar.compared(period, now)
    if period == "all_time":
        assert compared is None
        return
    assert compared is not None
    before, words = compared
    assert before.end <= window.start
    assert before.length <= window.length
    if before.length < window.length:
        assert before.end == window.start
        assert words.endswith("which was shorter")


@given(calendars, st.sampled_from(sorted(ROLLING)), instants)
def test_a_rolling_window_compares_with_as_long_a_window_right_before_it(
    calendar: Calendar, period: str, now: Instant
) -> None:
    window = calendar.window(period, now)
    compared = calendar.compared(period, now)
    assert compared is not None
    assert compared[0] == Window(window.start - window.length, window.start)
    assert window.length == ROLLING[period]


@given(calendars, st.sampled_from(("current", "today", "week", "month")), instants)
def test_a_calendar_period_compares_from_the_start_of_the_one_before(calendar: Calendar, period: str, now: Instant) -> None:
    unit = {"current": "day", "today": "day"}.get(period, period)
    window = calendar.window(period, now)
    compared = calendar.compared(period, now)
    assert compared is not None
    assert compared[0].start == calendar.start_of(unit, window.start - 1)
    assert calendar.next_start(unit, compared[0].start) == window.start


@given(instants, st.sampled_from(ODD_ZONES).map(ZoneInfo))
def test_an_instant_survives_being_shown(now: Instant, zone: ZoneInfo) -> None:
    assert instant(moment(now)) == now
    assert instant(moment(now, zone)) == now
    thousandth = now - now % 1_000
    assert instant(datetime.fromisoformat(iso(now))) == thousandth
    assert instant(datetime.fromisoformat(iso(now, zone))) in {thousandth, now}


# ------------------------------------------------------------------------------------------------------------ by hand


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    (
        ("Europe/Berlin", "2026-03-29 12:00", 23),
        ("Europe/Berlin", "2026-10-25 12:00", 25),
        ("Europe/Berlin", "2026-11-19 12:00", 24),
        ("America/New_York", "2026-03-08 17:00", 23),
        ("America/New_York", "2026-11-01 17:00", 25),
        ("Australia/Lord_Howe", "2026-10-04 02:00", 23.5),
        ("Australia/Lord_Howe", "2026-04-05 02:00", 24.5),
        ("Asia/Beirut", "2026-03-29 12:00", 23),
        ("America/Sao_Paulo", "2018-11-04 15:00", 23),
        ("America/Sao_Paulo", "2018-02-17 15:00", 25),
        ("America/Havana", "2026-11-01 17:00", 25),
        ("America/St_Johns", "2010-11-06 15:00", 25),
        ("America/St_Johns", "2010-11-07 15:00", 24),
        ("Asia/Kolkata", "2026-11-19 12:00", 24),
    ),
)
def test_days_are_as_long_as_they_are(zone: str, noon: str, hours: float) -> None:
    calendar = Calendar(ZoneInfo(zone))
    start = calendar.start_of("day", at(noon))
    assert (calendar.next_start("day", start) - start) / HOUR == hours


@pytest.mark.parametrize(
    ("zone", "utc"),
    (
        ("Asia/Kolkata", "2026-11-18 18:30"),
        ("Asia/Kathmandu", "2026-11-18 18:15"),
        ("Pacific/Chatham", "2026-11-19 10:15"),
        ("America/St_Johns", "2026-11-19 03:30"),
        ("Australia/Lord_Howe", "2026-11-18 13:00"),
    ),
)
def test_zones_of_thirty_and_forty_five_minutes_begin_their_day_off_the_hour(zone: str, utc: str) -> None:
    assert Calendar(ZoneInfo(zone)).window("today", at("2026-11-19 12:00")).start == at(utc)


def test_a_day_without_a_midnight_begins_at_its_first_moment() -> None:
    sao_paulo = Calendar(ZoneInfo("America/Sao_Paulo"))
    start = sao_paulo.start_of("day", at("2018-11-04 12:00"))
    assert moment(start, sao_paulo.zone).isoformat() == "2018-11-04T01:00:00-02:00"


def test_a_date_that_never_was_is_left_out() -> None:
    apia = Calendar(ZoneInfo("Pacific/Apia"))
    thursday = apia.start_of("day", at("2011-12-29 20:00"))
    saturday = apia.next_start("day", thursday)
    assert [moment(day, apia.zone).day for day in (thursday, saturday)] == [29, 31]


@pytest.mark.parametrize("week_start", range(7))
def test_the_week_starts_on_the_day_that_was_chosen(week_start: int) -> None:
    calendar = Calendar(ZoneInfo("UTC"), week_start)
    start = moment(calendar.window("week", at("2026-11-19 12:00")).start)
    assert WEEKDAYS[start.weekday()] == WEEKDAYS[week_start]
    assert date(2026, 11, 13) <= start.date() <= date(2026, 11, 19)


def test_the_31st_of_march_compares_with_all_of_february_and_says_so() -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    compared = calendar.compared("month", berlin("2026-03-31T15:00"))
    assert compared == (
        Window(berlin("2026-02-01T00:00"), berlin("2026-03-01T00:00")), "vs all of February, which was shorter"
    )


def test_the_14th_of_march_compares_with_february_by_the_14th() -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    compared = calendar.compared("month", berlin("2026-03-14T15:00"))
    assert compared == (
        Window(berlin("2026-02-01T00:00"), berlin("2026-02-14T15:00")), "vs last month by 14 Feb 15:00"
    )


def test_as_much_of_the_month_as_the_one_before_had_is_all_of_it() -> None:
    compared = Calendar(ZoneInfo("UTC")).compared("month", at("2026-03-29 00:00"))
    assert compared == (Window(at("2026-02-01 00:00"), at("2026-03-01 00:00")), "vs all of February")


def test_today_compares_with_yesterday_by_this_time() -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    compared = calendar.compared("today", berlin("2026-11-19T14:32"))
    assert compared == (Window(berlin("2026-11-18T00:00"), berlin("2026-11-18T14:32")), "vs yesterday by 14:32")


def test_the_last_hour_of_a_long_day_compares_with_all_of_yesterday() -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    compared = calendar.compared("current", berlin("2026-10-25T23:30"))
    assert compared is not None
    assert compared[0] == Window(berlin("2026-10-24T00:00"), berlin("2026-10-25T00:00"))
    assert compared[1] == "vs all of yesterday, which was shorter"


def test_this_week_compares_with_last_week_by_this_day() -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    compared = calendar.compared("week", berlin("2026-11-19T14:32"))
    assert compared == (Window(berlin("2026-11-09T00:00"), berlin("2026-11-12T14:32")), "vs last week by Thu 14:32")


def test_a_day_compared_across_a_clock_change_is_compared_for_as_many_hours() -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    now = berlin("2026-03-30T09:00")
    compared = calendar.compared("today", now)
    assert compared is not None
    assert compared[0].length == 9 * HOUR
    assert compared[1] == "vs yesterday by 10:00"


def test_a_window_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        Window(DAY, DAY - MINUTE)


def test_a_time_without_a_zone_has_no_instant() -> None:
    with pytest.raises(ValueError, match="naive"):
        instant(datetime(2026, 11, 19, 12))  # noqa: DTZ001


def _skipped(zone: ZoneInfo, day: date) -> bool:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    return noon.astimezone(UTC).astimezone(zone).date() != day
