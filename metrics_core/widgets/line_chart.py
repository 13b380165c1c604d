"""Line chart: one or several figures, or one figure by the values of a dimension, over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydantic import model_validator

from metrics_core.model.query import Result
from metrics_core.widgets import course as courses
from metrics_core.widgets import over_time, plot, rules, words
from metrics_core.widgets.course import Course, CourseSpec
from metrics_core.widgets.drawing import Figure, Plotly
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.kind import WidgetKind
from metrics_core.widgets.options import option


class LineChart(CourseSpec):
    """The options of a line chart."""

    area: bool = option("Area", "A light fill below a single line.", "switch", "look", True)

    @model_validator(mode="after")
    def _makes_sense(self) -> LineChart:
        courses.check(self)
        return self


def draw(answers: Mapping[str, Result], spec: LineChart, frame: Frame) -> Figure:
    found = courses.course(answers, spec, frame)
    return over_time.figure(found, spec, frame, _data(found, spec, frame), near=_near(spec))


def _data(found: Course, spec: LineChart, frame: Frame) -> list[Plotly]:
    numbers = spec.numbers(frame)
    data = [plot.compared_line(found.before, stepped=spec.cumulative)] if found.before is not None else []
    single = len(found.series) == 1
    for place, row in enumerate(found.series):
        measure = spec.measures[place] if len(spec.measures) > 1 else spec.measures[0]
        label = words.capital(words.period(spec.time(frame), frame)) if found.before is not None else row.label
        data += plot.lines(
            replace(row, label=label), found, over_time.texts(row, found, measure, numbers),
            area=spec.area and single and not spec.cumulative and not _near(spec), stepped=spec.cumulative,
            stack=None if spec.stack == "off" else "all",
        )  # fmt: skip
    return data if spec.stack != "off" else data + plot.unfinished_key(found, bar=False)


def _near(spec: CourseSpec) -> bool:
    """Ratios and states may be drawn on an axis that begins above zero, as lines without a fill."""
    return all(not rules.adds_up_over_time(name) for name in spec.measures)


KIND = WidgetKind(
    name="line_chart", label="Line chart", icon="show_chart", about="How figures went over time, against what came before.",
    size=(6, 4), smallest=(3, 3), Spec=LineChart, questions=courses.questions, draw=draw, further=courses.further,
)  # fmt: skip
