"""The rows behind a figure: newest first, page after page, searched, and never more of them looked through than a bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metrics_core.errors import BadRequestError
from metrics_core.model.event import Event, Line
from metrics_core.model.instant import DAY, MINUTE, SECOND, Instant
from metrics_core.model.window import Window
from metrics_core.reads.facts import Facts
from metrics_core.store.protocols import EventLog

MOST_LOOKED = 50_000
"""Events looked through for one page; a search that found too little goes on from there at the next."""
_FIRST_STEP, _FEW, _MANY = 10 * MINUTE, 500, 5_000
_TOO_MANY = 4 * _MANY
_LONGEST_STEP = 400 * DAY


@dataclass(frozen=True, slots=True)
class Fact:
    """An event that belongs to a figure, with the lines of it that the filters keep."""

    event: Event
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of rows."""

    facts: tuple[Fact, ...]
    following: str | None
    """Where the next page begins; None after the last."""
    looked: int
    """Events looked through for it."""


def rows(log: EventLog, facts: Facts, *, search: str = "", after: str | None = None, limit: int = 50) -> Rows:
    """The rows of a figure after a place in them, newest first."""
    wanted = search.strip().casefold()
    until, passed = _place(after, facts.window.end)
    found: list[Fact] = []
    looked = 0
    step = _FIRST_STEP
    end = min(until + 1, facts.window.end)
    while end > facts.window.start:
        newest = log.newest(1, origins=facts.origins, before=end)
        if not newest or newest[0].at < facts.window.start:
            return Rows(tuple(found), None, looked)
        end = newest[0].at + 1
        start = max(facts.window.start, end - step)
        events = _between(log, facts, Window(start, end))
        if events is None:
            step = max(step // 16, 1)
            continue
        looked += len(events)
        for event in reversed(facts.named(events)):
            if passed is not None:
                if event.at < until:
                    passed = None  # what stood there went; everything from here on is after it
                else:
                    passed = None if event.id == passed else passed
                    continue
            fact = _fact(facts, event, wanted)
            if fact is None:
                continue
            if len(found) == limit:
                return Rows(tuple(found), _told(found[-1].event.at, found[-1].event.id), looked)
            found.append(fact)
        end = start
        if looked >= MOST_LOOKED and end > facts.window.start:
            following = _told(found[-1].event.at, found[-1].event.id) if len(found) == limit else _told(end - 1, None)
            return Rows(tuple(found), following, looked)
        step = min(step * 4, _LONGEST_STEP) if len(events) < _FEW else max(step // 4, 1) if len(events) > _MANY else step
    return Rows(tuple(found), None, looked)


def every(log: EventLog, facts: Facts, *, search: str = "") -> Iterator[Fact]:
    """All rows of a figure in the order of time, for a file."""
    wanted = search.strip().casefold()
    for chunk in log.scan(facts.window, kinds=facts.kinds, origins=facts.origins):
        for event in facts.named(chunk):
            fact = _fact(facts, event, wanted)
            if fact is not None:
                yield fact


def _between(log: EventLog, facts: Facts, window: Window) -> list[Event] | None:
    """The events of a stretch; None where they are too many to be read at once."""
    found: list[Event] = []
    for chunk in log.scan(window, kinds=facts.kinds, origins=facts.origins, chunk=_MANY):
        found += chunk
        if len(found) > _TOO_MANY and window.length > SECOND:
            return None
    return found


def _fact(facts: Facts, event: Event, wanted: str) -> Fact | None:
    if not facts.terms_of(event):
        return None
    lines = facts.kept(event)
    if lines is None or (wanted and not _has(event, lines, wanted)):
        return None
    return Fact(event, lines)


def _has(event: Event, lines: tuple[Line, ...], wanted: str) -> bool:
    """Whether any of the fields that are shown has the text in it."""
    shown = (
        event.order_id, event.id, event.kind, event.user, event.channel, event.region, event.staff, event.segment,
        event.content, event.feature, event.company, event.source, event.origin, event.session,
        *(line.product for line in lines),
    )  # fmt: skip
    return any(wanted in text.casefold() for text in shown if text)


def _told(at: Instant, passed: str | None) -> str:
    return f"{at}" if passed is None else f"{at}~{passed}"


def _place(after: str | None, end: Instant) -> tuple[Instant, str | None]:
    """The instant to go on from, and the row of that instant that was the last one told."""
    if after is None:
        return end - 1, None
    at, mark, passed = after.partition("~")
    if not at.isdecimal() or len(at) > 18 or int(at) > 2**62:
        msg = f"`after` is {after[:40]!r}, which is no place in these rows. Give it as the page before told it in `next`."
        raise BadRequestError(msg)
    return int(at), passed if mark else None
