"""Every refusal: what was sent, the step that refused it, the field, and the words that say what to do."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest

from metrics_core.ingest.admit import STEPS, Admission
from metrics_core.model.event import RESERVED_KINDS, Refusal
from metrics_core.model.instant import HOUR, SECOND
from tests.given import NOON, activity_record, event_record, order_record, refund_record, sale_record, status_record


def refusal(said: object, *, record: str | None = None, currency: str = "USD", digits: int = 2) -> Refusal:
    admitted = Admission(digits, currency).admit(
        [said], record=record, source="shop", origin="live", run_id=None, now=NOON
    )
    assert admitted.events == []
    [refused] = admitted.refused
    return refused


def order(**fields: Any) -> dict[str, Any]:
    return {**order_record("o1"), **fields}


def line(**fields: Any) -> dict[str, Any]:
    said = {"productId": "lamp", "quantity": 1, "revenue": 1.0, **fields}
    return order(lines=[order_record()["lines"][0], {name: value for name, value in said.items() if value is not ...}])


def without(said: dict[str, Any], *names: str, **instead: Any) -> dict[str, Any]:
    return {**{name: value for name, value in said.items() if name not in names}, **instead}


def nested(depth: int) -> dict[str, Any]:
    inside: dict[str, Any] = {}
    for _ in range(depth - 1):
        inside = {"in": inside}
    return inside


LONG = "x" * 201

REFUSED: list[tuple[object, str, str | None, str]] = [
    # what it is
    (None, "is_an_object", None, "The record is null. Send a JSON object"),
    ([order()], "is_an_object", None, "a list of 1"),
    ("order", "is_an_object", None, "'order'"),
    ({}, "has_a_known_shape", None, 'add "record", one of order, status, refund, event, activity, sale'),
    ({"userId": "u"}, "has_a_known_shape", None, "No kind of record has these fields"),
    ({"record": "ordr", "lines": []}, "has_a_known_shape", "record", "Did you mean 'order'?"),
    ({"record": ["order"]}, "has_a_known_shape", "record", "a list of 1"),
    (sale_record(type="purchase"), "has_a_known_shape", "type", '"record": "sale" or "record": "event"'),
    (status_record("o1", type="paid"), "has_a_known_shape", "type", "an order status"),
    ({"orderId": "o", "amount": 1, "type": "refunded"}, "has_a_known_shape", "type", "a refund"),
    (order(order_id="o2"), "says_it_once", "orderId", "'orderId' is 'o1' and 'order_id' is 'o2'"),
    (event_record(page=1, properties={"page": 2}), "says_it_once", "properties",
     "'page' is 1 beside the properties and 2 in"),
    # what it lacks
    (without(order(), "orderId"), "has_what_it_needs", "orderId", "'orderId' is missing"),
    (without(order(), "orderId", orderid="o1"), "has_what_it_needs", "orderId",
     "Did you mean 'orderId' where you sent 'orderid'"),
    (order(orderId=None), "has_what_it_needs", "orderId", "'orderId' is missing"),
    ({"record": "order", "orderId": "o"}, "has_what_it_needs", "lines", "An order has lines, like [{"),
    ({"record": "order", "orderId": "o", "items": []}, "has_what_it_needs", "lines",
     "Did you mean 'lines' where you sent 'items'"),
    (line(productId=...), "has_what_it_needs", "lines[1].productId", "has an empty one"),
    (line(productId=..., sku="x"), "has_what_it_needs", "lines[1].productId",
     "Did you mean 'productId' where you sent 'sku'"),
    (line(quantity=...), "has_what_it_needs", "lines[1].quantity", "In lines[1]: 'quantity' is missing"),
    (line(quantity=..., qty=1), "has_what_it_needs", "lines[1].quantity", "'qty'"),
    (line(revenue=..., revenu=1), "has_what_it_needs", "lines[1].revenue", "Did you mean 'revenue' where you sent 'revenu'"),
    (without(sale_record(), "quantity"), "has_what_it_needs", "quantity", "'quantity' is missing"),
    ({"record": "status", "status": "failed"}, "has_what_it_needs", "orderId", "'orderId' is missing"),
    ({"record": "status", "orderId": "o"}, "has_what_it_needs", "status", "'status' is missing"),
    ({"orderId": "o", "amount": 1}, "has_what_it_needs", "refundId", "'refundId' is missing"),
    ({"refundId": "r", "amount": 1}, "has_what_it_needs", "orderId", "'orderId' is missing"),
    ({"refundId": "r", "orderId": "o"}, "has_what_it_needs", "amount", "'amount' is missing"),
    ({"record": "event", "kind": "login"}, "has_what_it_needs", "type", "Did you mean 'type' where you sent 'kind'"),
    ({"record": "activity", "pageViews": 1}, "has_what_it_needs", "userId", "'userId' is missing"),
    ({"record": "activity", "uid": 1}, "has_what_it_needs", "userId", "where you sent 'uid'"),
    # ids and names
    (order(id=True), "has_an_id", "id", "id is true. Send ids as text, or as whole numbers."),
    (order(id=1.5), "has_an_id", "id", "id is 1.5"),
    (order(id={"a": 1}), "has_an_id", "id", "an object"),
    (order(id=""), "has_an_id", "id", "id is empty"),
    (order(id=LONG), "has_an_id", "id", "id has 201 characters; the most is 200"),
    (order(orderId="a\x00b"), "has_an_id", "orderId", r"'a\x00b', with characters that cannot be printed"),
    (order(orderId="a\ud800"), "has_an_id", "orderId", "cannot be printed"),
    (order(orderId=10**300), "has_an_id", "orderId", "a number of about"),
    (order(userId=["ann"]), "has_an_id", "userId", "a list of 1"),
    (order(userId=1.0), "has_an_id", "userId", "1.0"),
    (line(productId=7.5), "has_an_id", "lines[1].productId", "7.5"),
    (order(channel=True), "has_clean_text", "channel", "channel is true. Send text."),
    (order(region={"name": "Europe"}), "has_clean_text", "region", "an object"),
    (order(region=LONG), "has_clean_text", "region", "201 characters"),
    (order(segment="a\nb"), "has_clean_text", "segment", "cannot be printed"),
    (order(staffId=math.nan), "has_clean_text", "staffId", "nan"),
    # times
    (order(ts="yesterday"), "has_a_time", "ts", "'yesterday', which is no time. Send ISO 8601"),
    (order(ts=""), "has_a_time", "ts", "leave it out for the time of arrival"),
    (order(ts=True), "has_a_time", "ts", "true"),
    (order(ts=math.inf), "has_a_time", "ts", "inf"),
    (order(ts=[]), "has_a_time", "ts", "a list of 0"),
    (order(ts=10**17), "has_a_time", "ts", "epoch seconds or milliseconds"),
    (order(ts="2026-02-30T00:00:00Z"), "has_a_time", "ts", "'2026-02-30T00:00:00Z'"),
    (order(ts="2026-11-19T11:00:00"), "has_a_zone", "ts", "a time without a zone. Send it with its offset"),
    (sale_record(date="2026-11-19"), "has_a_zone", "ts", "declare the zone of this source"),
    (order(ts=datetime(2026, 11, 19)), "has_a_zone", "ts", "without a zone"),  # noqa: DTZ001
    (order(ts=NOON + HOUR), "is_not_from_the_future", "ts", "1:00:00 from now; the most is 5 minutes"),
    (order(ts="2031-01-01T00:00:00Z"), "is_not_from_the_future", "ts", "Check the sender's clock."),
    (order(ts=NOON // SECOND * 10_000), "is_not_from_the_future", "ts", "below 10^14 as milliseconds"),
    (order(ts=1_000_000_000_00), "is_not_too_old", "ts", "It reads as 1973-03-03"),
    (order(ts=0), "is_not_too_old", "ts", "before 1990-01-01. It reads as 1970-01-01"),
    (order(ts="1899-12-30T00:00:00Z"), "is_not_too_old", "ts", "before 1990-01-01"),
    (activity_record(lastActionTime="soon"), "has_a_time", "lastActionTime", "'soon'"),
    (activity_record(lastActionTime="2099-01-01T00:00:00Z"), "is_not_from_the_future", "lastActionTime", "days"),
    # lines
    (order(lines={}), "has_lines", "lines", "an object"),
    (order(lines=[]), "has_lines", "lines", "1 to 1000 lines"),
    (order(lines=[1] * 1001), "has_lines", "lines", "a list of 1001"),
    (order(lines=[order_record()["lines"][0], 5]), "has_lines", "lines[1]", "lines[1] is 5"),
    (line(quantity=1.5), "has_whole_numbers", "lines[1].quantity", "quantity is 1.5. Send a whole number"),
    (line(quantity=True), "has_whole_numbers", "lines[1].quantity", "true"),
    (line(quantity="two"), "has_whole_numbers", "lines[1].quantity", "'two'"),
    (line(quantity=-1), "has_whole_numbers", "lines[1].quantity", "from 0 to 1000000000"),
    (line(quantity=10**9 + 1), "has_whole_numbers", "lines[1].quantity", "from 0 to 1000000000"),
    (line(quantity=10**400), "has_whole_numbers", "lines[1].quantity", "a number of about 401 digits"),
    (line(quantity=math.nan), "has_whole_numbers", "lines[1].quantity", "nan"),
    (event_record(count=0), "has_whole_numbers", "count", "from 1 to"),
    # money
    (line(revenue=12.345), "has_exact_money", "lines[1].revenue", "revenue is 12.345, but USD has 2 decimals. Round"),
    (line(revenue="0.001"), "has_exact_money", "lines[1].revenue", "'0.001', but USD has 2 decimals"),
    (line(revenue=True), "has_exact_money", "lines[1].revenue", "true, which is no amount"),
    (line(revenue=math.nan), "has_exact_money", "lines[1].revenue", "nan"),
    (line(revenue=math.inf), "has_exact_money", "lines[1].revenue", "inf"),
    (line(revenue="NaN"), "has_exact_money", "lines[1].revenue", "'NaN'"),
    (line(revenue="1,234.50"), "has_exact_money", "lines[1].revenue", "plain digits as text, like '250.00'"),
    (line(revenue="$5"), "has_exact_money", "lines[1].revenue", "'$5'"),
    (line(revenue=""), "has_exact_money", "lines[1].revenue", "''"),
    (line(revenue=[1]), "has_exact_money", "lines[1].revenue", "a list of 1"),
    (line(revenue=-5), "is_not_negative", "lines[1].revenue", "sent as a refund"),
    (line(revenue="-0.01"), "is_not_negative", "lines[1].revenue", "'-0.01'"),
    (line(revenue=-(10**9999)), "is_not_negative", "lines[1].revenue", "a number of about 10000 digits"),
    (line(revenue=10**12 + 1), "is_within_bounds", "lines[1].revenue", "Amounts are sent in major units"),
    (line(revenue="1e300"), "is_within_bounds", "lines[1].revenue", "'1e300'"),
    (line(revenue=1e300), "is_within_bounds", "lines[1].revenue", "1e+300"),
    (line(revenue=10**12), "is_within_bounds", "lines", "add up to more"),
    (order(currency="EUR"), "is_in_currency", "currency", "'EUR'; amounts are taken in USD only"),
    (order(currency=840), "is_in_currency", "currency", "840. Send a currency code"),
    (line(currency="EUR"), "is_in_currency", "lines[1].currency", "'EUR'"),
    (refund_record("o1", 1, currency="EUR"), "is_in_currency", "currency", "'EUR'"),
    (refund_record("o1", 0), "is_above_zero", "amount", "amount is 0"),
    (refund_record("o1", -1), "is_not_negative", "amount", "amount is -1"),
    (refund_record("o1", "1.005"), "has_exact_money", "amount", "'1.005'"),
    # statuses
    (order(status="done"), "has_a_known_status", "status", "'done'. Send 'pending', 'completed' or 'failed'."),
    (order(status=1), "has_a_known_status", "status", "status is 1"),
    (status_record("o1", "shipped"), "has_a_known_status", "status", "'shipped'"),
    (status_record("o1", "pending"), "has_a_known_status", "status", "Send 'completed' or 'failed' once it is so"),
    # events
    ({"type": ""}, "has_a_type", "type", "type is ''"),
    ({"type": 5}, "has_a_type", "type", "type is 5"),
    ({"type": "x" * 101}, "has_clean_text", "type", "101 characters; the most is 100"),
    ({"type": "Refund"}, "is_not_reserved", "type", "Send refunds to /api/v1/refunds."),
    (event_record(properties=[1]), "has_plain_properties", "properties", "properties is a list of 1. Send an object"),
    (event_record(data="x"), "has_plain_properties", "properties", "'x'"),
    (event_record(properties={"a": [1, {"b": math.nan}]}), "has_plain_properties", "properties", "holds nan"),
    (event_record(properties={"a": {1, 2}}), "has_plain_properties", "properties", "holds a set"),
    (event_record(properties={"a": datetime(2026, 1, 1, tzinfo=UTC)}), "has_plain_properties", "properties", "a datetime"),
    (event_record(properties={"a": "\ud800"}), "has_plain_properties", "properties", "valid text"),
    (event_record(properties={"a": 2**64}), "has_plain_properties", "properties", "integers of 64 bits"),
    (event_record(properties={5: "a"}), "has_plain_properties", "properties", "cannot be kept"),
    (order(note=math.inf), "has_plain_properties", None, "what the record says besides its own fields holds inf"),
    (event_record(properties={"a": "x" * 70_000}), "is_small_enough", "properties", "the most is 65536"),
    (event_record(properties={"a": [[]] * 70_000}), "is_small_enough", "properties", "more than 65536 bytes"),
    (event_record(properties=nested(21)), "is_small_enough", "properties", "more than 20 objects and lists deep"),
    # activity
    (activity_record(userId=False), "has_an_id", "userId", "false"),
    (activity_record(sessionDuration=-1), "has_fitting_numbers", "sessionDuration", "-1. Send a number from 0"),
    (activity_record(sessionDuration="long"), "has_fitting_numbers", "sessionDuration", "'long', which is no number"),
    (activity_record(sessionDuration=math.nan), "has_fitting_numbers", "sessionDuration", "nan"),
    (activity_record(scrollDepth=101), "has_fitting_numbers", "scrollDepth", "from 0 to 100"),
    (activity_record(pageViews=1.5), "has_whole_numbers", "pageViews", "1.5"),
    (activity_record(featureTime={"Dashboard": "x"}), "has_fitting_numbers", "featureTime['Dashboard']", "'x'"),
    (activity_record(featureTime=[1]), "has_fitting_activity", "featureTime", "Send minutes by name"),
    (activity_record(featuresUsed="Dashboard"), "has_fitting_activity", "featuresUsed", "Send a list of names"),
    (activity_record(featuresUsed=["a", 1]), "has_fitting_activity", "featuresUsed", "holds 1"),
    (activity_record(email="nobody"), "has_fitting_activity", "email", "Send one with an @"),
    (activity_record(email=5), "has_fitting_activity", "email", "email is 5"),
    (activity_record(isActive="yes"), "has_fitting_activity", "isActive", "Send true or false."),
    (activity_record(lastAction="x" * 1001), "has_clean_text", "lastAction", "1001 characters"),
]


@pytest.mark.parametrize(("said", "step", "field", "words"), REFUSED)
def test_a_bad_record_is_refused_with_its_step_field_and_reason(said: object, step: str, field: str | None, words: str):
    refused = refusal(said)
    assert (refused.step, refused.field) == (step, field)
    assert words in refused.reason
    assert refused.reason[-1] in ".?"
    assert len(refused.reason) < 400
    assert refused.retryable is False
    json.dumps(refused.reason).encode()


def test_every_step_has_an_example_of_what_it_refuses():
    assert {step for _, step, _, _ in REFUSED} == set(STEPS)


@pytest.mark.parametrize("kind", sorted(RESERVED_KINDS))
def test_an_event_cannot_pretend_to_be_an_order_or_a_user(kind: str):
    refused = refusal({"type": kind.upper(), "record": "event"})
    assert refused.step == "is_not_reserved"
    assert "/api/v1/" in refused.reason


def test_a_refusal_names_the_id_it_was_sent_with():
    assert refusal(order(id="e7", ts="x")).id == "e7"
    assert refusal(order(id=12, ts="x")).id == "12"
    assert refusal(order(id="\ud800", ts="x")).id is None
    assert refusal(order(ts="x")).id is None


def test_a_culprit_is_quoted_in_short():
    refused = refusal(order(ts="x" * 10_000))
    assert "x" * 70 in refused.reason
    assert len(refused.reason) < 300


@pytest.mark.parametrize(
    ("door", "said"),
    (
        ("order", {"record": "refund", "refundId": "r", "orderId": "o", "amount": 1}),
        ("event", {"record": "order", **order_record("o")}),
        ("activity", {"record": "event", "type": "login"}),
    ),
)
def test_a_door_takes_what_it_is_for(door: str, said: dict[str, object]):
    refused = refusal(said, record=door)
    assert (refused.step, refused.field) == ("has_a_known_shape", "record")
    assert "/api/v1/ingest" in refused.reason


def test_a_currency_without_decimals_says_so():
    said = order(lines=[{"productId": "lamp", "quantity": 1, "revenue": 0.5}])
    assert refusal(said, currency="JPY", digits=0).reason == (
        "In lines[0]: revenue is 0.5, but JPY has no decimals. Round the amount as your books do, and send that."
    )


def test_the_example_of_docs_and_screens_reads_well():
    assert refusal(without(order(), "orderId", order="o1")).reason == (
        "'orderId' is missing. Did you mean 'orderId' where you sent 'order'?"
    )
