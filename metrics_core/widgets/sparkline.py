"""Sparkline: the course of one figure as a small line, with the figure of the whole period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import model_validator

from metrics_core.model.query import Result
from metrics_core.widgets import one_figure, words
from metrics_core.widgets.buckets import grain_of
from metrics_core.widgets.drawing import Card
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.kind import Questions, WidgetKind
from metrics_core.widgets.numbers import spoken
from metrics_core.widgets.one_figure import FigureSpec
from metrics_core.widgets.options import Grain, option


class Sparkline(FigureSpec):
    """The options of a sparkline."""

    grain: Grain = option("Grain", "How fine time is cut; auto follows the period.", "choice", "time", "auto")
    zeros: Literal["draw", "gap"] = option(
        "Zeros", "Draw a bucket without anything as zero, or leave a gap.", "choice", "look", "draw")
    complete: bool = option(
        "Complete periods only", "Leave out buckets that are not over or that the period cuts.", "switch", "time", False)

    @model_validator(mode="after")
    def _makes_sense(self) -> Sparkline:
        one_figure.check(self, grain=True)
        return self


def questions(spec: Sparkline, frame: Frame) -> Questions:
    return {
        "figure": spec.asked(frame, (spec.measure,), compare=True),
        "spark": one_figure.spark_question(spec, frame, spec.grain),
    }


def draw(answers: Mapping[str, Result], spec: Sparkline, frame: Frame) -> Card:
    found = one_figure.one(answers["figure"], spec, frame)
    spark = one_figure.spark(answers["spark"], spec, frame, spec.grain, complete=spec.complete, gaps=spec.zeros == "gap")
    when = words.period(spec.time(frame), frame)
    cut = grain_of(spec.grain, frame.window(spec.time(frame)), coarse=True)
    empty = None
    if not spark.values:
        empty = words.no_complete(cut) if spec.complete else words.nothing_yet()
    elif all(value is None for value in spark.values) and spec.zeros == "draw":
        empty = words.no_value(spec.measure, when)
    numbers, zone = spec.numbers(frame), ZoneInfo(frame.zone)
    starts = [int(row[0]) for row in answers["spark"].rows if isinstance(row[0], int)][-len(spark.values):]
    length = answers["spark"].window.end - starts[0] if starts else 0
    points = [(words.bucket(start, cut, zone, length), value, numbers.short(spec.measure, value))
              for start, value in zip(starts, spark.values, strict=False)]  # fmt: skip
    tail = [f"Altogether {found.figure}", *([] if found.delta is None else [words.capital(spoken(found.delta))])]
    return Card(
        title=found.title, subtitle=found.subtitle, unit=found.unit, measure=spec.measure, value=found.value,
        alt=words.course_alt(f"{found.title} by {cut}", points, tail) if empty is None else f"{found.title}. {empty.what}.",
        empty=empty, figure=found.figure, short=found.short,
        why=found.why, delta=found.delta, state=found.state, spark=spark,
    )  # fmt: skip


KIND = WidgetKind(
    name="sparkline", label="Sparkline", icon="timeline", about="The course of one figure as a small line.",
    size=(3, 2), smallest=(2, 1), Spec=Sparkline, questions=questions, draw=draw,
)  # fmt: skip
