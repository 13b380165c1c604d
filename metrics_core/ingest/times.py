"""Times as senders write them: ISO 8601, or epoch numbers whose unit is judged by their size."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

from metrics_core.ingest.unfit import quoted, refuse
from metrics_core.model.instant import MINUTE, SECOND, Instant, instant, iso

AHEAD: Final[Instant] = 5 * MINUTE
"""How far a sender's clock may run ahead of ours."""
EARLIEST: Final[Instant] = instant(datetime(1990, 1, 1, tzinfo=UTC))
"""Nothing older is taken in: such a time is nearly always a number in the wrong unit, or an empty one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: tuple[tuple[int, Instant], ...] = ((10**11, SECOND), (10**14, 1_000), (10**17, 1))
"""Numbers below the first are seconds, below the second milliseconds, below the third microseconds."""
_SHOWABLE = range(instant(datetime(1, 1, 2, tzinfo=UTC)), instant(datetime(9999, 12, 31, tzinfo=UTC)))
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")
_ZONE_AFTER_SPACE = re.compile(r"\s+(UTC|GMT|Z|[+-][0-9]{2}(?::?[0-9]{2})?)$", re.IGNORECASE)


def has_a_time(value: object, field: str, now: Instant, zone: ZoneInfo | None) -> Instant:
    """The instant a sender means; a naive time is read in the zone the source declares, and refused without one."""
    if type(value) is str and value[4:5] == "-":
        try:
            when = datetime.fromisoformat(value)
        except ValueError:
            at = _odd_text(value, field, zone)
        else:
            if when.tzinfo is None:
                at = _local(when, value, field, zone)
            else:
                since = when - _EPOCH
                at = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    else:
        at = _odd(value, field, zone)
    if EARLIEST <= at <= now + AHEAD:
        return at
    _out_of_time(at, value, field, now)


def _out_of_time(at: Instant, value: object, field: str, now: Instant) -> NoReturn:
    number = "" if isinstance(value, str) and value[4:5] == "-" else (
        f" It reads as {_shown(at)}: a number below 10^11 is taken as seconds since 1970, below 10^14 as milliseconds, "
        "below 10^17 as microseconds."
    )
    if at > now:
        ahead = timedelta(seconds=(at - now) // SECOND)
        refuse(
            "is_not_from_the_future", field,
            f"{field} is {quoted(value)}, {ahead} from now; the most is 5 minutes.{number} Check the sender's clock.",
        )
    refuse(
        "is_not_too_old", field,
        f"{field} is {quoted(value)}, before {iso(EARLIEST)[:10]}.{number} Check its unit; leave it out if it is not known.",
    )


def _odd(value: object, field: str, zone: ZoneInfo | None) -> Instant:
    if isinstance(value, str):
        return _odd_text(value, field, zone)
    if isinstance(value, datetime):
        return _odd_text(value.isoformat(), field, zone)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _epoch(value, field)
    _unreadable(value, field)


def _odd_text(value: str, field: str, zone: ZoneInfo | None) -> Instant:
    text = value.strip()
    # Eight digits are a date without dashes: as seconds they would lie in 1970.
    if _NUMBER.fullmatch(text) and len(text) != 8:
        return _epoch(float(text) if "." in text else int(text), field)
    try:
        when = datetime.fromisoformat(_ZONE_AFTER_SPACE.sub(_zone_beside, text).upper())
    except ValueError:
        _unreadable(value, field)
    return instant(when) if when.tzinfo is not None else _local(when, value, field, zone)


def _zone_beside(found: re.Match[str]) -> str:
    zone = found[1]
    return zone if zone[0] in "+-" else "Z"


def _epoch(value: float, field: str) -> Instant:
    size = abs(value)
    for below, unit in _UNITS:
        if size < below:
            return round(value * unit)
    _unreadable(value, field)


def _local(when: datetime, value: object, field: str, zone: ZoneInfo | None) -> Instant:
    if zone is None:
        refuse(
            "has_a_zone", field,
            f"{field} is {quoted(value)}, a time without a zone. Send it with its offset, like '2026-11-19T14:32:05+01:00' "
            "or '2026-11-19T13:32:05Z', or declare the zone of this source.",
        )
    # fold=0: of an hour that happens twice the first is meant; a time the clocks skip moves on by what they skip.
    return instant(when.replace(tzinfo=zone, fold=0))


def _unreadable(value: object, field: str) -> NoReturn:
    refuse(
        "has_a_time", field,
        f"{field} is {quoted(value)}, which is no time. Send ISO 8601 with an offset, like '2026-11-19T13:32:05Z', or epoch "
        "seconds or milliseconds; leave it out for the time of arrival.",
    )


def _shown(at: Instant) -> str:
    return iso(at) if at in _SHOWABLE else "a time before the year 1"
