"""Moments in time: one integer, microseconds since 1970 in UTC, so that no time inside can be naive or ambiguous."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z. Compared, subtracted and stored exactly; shown through `moment`."""

MILLISECOND: Instant = 1_000
SECOND: Instant = 1_000_000
MINUTE: Instant = 60 * SECOND
HOUR: Instant = 60 * MINUTE
DAY: Instant = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def instant(when: datetime) -> Instant:
    """The instant of an aware datetime; a naive one is a programming error and raises ValueError."""
    if when.tzinfo is None:
        msg = f"A naive time ({when.isoformat()}) has no instant. Give it a zone first."
        raise ValueError(msg)
    return (when - _EPOCH) // _MICROSECOND


def moment(at: Instant, zone: ZoneInfo | None = None) -> datetime:
    """The aware datetime of an instant, in UTC or in the given zone."""
    when = _EPOCH + timedelta(microseconds=at)
    return when.astimezone(zone) if zone is not None else when


def iso(at: Instant, zone: ZoneInfo | None = None) -> str:
    """ISO 8601: `2026-11-19T14:32:05.000Z` in UTC (milliseconds), with the offset in a zone."""
    when = moment(at, zone)
    if zone is not None:
        return when.isoformat(timespec="milliseconds" if when.microsecond else "seconds")
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"
