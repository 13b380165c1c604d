"""A sender's own events: something happened, of a type the sender chooses."""

from __future__ import annotations

from typing import Final

from metrics_core.ingest.arrival import Arrival
from metrics_core.ingest.identity import identity
from metrics_core.ingest.shapes import Extra, Fields, same
from metrics_core.ingest.steps import (
    has_an_id,
    has_an_id_or_none,
    has_clean_text,
    has_plain_properties,
    has_properties,
    has_whole_numbers,
)
from metrics_core.ingest.times import has_a_time
from metrics_core.ingest.unfit import missing, quoted, refuse
from metrics_core.model.event import ACTIVITY, ORDER_COMPLETED, ORDER_FAILED, ORDER_PLACED, REFUND, RESERVED_KINDS, Event

LONGEST_TYPE: Final = 100
"""Characters of a type."""

DOORS: dict[str, str] = {
    ORDER_PLACED: "Send orders to /api/v1/orders.",
    ORDER_COMPLETED: "Send orders to /api/v1/orders, and what becomes of them to /api/v1/orders/{order_id}/status.",
    ORDER_FAILED: "Send orders to /api/v1/orders, and what becomes of them to /api/v1/orders/{order_id}/status.",
    REFUND: "Send refunds to /api/v1/refunds.",
    ACTIVITY: "Send user activity to /api/v1/activity.",
}
"""Where the kinds go that an event of one's own must not take."""


def event(fields: Fields, extra: Extra, arrival: Arrival) -> Event:
    """An event as its sender tells it; what it says besides its own fields joins its properties."""
    get = fields.get
    kind = has_a_type(get("type"), extra)
    said = get("id")
    given = has_an_id(said, "id") if said is not None else None
    said = get("ts")
    at = has_a_time(said, "ts", arrival.now, arrival.zone) if said is not None else None
    user = has_an_id_or_none(get("userId"), "userId")
    session = has_an_id_or_none(get("sessionId"), "sessionId")
    said = get("count")
    count = has_whole_numbers(said, "count", least=1) if said is not None else 1
    properties = has_all_properties(get("properties"), extra)
    payload = has_plain_properties(properties, "properties") if properties else b""
    said = get("feature")
    if said is None and isinstance(properties.get("feature"), str):
        said = properties["feature"]
    feature = has_clean_text(said, "feature")
    content = has_clean_text(get("contentId"), "contentId")
    channel = has_clean_text(get("channel"), "channel")
    region = has_clean_text(get("region"), "region")
    staff = has_clean_text(get("staffId"), "staffId")
    segment = has_clean_text(get("segment"), "segment")
    company = has_clean_text(get("company"), "company")
    id, digest = identity(
        given, arrival.source,
        (kind, at, user, session, count, content, feature, channel, region, staff, segment, company),
        payload,
    )
    return Event(
        id, digest, kind, arrival.now if at is None else at, arrival.now, arrival.source, arrival.origin, arrival.run_id,
        user, session, None, False, (), 0, count, channel, region, staff, segment, content, feature, company,
        properties or None,
    )


def has_a_type(value: object, extra: Extra) -> str:
    """The kind of a sender's own event: 1 to 100 characters, and none of the kinds that only records make."""
    if value is None:
        missing("type", extra)
    kind = has_clean_text(value, "type", LONGEST_TYPE) if isinstance(value, str) else None
    if kind is None:
        refuse("has_a_type", "type", f"type is {quoted(value)}. Say what happened, like 'login', in 1 to 100 characters.")
    if kind.lower() in RESERVED_KINDS:
        refuse("is_not_reserved", "type", f"type is {quoted(kind)}, which is not for events. {DOORS[kind.lower()]}")
    return kind


def has_all_properties(value: object, extra: Extra) -> dict[str, object]:
    """Properties with the unknown fields beside them; a name that is in both must say the same."""
    if value is None:
        return extra
    properties = has_properties(value, "properties")
    for name in sorted(extra.keys() & properties.keys()):
        beside, inside = extra[name], properties[name]
        if not same(beside, inside):
            refuse(
                "says_it_once", "properties",
                f"{quoted(name)} is {quoted(beside)} beside the properties and {quoted(inside)} in them. Say it once.",
            )
    return {**extra, **properties}
