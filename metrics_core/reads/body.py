"""An answer as JSON: money in major units, times with the offset of their zone, weekdays by name."""

from __future__ import annotations

from collections.abc import Mapping

from metrics_core.model.instant import iso
from metrics_core.model.measure import REGISTRY, Unit
from metrics_core.model.query import Query, Result, Value
from metrics_core.model.window import WEEKDAYS, Window


def as_json(
    result: Result, query: Query, digits: int, origin: Mapping[str, object] | None = None
) -> dict[str, object]:
    """The body of an answer, ready to be encoded. `digits` are the decimals of the currency; `origin` is told as it is."""
    return {
        "columns": list(result.columns),
        "rows": _rows(result, query, digits),
        "window": _window(result.window, query),
        "as_of": iso(result.as_of, query.zone),
        "compared": None if result.compared is None else _compared(result.compared, query, digits),
        "origin": dict(origin) if origin is not None else {"shown": list(query.origins)},
    }


def _compared(result: Result, query: Query, digits: int) -> dict[str, object]:
    return {
        "columns": list(result.columns),
        "rows": _rows(result, query, digits),
        "window": _window(result.window, query),
        "note": result.note,
    }


def _window(window: Window, query: Query) -> dict[str, str]:
    return {"start": iso(window.start, query.zone), "end": iso(window.end, query.zone)}


def _rows(result: Result, query: Query, digits: int) -> list[list[Value]]:
    return [
        [_value(name, value, query, digits) for name, value in zip(result.columns, row, strict=True)] for row in result.rows
    ]


def _value(name: str, value: Value, query: Query, digits: int) -> Value:
    if value is None or isinstance(value, str):
        return value
    if name == "start":
        return iso(int(value), query.zone)
    if name == "weekday":
        return WEEKDAYS[int(value)].title()
    if name in REGISTRY and REGISTRY[name].unit is Unit.MONEY and digits:
        # The nearest float to the exact decimal: it is written with just the digits of the amount.
        return float(value / 10**digits)
    return value
