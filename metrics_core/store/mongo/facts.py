"""Events as documents of the facts collection, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from metrics_core.model.event import ORDER_FAILED, REFUND, Event, Line
from metrics_core.store.mongo.schema import Fields

_NAMES = (
    "run_id", "session", "order_id", "channel", "region", "staff", "segment", "content", "feature", "company",
)  # fmt: skip
"""What is left out of a document where it is not named."""


def documents_of(events: Iterable[Event], seq: int, users: Mapping[str, int]) -> list[Fields]:
    """The documents of these events, numbered from `seq`."""
    documents: list[Fields] = []
    for number, event in enumerate(events, start=seq):
        document: Fields = {
            "_id": number, "kept": True, "id": event.id, "digest": event.digest, "kind": event.kind, "at": event.at,
            "received_at": event.received_at, "source": event.source, "origin": event.origin, "count": event.count,
        }  # fmt: skip
        for name in _NAMES:
            value = getattr(event, name)
            if value is not None:
                document[name] = value
        if event.user is not None:
            document["user"] = users[event.user]
        if event.placed or event.order_id is not None:
            document["placed"] = event.placed
        if event.lines:
            document["lines"] = [_line(line) for line in event.lines]
            document["quantity"] = sum(line.quantity for line in event.lines)
        if event.kind == REFUND:
            document["amount"] = event.amount
        elif event.lines:
            document["amount"] = sum(line.amount for line in event.lines)
        if event.payload is not None:
            # As text: a name in it may be anything, and numbers come back as they were sent.
            document["payload"] = orjson.dumps(event.payload).decode()
        documents.append(document)
    return documents


def event_of(found: Fields, names: Mapping[int, str]) -> Event:
    """The event of a document; `names` has the name of its user."""
    get = found.get
    user, payload = get("user"), get("payload")
    kind: str = found["kind"]
    return Event(
        id=found["id"], digest=int(found["digest"]), kind=kind, at=int(found["at"]), received_at=int(found["received_at"]),
        source=found["source"], origin=found["origin"], run_id=get("run_id"), user=None if user is None else names[user],
        session=get("session"), order_id=get("order_id"), placed=get("placed", False),
        lines=tuple([Line(line.get("product"), int(line["quantity"]), int(line["amount"])) for line in get("lines", ())]),
        amount=int(found["amount"]) if kind == REFUND else 0, count=int(found["count"]), channel=get("channel"),
        region=get("region"), staff=get("staff"), segment=get("segment"), content=get("content"), feature=get("feature"),
        company=get("company"), payload=None if payload is None else orjson.loads(payload),
    )  # fmt: skip


def is_active(found: Fields) -> bool:
    """What `rollup.fold.is_active` says of the event of a document that has a user."""
    kind = found["kind"]
    return kind != REFUND and (kind != ORDER_FAILED or bool(found.get("placed")))


def _line(line: Line) -> Fields:
    told: dict[str, Any] = {"quantity": line.quantity, "amount": line.amount}
    if line.product is not None:
        told["product"] = line.product
    return told
