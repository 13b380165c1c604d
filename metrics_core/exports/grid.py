"""A drawing as a grid of cells: the figures that are shown, each with its unit, whatever shape they are drawn in."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from metrics_core.widgets.drawing import Card, Drawing, Figure, Gauge, Number, Progress, Table

Cell: TypeAlias = str | int | float | datetime | None


@dataclass(frozen=True, slots=True)
class Head:
    """A column. `unit` is money, count, percent, share, change, time or None (text)."""

    label: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns and rows; the last row is a total where `total` says so."""

    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: bool = False
    note: str | None = None
    """What the picture leaves out, or why it is empty."""


def grid_of(drawing: Drawing) -> Grid:
    """The figures of a drawing."""
    if drawing.empty is not None:
        return Grid((Head("Nothing to show"),), (), note=f"{drawing.empty.what}. {drawing.empty.step}")
    match drawing:
        case Table():
            return _of_table(drawing)
        case Figure():
            return _of_figure(drawing)
        case Card() | Gauge() | Progress():
            return _of_one(drawing)


# ------------------------------------------------------------------------------------------------------------ one figure


def _of_one(drawing: Card | Gauge | Progress) -> Grid:
    heads = [Head("Measure"), Head("Value", drawing.unit)]
    row: list[Cell] = [drawing.title, drawing.value]
    if drawing.delta is not None:
        heads += [Head("Change"), Head("Compared")]
        sign = {"up": "+", "down": "\u2212"}.get(drawing.delta.direction, "")
        row += [f"{sign}{drawing.delta.text}", drawing.delta.against]
    if drawing.target is not None:
        heads += [Head("Target", drawing.unit), Head("Reached", "share")]
        row += [drawing.target.value, None if drawing.target.share is None else 100 * drawing.target.share]
    if isinstance(drawing, Gauge):
        heads += [Head("From", drawing.unit), Head("To", drawing.unit)]
        row += [drawing.low, drawing.high]
    return Grid(tuple(heads), (tuple(row),), note=drawing.why or drawing.foot)


def course_of(drawing: Card) -> Grid | None:
    """The small line of a card, where it has one."""
    spark = drawing.spark
    if spark is None or len(spark.texts) != len(spark.values):
        return None
    rows = [(text.partition(" · ")[0], value) for text, value in zip(spark.texts, spark.values, strict=True)]
    return Grid((Head("Time"), Head(drawing.title, drawing.unit)), tuple(rows))


# ----------------------------------------------------------------------------------------------------------------- table


def _of_table(drawing: Table) -> Grid:
    heads = tuple(Head(column.label, column.unit) for column in drawing.columns)
    rows = [_row(drawing, row, texts) for row, texts in zip(drawing.rows, drawing.texts, strict=True)]
    if drawing.total is not None:
        rows.append(_row(drawing, drawing.total.row, drawing.total.texts))
    return Grid(heads, tuple(rows), total=drawing.total is not None, note=drawing.foot)


def _row(drawing: Table, row: Sequence[Cell], texts: Sequence[str]) -> tuple[Cell, ...]:
    """The raw figures, and of everything else the text that is shown: "Not named" says more than nothing."""
    return tuple(
        _when(value, text) if column.unit == "time" else value if column.unit is not None and _is_number(value)
        else text if column.unit is None else (None if value is None else text)
        for column, value, text in zip(drawing.columns, row, texts, strict=True)
    )  # fmt: skip


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _when(value: Cell, text: str) -> Cell:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            return text
    return text


# ---------------------------------------------------------------------------------------------------------------- figure

Trace: TypeAlias = Mapping[str, Any]
Place: TypeAlias = tuple[Any, int]
"""A place of an axis, and which of those that look the same it is."""


def _of_figure(drawing: Figure) -> Grid:
    first: Trace = drawing.data[0] if drawing.data else {}
    if first.get("type") == "pie":
        return _of_pie(drawing, first)
    if first.get("type") == "heatmap":
        return _of_heatmap(drawing, first)
    return _of_series(drawing)


def _of_pie(drawing: Figure, trace: Trace) -> Grid:
    values: Sequence[Number] = trace["values"]
    whole = sum(values)
    rows = [
        (_plain(label), value, 100 * value / whole if whole else None)
        for label, value in zip(trace["labels"], values, strict=True)
    ]
    return Grid((Head("Part"), Head(drawing.title, drawing.unit), Head("Share", "share")), tuple(rows), note=drawing.foot)


def _of_heatmap(drawing: Figure, trace: Trace) -> Grid:
    across = [Head(_plain(label), drawing.unit) for label in trace["x"]]
    rows = [(_plain(label), *values) for label, values in zip(trace["y"], trace["z"], strict=True)]
    return Grid((Head(drawing.title), *across), tuple(rows), note=drawing.foot)


def _of_series(drawing: Figure) -> Grid:
    """A row for each place of the axis, a column for each series; buckets that are not over say so."""
    across = any(trace.get("orientation") == "h" for trace in drawing.data)
    places, figures = ("y", "x") if across else ("x", "y")
    series: dict[tuple[str, str], dict[Place, Cell]] = {}
    order: dict[Place, None] = {}
    unfinished: set[Place] = set()
    for trace in drawing.data:
        meta = trace.get("meta")
        said: Trace = meta if isinstance(meta, Mapping) else {}
        if said.get("role") == "key" or trace.get("hoverinfo") == "skip":
            continue
        # Two series may have one name, and two places of an axis too: "Online" is what both online and Online look like.
        found = series.setdefault((_plain(trace.get("name") or drawing.title), str(said.get("role"))), {})
        times: Counter[Any] = Counter()
        for label, value in zip(_list(trace.get(places)), _list(trace.get(figures)), strict=False):
            place = (label, times[label])
            times[label] += 1
            order.setdefault(place)
            if value is not None:
                found[place] = value
                if said.get("unfinished"):
                    unfinished.add(place)
    timed = _axis(drawing, "yaxis" if across else "xaxis").get("type") == "date"
    heads = [Head("Time", "time") if timed else Head("Name"), *(Head(name, drawing.unit or "number") for name, _ in series)]
    rows = [[_label(place[0], timed=timed), *(values.get(place) for values in series.values())] for place in order]
    if unfinished:
        heads.append(Head("Complete"))
        rows = [[*row, "no" if place in unfinished else "yes"] for row, place in zip(rows, order, strict=True)]
    return Grid(tuple(heads), tuple(tuple(row) for row in rows), note=drawing.foot)


def _axis(drawing: Figure, name: str) -> Mapping[str, Any]:
    found = drawing.layout.get(name)
    return found if isinstance(found, Mapping) else {}


def _label(label: Any, *, timed: bool) -> Cell:
    return datetime.fromisoformat(label) if timed and isinstance(label, str) else _plain(label)


def _list(values: object) -> Sequence[Any]:
    return values if isinstance(values, list | tuple) else ()


def _plain(label: object) -> str:
    """A label as it was before it was made fit for Plotly."""
    return html.unescape(str(label)).replace("<br>", " ")
