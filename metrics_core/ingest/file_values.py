"""Values as files hold them: text, whole numbers, money with the noise of floating point, times, extended JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson

from metrics_core.ingest.times import has_a_time
from metrics_core.ingest.unfit import Unfit
from metrics_core.model.instant import Instant, instant, iso, moment

_MOST_REMEMBERED = 200_000
_LONGEST_DECIMALS = 4
_PLAIN_AMOUNT = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,4})?")
_LONG_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,30})?(e[+-]?[0-9]{1,2})?", re.IGNORECASE)
_OFFSET = re.compile(r"(?:[zZ]|[+-][0-9]{2}(?::?[0-9]{2})?|UTC|GMT)$")
_DAY_FIRST = 10
"""Characters of a date: an offset can only stand behind them."""


class Bad:
    """A value that keeps its row out, with the step and the reason."""

    __slots__ = ("field", "reason", "step")

    def __init__(self, step: str, field: str, reason: str) -> None:
        self.step, self.field, self.reason = step, field, reason


class Read(dict[object, object]):
    """Reads each different value once: a column of a file names the same few values again and again."""

    def __init__(self, read: Callable[[object], object]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, value: object) -> object:
        found = self._read(value)
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[value] = found
        return found

    def all(self, values: list[object]) -> list[object]:
        """Every value of a column, read."""
        try:
            return list(map(self.__getitem__, values))
        except TypeError:
            # Lists and objects cannot be looked up; they are rare enough to be read one at a time.
            return [self._read(value) for value in values]


def text(value: object) -> object:
    """An id or a name: numbers become text, nothing and not-a-number become None."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, int | Decimal):
        return str(value)
    return value


def present(value: object) -> object:
    """Any value as it is, but for what a table has where there is none."""
    return None if value == "" or (isinstance(value, float) and math.isnan(value)) else value


def flag(value: object) -> object:
    """True or false, as text files write it."""
    if isinstance(value, str):
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
            value.strip().lower(), value
        )
    return value


def parsed(value: object) -> object:
    """A list or an object that a text file wrote as JSON; other text is a list of what stands between semicolons."""
    if not isinstance(value, str) or not value.strip():
        return value or None
    if value.lstrip()[0] in "[{":
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return [part.strip() for part in value.split(";") if part.strip()]


def money(value: object) -> object:
    """An amount as exact text. The noise of floating point is taken away, where it is no more than that.

    In a table of doubles 1.3899999999999999 means 1.39, and 4.4e-16 nothing. A value further off than 1e-11, or than the
    last bits of so large a number, is left as it is, for admission to refuse.
    """
    if isinstance(value, float):
        return _without_noise(value) or value
    if isinstance(value, str):
        stripped = value.strip()
        if _PLAIN_AMOUNT.fullmatch(stripped):
            return stripped
        if _LONG_AMOUNT.fullmatch(stripped):
            return _without_noise(float(stripped)) or stripped
        return stripped or None
    return value


def _without_noise(value: float) -> str | None:
    if not math.isfinite(value):
        return None
    near = max(1e-11, 4 * math.ulp(value))
    for decimals in range(_LONGEST_DECIMALS + 1):
        rounded = round(value, decimals)
        if abs(value - rounded) <= near:
            return f"{rounded:.{decimals}f}"
    return None


class Times:
    """Reads times in the zone a file declares; naive ones are refused without one, and counted."""

    def __init__(self, zone: ZoneInfo | None, latest: Instant) -> None:
        self._zone = zone
        self._latest = latest

    def __call__(self, value: object) -> object:
        """The instant, or Bad."""
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            return Bad("has_a_time", "ts", "The row has no time. A file must say when each row happened.")
        if isinstance(value, datetime):
            when = value if value.tzinfo is not None else self._local(value)
            if when is not None:
                return instant(when)
        try:
            return has_a_time(value, "ts", self._latest, self._zone)
        except Unfit as unfit:
            return Bad(unfit.step, "ts", unfit.reason)

    def _local(self, value: datetime) -> datetime | None:
        return value.replace(tzinfo=self._zone, fold=0) if self._zone is not None else None


def is_naive(value: object) -> bool:
    """Whether a value is a time that names no zone."""
    if isinstance(value, datetime):
        return value.tzinfo is None
    if isinstance(value, str):
        stripped = value.strip()
        return len(stripped) >= _DAY_FIRST and stripped[4:5] == "-" and _OFFSET.search(stripped[_DAY_FIRST:]) is None
    return False


def exact(at: Instant) -> str:
    """An instant to the microsecond, as records carry it."""
    return moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")


def beside(said: Mapping[str, object]) -> dict[str, object]:
    """Those of these times that are times, as text to the millisecond."""
    found = {name: _moment(value) for name, value in said.items() if value is not None}
    return {name: iso(at) for name, at in found.items() if at is not None}


def _moment(value: object) -> Instant | None:
    try:
        return has_a_time(value, "", instant(datetime(2200, 1, 1, tzinfo=UTC)), None)
    except Unfit:
        return None


def unwrapped(value: object) -> object:
    """Extended JSON, as mongoexport writes it, as plain JSON: {"$date": ...}, {"$oid": ...}, {"$numberLong": ...}."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, inner),) = value.items()
            if isinstance(key, str) and key.startswith("$") and key in _WRAPPED:
                return _WRAPPED[key](inner)
        return {key: unwrapped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [unwrapped(inner) for inner in value]
    return value


def _date(value: object) -> object:
    plain = unwrapped(value)
    if isinstance(plain, int) and not isinstance(plain, bool):
        try:
            return datetime.fromtimestamp(plain / 1000, UTC).isoformat(timespec="milliseconds")
        except (ValueError, OverflowError, OSError):
            return plain
    return plain


def _int(value: object) -> object:
    try:
        return int(str(value))
    except ValueError:
        return value


def _float(value: object) -> object:
    try:
        return float(str(value))
    except ValueError:
        return value


def _same(value: object) -> object:
    return value


_WRAPPED: dict[str, Callable[[object], object]] = {
    "$date": _date,
    "$oid": _same,
    "$uuid": _same,
    "$numberInt": _int,
    "$numberLong": _int,
    "$numberDouble": _float,
    "$numberDecimal": _same,
}
