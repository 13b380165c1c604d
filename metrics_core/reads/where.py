"""What a question keeps and leaves out: its filters."""

from __future__ import annotations

from collections.abc import Mapping

from metrics_core.errors import BadRequestError
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.event import ORIGINS
from metrics_core.model.query import Filter, Value
from metrics_core.model.window import WEEKDAYS
from metrics_core.reads.names import is_list, known, quoted

MOST_FILTERS = 20
MOST_VALUES = 1_000
LONGEST = 1_000
"""Characters of one value."""

NEGATED = {"=": False, "in": False, "!=": True, "not in": True, "not": True}
"""The operators, and whether each leaves out what it names."""

_SHAPES = '{"channel": "online"}, {"region": ["Europe", "Asia"]} or {"kind": {"not": ["refund"]}}'


def filters_of(where: object) -> tuple[Filter, ...]:
    """The filters of a question, which all must hold: an object by dimension, or a list of conditions."""
    if where is None:
        return ()
    if isinstance(where, Mapping):
        found = [_short(name, wanted) for name, wanted in where.items()]
    elif is_list(where):
        found = [_long(row) for row in where]
    else:
        msg = f"`where` is an object like {_SHAPES}, or a list of conditions with dimension, op and values."
        raise BadRequestError(msg)
    if len(found) > MOST_FILTERS:
        msg = f"`where` has {len(found)} filters, more than {MOST_FILTERS}."
        raise BadRequestError(msg)
    return tuple(found)


def text_of(value: str, what: str) -> str:
    """The text itself, if a database can hold it."""
    if len(value) > LONGEST:
        msg = f"A value of {what} has {len(value)} characters, more than {LONGEST}."
        raise BadRequestError(msg)
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        msg = f"A value of {what} holds a character that is no text (NUL, or half of a surrogate pair)."
        raise BadRequestError(msg)
    return value


def _short(name: object, wanted: object) -> Filter:
    """`"channel": "online"`, a list of values, or an object of one operator."""
    if not isinstance(wanted, Mapping):
        return _filter(name, "=", wanted)
    if len(wanted) != 1:
        msg = f"The filter on {quoted(name)} needs one operator, as in {_SHAPES}."
        raise BadRequestError(msg)
    ((operator, values),) = wanted.items()
    return _filter(name, operator, values)


def _long(row: object) -> Filter:
    """`{"dimension": "channel", "op": "in", "values": ["online"]}`."""
    if not isinstance(row, Mapping):
        msg = f"A condition is an object with dimension, op and values; {quoted(row)} is not."
        raise BadRequestError(msg)
    fields = ("dimension", "op", "value", "values")
    for name in row:
        known("field of a condition", name, fields)
    if "dimension" not in row or ("value" in row) == ("values" in row):
        msg = "A condition has a dimension, and either a value or values."
        raise BadRequestError(msg)
    return _filter(row["dimension"], row.get("op", "="), row["value"] if "value" in row else row["values"])


def _filter(name: object, operator: object, wanted: object) -> Filter:
    dimension, negated = known("dimension", name, DIMENSIONS), NEGATED[known("operator", operator, NEGATED)]
    values = list(wanted) if is_list(wanted) else [wanted]
    if not values:
        msg = f"The filter on {dimension} names no values. Name at least one; null stands for what has none."
        raise BadRequestError(msg)
    if len(values) > MOST_VALUES:
        msg = f"The filter on {dimension} names {len(values)} values, more than {MOST_VALUES}."
        raise BadRequestError(msg)
    return Filter(dimension, tuple(dict.fromkeys(_value(dimension, value) for value in values)), negated)


def _value(dimension: str, value: object) -> Value:
    if dimension == "hour":
        return _hour(value)
    if dimension == "weekday":
        return _weekday(value)
    if value is None:
        return None
    if not isinstance(value, str):
        msg = f"The values of {dimension} are text; {quoted(value)} is not. Put it in quotes."
        raise BadRequestError(msg)
    return known("origin", value, ORIGINS) if dimension == "origin" else text_of(value, dimension)


def _hour(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 23:
        msg = f"An hour is a whole number from 0 to 23; {quoted(value)} is not."
        raise BadRequestError(msg)
    return value


def _weekday(value: object) -> int:
    days = [day.title() for day in WEEKDAYS]
    return days.index(known("weekday", value.title() if isinstance(value, str) else value, days))
