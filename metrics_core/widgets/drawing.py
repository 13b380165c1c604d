"""What a widget looks like, as frozen values ready for JSON: a card, a figure, a table, a gauge or a progress bar.

Numbers are in major units and percent; every text is ready to be shown. Colours are named by role (`theme.py` has them).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Value: TypeAlias = str | int | float | None
Number: TypeAlias = int | float
State: TypeAlias = Literal["good", "warn", "bad"]
Unit: TypeAlias = Literal["money", "count", "percent"]
Plotly: TypeAlias = dict[str, object]
"""A trace or a layout as Plotly takes it, without colours: `meta` has `role` (what it is) and `paint` (path -> role).

`{"line": {"width": 2}, "meta": {"role": "series:0", "paint": {"line.color": "series:0", "fillcolor": "series:0/0.1"}}}`:
whoever draws it sets each path to the colour of its role, a list of roles to a list of colours; a number in a path is a
place in a list, a number after a slash is an opacity. `theme.painted` does that in Python.
"""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Empty(_Frozen):
    """Why there is nothing to draw, and the step that fills it. Zero is not empty."""

    icon: str
    """A material symbol."""
    what: str
    step: str


class Delta(_Frozen):
    """How a figure compares: `text` without an arrow ("2.6%", "0.05 pp", "new", "n/a", "no change")."""

    text: str
    direction: Literal["up", "down", "flat", "none"]
    good: bool | None
    """Whether the direction is good news; null where neither is."""
    against: str
    """"vs yesterday by 14:32"."""
    why: str | None = None
    """For "n/a" and "new": the reason, as help."""


class Spark(_Frozen):
    """A line without axes. Null is a gap."""

    values: tuple[Number | None, ...]
    unfinished: bool = False
    """The last value is of a bucket that is not over."""
    texts: tuple[str, ...] = ()
    """For each value, when and how much: "13:00 · $7,120.40"."""


class Target(_Frozen):
    """How far a figure is towards its target."""

    share: float | None
    """1.0 is reached; null where the target is 0."""
    text: str
    """"54.5% of $98,000 target"."""
    state: State | None
    value: float


class Band(_Frozen):
    """A stretch of a gauge and what it means to be in it."""

    start: float
    end: float
    state: State


class Picks(_Frozen):
    """What a click filters by: the raw values are in `customdata` of the marks, in this order, or in a table's `column`."""

    dimension: str
    also: str | None = None
    """The second value of a mark of a heatmap."""
    column: str | None = None


class Column(_Frozen):
    """A column of a table. `unit` null is text; "change" is a difference, good where `good` says so."""

    name: str
    label: str
    align: Literal["left", "right"]
    unit: Literal["money", "count", "percent", "change", "share", "time"] | None = None
    good: Literal["up", "down"] | None = None


class _Drawing(_Frozen):
    title: str
    """What it is called where the person gave it no name."""
    subtitle: str = ""
    alt: str
    """The text for screen readers: subject, period, first, last, highest, lowest, comparison."""
    empty: Empty | None = None
    """In place of everything below."""
    unit: Unit | None = None
    foot: str | None = None
    """A last line: "5 of 23", or what the picture leaves out."""


class Card(_Drawing):
    """One large figure and what explains it."""

    form: Literal["card"] = "card"
    measure: str
    """Its name in the registry: what "Explain" asks about."""
    value: Number | None
    figure: str
    """"$53,362.97", or "n/a"."""
    short: str
    """"$53.4k"."""
    why: str | None = None
    """Where the figure is n/a: the reason, as help."""
    delta: Delta | None = None
    spark: Spark | None = None
    target: Target | None = None
    state: State | None = None
    """What the thresholds make of it; null without thresholds."""


class Key(_Frozen):
    """A line of a legend."""

    role: str
    label: str
    figure: str
    share: str
    value: Value = None
    """The raw value of the dimension, to filter by; `picked` says whether there is one (null is a value too)."""
    picked: bool = False


class Figure(_Drawing):
    """A Plotly figure without colours and without a template."""

    form: Literal["figure"] = "figure"
    data: tuple[Plotly, ...] = ()
    layout: Plotly = Field(default_factory=dict)
    picks: Picks | None = None
    keys: tuple[Key, ...] = ()
    """A legend that the card draws beside the plot (pie); the others have Plotly's."""
    centre: tuple[str, str] | None = None
    """What stands in the hole of a pie: a figure and its word."""


class Total(_Frozen):
    """The last row of a table. Distinct counts and ratios were asked for, not added up."""

    row: tuple[Value, ...]
    texts: tuple[str, ...]


class Table(_Drawing):
    """Rows: raw values to sort and export by, and beside them the texts that are shown."""

    form: Literal["table"] = "table"
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    texts: tuple[tuple[str, ...], ...] = ()
    total: Total | None = None
    picks: Picks | None = None
    bars: str | None = None
    """The column whose cells have a bar behind the number, as long as its share of `most`."""
    most: float | None = None


class Gauge(_Drawing):
    """A figure on a scale from `low` to `high`."""

    form: Literal["gauge"] = "gauge"
    measure: str
    value: Number | None
    figure: str
    short: str
    why: str | None = None
    low: float
    high: float
    ends: tuple[str, str]
    """The texts of both ends of the scale."""
    share: float | None
    """Where the figure is on the scale, 0 to 1; never beyond it, `figure` says how much it is."""
    bands: tuple[Band, ...] = ()
    target: Target | None = None
    delta: Delta | None = None
    state: State | None = None


class Progress(_Drawing):
    """A figure on its way to a target."""

    form: Literal["progress"] = "progress"
    measure: str
    value: Number | None
    figure: str
    short: str
    why: str | None = None
    target: Target
    elapsed: float | None = None
    """How much of the period is over, 0 to 1, where the period has an end: a mark on the bar."""
    delta: Delta | None = None
    state: State | None = None


Drawing: TypeAlias = Annotated[Card | Figure | Table | Gauge | Progress, Field(discriminator="form")]
"""`drawing.model_dump(mode="json")` is its JSON."""
