"""The simulator's tick and the quick sample: deterministic, marked by their run, and fit for admission."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics_core.ingest.admit import Admission
from metrics_core.model.instant import SECOND
from metrics_core.synth.people import CHANNELS, REGIONS
from metrics_core.synth.sample import sample
from metrics_core.synth.stream import Flow, Made, tick
from tests.given import NOON

UTC = ZoneInfo("UTC")


def flow(**fields: Any) -> Flow:
    return Flow(**{"seed": 1, "orders": 12, "span": 5 * SECOND, "channels": {}, "regions": {}, "zone": UTC, **fields})


def ticks(number: int, given: Flow, *, run_id: str = "r-0001") -> list[Made]:
    made: list[Made] = []
    for n in range(number):
        waiting = made[-1].waiting if made else ()
        made.append(tick(given, run_id=run_id, number=n, now=NOON + n * 5 * SECOND, waiting=waiting))
    return made


def placed(made: list[Made]) -> list[dict[str, Any]]:
    return [record for one in made for record in one.records if "lines" in record]


def test_the_same_tick_makes_the_same_records() -> None:
    assert ticks(5, flow()) == ticks(5, flow())
    assert ticks(5, flow()) != ticks(5, flow(seed=2))


def test_two_runs_share_no_id() -> None:
    first = {record["id"] for made in ticks(5, flow()) for record in made.records}
    second = {record["id"] for made in ticks(5, flow(), run_id="r-0002") for record in made.records}
    assert not first & second


def test_a_pending_order_is_settled_within_a_minute_of_ticks() -> None:
    made = ticks(60, flow())
    waited = {order["orderId"]: order["ts"] for order in placed(made[:40]) if order["status"] == "pending"}
    later = [record for one in made for record in one.records if "status" in record and "lines" not in record]
    settled = {record["orderId"]: record for record in later}
    assert waited.keys() <= settled.keys()
    assert {record["status"] for record in settled.values()} == {"completed", "failed"}
    assert all(settled[order]["ts"] > at for order, at in waited.items())


def test_records_are_dated_within_their_tick() -> None:
    made = ticks(3, flow())
    last = [record.get("ts") or record["timestamp"] for record in made[2].records]
    assert max(last) <= "2026-11-19T12:00:10.000Z"
    assert min(last) > "2026-11-19T12:00:05.000Z"


def test_a_channel_or_region_turned_off_sends_nothing_and_one_turned_up_sends_more() -> None:
    made = placed(ticks(60, flow(channels={"retail": 0.0}, regions={"Asia": 0.0})))
    assert {order["channel"] for order in made} == set(CHANNELS) - {"retail"}
    assert {order["region"] for order in made} == set(REGIONS) - {"Asia"}
    usual = len(placed(ticks(60, flow())))
    assert len(placed(ticks(60, flow(channels=dict.fromkeys(CHANNELS, 2.0))))) == pytest.approx(2 * usual, rel=0.1)
    assert placed(ticks(5, flow(channels=dict.fromkeys(CHANNELS, 0.0)))) == []


def test_admission_takes_every_record_of_a_run_and_of_a_sample() -> None:
    door = Admission(2, "USD")
    records = [record for made in ticks(40, flow()) for record in made.records] + sample(now=NOON, zone=UTC)
    admitted = door.admit(records, record=None, source="simulator", origin="sim", run_id="r-0001", now=NOON + 300 * SECOND)
    assert admitted.refused == []
    kinds = {event.kind for event in admitted.events}
    assert kinds >= {"order_placed", "order_completed", "order_failed", "refund", "content_view", "activity"}


def test_a_sample_is_a_handful_of_the_last_minutes() -> None:
    records = sample(now=NOON, zone=UTC)
    assert 20 <= len(records) <= 40
    times = [record.get("ts") or record["timestamp"] for record in records]
    assert times == sorted(times)
    assert times[0] >= "2026-11-19T11:55"
    assert records == sample(now=NOON, zone=UTC)
    assert not {record["id"] for record in records} & {record["id"] for record in sample(now=NOON + SECOND, zone=UTC)}
