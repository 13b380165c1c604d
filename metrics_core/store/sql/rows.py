"""Events as rows of the facts table, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import orjson

from metrics_core.model.event import REFUND, Event, Line
from metrics_core.model.events import columns_of

COLUMNS = (
    "seq", "line", "id", "digest", "kind", "at", "received_at", "user", "session", "order_id", "placed", "channel", "region",
    "staff", "segment", "content", "feature", "company", "product", "source", "origin", "run_id", "quantity", "amount",
    "count", "payload",
)

Row = tuple[Any, ...]


def written_columns(events: Sequence[Event], seq: int, users: Mapping[str, int]) -> list[Sequence[Any]]:
    """The rows of these events, numbered from `seq`: what they have in each of `COLUMNS`. Second lines come last."""
    (name, digest, kind, at, received, source, origin, run_id, user, session, order_id, placed, lines, amount, count,
     channel, region, staff, segment, content, feature, company, payload) = columns_of(events)  # fmt: skip
    number = [None if one is None else users[one] for one in user]
    is_placed = list(map(int, placed))
    first = [line[0] if line else (None, 0, back) for line, back in zip(lines, amount, strict=True)]
    product, quantity, paid = zip(*first, strict=True)
    told = [None if one is None else orjson.dumps(one).decode() for one in payload]
    many = [place for place, line in enumerate(lines) if len(line) > 1]
    seqs: Sequence[int] = range(seq, seq + len(events))
    if many:
        seqs = [seq + before for before in accumulate([max(1, len(line)) for line in lines[:-1]], initial=0)]
    heads: list[Sequence[Any]] = [
        seqs, [0] * len(events), name, digest, kind, at, received, number, session, order_id, is_placed, channel, region,
        staff, segment, content, feature, company, product, source, origin, run_id, quantity, paid, count, told,
    ]
    if not many:
        return heads
    others: list[Row] = []
    for place in many:
        row = [column[place] for column in heads]
        for line, (item, units, price) in enumerate(lines[place][1:], 1):
            others.append((row[0] + line, line, None, *row[3:8], None, None, *row[10:18], item, *row[19:22],
                           units, price, 0, None))  # fmt: skip
    return [[*column, *more] for column, more in zip(heads, zip(*others, strict=True), strict=True)]


def rows_of(events: Sequence[Event], seq: int, users: Mapping[str, int]) -> list[Row]:
    """The same, row by row."""
    return list(zip(*written_columns(events, seq, users), strict=True))


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
