"""Pie chart: the parts of a whole, a few by name and the rest as other, the greatest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import model_validator

from metrics_core.errors import BadRequestError
from metrics_core.model.measure import REGISTRY, How, Measure
from metrics_core.model.query import Result, Value
from metrics_core.widgets import rules, words
from metrics_core.widgets.drawing import Figure, Key, Picks, Plotly
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.groups import MOST, Groups, among, groups
from metrics_core.widgets.kind import Questions, WidgetKind
from metrics_core.widgets.numbers import Numbers, share
from metrics_core.widgets.options import ROLES, Colour, DimensionName, MeasureName, option
from metrics_core.widgets.plot import marked
from metrics_core.widgets.spec import Spec


class PieChart(Spec):
    """The options of a pie chart."""

    measure: MeasureName = option("Measure", "The whole that is cut into parts.", "measure", "data")
    by: DimensionName = option("Parts by", "One slice for each value of a dimension.", "dimension", "data")
    top: int = option("Top", "How many slices have a name; more are read better as bars.", "number", "data", 5, ge=1, le=6)
    other: bool = option("Other", "Draw what is beyond the top as one grey slice.", "switch", "data", True)
    hole: bool = option("Ring", "A ring with the whole in its middle, rather than a full pie.", "switch", "look", True)
    colours: Mapping[str, Colour] = option("Colours", "Colours of single values, by name.", "colours", "look", {})

    @model_validator(mode="after")
    def _makes_sense(self) -> PieChart:
        rules.check_question((self.measure,), by=(self.by,), where=self.where)
        row = REGISTRY[self.measure]
        if not isinstance(row, Measure) or row.how is How.PEAK or row.name == "active_now":
            msg = f"{row.label} has no parts that make a whole. Choose an amount or a count, or draw it as bars."
            raise BadRequestError(msg)
        return self


def questions(spec: PieChart, frame: Frame) -> Questions:
    return {
        "groups": spec.asked(frame, (spec.measure,), by=(spec.by,), order_by=f"-{spec.measure}", limit=MOST + 1),
        "whole": spec.asked(frame, (spec.measure,)),
    }


def further(answers: Mapping[str, Result], spec: PieChart, frame: Frame) -> Questions:
    chosen = groups(answers["groups"], spec.top)
    if not (spec.other and chosen.rest) or (chosen.known and rules.adds_up_over(spec.measure, spec.by)):
        return {}
    return {"rest": spec.asked(frame, (spec.measure,), where=[among(spec.by, chosen.shown, negated=True)])}


def draw(answers: Mapping[str, Result], spec: PieChart, frame: Frame) -> Figure:
    numbers, name = spec.numbers(frame), spec.measure
    chosen = groups(answers["groups"], spec.top)
    when, row = words.period(spec.time(frame), frame), REGISTRY[name]
    title, subtitle = f"{row.label} by {rules.label(spec.by).lower()}", spec.note or when
    slices = _slices(answers, spec, chosen, frame)
    if not any(part.amount > 0 for part in slices) or all(value is None for value in chosen.shown):
        empty = words.nothing_by(spec.by, when)
        return Figure(title=title, subtitle=subtitle, alt=f"{title}. {empty.what}.", empty=empty, unit=row.unit.value)
    drawn = [part for part in slices if part.amount > 0]
    whole = sum(part.amount for part in drawn)
    keys = tuple(
        Key(role=part.role, label=part.label, figure=numbers.text(name, part.amount), value=part.value, picked=part.picked,
            share=share(100 * part.amount / whole))
        for part in drawn
    )  # fmt: skip
    trace: Plotly = {
        "type": "pie", "labels": [words.in_figure(part.label) for part in drawn], "values": [part.amount for part in drawn],
        "text": [f"{numbers.full(name, part.amount)}, {key.share}" for part, key in zip(drawn, keys, strict=True)],
        "hovertemplate": "%{label}<br>%{text}<extra></extra>", "textinfo": "none", "sort": False, "direction": "clockwise",
        "hole": 0.62 if spec.hole else 0, "marker": {"line": {"width": 2}},
        "customdata": [[part.value] if part.picked else [] for part in drawn],
        "meta": marked("slices", {"marker.colors": [part.role for part in drawn], "marker.line.color": "page"}),
    }  # fmt: skip
    total = numbers.raw(name, answers["whole"].rows[0][-1])
    return Figure(
        title=title, subtitle=subtitle, unit=row.unit.value, data=(trace,),
        layout={"showlegend": False, "margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "meta": {"paint": {}}},
        alt=words.list_alt(f"{title}, {subtitle}", [(key.label, f"{key.figure}, {key.share}") for key in keys], len(keys)),
        picks=Picks(dimension=spec.by), keys=keys,
        centre=(numbers.short(name, total), row.label.lower()) if spec.hole else None,
        foot=_foot(spec, chosen, whole, total, len(slices) - len(drawn), numbers),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Slice:
    """A part of the whole; the rest has no value to filter by."""

    label: str
    amount: float
    role: str
    value: Value = None
    picked: bool = False


def _slices(answers: Mapping[str, Result], spec: PieChart, chosen: Groups, frame: Frame) -> list[_Slice]:
    numbers, rows = spec.numbers(frame), answers["groups"].rows
    places = frame.colours.of(spec.by, chosen.shown)
    found = []
    for (value, amount), place in zip(rows, places, strict=False):
        colour = spec.colours.get(str(value), "auto")
        role = f"series:{place}" if colour == "auto" else ROLES[colour]
        found.append(_Slice(words.name(spec.by, value), numbers.raw(spec.measure, amount) or 0, role,
                            words.pick(spec.by, value), picked=True))  # fmt: skip
    if spec.other and chosen.rest:
        left: Value = sum(int(row[1]) for row in rows[len(chosen.shown):] if isinstance(row[1], int | float))
        if "rest" in answers:
            left = answers["rest"].rows[0][-1]
        found.append(_Slice(words.OTHER, numbers.raw(spec.measure, left) or 0, "other"))
    return found


def _foot(spec: PieChart, chosen: Groups, whole: float, total: float | None, hidden: int, numbers: Numbers) -> str | None:
    """What the slices leave out, and where they are more than the whole."""
    if hidden:
        return f"{hidden} with nothing or less are not drawn"
    if total is not None and whole > total and not rules.adds_up_over(spec.measure, spec.by):
        name = rules.label(spec.measure).lower()
        return f"{numbers.full(spec.measure, total)} {name} altogether; some are in more than one slice"
    if chosen.rest:
        return f"Top {len(chosen.shown)} of {chosen.of_text}{', the rest as other' if spec.other else ''}"
    return None


KIND = WidgetKind(
    name="pie_chart", label="Pie chart", icon="donut_large", about="The parts of a whole: a few slices, and the rest.",
    size=(4, 4), smallest=(3, 3), Spec=PieChart, questions=questions, draw=draw, further=further,
)  # fmt: skip
