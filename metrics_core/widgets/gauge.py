"""Gauge: one figure on a scale, with the stretches that are good, worth a look or bad, and a target."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import model_validator

from metrics_core.errors import BadRequestError
from metrics_core.model.query import Result
from metrics_core.widgets import one_figure, words
from metrics_core.widgets.drawing import Gauge
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.kind import Questions, WidgetKind
from metrics_core.widgets.one_figure import AimedSpec
from metrics_core.widgets.options import option


class GaugeSpec(AimedSpec):
    """The options of a gauge."""

    low: float = option("From", "Where the scale begins.", "number", "target", 0.0, allow_inf_nan=False)
    high: float | None = option(
        "To", "Where the scale ends; left empty it ends at a round figure above everything on it.", "number", "target", None,
        allow_inf_nan=False)  # fmt: skip

    @model_validator(mode="after")
    def _makes_sense(self) -> GaugeSpec:
        one_figure.check(self)
        if self.high is not None and self.high <= self.low:
            msg = f"The scale must end ({self.high:g}) above where it begins ({self.low:g})."
            raise BadRequestError(msg)
        return self


def questions(spec: GaugeSpec, frame: Frame) -> Questions:
    return {"figure": spec.asked(frame, (spec.measure,), compare=True)}


def draw(answers: Mapping[str, Result], spec: GaugeSpec, frame: Frame) -> Gauge:
    found = one_figure.one(answers["figure"], spec, frame)
    numbers = spec.numbers(frame)
    target = one_figure.target(spec, found.value, frame)
    limits = [] if spec.thresholds is None else [spec.thresholds.warn, spec.thresholds.bad]
    above = [value for value in (found.value, None if target is None else target.value, *limits) if value is not None]
    high = _round_above(max([spec.low, *above]) - spec.low) + spec.low if spec.high is None else spec.high
    share = None if found.value is None else min(1.0, max(0.0, (found.value - spec.low) / (high - spec.low)))
    ends = (numbers.short(spec.measure, spec.low), numbers.short(spec.measure, high))
    more = [f"on a scale from {ends[0]} to {ends[1]}"]
    if target is not None:
        more.append(target.text)
    if found.state is not None:
        more.append({"good": "good", "warn": "worth a look", "bad": "bad"}[found.state])
    return Gauge(
        title=found.title, subtitle=found.subtitle, unit=found.unit, measure=spec.measure, value=found.value,
        alt=words.card_alt(found.title, found.figure, found.delta, more), figure=found.figure, short=found.short,
        why=found.why, low=spec.low, high=high, ends=ends, share=share,
        bands=one_figure.bands(spec.measure, spec.thresholds, spec.low, high), target=target, delta=found.delta,
        state=found.state,
    )  # fmt: skip


def _round_above(reach: float) -> float:
    """A round figure with some room above."""
    if reach <= 0:
        return 1.0
    wanted = reach * 1.1
    size = 10.0 ** math.floor(math.log10(wanted))
    return next(size * by for by in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if size * by >= wanted * (1 - 1e-9))


KIND = WidgetKind(
    name="gauge", label="Gauge", icon="speed", about="One figure on a scale, with what is good and what is bad.",
    size=(3, 3), smallest=(2, 2), Spec=GaugeSpec, questions=questions, draw=draw,
)  # fmt: skip
