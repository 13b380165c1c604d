"""Events as documents of the facts collection, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson

from metrics_core.model.event import ORDER_FAILED, REFUND, Event, Line
from metrics_core.model.events import EventColumns, columns_of
from metrics_core.store.mongo.schema import Fields

_NAMES = (
    "run_id", "session", "order_id", "channel", "region", "staff", "segment", "content", "feature", "company",
)  # fmt: skip
"""Fields that a document has only where they are named."""


def documents_of(events: Sequence[Event], seq: int, users: Mapping[str, int]) -> list[Fields]:
    """The documents of these events, numbered from `seq`."""
    columns = columns_of(events)
    said: dict[str, Iterable[object]] = {
        "_id": range(seq, seq + len(events)), "kept": [True] * len(events), "id": columns.id, "digest": columns.digest,
        "kind": columns.kind, "at": columns.at, "received_at": columns.received_at, "source": columns.source,
        "origin": columns.origin, "count": columns.count,
    }  # fmt: skip
    # What is not named is left out: most events name little, and nearly always all of them the same.
    named: dict[str, Sequence[object]] = {
        **{name: getattr(columns, name) for name in _NAMES},
        "user": [None if user is None else users[user] for user in columns.user],
        "placed": [
            placed if placed or order is not None else None
            for placed, order in zip(columns.placed, columns.order_id, strict=True)
        ],
        "lines": [[_line(line) for line in lines] if lines else None for lines in columns.lines],
        "quantity": [sum([line[1] for line in lines]) if lines else None for lines in columns.lines],
        "amount": _amounts(columns),
        # As text: a name in it may be anything, and numbers come back as they were sent.
        "payload": [None if payload is None else orjson.dumps(payload).decode() for payload in columns.payload],
    }
    empty = {name: column.count(None) for name, column in named.items()}
    said |= {name: column for name, column in named.items() if empty[name] < len(events)}
    names, rows = list(said), zip(*said.values(), strict=True)
    if any(empty[name] for name in named if name in said):
        return [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in rows]
    return [dict(zip(names, row, strict=True)) for row in rows]


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


def _amounts(columns: EventColumns) -> list[int | None]:
    """The money of each event, where it has any."""
    return [
        amount if kind == REFUND else sum([line[2] for line in lines]) if lines else None
        for kind, amount, lines in zip(columns.kind, columns.amount, columns.lines, strict=True)
    ]


def _line(line: tuple[str | None, int, int]) -> Fields:
    product, quantity, amount = line
    if product is None:
        return {"quantity": quantity, "amount": amount}
    return {"quantity": quantity, "amount": amount, "product": product}
