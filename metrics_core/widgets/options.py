"""The sorts of option a widget's spec is made of: measures, dimensions, periods, filters, thresholds, colours."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from metrics_core.errors import BadRequestError, UnknownNameError
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.measure import REGISTRY
from metrics_core.model.query import Value
from metrics_core.model.window import PERIODS, WEEKDAYS

Ui: TypeAlias = Literal[
    "measure", "measures", "dimension", "dimensions", "period", "compare", "filters", "choice", "number", "switch", "text",
    "thresholds", "colours", "sort", "column"
]
"""What a settings drawer offers for an option."""
Group: TypeAlias = Literal["data", "look", "target", "time"]


def option(title: str, description: str, ui: Ui, group: Group, default: Any = ..., **limits: Any) -> Any:
    """An option of a spec, with what a settings drawer needs to offer it."""
    return Field(default, title=title, description=description, json_schema_extra={"ui": ui, "group": group}, **limits)


def known(what: str, name: str, names: Collection[str]) -> str:
    """The name itself, if it is one of these; otherwise UnknownNameError says what was probably meant."""
    if name not in names:
        raise UnknownNameError(what, name, names)
    return name


# ------------------------------------------------------------------------------------------------------------- names


def _measure(name: str) -> str:
    return known("measure", name, REGISTRY)


def _dimension(name: str) -> str:
    return known("dimension", name, DIMENSIONS)


def _different(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if names.count(name) > 1:
            msg = f"{name!r} is named twice. Once is enough."
            raise BadRequestError(msg)
    return names


MeasureName = Annotated[str, AfterValidator(_measure), Field(json_schema_extra={"enum": list(REGISTRY)})]
DimensionName = Annotated[str, AfterValidator(_dimension), Field(json_schema_extra={"enum": list(DIMENSIONS)})]
Measures = Annotated[tuple[MeasureName, ...], AfterValidator(_different)]
Dimensions = Annotated[tuple[DimensionName, ...], AfterValidator(_different)]
Grain = Literal["auto", "minute", "hour", "day", "week", "month"]


# -------------------------------------------------------------------------------------------------------------- time


class Range(BaseModel):
    """A start and an end, in ISO 8601; without an end it lasts until now."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    start: str
    end: str | None = None

    def as_question(self) -> dict[str, str]:
        return {"start": self.start, **({} if self.end is None else {"end": self.end})}


def _period(over: str | Range) -> str | Range:
    if isinstance(over, str):
        known("period", over, PERIODS)
        return over
    return _times(over)


def _times(span: Range) -> Range:
    for text in (span.start, span.end):
        try:
            datetime.fromisoformat(text or span.start)
        except ValueError:
            msg = f'"{text}" is not a time. Write it as 2026-12-31, or 2026-12-31T14:30:00+01:00.'
            raise BadRequestError(msg) from None
    return span


Over = Annotated[str | Range, AfterValidator(_period)]
Compare = Literal["dashboard", "previous", "off"] | Annotated[Range, AfterValidator(_times)]


# ----------------------------------------------------------------------------------------------------------- filters


class Condition(BaseModel):
    """One filter: the dimension has one of these values, or none of them. Null stands for "not named"."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    dimension: DimensionName
    op: Literal["in", "not in"] = "in"
    values: tuple[Value, ...] = Field(min_length=1)


def _conditions(where: object) -> object:
    """Filters in any form a question takes, in their long form."""
    if isinstance(where, Mapping):
        return [_short(name, wanted) for name, wanted in where.items()]
    if isinstance(where, Sequence) and not isinstance(where, str):
        return [_long(row) if isinstance(row, Mapping) else row for row in where]
    return where


def _short(name: object, wanted: object) -> dict[str, object]:
    if isinstance(wanted, Mapping):
        if set(wanted) != {"not"}:
            msg = f"The filter on {name} is a value, a list of values, or {{\"not\": [...]}}."
            raise BadRequestError(msg)
        return {"dimension": name, "op": "not in", "values": _listed(wanted["not"])}
    return {"dimension": name, "op": "in", "values": _listed(wanted)}


def _long(row: Mapping[Any, Any]) -> dict[Any, Any]:
    found = dict(row)
    if "value" in found:
        found["values"] = [found.pop("value")]
    found["op"] = {"=": "in", "!=": "not in"}.get(found.get("op", "in"), found.get("op", "in"))
    return found


def _listed(values: object) -> object:
    return values if isinstance(values, Sequence) and not isinstance(values, str) else [values]


def _sensible(where: tuple[Condition, ...]) -> tuple[Condition, ...]:
    days = [day.title() for day in WEEKDAYS]
    for row in where:
        for value in row.values:
            if row.dimension == "weekday":
                known("weekday", str(value).title(), days)
            elif row.dimension == "hour" and (not isinstance(value, int) or not 0 <= value <= 23):
                msg = f"An hour is a whole number from 0 to 23; {value!r} is not."
                raise BadRequestError(msg)
    return where


Where = Annotated[tuple[Condition, ...], BeforeValidator(_conditions), AfterValidator(_sensible)]


# ------------------------------------------------------------------------------------------------- targets and colours


class Thresholds(BaseModel):
    """From where on a figure is worth a look, and from where on it is bad. Which side is bad follows from the measure."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    warn: float | None = Field(None, title="Warning", description="Beyond this it is amber.", allow_inf_nan=False)
    bad: float | None = Field(None, title="Bad", description="Beyond this it is red.", allow_inf_nan=False)
    better: Literal["auto", "more", "less"] = Field(
        "auto", title="Better", description="Whether more or less is better; auto is what the measure says."
    )


Colour = Literal["auto", "blue", "ochre", "green", "pink", "olive", "teal", "violet", "brown", "good", "warn", "bad", "grey"]
ROLES: dict[str, str] = {
    **{name: f"series:{place}" for place, name in enumerate(
        ("blue", "ochre", "green", "pink", "olive", "teal", "violet", "brown"))},
    "good": "good", "warn": "warn", "bad": "bad", "grey": "other",
}  # fmt: skip
"""The role of every colour a person may choose."""
