"""The facts behind a figure: which stretch of time, which kinds, and whether one event belongs to it, in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, ORDER_PLACED, REFUND, VIEW, Event, Line
from metrics_core.model.instant import DAY, MINUTE, Instant, moment
from metrics_core.model.measure import How, Measure
from metrics_core.model.query import Filter, Value
from metrics_core.model.window import ALL_TIME_START, Window

PRESENT_FOR = 5 * MINUTE
"""How long after they did something users are counted as active."""

_ORDERS = (ORDER_PLACED, ORDER_COMPLETED, ORDER_FAILED)
_KINDS: Mapping[str, tuple[str, ...]] = {
    "gross": (ORDER_COMPLETED,), "quantity": (ORDER_COMPLETED,), "completed": (ORDER_COMPLETED,),
    "failed": (ORDER_FAILED,), "refunds": (REFUND,), "views": (VIEW,), "placed": _ORDERS, "buyers": (ORDER_COMPLETED,),
    "events": (), "active": (),
}  # fmt: skip
"""The kinds of event among which the facts of a term are; none is all of them."""

_BELONGS: Mapping[str, Callable[[Event], bool]] = {
    "placed": lambda event: event.placed,
    "buyers": lambda event: event.user is not None,
    "active": lambda event: event.user is not None and event.kind != REFUND and (event.placed or event.kind != ORDER_FAILED),
}
"""Which events of those kinds are the facts of a term; without a row all of them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a measure is made from: the events of some kinds in a stretch of time, as far as the filters keep them."""

    terms: tuple[str, ...]
    window: Window
    where: tuple[Filter, ...]
    origins: tuple[str, ...]
    zone: ZoneInfo
    named: Callable[[Sequence[Event]], Sequence[Event]] = field(default=list, compare=False)
    """The events with the segments of their buyers, where the figure depends on them; else as they are."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds to look among; empty is all."""
        found = [_KINDS[term] for term in self.terms]
        return () if any(not kinds for kinds in found) else tuple(dict.fromkeys(kind for kinds in found for kind in kinds))

    def terms_of(self, event: Event) -> list[str]:
        """The terms that this event is a fact of, before the filters."""
        return [term for term in self.terms if is_of(term, event)]

    def kept(self, event: Event) -> tuple[Line, ...] | None:
        """The lines of an event that the filters keep; None where they keep nothing of it."""
        by_product = [row for row in self.where if row.dimension == "product"]
        for row in self.where:
            if row.dimension != "product" and (_value(row.dimension, event, self.zone) in row.values) == row.negated:
                return None
        if not by_product:
            return event.lines
        products = {line.product for line in event.lines} or {None}
        wanted = {name for name in products if all((name in row.values) != row.negated for row in by_product)}
        return tuple(line for line in event.lines if line.product in wanted) if wanted else None


def is_of(term: str, event: Event) -> bool:
    """Whether an event is a fact of a term."""
    kinds = _KINDS[term]
    belongs = _BELONGS.get(term)
    return (not kinds or event.kind in kinds) and (belongs is None or belongs(event))


def reach(measure: Measure, window: Window) -> Window:
    """The stretch of time whose events a measure of a window is made from."""
    end = window.end
    if measure.how is How.LEVEL:
        return Window(ALL_TIME_START, max(end, ALL_TIME_START))
    if measure.how is How.PEAK:
        return Window(end - DAY - PRESENT_FOR + 1, end + 1)
    if measure.name == "active_now":
        return Window(end - PRESENT_FOR + 1, end + 1)
    return window


def terms_of(measures: Sequence[Measure]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(term for measure in measures for term, _ in measure.terms))


def told(event: Event, lines: Sequence[Line]) -> int:
    """The money of an event in minor units: what its kept lines come to, or less what it gives back."""
    return -event.amount if event.kind == REFUND else sum(line.amount for line in lines)


def _value(dimension: str, event: Event, zone: ZoneInfo) -> Value:
    if dimension == "hour":
        return _local(event.at, zone)[0]
    if dimension == "weekday":
        return _local(event.at, zone)[1]
    found: Value = getattr(event, dimension)
    return found


def _local(at: Instant, zone: ZoneInfo) -> tuple[int, int]:
    when = moment(at, zone)
    return when.hour, when.weekday()
