"""Counting over a list of events in the plainest way: what every other store must agree with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW, Event, Line
from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant
from metrics_core.model.query import Filter, Value
from metrics_core.store.protocols import Signs, Tally

_EPOCH = date(1970, 1, 1).toordinal()


def tally(events: Iterable[Event], question: Tally) -> list[tuple[Value, ...]]:
    """The rows of `EventLog.tally` over all events there are, in no particular order."""
    if question.segments is not None:
        events = _with_segments(events, question.segments)
    groups: dict[tuple[Value, ...], _Counts] = {}
    if question.grain is None and not question.by:
        groups[()] = _Counts()
    for event in events:
        if not question.window.start <= event.at < question.window.end:
            continue
        if question.origins and event.origin not in question.origins:
            continue
        for product, lines in _shares(event, question):
            if all(_holds(row, _value(row.dimension, event, product, question)) for row in question.where):
                key = tuple(_value(name, event, product, question) for name in question.by)
                if question.grain is not None:
                    key = (_bucket(event.at, question), *key)
                groups.setdefault(key, _Counts()).add(event, lines)
    rows = [(key, tuple(counts.of(term) for term in question.terms)) for key, counts in groups.items()]
    return [(*key, *terms) for key, terms in rows if key == () or any(terms)]


def _with_segments(events: Iterable[Event], segments: Signs) -> Iterator[Event]:
    first, signs, names = segments
    for number, event in enumerate(events, start=1 - first):
        sign = int(signs[number : number + 1]) if event.segment is None and 0 <= number < len(signs) else 0
        yield event._replace(segment=names[sign - 1]) if sign else event


@dataclass
class _Counts:
    """What one group comes to."""

    sums: dict[str, int] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    users: dict[str, set[str]] = field(default_factory=lambda: {"buyers": set(), "active": set()})

    def of(self, term: str) -> int:
        return len(self.users[term]) if term in self.users else self.sums.get(term, 0)

    def add(self, event: Event, lines: Sequence[Line]) -> None:
        if event.kind == ORDER_COMPLETED:
            self._plus("quantity", sum(line.quantity for line in lines))
            self._plus("gross", sum(line.amount for line in lines))
            self._once("completed", event)
        if event.kind == ORDER_FAILED:
            self._once("failed", event)
        if event.placed:
            self._once("placed", event)
        self._once("events", event)
        if event.kind == REFUND:
            self._plus("refunds", event.amount)
        if event.kind == VIEW:
            self._plus("views", event.count)
        if event.user is not None and event.kind == ORDER_COMPLETED:
            self.users["buyers"].add(event.user)
        if event.user is not None and event.kind != REFUND and (event.kind != ORDER_FAILED or event.placed):
            self.users["active"].add(event.user)

    def _plus(self, term: str, amount: int) -> None:
        self.sums[term] = self.sums.get(term, 0) + amount

    def _once(self, term: str, event: Event) -> None:
        """An event whose lines come here one product after the other is still one."""
        if (term, event.id) not in self.seen:
            self.seen.add((term, event.id))
            self._plus(term, 1)


def _shares(event: Event, question: Tally) -> Iterator[tuple[str | None, Sequence[Line]]]:
    """The event whole, or product by product where the question names products."""
    if "product" not in question.by and all(row.dimension != "product" for row in question.where):
        yield None, event.lines
        return
    products: dict[str | None, list[Line]] = {line.product: [] for line in event.lines} or {None: []}
    for line in event.lines:
        products[line.product].append(line)
    yield from products.items()


def _holds(row: Filter, value: Value) -> bool:
    return (value in row.values) != row.negated


def _value(dimension: str, event: Event, product: str | None, question: Tally) -> Value:
    if dimension == "product":
        return product
    if dimension == "hour":
        return _local(event.at, question) % DAY // HOUR
    if dimension == "weekday":
        return _day(event.at, question).weekday()
    found: Value = getattr(event, DIMENSIONS[dimension].column)
    return found


def _bucket(at: Instant, question: Tally) -> int:
    if question.grain in ("minute", "hour"):
        length = MINUTE if question.grain == "minute" else HOUR
        start, _ = _shift(at, question)
        return max(at - _local(at, question) % length, start)
    day = _day(at, question)
    if question.grain == "month":
        return day.year * 12 + day.month - 1
    since = (day.weekday() - question.week_start) % 7 if question.grain == "week" else 0
    return day.toordinal() - since - _EPOCH


def _shift(at: Instant, question: Tally) -> tuple[Instant, Instant]:
    """From when on which offset holds at this instant."""
    return [shift for shift in question.shifts if shift[0] <= at][-1]


def _local(at: Instant, question: Tally) -> Instant:
    return at + _shift(at, question)[1]


def _day(at: Instant, question: Tally) -> date:
    return date.fromordinal(_EPOCH + _local(at, question) // DAY)
