"""The part of the data that is somebody's to see: filters on dimensions, as they are kept and told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from metrics_core.errors import BadRequestError, UnknownNameError
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.query import Filter, Value

NARROWED_BY = ("channel", "region", "product", "user", "staff", "segment", "content", "feature", "company")
"""Dimensions by which somebody can be narrowed: what a record says of itself, in every figure."""

MOST_VALUES = 200
LONGEST_VALUE = 200


def filters_from(said: Mapping[str, Iterable[object]]) -> tuple[Filter, ...]:
    """Filters from values by dimension, checked; a dimension without values is none."""
    found = []
    for name, values in said.items():
        if name not in NARROWED_BY:
            raise UnknownNameError(what="dimension that people are narrowed by", name=name, known=NARROWED_BY)
        if kept := tuple(dict.fromkeys(_value(name, value) for value in values)):
            if len(kept) > MOST_VALUES:
                msg = f"{len(kept)} values of {name} are more than {MOST_VALUES}."
                raise BadRequestError(msg)
            found.append(Filter(name, kept))
    return tuple(sorted(found, key=lambda row: row.dimension))


def filters_body(filters: Iterable[Filter]) -> dict[str, list[Value]]:
    """As they are kept in a document."""
    return {row.dimension: list(row.values) for row in filters}


def filters_said(filters: Iterable[Filter]) -> str:
    """In words: `Region: Europe, Asia; Channel: online`; `everything` without any."""
    said = [f"{DIMENSIONS[row.dimension].label}: {', '.join(_said(value) for value in row.values)}" for row in filters]
    return "; ".join(said) or "everything"


def limited_to(filters: Iterable[Filter]) -> str:
    """As every page and file says it: `Limited to Region: Europe`; nothing where somebody sees everything."""
    kept = tuple(filters)
    return f"Limited to {filters_said(kept)}" if kept else ""


def _value(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_VALUE or not value.isprintable():
        msg = f"A value of {name} is a text of 1 to {LONGEST_VALUE} characters; {str(value)[:40]!r} is not."
        raise BadRequestError(msg)
    return value.strip()


def _said(value: Value) -> str:
    return "none named" if value is None else str(value)
