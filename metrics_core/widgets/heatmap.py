"""Heatmap: one figure by two dimensions, or by a dimension and time; weekday by hour unless said otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import model_validator

from metrics_core.errors import BadRequestError
from metrics_core.model.measure import REGISTRY
from metrics_core.model.query import Result, Value
from metrics_core.model.window import Window
from metrics_core.widgets import rules, words
from metrics_core.widgets.buckets import Bucket, buckets, grain_of
from metrics_core.widgets.cycles import CYCLES, inside
from metrics_core.widgets.drawing import Empty, Figure, Picks, Plotly
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.groups import MOST, among, groups, nameless
from metrics_core.widgets.kind import Questions, WidgetKind
from metrics_core.widgets.options import DimensionName, MeasureName, option
from metrics_core.widgets.plot import marked
from metrics_core.widgets.spec import Spec


class Heatmap(Spec):
    """The options of a heatmap."""

    measure: MeasureName = option("Measure", "The figure of each cell.", "measure", "data")
    rows: DimensionName = option("Rows", "The dimension that runs down.", "dimension", "data", "weekday")
    columns: DimensionName = option("Columns", "The dimension that runs across.", "dimension", "data", "hour")
    grain: Literal["off", "auto", "hour", "day", "week", "month"] = option(
        "Columns of time", "Time instead of a dimension across.", "choice", "time", "off")
    top: int = option("Top", "How many values of a dimension are shown.", "number", "data", 12, ge=1, le=40)
    palette: Literal["sequential", "diverging"] = option(
        "Palette", "From little to much, or both ways from zero.", "choice", "look", "sequential")
    labels: bool = option("Figures in cells", "Write the figure into each cell.", "switch", "look", False)
    zeros: Literal["draw", "gap"] = option("Zeros", "Draw a cell without anything as zero, or leave a gap.", "choice",
                                           "look", "draw")  # fmt: skip

    @model_validator(mode="after")
    def _makes_sense(self) -> Heatmap:
        if self.grain == "off" and self.rows == self.columns:
            msg = f"Rows and columns are both {rules.label(self.rows).lower()}. Choose two different dimensions."
            raise BadRequestError(msg)
        by = (self.rows,) if self.grain != "off" else (self.rows, self.columns)
        rules.check_question((self.measure,), by=by, grain=self.grain != "off", where=self.where)
        return self

    @property
    def open(self) -> tuple[str, ...]:
        """Its dimensions of which only the top values are shown."""
        return tuple(name for name in (self.rows, *((self.columns,) if self.grain == "off" else ())) if name not in CYCLES)


def questions(spec: Heatmap, frame: Frame) -> Questions:
    asked = {
        name: spec.asked(frame, (spec.measure,), by=(name,), order_by=f"-{spec.measure}", limit=MOST + 1)
        for name in spec.open
    }
    asked["whole"] = spec.asked(frame, (spec.measure,))
    if spec.grain != "off":
        asked["course"] = spec.asked(frame, (spec.measure,), grain=_grain(spec, frame))
    if not spec.open:
        asked["cells"] = _cells(spec, frame, [])
    return asked


def further(answers: Mapping[str, Result], spec: Heatmap, frame: Frame) -> Questions:
    shown = {name: groups(answers[name], spec.top).shown for name in spec.open}
    if not shown or not all(shown.values()):
        return {}
    return {"cells": _cells(spec, frame, [among(name, values) for name, values in shown.items()])}


def draw(answers: Mapping[str, Result], spec: Heatmap, frame: Frame) -> Figure:
    numbers, row = spec.numbers(frame), REGISTRY[spec.measure]
    cut = _grain(spec, frame)
    across = rules.label(spec.columns).lower() if cut is None else cut
    title = f"{row.label} by {rules.label(spec.rows).lower()} and {across}"
    when = words.period(spec.time(frame), frame)
    subtitle, unit = spec.note or when, row.unit.value
    down = _values(spec.rows, answers, spec, frame)
    times = _times(answers, cut, frame)
    over = [bucket.start for bucket in times] if cut is not None else _values(spec.columns, answers, spec, frame)
    cells = _filled(answers, spec, down, over, times, frame)
    there = [value for line in cells for value in line if value is not None]
    if not there or any(nameless(answers[name]) for name in spec.open):
        empty = _empty(answers, spec, when)
        return Figure(title=title, subtitle=subtitle, alt=f"{title}. {empty.what}.", empty=empty, unit=unit)
    x = [bucket.label for bucket in times] if cut is not None else [words.name(spec.columns, value) for value in over]
    y = [words.name(spec.rows, value) for value in down]
    notes = [bucket.note for bucket in times] or [""] * len(x)
    texts = [[numbers.full(spec.measure, value) + note for value, note in zip(line, notes, strict=True)] for line in cells]
    ends = _ends(there, spec.palette)
    trace: Plotly = {
        "type": "heatmap", "x": [words.in_figure(label) for label in x], "y": [words.in_figure(label) for label in y],
        "z": cells, "text": texts, "hovertemplate": "%{y}, %{x}: %{text}<extra></extra>", "hoverongaps": False,
        "zmin": ends[0], "zmax": ends[1], "xgap": 2, "ygap": 2,
        "customdata": [[[words.pick(spec.rows, value), *([] if cut is not None else [words.pick(spec.columns, other)])]
                        for other in over] for value in down],
        "colorbar": {"thickness": 8, "outlinewidth": 0, "tickmode": "array", "tickvals": _marks(ends),
                     "ticktext": [numbers.tick(spec.measure, mark, ends[1]) for mark in _marks(ends)]},
        "meta": marked(spec.palette, {"colorscale": spec.palette}),
    }  # fmt: skip
    if spec.labels:
        trace |= {"texttemplate": "%{text}", "textfont": {"size": 11}}
    high = max(((value, r, c) for r, line in enumerate(cells) for c, value in enumerate(line) if value is not None))
    low = min(((value, r, c) for r, line in enumerate(cells) for c, value in enumerate(line) if value is not None))
    said = [f"{word} {numbers.short(spec.measure, found[0])} at {y[found[1]]}, {x[found[2]]}"
            for word, found in (("Highest", high), ("lowest", low))]  # fmt: skip
    return Figure(
        title=title, subtitle=subtitle, unit=unit, data=(trace,), alt=f"{title}, {subtitle}. {', '.join(said)}.",
        layout={
            "xaxis": {"type": "category", "showgrid": False, "showline": False, "ticks": "", "fixedrange": True,
                      **({"nticks": 8, "tickangle": 0} if len(x) > 12 else {})},
            "yaxis": {"type": "category", "showgrid": False, "autorange": "reversed", "fixedrange": True,
                      **({"dtick": 1} if len(y) <= 14 else {})},
            "hovermode": "closest", "margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "meta": {"paint": {}},
        },
        picks=Picks(dimension=spec.rows, also=None if cut is not None else spec.columns), foot=_foot(answers, spec),
    )  # fmt: skip


def _grain(spec: Heatmap, frame: Frame) -> str | None:
    return None if spec.grain == "off" else grain_of(spec.grain, frame.window(spec.time(frame)), coarse=True)


def _cells(spec: Heatmap, frame: Frame, where: Sequence[Mapping[str, object]]) -> dict[str, object]:
    by = (spec.rows,) if spec.grain != "off" else (spec.rows, spec.columns)
    return spec.asked(frame, (spec.measure,), by=by, grain=_grain(spec, frame), where=where)


def _values(dimension: str, answers: Mapping[str, Result], spec: Heatmap, frame: Frame) -> list[Value]:
    """The values along an edge: all hours or weekdays, beginning as the week does; of the others the top ones."""
    if dimension == "weekday":
        return [(place + frame.week_start) % 7 for place in range(7)]
    if dimension == "hour":
        return list(range(24))
    return list(groups(answers[dimension], spec.top).shown)


def _filled(answers: Mapping[str, Result], spec: Heatmap, down: Sequence[Value], over: Sequence[Value],
            times: Sequence[Bucket], frame: Frame) -> list[list[float | None]]:  # fmt: skip
    """A figure for each cell: zero where there could have been something, a gap where the window has no such hour or day."""
    numbers, turned = spec.numbers(frame), spec.grain != "off"
    answer = answers.get("cells")
    if answer is None:
        return [[None for _ in over] for _ in down]
    cells = {((row[1], row[0]) if turned else (row[0], row[1])): row[2] for row in answer.rows}
    around = [name for name in (spec.rows, *(() if turned else (spec.columns,))) if name in CYCLES]
    zone, window = ZoneInfo(frame.zone), answer.window
    # With time across, each column has hours and days of its own.
    parts = {bucket.start: Window(max(bucket.start, window.start), min(bucket.end, window.end)) for bucket in times}
    some = {column: inside(around, parts.get(_start(column), window), zone) if around else None
            for column in (over if turned else over[:1])}  # fmt: skip

    def cell(row: Value, column: Value) -> float | None:
        edges = ((spec.rows, row),) if turned else ((spec.rows, row), (spec.columns, column))
        place, there = tuple(value for name, value in edges if name in around), some[column if turned else over[0]]
        could = rules.is_count(spec.measure) and (there is None or place in there)
        value = numbers.raw(spec.measure, cells.get((row, column), 0 if could else None))
        return value or None if spec.zeros == "gap" else value

    return [[cell(row, column) for column in over] for row in down]


def _start(column: Value) -> int:
    return column if isinstance(column, int) else -1


def _empty(answers: Mapping[str, Result], spec: Heatmap, when: str) -> Empty:
    for name in spec.open:
        if nameless(answers[name]):
            return words.nothing_by(name, when)
    return words.nothing_yet() if rules.is_count(spec.measure) else words.no_value(spec.measure, when)


def _times(answers: Mapping[str, Result], cut: str | None, frame: Frame) -> tuple[Bucket, ...]:
    if cut is None:
        return ()
    answer = answers["course"]
    return buckets([row[0] for row in answer.rows], answer.window, cut, frame)


def _foot(answers: Mapping[str, Result], spec: Heatmap) -> str | None:
    found = [(name, groups(answers[name], spec.top)) for name in spec.open]
    cut = [f"{rules.label(name)}: top {len(row.shown)} of {row.of_text}" for name, row in found if row.rest]
    return "; ".join(cut) or None


def _ends(values: Sequence[float], palette: str) -> tuple[float, float]:
    """The ends of the scale: from zero on, or as far on both sides of it."""
    if palette == "diverging":
        reach = max((abs(value) for value in values), default=1.0) or 1.0
        return -reach, reach
    low, high = min(0.0, *values), max(0.0, *values)
    return low, high if high > low else low + 1.0


def _marks(ends: tuple[float, float]) -> list[float]:
    return [ends[0], (ends[0] + ends[1]) / 2, ends[1]]


KIND = WidgetKind(
    name="heatmap", label="Heatmap", icon="grid_on", about="One figure by weekday and hour, or by any two dimensions.",
    size=(6, 4), smallest=(4, 3), Spec=Heatmap, questions=questions, draw=draw, further=further,
)  # fmt: skip
