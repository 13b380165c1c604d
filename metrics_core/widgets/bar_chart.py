"""Bar chart: figures over time, or across the values of a dimension; grouped, stacked or as shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from pydantic import model_validator

from metrics_core.errors import BadRequestError
from metrics_core.model.query import Result
from metrics_core.widgets import across as crossing
from metrics_core.widgets import course as courses
from metrics_core.widgets import over_time, plot, words
from metrics_core.widgets.across import AcrossSpec
from metrics_core.widgets.drawing import Figure, Plotly
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.kind import Questions, WidgetKind
from metrics_core.widgets.options import DimensionName, option


class BarChart(AcrossSpec):
    """The options of a bar chart."""

    across: Literal["time"] | DimensionName = option(
        "Across", "What the bars stand for: time, or the values of a dimension.", "dimension", "data", "time")

    @model_validator(mode="after")
    def _makes_sense(self) -> BarChart:
        if self.across == "time":
            courses.check(self)
            if self.horizontal:
                msg = "Time runs from left to right: `horizontal` is for bars across a dimension."
                raise BadRequestError(msg)
        else:
            crossing.check(self, self.across)
        return self


def questions(spec: BarChart, frame: Frame) -> Questions:
    if spec.across == "time":
        return courses.questions(spec, frame, coarse=True)
    return crossing.questions(spec, spec.across, frame)


def further(answers: Mapping[str, Result], spec: BarChart, frame: Frame) -> Questions:
    if spec.across == "time":
        return courses.further(answers, spec, frame, coarse=True)
    return crossing.further(answers, spec, spec.across, frame)


def draw(answers: Mapping[str, Result], spec: BarChart, frame: Frame) -> Figure:
    if spec.across != "time":
        return crossing.draw(answers, spec, spec.across, frame)
    numbers = spec.numbers(frame)
    found = courses.course(answers, spec, frame, coarse=True)
    data: list[Plotly] = []
    for place, row in enumerate(found.series):
        measure = spec.measures[place] if len(spec.measures) > 1 else spec.measures[0]
        if found.before is not None:
            row = replace(row, label=words.capital(words.period(spec.time(frame), frame)))
        texts = over_time.texts(row, found, measure, numbers)
        data += plot.bars_over_time(row, found, texts, group=spec.stack == "off")
    data += plot.unfinished_key(found, bar=True)
    if found.before is not None:
        data.append(plot.compared_line(found.before))
    return over_time.figure(found, spec, frame, data, bar=True)


KIND = WidgetKind(
    name="bar_chart", label="Bar chart", icon="bar_chart",
    about="Figures side by side or stacked: over time, or across channels, products, hours of the day.",
    size=(6, 4), smallest=(3, 3), Spec=BarChart, questions=questions, draw=draw, further=further,
)  # fmt: skip
