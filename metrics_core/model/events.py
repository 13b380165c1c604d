"""Many events by column, which is how they are handed over and written at little cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, overload

from metrics_core.model.event import Event, Line
from metrics_core.model.instant import Instant

_event = partial(tuple.__new__, Event)
_line = partial(tuple.__new__, Line)


class EventColumns(NamedTuple):
    """What some events have in each of their fields: those of `Event`, in their order."""

    id: Sequence[str]
    digest: Sequence[int]
    kind: Sequence[str]
    at: Sequence[Instant]
    received_at: Sequence[Instant]
    source: Sequence[str]
    origin: Sequence[str]
    run_id: Sequence[str | None]
    user: Sequence[str | None]
    session: Sequence[str | None]
    order_id: Sequence[str | None]
    placed: Sequence[bool]
    lines: Sequence[Sequence[tuple[str | None, int, int]]]
    amount: Sequence[int]
    count: Sequence[int]  # type: ignore[assignment]  # as in `Event`
    channel: Sequence[str | None]
    region: Sequence[str | None]
    staff: Sequence[str | None]
    segment: Sequence[str | None]
    content: Sequence[str | None]
    feature: Sequence[str | None]
    company: Sequence[str | None]
    payload: Sequence[Mapping[str, object] | None]


_LINES = EventColumns._fields.index("lines")


class Events(Sequence[Event]):
    """Events that are kept as columns until somebody wants one of them."""

    __slots__ = ("columns",)

    def __init__(self, columns: EventColumns) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns.id)

    @overload
    def __getitem__(self, place: int) -> Event: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Event]: ...

    def __getitem__(self, place: int | slice) -> Event | Sequence[Event]:
        if isinstance(place, slice):
            return Events(_made([column[place] for column in self.columns]))
        fields: list[Any] = [column[place] for column in self.columns]
        fields[_LINES] = tuple(map(_line, fields[_LINES]))
        return Event(*fields)

    def __iter__(self) -> Iterator[Event]:
        columns: list[Any] = list(self.columns)
        columns[_LINES] = [tuple(map(_line, lines)) for lines in columns[_LINES]]
        return map(_event, zip(*columns, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as of every list


def columns_of(events: Sequence[Event]) -> EventColumns:
    """These events by column."""
    if isinstance(events, Events):
        return events.columns
    return _made(list(zip(*events, strict=True)) if events else [()] * len(EventColumns._fields))


def joined(parts: Sequence[Sequence[Event]]) -> Sequence[Event]:
    """The events of all parts, in their order."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return []
    columns = zip(*[columns_of(part) for part in parts], strict=True)
    return Events(_made([list(chain.from_iterable(pieces)) for pieces in columns]))


def _made(columns: Sequence[Sequence[Any]]) -> EventColumns:
    return EventColumns._make(columns)
