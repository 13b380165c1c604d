"""Events as rows of the facts table, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from metrics_core.model.event import REFUND, Event, Line

COLUMNS = (
    "seq", "line", "id", "digest", "kind", "at", "received_at", "user", "session", "order_id", "placed", "channel", "region",
    "staff", "segment", "content", "feature", "company", "product", "source", "origin", "run_id", "quantity", "amount",
    "count", "payload",
)

Row = tuple[Any, ...]


def rows_of(events: Iterable[Event], seq: int, users: Mapping[str, int]) -> list[Row]:
    """The rows of these events, numbered from `seq`."""
    rows: list[Row] = []
    for event in events:
        (name, digest, kind, at, received, source, origin, run_id, user, session, order_id, placed, lines, amount, count,
         channel, region, staff, segment, content, feature, company, payload) = event  # fmt: skip
        product, quantity = None, 0
        if lines:
            product, quantity, amount = lines[0]
        number = users[user] if user is not None else None
        rows.append((
            seq, 0, name, digest, kind, at, received, number, session, order_id, 1 if placed else 0, channel, region,
            staff, segment, content, feature, company, product, source, origin, run_id, quantity, amount,
            count, None if payload is None else orjson.dumps(payload).decode(),
        ))
        seq += 1
        for line in range(1, len(lines)):
            product, quantity, amount = lines[line]
            rows.append((
                seq, line, None, digest, kind, at, received, number, None, None, 1 if placed else 0, channel, region,
                staff, segment, content, feature, company, product, source, origin, run_id, quantity, amount,
                0, None,
            ))
            seq += 1
    return rows


def events_of(rows: Iterable[Row]) -> Iterator[Event]:
    """The events of rows in the order of seq within an event; `user` is already the user's name."""
    head: Row | None = None
    lines: list[Line] = []
    for row in rows:
        if row[1] == 0:
            if head is not None:
                yield _event(head, lines)
            head, lines = row, []
        lines.append(Line(row[18], row[22], row[23]))
    if head is not None:
        yield _event(head, lines)


def _event(row: Row, lines: list[Line]) -> Event:
    (_, _, name, digest, kind, at, received, user, session, order_id, placed, channel, region, staff, segment, content,
     feature, company, product, source, origin, run_id, _, amount, count, payload) = row  # fmt: skip
    kept: tuple[Line, ...]
    if kind == REFUND:
        kept = (Line(product, 0, amount),) if product is not None else ()
    else:
        kept = tuple(lines) if order_id is not None else ()
        amount = 0
    return Event(
        name, digest, kind, at, received, source, origin, run_id, user, session, order_id, bool(placed), kept, amount, count,
        channel, region, staff, segment, content, feature, company, None if payload is None else orjson.loads(payload),
    )
