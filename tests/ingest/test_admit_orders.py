"""Orders, sales, statuses and refunds become events with exact money, whatever their spelling."""

from __future__ import annotations

from typing import Any

import pytest

from metrics_core.ingest.admit import Admission, Admitted
from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, ORDER_PLACED, REFUND, Event, Line
from metrics_core.model.instant import HOUR
from tests.given import NOON, order_record, refund_record, sale_record, status_record


def admit(*records: object, record: str | None = None, source: str = "shop", now: int = NOON, currency: str = "USD",
          digits: int = 2) -> Admitted:
    return Admission(digits, currency).admit(
        records, record=record, source=source, origin="live", run_id=None, now=now,
    )


def one(said: object, **how: Any) -> Event:
    admitted = admit(said, **how)
    assert admitted.refused == []
    return admitted.events[0]


SPOKEN = {
    "id": "e1", "orderId": "58214", "userId": "ann", "ts": "2026-11-19T11:00:00Z", "status": "completed",
    "channel": "online",
    "region": "Europe", "staffId": "S7", "contentId": "spring", "segment": "loyal", "company": "Acme", "currency": "USD",
    "lines": [{"productId": "lamp", "quantity": 2, "revenue": 250.0}, {"productId": "desk", "quantity": 1,
    "revenue": "0.50"}],
}


def test_an_order_becomes_one_event_with_its_lines_and_dimensions():
    event = one(SPOKEN)
    assert event == Event(
        id="e1", digest=event.digest, kind=ORDER_COMPLETED, at=NOON - HOUR, received_at=NOON, source="shop", origin="live",
        user="ann", order_id="58214", placed=True, lines=(Line("lamp", 2, 25_000), Line("desk", 1, 50)), channel="online",
        region="Europe", staff="S7", segment="loyal", content="spring", company="Acme",
    )


def test_snake_case_says_the_same_as_camel_case():
    snake = {
        "id": "e1", "order_id": 58214, "user_id": "ann", "timestamp": "2026-11-19T12:00:00+01:00", "status": "Completed",
        "channel": " online ", "region": "Europe", "staff_id": "S7", "content_id": "spring", "segment": "loyal",
        "company": "Acme", "currency": "usd",
        "lines": [
            {"product_id": "lamp", "quantity": 2.0, "revenue": "250"}, {"product_id": "desk", "quantity": "1",
            "revenue": 0.5},
        ],
    }
    assert one(snake) == one(SPOKEN)


@pytest.mark.parametrize(
    ("status", "kind"),
    ((None, ORDER_COMPLETED), ("completed", ORDER_COMPLETED), ("pending", ORDER_PLACED), ("FAILED", ORDER_FAILED)),
)
def test_an_order_is_placed_whatever_its_status(status: str | None, kind: str):
    event = one(order_record("o1", status=status))
    assert (event.kind, event.placed) == (kind, True)


def test_an_order_without_a_user_or_dimensions_is_taken():
    event = one({"orderId": "o1", "lines": [{"productId": "lamp", "quantity": 1, "revenue": 1}]})
    assert (event.user, event.channel, event.region, event.at) == (None, None, None, NOON)


def test_empty_text_names_nothing():
    event = one(order_record("o1", userId="", channel="", region="   "))
    assert (event.user, event.channel, event.region) == (None, None, None)


def test_numbers_name_as_their_digits():
    event = one(order_record("o1", userId=12, region=367, channel=367.0, segment=0.5))
    assert (event.user, event.region, event.channel, event.segment) == ("12", "367", "367", "0.5")


def test_a_line_without_a_product_says_so_with_empty_text():
    event = one(order_record("o1", lines=[{"productId": "", "quantity": 1, "revenue": 4.9}]))
    assert event.lines == (Line(None, 1, 490),)


def test_a_line_may_give_things_away():
    event = one(order_record("o1", lines=[{"productId": "gift", "quantity": 0, "revenue": 0}]))
    assert event.lines == (Line("gift", 0, 0),)


def test_what_is_not_known_is_kept_beside():
    event = one(order_record("o1", createdAt="2026-11-19", coupon={"code": "X", "off": 10}))
    assert event.payload == {"createdAt": "2026-11-19", "coupon": {"code": "X", "off": 10}}


def test_what_is_not_known_of_a_line_is_kept_in_its_place():
    lines = [
        {"productId": "lamp", "quantity": 1, "revenue": 1},
        {"productId": "desk", "quantity": 1, "revenue": 2, "colour": "oak"},
    ]
    assert one(order_record("o1", lines=lines)).payload == {"lines": [{}, {"colour": "oak"}]}


def test_a_field_that_is_null_is_not_given():
    assert one({**SPOKEN, "order_id": None}) == one(SPOKEN)
    assert one(order_record("o1", channel=None)) == one({k: v for k, v in order_record("o1").items() if k != "channel"})


def test_two_spellings_may_say_the_same():
    assert one({**SPOKEN, "order_id": "58214"}) == one(SPOKEN)


def test_another_name_for_the_time_is_a_field_of_its_own_beside_ts():
    event = one({**SPOKEN, "date": "2026-12-24"})
    assert event.at == one(SPOKEN).at
    assert event.payload == {"date": "2026-12-24"}


# -------------------------------------------------------------------------------------------------------------- sales


def test_a_sale_is_an_order_of_one_line():
    event = one(sale_record(id="s1"))
    assert (event.kind, event.placed, event.id, event.order_id) == (ORDER_COMPLETED, True, "s1", "s1")
    assert (event.lines, event.channel, event.region, event.user) == ((Line("lamp", 2, 5_000),), "retail", "Asia", "bob")
    assert event.at == NOON


def test_a_sale_without_an_id_is_its_own_order():
    event = one(sale_record())
    assert event.id.startswith("h:")
    assert event.order_id == event.id


def test_a_sale_may_name_its_order():
    assert one(sale_record(orderId="o9", id="s1")).order_id == "o9"


def test_the_door_of_orders_takes_sales():
    assert one(sale_record(id="s1", lines=None), record="order").lines == one(sale_record(id="s1")).lines
    assert one(sale_record(id="s1"), record="order") == one(sale_record(id="s1"), record="sale") == one(sale_record(id="s1"))


def test_a_sale_and_an_order_of_one_line_are_the_same_content():
    sale = one({"id": "a", "orderId": "o", "ts": NOON, "productId": "lamp", "quantity": 1, "revenue": 5})
    order = one({"id": "a", "orderId": "o", "ts": NOON, "lines": [{"productId": "lamp", "quantity": 1, "revenue": 5}]})
    assert sale == order


# --------------------------------------------------------------------------------------------------- what comes after


@pytest.mark.parametrize(("status", "kind"), (("completed", ORDER_COMPLETED), ("Failed", ORDER_FAILED)))
def test_a_status_moves_an_order_on_without_placing_it_again(status: str, kind: str):
    event = one(status_record("o1", status, note="paid by wire"))
    assert (event.kind, event.placed, event.order_id, event.lines) == (kind, False, "o1", ())
    assert event.payload == {"note": "paid by wire"}


def test_a_refund_gives_an_amount_back_and_goes_by_its_refund_id():
    event = one({"refundId": "R1", "orderId": "o1", "amount": "12.34", "reason": "broken"})
    assert (event.kind, event.placed, event.order_id, event.amount) == (REFUND, False, "o1", 1_234)
    assert event.id == "refund:R1"
    assert event.payload == {"reason": "broken", "refundId": "R1"}


def test_a_refund_keeps_an_id_of_its_own():
    assert one(refund_record("o1", 5, id="x")).id == "x"


def test_another_refund_under_the_same_refund_id_is_other_content():
    first = one({"refundId": "R1", "orderId": "o1", "amount": 5})
    second = one({"refundId": "R1", "orderId": "o1", "amount": 6})
    assert first.id == second.id
    assert first.digest != second.digest


# ------------------------------------------------------------------------------------------------------------- shapes


@pytest.mark.parametrize(
    ("said", "kind"),
    (
        (order_record("o1"), ORDER_COMPLETED),
        (sale_record(), ORDER_COMPLETED),
        ({"product_id": "p", "quantity": 1, "revenue": 1, "orderId": "o", "status": "failed"}, ORDER_FAILED),
        (status_record("o1"), ORDER_COMPLETED),
        ({"refund_id": "r", "order_id": "o", "amount": 1}, REFUND),
        ({"type": "login"}, "login"),
        ({"user_id": "u", "pages_viewed": 3}, "activity"),
        ({"userId": "u", "company": "Acme"}, "activity"),
        ({"type": "payment_attempt", "orderId": "o", "status": "failed", "record": "event"}, "payment_attempt"),
    ),
)
def test_a_record_is_told_by_its_fields_or_by_its_name(said: dict[str, object], kind: str):
    assert one(said).kind == kind


def test_a_record_that_says_what_it_is_keeps_no_trace_of_that():
    assert one({**SPOKEN, "record": "order"}) == one(SPOKEN)


def test_a_field_called_record_is_kept_where_the_door_says_what_it_takes():
    assert one({"type": "played", "record": "Abbey Road"}, record="event").payload == {"record": "Abbey Road"}


def test_good_records_are_kept_beside_bad_ones():
    admitted = admit(order_record("o1"), {"orderId": "o2"}, 7, order_record("o3"), record="order")
    assert [event.order_id for event in admitted.events] == ["o1", "o3"]
    assert admitted.indexes == [0, 3]
    assert [(refusal.index, refusal.step) for refusal in admitted.refused] == [(1, "has_what_it_needs"), (2, "is_an_object")]


def test_source_origin_and_run_are_the_doors_to_say():
    admitted = Admission(2, "USD").admit(
        [{**order_record("o1"), "origin": "live", "source": "me"}], record="order", source="simulator", origin="sim",
        run_id="run-7", now=NOON,
    )
    event = admitted.events[0]
    assert (event.source, event.origin, event.run_id) == ("simulator", "sim", "run-7")
    assert event.payload == {"origin": "live", "source": "me"}


def test_an_unknown_kind_of_record_asked_for_by_a_door_is_a_mistake_of_the_door():
    with pytest.raises(Exception, match="Did you mean 'order'"):
        admit({}, record="ordr")


# ----------------------------------------------------------------------------------------------------------- identity


def test_digests_never_change_from_one_release_to_the_next():
    # Stored digests were made by earlier releases: a change here makes conflicts of honest repetitions.
    assert one(SPOKEN).digest == ORDER_DIGEST
    assert one({**SPOKEN, "id": None, "note": {"b": 1, "a": [1.5, None]}}).id == HASHED_ID
    assert one(status_record("o1", id="s")).digest == STATUS_DIGEST


def test_the_time_of_arrival_is_no_part_of_what_was_said():
    said = {k: v for k, v in SPOKEN.items() if k not in ("id", "ts")}
    first, again = one(said), one(said, now=NOON + HOUR)
    assert (first.id, first.digest) == (again.id, again.digest)
    assert first.at != again.at


def test_two_sources_may_send_the_same_with_no_id():
    said = {k: v for k, v in SPOKEN.items() if k != "id"}
    assert one(said, source="a").id != one(said, source="b").id
    assert one(said, source="a").digest == one(said, source="b").digest == one(SPOKEN, source="c").digest


@pytest.mark.parametrize(
    "change",
    (
        {"orderId": "58215"}, {"userId": "bob"}, {"ts": "2026-11-19T11:00:00.001Z"}, {"status": "pending"},
        {"channel": "retail"},
        {"region": "Asia"}, {"staffId": "S8"}, {"contentId": "autumn"}, {"segment": "new"}, {"company": "Bolt"},
        {"note": "x"},
        {"lines": SPOKEN["lines"][:1]}, {"lines": SPOKEN["lines"][::-1]}, {"ts": None},
    ),
)
def test_any_other_content_has_another_digest(change: dict[str, object]):
    assert one({**SPOKEN, **change}).digest != one(SPOKEN).digest


ORDER_DIGEST = 7_891_873_341_252_819_779
HASHED_ID = "h:f0045ddb47c8a4ad4b5b7a699165e63e"
STATUS_DIGEST = -5_965_444_401_339_271_136
