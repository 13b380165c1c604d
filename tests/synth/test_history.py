"""Thirty made-up days: as many sales as asked for, believable ratios, and the same for the same seed."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics_core.ingest.admit import Admission
from metrics_core.model.instant import DAY, HOUR, instant, moment
from metrics_core.synth.history import expected, history
from metrics_core.synth.people import CHANNELS, REGIONS
from metrics_core.synth.records import money
from tests.given import NOON

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
SEEDS = (1, 2, 77)


@lru_cache(maxsize=4)
def month(seed: int) -> list[dict[str, Any]]:
    return [record for chunk in history(seed=seed, start=NOON - 30 * DAY, end=NOON, zone=UTC) for record in chunk]


def when(record: dict[str, Any]) -> str:
    return str(record.get("ts") or record["timestamp"])


def orders(seed: int) -> list[dict[str, Any]]:
    return [record for record in month(seed) if "lines" in record]


def settled(seed: int) -> Counter[str]:
    return Counter(record["status"] for record in month(seed) if "status" in record)


@pytest.mark.parametrize("seed", SEEDS)
def test_thirty_days_hold_30000_to_45000_sales(seed: int) -> None:
    completed = [order for order in orders(seed) if order["status"] == "completed"]
    assert 30_000 <= len(completed) <= 45_000
    assert 30_000 <= sum(len(order["lines"]) for order in completed) <= 45_000


@pytest.mark.parametrize("seed", SEEDS)
def test_four_to_five_percent_of_the_views_end_in_a_purchase(seed: int) -> None:
    views = sum(record["count"] for record in month(seed) if record.get("type") == "content_view")
    assert 4.0 < 100 * settled(seed)["completed"] / views < 5.0


@pytest.mark.parametrize("seed", SEEDS)
def test_some_orders_wait_some_fail_and_some_money_goes_back(seed: int) -> None:
    placed = Counter(order["status"] for order in orders(seed))
    later = settled(seed) - placed
    assert placed["pending"] > 1_500
    assert placed["failed"] > 800
    assert 0.9 < sum(later.values()) / placed["pending"] < 1
    assert 300 < sum("refundId" in record for record in month(seed)) < 1_000


def test_every_record_has_an_id_of_its_own_and_they_come_in_the_order_of_time() -> None:
    records = month(1)
    assert len({record["id"] for record in records}) == len(records)
    times = [when(record) for record in records]
    assert times == sorted(times)
    assert expected(NOON - 30 * DAY, NOON) == pytest.approx(len(records), rel=0.15)


def test_a_status_or_refund_follows_its_order() -> None:
    known = set()
    for record in month(2):
        if "lines" in record:
            known.add(record["orderId"])
        elif "orderId" in record:
            assert record["orderId"] in known


def test_the_same_seed_says_the_same_byte_by_byte_and_another_says_something_else() -> None:
    def written(seed: int) -> bytes:
        window = history(seed=seed, start=NOON - 2 * DAY, end=NOON, zone=BERLIN)
        return json.dumps(list(window)).encode()

    assert written(5) == written(5)
    assert written(5) != written(6)


def test_an_hour_is_told_the_same_whenever_it_is_asked_for() -> None:
    whole = {record["id"]: record for record in month(1)}
    later = [r for chunk in history(seed=1, start=NOON - DAY, end=NOON + DAY, zone=UTC) for r in chunk]
    shared = [record for record in later if record["id"] in whole]
    assert len(shared) > 2_000
    assert all(whole[record["id"]] == record for record in shared)


def test_nothing_lies_outside_the_window_nor_depends_on_an_order_before_it() -> None:
    start, end = NOON + 17 * 60_000_000, NOON + 3 * HOUR + 1_000
    records = [record for chunk in history(seed=9, start=start, end=end, zone=UTC) for record in chunk]
    placed = {record["orderId"] for record in records if "lines" in record}
    assert all(moment(start).isoformat() <= when(record) < moment(end).isoformat() for record in records)
    assert all(record["orderId"] in placed for record in records if "orderId" in record)


def test_busy_hours_are_those_of_the_zone() -> None:
    placed = Counter(
        moment(instant(moment(0).fromisoformat(order["ts"])), BERLIN).hour
        for chunk in history(seed=1, start=NOON - 30 * DAY, end=NOON, zone=BERLIN)
        for order in chunk
        if "lines" in order
    )
    busy, night = (10, 11, 12, 13, 14, 18, 19, 20, 21), (0, 1, 2, 3, 4, 5)
    assert min(placed[hour] for hour in busy) > max(placed[hour] for hour in night)
    assert 1.1 < placed[12] / placed[8] < 1.8


def test_all_channels_and_regions_of_the_house_are_there() -> None:
    assert {order["channel"] for order in orders(1)} == set(CHANNELS)
    assert {order["region"] for order in orders(1)} == set(REGIONS)
    assert any("staffId" in order for order in orders(1))
    assert any(order.get("contentId") == "Winter parka guide" for order in orders(1))


@pytest.mark.parametrize(("code", "digits"), (("USD", 2), ("JPY", 0), ("KWD", 3)))
def test_admission_takes_all_of_it_in_any_currency(code: str, digits: int) -> None:
    door = Admission(digits, code)
    for chunk in history(seed=3, start=NOON - DAY, end=NOON, zone=BERLIN, digits=digits, chunk=500):
        assert len(chunk) <= 500
        admitted = door.admit(chunk, record=None, source="demo", origin="demo", run_id=None, now=NOON)
        assert admitted.refused == []


@pytest.mark.parametrize(("digits", "written"), ((0, "128"), (1, "128.4"), (2, "128.37"), (3, "128.370")))
def test_money_is_written_with_the_decimals_of_its_currency(digits: int, written: str) -> None:
    assert money(12_837, digits) == written
