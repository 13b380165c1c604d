"""What happened: the event, its lines, and the receipt a sender gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from metrics_core.model.instant import Instant

ORDER_PLACED: Final = "order_placed"
ORDER_COMPLETED: Final = "order_completed"
ORDER_FAILED: Final = "order_failed"
REFUND: Final = "refund"
VIEW: Final = "content_view"
ACTIVITY: Final = "activity"

RESERVED_KINDS: Final = frozenset({ORDER_PLACED, ORDER_COMPLETED, ORDER_FAILED, REFUND, ACTIVITY})
"""Kinds that only orders, refunds and user activity may make; a sender's own event must not take these names."""

ORDER_KINDS: Final = (ORDER_PLACED, ORDER_COMPLETED, ORDER_FAILED, REFUND)
"""What is said of orders."""

LIVE: Final = "live"
SIM: Final = "sim"
DEMO: Final = "demo"
IMPORT: Final = "import"
ORIGINS: Final = (LIVE, SIM, DEMO, IMPORT)
REAL: Final = (LIVE, IMPORT)


class Line(NamedTuple):
    """One product of an order: units and the amount paid for them, in minor units of the currency."""

    product: str | None
    quantity: int
    amount: int


class Event(NamedTuple):
    """Something that happened, once, at a time; immutable and stored append-only.

    An order is one event. A pending order is `order_placed`; its later completion or failure is a second event
    that carries the order's lines and dimensions again and has `placed=False`. An order that arrives already
    completed or failed is a single `order_completed` or `order_failed` event with `placed=True`.
    `digest` identifies the content, so that an id sent twice with other content is noticed.
    """

    id: str
    digest: int
    kind: str
    at: Instant
    received_at: Instant
    source: str
    origin: str
    run_id: str | None = None
    user: str | None = None
    session: str | None = None
    order_id: str | None = None
    placed: bool = False
    lines: tuple[Line, ...] = ()
    amount: int = 0
    """What a refund gives back, in minor units (positive). Its one line, where the order held a single product, names that
    product with a quantity of 0 and the same amount; a refund of several products has no lines."""
    count: int = 1  # type: ignore[assignment]  # the field's word, beside the method of every tuple
    channel: str | None = None
    region: str | None = None
    staff: str | None = None
    segment: str | None = None
    content: str | None = None
    feature: str | None = None
    company: str | None = None
    payload: Mapping[str, object] | None = None
    """Whatever else the sender said: an event's properties, the fields of a user activity."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one record was kept out: where it stood in the request, which step refused it, which field, and what to do."""

    index: int
    id: str | None
    step: str
    field: str | None
    reason: str
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a sender: every record is counted once, as accepted, as a duplicate or as refused."""

    accepted: int = 0
    duplicates: int = 0
    refused: tuple[Refusal, ...] = field(default=())
