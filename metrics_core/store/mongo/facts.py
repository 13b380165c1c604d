"""Events as documents of the facts collection, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from metrics_core.model.event import ORDER_FAILED, REFUND, Event, Line
from metrics_core.store.mongo.schema import Fields

_NAMES = (
    "run_id", "session", "order_id", "channel", "region", "staff", "segment", "content", "feature", "company",
)  # fmt: skip
"""Fields that a document has only where they are named."""


def documents_of(events: Iterable[Event], seq: int, users: Mapping[str, int]) -> list[Fields]:
    """The documents of these events, numbered from `seq`."""
    documents: list[Fields] = []
    for number, event in enumerate(events, start=seq):
        (name, digest, kind, at, received, source, origin, run_id, user, session, order_id, placed, lines, amount, count,
         channel, region, staff, segment, content, feature, company, payload) = event  # fmt: skip
        document: Fields = {
            "_id": number, "kept": True, "id": name, "digest": digest, "kind": kind, "at": at, "received_at": received,
            "source": source, "origin": origin, "count": count,
        }  # fmt: skip
        # What is not named is left out: most events name little.
        for field, value in zip(
            _NAMES, (run_id, session, order_id, channel, region, staff, segment, content, feature, company), strict=True
        ):
            if value is not None:
                document[field] = value
        if user is not None:
            document["user"] = users[user]
        if placed or order_id is not None:
            document["placed"] = placed
        if lines:
            document["lines"] = [_line(line) for line in lines]
            document["quantity"] = sum([line[1] for line in lines])
            document["amount"] = sum([line[2] for line in lines])
        if kind == REFUND:
            document["amount"] = amount
        if payload is not None:
            # As text: a name in it may be anything, and numbers come back as they were sent.
            document["payload"] = orjson.dumps(payload).decode()
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
    product, quantity, amount = line
    if product is None:
        return {"quantity": quantity, "amount": amount}
    return {"quantity": quantity, "amount": amount, "product": product}
