"""Events as columns of the facts table, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metrics_core.model.event import Event
from metrics_core.store.clickhouse.schema import FACT_TYPES
from metrics_core.store.sql.rows import COLUMNS, events_of, rows_of

_TEXTS = [
    COLUMNS.index(name)
    for name in (
        "id", "session", "order_id", "channel", "region", "staff", "segment", "content", "feature", "company", "product",
        "run_id", "payload",
    )
]  # fmt: skip
"""Where the empty text stands for what is not named: admission lets none in."""
_USER, _LINE = COLUMNS.index("user"), COLUMNS.index("line")

TOLD = ", ".join(f"`{'name' if name == 'user' else name}`" for name in COLUMNS)
"""What `told` takes."""


def columns_of(
    events: Sequence[Event], seq: int, users: Mapping[str, int], batch: int
) -> tuple[list[Sequence[Any]], int]:
    """The columns of these events, numbered from `seq`, in the order of `FACT_TYPES`; and how many rows they have."""
    rows = rows_of(events, seq, users)
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    for place in _TEXTS:
        columns[place] = [value or "" for value in columns[place]]
    names = {number: name for name, number in users.items()}
    names[0] = ""
    columns[_USER] = [number or 0 for number in columns[_USER]]
    columns.append([names[number] for number in columns[_USER]])
    columns.append([batch] * len(rows))
    assert len(columns) == len(FACT_TYPES)
    return columns, len(rows)


def told(columns: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """Rows as `events_of` takes them."""
    if not columns:
        return iter(())
    read = list(columns)
    for place in (*_TEXTS, _USER):
        read[place] = [value or None for value in read[place]]
    return zip(*read, strict=True)


def whole(rows: Sequence[tuple[Any, ...]], asked: int) -> int:
    """How many of these rows, of which so many were asked for, are whole events: the last may have been cut off."""
    return len(rows) if len(rows) < asked else max(number for number, row in enumerate(rows) if row[_LINE] == 0)


def events_told(columns: Sequence[Sequence[Any]]) -> list[Event]:
    """The events of these rows, which are in the order of their numbers within an event."""
    return list(events_of(told(columns)))
