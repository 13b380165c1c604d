"""Local time: the offsets of a zone over a window, and the buckets a window is cut into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant, instant, moment
from metrics_core.model.window import Window

Shift: TypeAlias = tuple[Instant, Instant]
"""From when on which offset from UTC holds."""

UTC_SHIFTS: tuple[Shift, ...] = ((-(2**62), 0),)

LENGTHS: dict[str, Instant] = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
"""How long a bucket of each grain usually is."""

_EPOCH = date(1970, 1, 1).toordinal()
_THURSDAY = 3


class Slice(NamedTuple):
    """A stretch of time that falls in one bucket, numbered as `EventLog.tally` numbers them."""

    start: Instant
    end: Instant
    bucket: int


def shifts(zone: ZoneInfo, window: Window) -> tuple[Shift, ...]:
    """The offsets of a zone over a window, in order; the first holds since at least a day before it."""
    since = window.start - DAY
    found = [(since, offset_at(since, zone))]
    for year in range(moment(since).year, moment(window.end).year + 1):
        found += [shift for shift in _changes(zone, year) if since < shift[0] < window.end]
    return tuple(found)


def slices(window: Window, grain: str, offsets: Sequence[Shift], week_start: int = 0) -> list[Slice]:
    """The window cut into buckets, in order of time. No local time is left out; a day that a zone skipped is."""
    found: list[Slice] = []
    ends = [start for start, _ in offsets[1:]] + [window.end]
    for (since, offset), until in zip(offsets, ends, strict=True):
        at, end = max(since, window.start), min(until, window.end)
        while at < end:
            bucket, following = _bucket(grain, at, since, offset, week_start)
            edge = min(following, end)
            if found and found[-1].bucket == bucket:
                found[-1] = Slice(found[-1].start, edge, bucket)
            else:
                found.append(Slice(at, edge, bucket))
            at = edge
    return found


def opening(grain: str, bucket: int, zone: ZoneInfo) -> Instant:
    """The instant at which a bucket begins, also where the window begins later."""
    if grain in ("minute", "hour"):
        return bucket
    if grain == "month":
        day = date(bucket // 12, bucket % 12 + 1, 1)
    else:
        day = date.fromordinal(_EPOCH + bucket)
    return instant(datetime.combine(day, time(), zone))


def offset_at(at: Instant, zone: ZoneInfo) -> Instant:
    """Local time less UTC at an instant, in microseconds."""
    return (moment(at, zone).utcoffset() or timedelta()) // timedelta(microseconds=1)


def _bucket(grain: str, at: Instant, since: Instant, offset: Instant, week_start: int) -> tuple[int, Instant]:
    """The bucket of an instant, and where the next begins if the offset stays."""
    local = at + offset
    if grain in ("minute", "hour"):
        start = at - local % LENGTHS[grain]
        return max(start, since), start + LENGTHS[grain]
    day = local // DAY
    if grain == "day":
        return day, (day + 1) * DAY - offset
    if grain == "week":
        first = day - (day + _THURSDAY - week_start) % 7
        return first, (first + 7) * DAY - offset
    when = date.fromordinal(_EPOCH + day)
    month = when.year * 12 + when.month
    following = date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH
    return month - 1, following * DAY - offset


@lru_cache(maxsize=4_096)
def _changes(zone: ZoneInfo, year: int) -> tuple[Shift, ...]:
    """The moments of a UTC year at which a zone's offset changes, and to what."""
    start, end = (instant(datetime(number, 1, 1, tzinfo=UTC)) for number in (year, year + 1))
    found = []
    for low, high in pairwise(range(start, end + 1, 12 * HOUR)):
        before, after = offset_at(low, zone), offset_at(high, zone)
        if before != after:
            found.append((_edge(zone, low, high, before), after))
    return tuple(found)


def _edge(zone: ZoneInfo, low: Instant, high: Instant, before: Instant) -> Instant:
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(middle, zone) == before:
            low = middle
        else:
            high = middle
    return high
