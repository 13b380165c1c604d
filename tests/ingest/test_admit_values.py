"""Money to the minor unit and times to the microsecond, in every way senders write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from metrics_core.ingest.money import MOST, Money
from metrics_core.ingest.times import has_a_time
from metrics_core.ingest.unfit import Unfit
from metrics_core.model.instant import MINUTE, SECOND, iso
from tests.given import NOON, at

BERLIN = ZoneInfo("Europe/Berlin")

# -------------------------------------------------------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("said", "minor"),
    (
        (250, 25_000), (250.0, 25_000), ("250.00", 25_000), (" 250 ", 25_000), ("+250.", 25_000), (".5", 50),
         ("007.10", 710),
        (0, 0), (0.0, 0), (-0.0, 0), ("-0", 0), (0.1, 10), (0.29, 29), (1.15, 115), (8.41, 841), (1e3, 100_000),
         ("2.5e1", 2_500),
        ("12.3400000", 1_234), (Decimal("9.99"), 999), (999_999_999_999.99, 99_999_999_999_999), (MOST, MOST * 100),
        (float(MOST), MOST * 100), ("1000000000000.00", MOST * 100), ("250000e-5", 250),
    ),
)
def test_an_amount_is_taken_to_the_minor_unit(said: object, minor: int):
    assert Money("USD", 2).minor(said, "revenue") == minor


@pytest.mark.parametrize(
    ("digits", "said", "minor"),
    ((0, 1_200, 1_200), (0, "1200.00", 1_200), (0, 1_200.0, 1_200), (3, 1.234, 1_234), (3, "0.001", 1), (4, 12.3456,
    123_456)),
)
def test_each_currency_has_its_decimals(digits: int, said: object, minor: int):
    assert Money("XXX", digits).minor(said, "revenue") == minor


@pytest.mark.parametrize("said", (0.001, 12.345, 0.1 + 0.2, 1e-300, "1e-999",
"0.0000000000000000000000000000000000000001", 1 / 3))
def test_more_decimals_than_the_currency_has_are_never_rounded_away(said: object):
    with pytest.raises(Unfit, match="USD has 2 decimals"):
        Money("USD", 2).minor(said, "revenue")


@pytest.mark.parametrize(
    "said", ("", " ", "abc", "1_000", "1 000", "1,5", "0x10", "١٢", "--1", "1e", "1e9999", "9" * 41, None, {}, b"1",
    "Infinity")
)
def test_what_is_no_plain_number_is_no_amount(said: object):
    with pytest.raises(Unfit, match="is no amount"):
        Money("USD", 2).minor(said, "revenue")


# -------------------------------------------------------------------------------------------------------------- times


@pytest.mark.parametrize(
    "said",
    (
        "2026-11-19T11:00:00Z", "2026-11-19T11:00:00.000Z", "2026-11-19 12:00:00+01:00", "2026-11-19T12:00:00+0100",
        "2026-11-19 12:00:00 +01:00", "2026-11-19 12:00+01", "20261119T110000Z", "2026-11-19t11:00:00z",
        "2026-11-19T11:00:00 UTC",
        " 2026-11-19T11:00:00Z ", "2026-11-19T16:45:00+05:45", "2026-11-18T23:00:00-12:00", "2026-11-19 11:00:00 gmt",
        1_795_086_000, 1_795_086_000.0, "1795086000", 1_795_086_000_000, "1795086000000", 1_795_086_000_000_000,
        "1795086000.0",
        1_795_086_000_000.0, datetime(2026, 11, 19, 11, tzinfo=UTC), datetime(2026, 11, 19, 13,
        tzinfo=timezone(timedelta(hours=2))),
    ),
)
def test_one_moment_is_written_in_many_ways(said: object):
    assert has_a_time(said, "ts", NOON, None) == at("2026-11-19 11:00")


@pytest.mark.parametrize(
    ("said", "micros"),
    (("2026-11-19T11:00:00.123456Z", 123_456), (1_795_086_000.123456, 123_456), (1_795_086_000_123.5, 123_500),
     ("1795086000123", 123_000), (1_795_086_000_123_456, 123_456), ("2026-11-19T11:00:00.1234567Z", 123_456)),
)
def test_a_time_is_kept_to_the_microsecond(said: object, micros: int):
    assert has_a_time(said, "ts", NOON, None) == at("2026-11-19 11:00") + micros


@pytest.mark.parametrize(
    ("said", "utc"),
    (
        ("2026-07-01T12:00:00", "2026-07-01 10:00"),
        ("2026-07-01 12:00", "2026-07-01 10:00"),
        ("2026-07-01", "2026-06-30 22:00"),
        ("20260701", "2026-06-30 22:00"),
        ("2026-01-31T12:00:00Z", "2026-01-31 12:00"),
        ("2026-03-29T02:30:00", "2026-03-29 01:30"),  # skipped by the clocks: 03:30 in summer time
        ("2026-10-25T02:30:00", "2026-10-25 00:30"),  # comes twice: the first, in summer time
    ),
)
def test_a_naive_time_is_read_in_the_zone_its_source_declares(said: str, utc: str):
    assert has_a_time(said, "ts", NOON + 365 * 24 * 60 * MINUTE, BERLIN) == at(utc)


@pytest.mark.parametrize("offset", (0, 1, 5 * MINUTE - 1, 5 * MINUTE))
def test_a_clock_may_run_five_minutes_ahead(offset: int):
    assert has_a_time(NOON + offset, "ts", NOON, None) == NOON + offset


def test_a_clock_may_not_run_further_ahead():
    with pytest.raises(Unfit, match="from now"):
        has_a_time(NOON + 5 * MINUTE + 1, "ts", NOON, None)


def test_late_is_fine_back_to_1990():
    assert has_a_time("1990-01-01T00:00:00Z", "ts", NOON, None) == at("1990-01-01 00:00")
    with pytest.raises(Unfit, match="before 1990-01-01"):
        has_a_time(at("1990-01-01 00:00") // SECOND - 1, "ts", NOON, None)


@pytest.mark.parametrize(
    "said", ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "24:00", "2026-11-19T11:00:60Z", "now", "1795086000s",
             "-1795086000", "1.7e9", -(10**16), "12345678901234567890", "2026-\ud800")
)
def test_odd_times_are_refused_in_a_sentence(said: object):
    with pytest.raises(Unfit) as caught:
        has_a_time(said, "ts", NOON, BERLIN)
    assert caught.value.field == "ts"
    assert caught.value.reason.startswith("ts is ")


def test_a_zone_of_half_hours_is_right():
    assert iso(has_a_time("2026-11-19T12:00:00", "ts", NOON, ZoneInfo("Asia/Kathmandu"))) == "2026-11-19T06:15:00.000Z"
