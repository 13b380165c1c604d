"""Metric card: one figure, how it changed, and what it is compared with."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import model_validator

from metrics_core.model.query import Result
from metrics_core.widgets import one_figure, words
from metrics_core.widgets.drawing import Card
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.kind import Questions, WidgetKind
from metrics_core.widgets.one_figure import FigureSpec
from metrics_core.widgets.options import option


class MetricCard(FigureSpec):
    """The options of a metric card."""

    spark: bool = option("Course", "A small line of the period, where the figure has a course.", "switch", "look", False)

    @model_validator(mode="after")
    def _makes_sense(self) -> MetricCard:
        one_figure.check(self)
        return self

    @property
    def draws_spark(self) -> bool:
        return self.spark and one_figure.has_course(self.measure)


def questions(spec: MetricCard, frame: Frame) -> Questions:
    asked = {"figure": spec.asked(frame, (spec.measure,), compare=True)}
    if spec.draws_spark:
        asked["spark"] = one_figure.spark_question(spec, frame, "auto")
    return asked


def draw(answers: Mapping[str, Result], spec: MetricCard, frame: Frame) -> Card:
    found = one_figure.one(answers["figure"], spec, frame)
    return Card(
        title=found.title, subtitle=found.subtitle, alt=words.card_alt(found.title, found.figure, found.delta),
        unit=found.unit, measure=spec.measure, value=found.value, figure=found.figure, short=found.short, why=found.why,
        delta=found.delta, state=found.state,
        spark=one_figure.spark(answers["spark"], spec, frame, "auto") if spec.draws_spark else None,
    )  # fmt: skip


KIND = WidgetKind(
    name="metric_card", label="Metric", icon="tag", about="One figure, and how it changed.",
    size=(3, 2), smallest=(2, 2), Spec=MetricCard, questions=questions, draw=draw,
)  # fmt: skip
