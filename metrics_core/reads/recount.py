"""A figure counted a second time: one event after the other in plain Python, past every total, set and database sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

from metrics_core.model.event import LIVE, ORDER_COMPLETED, ORDER_KINDS, Event
from metrics_core.model.instant import DAY, MINUTE, SECOND, Instant
from metrics_core.model.measure import How, Measure
from metrics_core.reads.buyers import AWAY, LOYAL, MANY, NEW, RETURNING, WON_BACK, is_unnamed, world_of
from metrics_core.reads.facts import PRESENT_FOR, Facts
from metrics_core.reads.segments import names_segment
from metrics_core.store.protocols import EventLog

LATE: Instant = 30 * SECOND
"""What arrives so long after it happened came late; only of what is sent live, as what is imported always does."""


@dataclass(frozen=True, slots=True)
class Recount:
    """What the events themselves come to."""

    values: Mapping[str, int]
    """By measure, in minor units where it is money."""
    rows: int
    """Events that any of the measures is made from."""
    rows_of: Mapping[str, int]
    """The same by term."""
    by_origin: Mapping[str, int]
    by_kind: Mapping[str, int]
    late: int
    latest_by: Instant
    """How long the latest of those took to arrive; 0 where none came late."""
    users: Mapping[str, frozenset[str]]
    """For terms that count users: who they are."""
    peak_at: Instant | None
    seconds: float


def recount(log: EventLog, facts: Facts, measures: tuple[Measure, ...]) -> Recount:
    """Read every event of a stretch of time, and count those that belong."""
    started = perf_counter()
    sums: Counter[str] = Counter()
    rows_of: Counter[str] = Counter()
    origins: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    users: dict[str, set[str]] = {"buyers": set(), "active": set()}
    orders: dict[str, set[str]] = {"placed": set(), "completed": set(), "failed": set()}
    seen: list[tuple[Instant, str]] = []
    marks = any(measure.how is How.PEAK for measure in measures)
    level = any(measure.how is How.LEVEL for measure in measures)
    rows = late = latest = 0
    history = _History(log) if names_segment((), facts.where) else None
    for chunk in log.scan(facts.window, kinds=facts.kinds, origins=facts.origins):
        for event in chunk if history is None else map(history.named, chunk):
            terms = facts.terms_of(event)
            lines = facts.kept(event) if terms else None
            if lines is None:
                continue
            rows += 1
            origins[event.origin] += 1
            kinds[event.kind] += 1
            if event.origin == LIVE and event.received_at - event.at >= LATE:
                late += 1
                latest = max(latest, event.received_at - event.at)
            for term in terms:
                rows_of[term] += 1
                if term == "gross":
                    sums[term] += sum(line.amount for line in lines)
                elif term == "quantity":
                    sums[term] += sum(line.quantity for line in lines)
                elif term == "refunds":
                    sums[term] += event.amount
                elif term == "views":
                    sums[term] += event.count
                elif term in users:
                    users[term].add(event.user or "")
                else:
                    sums[term] += 1
                if level and term in orders:
                    orders[term].add(event.order_id or event.id)
            if marks and event.user is not None:
                seen.append((event.at, event.user))
    peak, peak_at = _peak(seen, facts.window.end - 1) if marks else (0, None)
    for term, names in users.items():
        sums[term] = len(names)
    values: dict[str, int] = {}
    for measure in measures:
        if measure.how is How.PEAK:
            values[measure.name] = peak
        elif measure.how is How.LEVEL:
            # Not the difference of three counts, but the orders themselves: placed, and neither completed nor failed.
            values[measure.name] = len(orders["placed"] - orders["completed"] - orders["failed"])
        else:
            values[measure.name] = sum(sign * sums[term] for term, sign in measure.terms)
    return Recount(
        values, rows, dict(rows_of), dict(origins), dict(kinds), late, latest,
        {term: frozenset(names) for term, names in users.items()}, peak_at, perf_counter() - started,
    )  # fmt: skip


class _History:
    """Every order there ever was, for the segments of those that name none: one after the other."""

    def __init__(self, log: EventLog) -> None:
        self._placed: dict[str | None, Instant] = {}
        self._bought: dict[tuple[str, str | None], list[Instant]] = {}
        for chunk in log.scan(kinds=ORDER_KINDS):
            for event in chunk:
                if event.placed:
                    self._placed[event.order_id] = event.at
                if event.kind == ORDER_COMPLETED:
                    self._bought.setdefault((world_of(event.origin), event.user), []).append(event.at)

    def named(self, event: Event) -> Event:
        return event._replace(segment=self._segment(event)) if is_unnamed(event) else event

    def _segment(self, event: Event) -> str:
        placed = self._placed[event.order_id]
        before = [at for at in self._bought.get((world_of(event.origin), event.user), ()) if at < placed]
        if not before:
            return NEW
        if max(before) < placed - AWAY:
            return WON_BACK
        return RETURNING if len(before) < MANY else LOYAL


def _peak(seen: list[tuple[Instant, str]], until: Instant) -> tuple[int, Instant | None]:
    """Everybody present at each whole minute of the day up to a moment, minute by minute."""
    there: dict[Instant, set[str]] = {}
    for at, user in seen:
        mark = -(-at // MINUTE) * MINUTE
        while mark < at + PRESENT_FOR:
            if until - DAY < mark <= until:
                there.setdefault(mark, set()).add(user)
            mark += MINUTE
    if not there:
        return 0, None
    best = max(len(users) for users in there.values())
    return best, min(mark for mark, users in there.items() if len(users) == best)
