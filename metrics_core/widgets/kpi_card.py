"""KPI card: one figure with its change, its target and its course."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import model_validator

from metrics_core.model.query import Result
from metrics_core.widgets import one_figure, words
from metrics_core.widgets.drawing import Card
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.kind import Questions, WidgetKind
from metrics_core.widgets.one_figure import AimedSpec
from metrics_core.widgets.options import Grain, option


class KpiCard(AimedSpec):
    """The options of a KPI card."""

    spark: bool = option("Course", "A small line of the period, where the figure has a course.", "switch", "look", True)
    grain: Grain = option("Grain", "How fine the small line is; auto follows the period.", "choice", "time", "auto")

    @model_validator(mode="after")
    def _makes_sense(self) -> KpiCard:
        one_figure.check(self)
        return self

    @property
    def draws_spark(self) -> bool:
        return self.spark and one_figure.has_course(self.measure)


def questions(spec: KpiCard, frame: Frame) -> Questions:
    asked = {"figure": spec.asked(frame, (spec.measure,), compare=True)}
    if spec.draws_spark:
        asked["spark"] = one_figure.spark_question(spec, frame, spec.grain)
    return asked


def draw(answers: Mapping[str, Result], spec: KpiCard, frame: Frame) -> Card:
    found = one_figure.one(answers["figure"], spec, frame)
    target = one_figure.target(spec, found.value, frame)
    return Card(
        title=found.title, subtitle=found.subtitle, unit=found.unit, measure=spec.measure, value=found.value,
        alt=words.card_alt(found.title, found.figure, found.delta, [] if target is None else [target.text]),
        figure=found.figure, short=found.short, why=found.why, delta=found.delta, state=found.state, target=target,
        spark=one_figure.spark(answers["spark"], spec, frame, spec.grain) if spec.draws_spark else None,
    )  # fmt: skip


KIND = WidgetKind(
    name="kpi_card", label="KPI", icon="monitoring", about="One figure with its change, its target and its course.",
    size=(3, 2), smallest=(2, 2), Spec=KpiCard, questions=questions, draw=draw,
)  # fmt: skip
