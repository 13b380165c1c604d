"""Orders admitted by column are the orders that each record is by itself; whatever is doubtful is left to that."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_core.ingest.admit import Admission, Admitted
from metrics_core.ingest.alike import FROM, orders_alike
from metrics_core.ingest.arrival import Arrival
from metrics_core.ingest.money import Money
from metrics_core.model.event import Event
from metrics_core.model.events import Events
from metrics_core.model.instant import SECOND, iso
from tests.given import NOON

ARRIVAL = Arrival(NOON, "shop", "live", "r1", None, Money("USD", 2))


def one_by_one(records: list[Any], arrival: Arrival = ARRIVAL, door: str | None = "order") -> list[Admitted]:
    money = arrival.money
    admission = Admission(money.digits, money.code)
    return [
        admission.admit(
            [record], record=door, source=arrival.source, origin=arrival.origin, run_id=arrival.run_id, now=arrival.now,
            zone=arrival.zone,
        )
        for record in records
    ]  # fmt: skip


def events_of(found: list[Admitted]) -> list[Event]:
    return [event for admitted in found for event in admitted.events]


def plain(number: int, **more: object) -> dict[str, Any]:
    return {
        "orderId": f"o{number}", "userId": f"u{number % 7}", "ts": iso(NOON - number * SECOND), "channel": "web",
        "lines": [{"productId": f"p{number % 3}", "quantity": 1 + number % 2, "revenue": number + 0.25}], **more,
    }  # fmt: skip


PLAIN = [plain(number) for number in range(FROM)]
FITTING: list[dict[str, Any]] = [
    {}, {"id": "x1"}, {"id": 5, "ts": None}, {"ts": NOON // SECOND}, {"userId": None}, {"userId": " ann "}, {"userId": 7},
    {"status": "Failed"}, {"status": "pending", "channel": " web "}, {"region": "", "staffId": "s1", "segment": "new"},
    {"contentId": "c", "company": "Acme", "currency": "usd"}, {"orderId": 12}, {"lines": [{"productId": "", "quantity": 2.0,
    "revenue": 3}, {"productId": "b", "quantity": 0, "revenue": 0.1, "currency": "USD"}]},
]  # fmt: skip
"""What may be said of an order without its being refused."""
ODD: list[dict[str, Any]] = [
    {"orderId": None}, {"orderId": ""}, {"orderId": "x" * 201}, {"ts": "yesterday"}, {"ts": iso(NOON + 3_600 * SECOND)},
    {"ts": "2026-11-19T12:00:00"}, {"status": "lost"}, {"channel": "a\nb"}, {"channel": 4}, {"channel": True},
    {"channel": ["web"]}, {"currency": "EUR"}, {"note": "gift"}, {"record": "order"}, {"record": "refund"},
    {"order_id": "other"}, {"lines": []}, {"lines": None}, {"lines": {}}, {"lines": [None]}, {"lines": [{}]},
    {"lines": [{"productId": "p", "quantity": 1.5, "revenue": 1}]}, {"lines": [{"productId": "p", "quantity": True,
    "revenue": 1}]}, {"lines": [{"productId": "p", "quantity": 1, "revenue": 0.001}]}, {"lines": [{"productId": "p",
    "quantity": "2", "revenue": "2.50"}]}, {"lines": [{"productId": "p", "quantity": 1, "revenue": float("nan")}]},
    {"lines": [{"productId": "p", "quantity": 1, "revenue": 1, "size": "XL"}]}, {"lines": [{"productId": "p", "quantity": 1,
    "revenue": -0.0}]}, {"lines": [{"productId": "p", "quantity": 1, "revenue": 6e11}] * 2}, {"id": []}, {"userId": {}},
]  # fmt: skip
"""What is refused, or is to be looked at by itself."""
some_more = st.lists(st.sampled_from(FITTING + ODD), max_size=2).map(
    lambda found: {name: value for said in found for name, value in said.items()}
)


@given(st.lists(some_more, min_size=1, max_size=6))
def test_what_is_admitted_by_column_is_what_each_record_is_by_itself(more: list[dict[str, Any]]):
    records: list[Any] = [plain(number, **said) for number, said in enumerate(more)]
    alike = orders_alike(records, ARRIVAL)
    if alike is not None:
        found = one_by_one(records)
        assert [admitted.refused for admitted in found] == [[]] * len(records)
        assert list(alike) == events_of(found)


@pytest.mark.parametrize("said", FITTING, ids=repr)
def test_orders_that_say_more_or_less_than_others_are_still_admitted_by_column(said: dict[str, Any]):
    records = [*PLAIN, plain(100, **said)]
    alike = orders_alike(records, ARRIVAL)
    assert isinstance(alike, Events)
    assert list(alike) == events_of(one_by_one(records))


def test_orders_in_snake_case_are_too():
    records = [
        {"order_id": f"o{n}", "user_id": "u", "timestamp": "2026-11-19T11:00:00+01:00", "lines": [
            {"product_id": "p", "quantity": 1, "revenue": 2}]}
        for n in range(FROM)
    ]  # fmt: skip
    alike = orders_alike(records, ARRIVAL)
    assert alike is not None
    assert list(alike) == events_of(one_by_one(records))


def test_naive_times_are_read_in_the_zone_of_their_source():
    arrival = ARRIVAL._replace(zone=ZoneInfo("Europe/Berlin"))
    records: list[Any] = [plain(number, ts="2026-11-19 10:00") for number in range(FROM)]
    alike = orders_alike(records, arrival)
    assert alike is not None
    assert list(alike) == events_of(one_by_one(records, arrival))


@pytest.mark.parametrize("said", ODD, ids=repr)
@pytest.mark.parametrize("door", ("order", None))
def test_one_odd_record_among_many_is_told_apart_and_the_others_are_kept(said: dict[str, Any], door: str | None):
    odd = {key: value for key, value in plain(100, **said).items() if value is not None}
    records = [*PLAIN, odd]
    by_itself = one_by_one(records, door=door)
    admitted = Admission(2, "USD").admit(records, record=door, source="shop", origin="live", run_id="r1", now=NOON)
    assert list(admitted.events) == events_of(by_itself)
    assert [refusal.step for refusal in admitted.refused] == [one.step for found in by_itself for one in found.refused]
    assert sorted([*admitted.indexes, *(refusal.index for refusal in admitted.refused)]) == list(range(len(records)))
