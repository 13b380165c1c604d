"""Orders, sales, order statuses and refunds, as events."""

from __future__ import annotations

from typing import Final

from metrics_core.ingest.arrival import Arrival
from metrics_core.ingest.identity import flat, identity
from metrics_core.ingest.shapes import LINE, Extra, Fields
from metrics_core.ingest.steps import has_an_id, has_an_id_or_none, has_clean_text, has_plain_properties, has_whole_numbers
from metrics_core.ingest.times import has_a_time
from metrics_core.ingest.unfit import Unfit, missing, quoted, refuse
from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, ORDER_PLACED, REFUND, Event, Line

MOST_LINES: Final = 1_000

STATUSES: dict[str, str] = {"pending": ORDER_PLACED, "completed": ORDER_COMPLETED, "failed": ORDER_FAILED}
"""The kind of event that an order of each status is."""


def order(fields: Fields, extra: Extra, arrival: Arrival) -> Event:
    """An order with its lines: placed and, unless it is pending, completed or failed at once."""
    said = fields.get("orderId")
    order_id = has_an_id(said, "orderId") if said is not None else missing("orderId", extra)
    lines, beside = has_lines(fields.get("lines"), extra, arrival)
    if beside:
        extra = {**extra, "lines": beside}
    return _bought(order_id, lines, fields, extra, arrival)


def sale(fields: Fields, extra: Extra, arrival: Arrival) -> Event:
    """A sale is an order of one line; without an order id, the sale's own id is that of its order."""
    line = has_a_line(fields, extra, arrival)
    said = fields.get("orderId")
    order_id = has_an_id(said, "orderId") if said is not None else None
    return _bought(order_id, (line,), fields, extra, arrival)


def status(fields: Fields, extra: Extra, arrival: Arrival) -> Event:
    """An order moved on: completed or failed. Its lines are known from when it was placed."""
    said = fields.get("orderId")
    order_id = has_an_id(said, "orderId") if said is not None else missing("orderId", extra)
    value = fields.get("status")
    kind = has_a_known_status(value) if value is not None else missing("status", extra)
    if kind == ORDER_PLACED:
        refuse(
            "has_a_known_status", "status",
            "status is 'pending', which an order is from when it is placed. Send 'completed' or 'failed' once it is so.",
        )
    given = fields.get("id")
    return _followed(kind, order_id, has_an_id(given, "id") if given is not None else None, 0, fields, extra, arrival)


def refund(fields: Fields, extra: Extra, arrival: Arrival) -> Event:
    """Money given back for an order. A refund that has no other id goes by its refund id."""
    said = fields.get("refundId")
    refund_id = has_an_id(said, "refundId") if said is not None else missing("refundId", extra)
    said = fields.get("orderId")
    order_id = has_an_id(said, "orderId") if said is not None else missing("orderId", extra)
    value = fields.get("amount")
    amount = arrival.money.minor(value, "amount") if value is not None else missing("amount", extra)
    if amount == 0:
        refuse("is_above_zero", "amount", f"amount is {quoted(value)}. A refund gives something back: send how much.")
    currency = fields.get("currency")
    if currency is not None:
        arrival.money.is_in_currency(currency)
    given = fields.get("id")
    id = has_an_id(given, "id") if given is not None else f"refund:{refund_id}"
    return _followed(REFUND, order_id, id, amount, fields, {**extra, "refundId": refund_id}, arrival)


def has_lines(value: object, extra: Extra, arrival: Arrival) -> tuple[tuple[Line, ...], list[Extra]]:
    """The lines of an order, and what each says besides (empty if none does)."""
    if value is None:
        missing("lines", extra, 'An order has lines, like [{"productId": "P1", "quantity": 2, "revenue": 250.00}].')
    if not isinstance(value, list):
        refuse("has_lines", "lines", f"lines is {quoted(value)}. Send a list of lines, also for one.")
    if not 0 < len(value) <= MOST_LINES:
        refuse("has_lines", "lines", f"lines is {quoted(value)}. Send 1 to {MOST_LINES} lines to an order.")
    read = LINE.read
    lines: list[Line] = []
    beside: list[Extra] = []
    for number, said in enumerate(value):
        if not isinstance(said, dict):
            place = f"lines[{number}]"
            refuse("has_lines", place, f"{place} is {quoted(said)}. Send an object with productId, quantity and revenue.")
        try:
            fields, more = read(said)
            lines.append(has_a_line(fields, more, arrival))
        except Unfit as unfit:
            raise unfit.within_line(number) from None
        beside.append(more)
    if len(lines) > 1:
        arrival.money.is_within_bounds(sum([line[2] for line in lines]), "lines")
    return tuple(lines), beside if any(beside) else []


def has_a_line(fields: Fields, extra: Extra, arrival: Arrival) -> Line:
    """One product: how many units, and the amount paid for them."""
    product = fields.get("productId")
    if product is None:
        missing("productId", extra, 'A line without a product, like a delivery fee, has an empty one: "".')
    quantity = fields.get("quantity")
    if quantity is None:
        missing("quantity", extra)
    revenue = fields.get("revenue")
    if revenue is None:
        missing("revenue", extra)
    currency = fields.get("currency")
    if currency is not None:
        arrival.money.is_in_currency(currency)
    name = has_an_id_or_none(product, "productId")
    return Line(name, has_whole_numbers(quantity, "quantity"), arrival.money.minor(revenue, "revenue"))


def has_a_known_status(value: object) -> str:
    """The kind of event for pending, completed or failed, in capitals or not."""
    kind = STATUSES.get(value.strip().lower()) if isinstance(value, str) else None
    if kind is None:
        refuse("has_a_known_status", "status", f"status is {quoted(value)}. Send 'pending', 'completed' or 'failed'.")
    return kind


def _bought(order_id: str | None, lines: tuple[Line, ...], fields: Fields, extra: Extra, arrival: Arrival) -> Event:
    get = fields.get
    said = get("id")
    given = has_an_id(said, "id") if said is not None else None
    if order_id is None:
        order_id = given
    user = has_an_id_or_none(get("userId"), "userId")
    said = get("ts")
    at = has_a_time(said, "ts", arrival.now, arrival.zone) if said is not None else None
    value = get("status")
    kind = ORDER_COMPLETED if value is None else has_a_known_status(value)
    currency = get("currency")
    if currency is not None:
        arrival.money.is_in_currency(currency)
    channel = has_clean_text(get("channel"), "channel")
    region = has_clean_text(get("region"), "region")
    staff = has_clean_text(said, "staffId") if (said := get("staffId")) is not None else None
    segment = has_clean_text(said, "segment") if (said := get("segment")) is not None else None
    content = has_clean_text(said, "contentId") if (said := get("contentId")) is not None else None
    company = has_clean_text(said, "company") if (said := get("company")) is not None else None
    payload = has_plain_properties(extra, None) if extra else b""
    id, digest = identity(
        given, arrival.source,
        (kind, order_id, user, at, flat(lines), channel, region, staff, segment, content, company),
        payload,
    )
    return Event(
        id, digest, kind, arrival.now if at is None else at, arrival.now, arrival.source, arrival.origin, arrival.run_id,
        user, None, order_id or id, True, lines, 0, 1, channel, region, staff, segment, content, None, company,
        extra or None,
    )


def _followed(
    kind: str, order_id: str, given: str | None, amount: int, fields: Fields, extra: Extra, arrival: Arrival
) -> Event:
    said = fields.get("ts")
    at = has_a_time(said, "ts", arrival.now, arrival.zone) if said is not None else None
    payload = has_plain_properties(extra, None) if extra else b""
    id, digest = identity(given, arrival.source, (kind, order_id, at, amount), payload)
    return Event(
        id, digest, kind, arrival.now if at is None else at, arrival.now, arrival.source, arrival.origin, arrival.run_id,
        None, None, order_id, False, (), amount, 1, None, None, None, None, None, None, None, extra or None,
    )
