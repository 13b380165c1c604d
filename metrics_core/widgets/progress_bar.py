"""Progress bar: one figure on its way to a target, with how much of the period is over."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import model_validator

from metrics_core.model.query import Result
from metrics_core.widgets import one_figure, words
from metrics_core.widgets.drawing import Progress, Target
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.kind import Questions, WidgetKind
from metrics_core.widgets.one_figure import AimedSpec
from metrics_core.widgets.options import option


class ProgressBar(AimedSpec):
    """The options of a progress bar."""

    target: float = option(
        "Target", "What the figure should reach (or stay below, where less is better), in full units.", "number", "target",
        gt=0, allow_inf_nan=False)  # fmt: skip
    pace: bool = option("Pace", "Mark on the bar how much of the day, week or month is over.", "switch", "look", True)

    @model_validator(mode="after")
    def _makes_sense(self) -> ProgressBar:
        one_figure.check(self)
        return self


def questions(spec: ProgressBar, frame: Frame) -> Questions:
    return {"figure": spec.asked(frame, (spec.measure,), compare=True)}


def draw(answers: Mapping[str, Result], spec: ProgressBar, frame: Frame) -> Progress:
    found = one_figure.one(answers["figure"], spec, frame)
    target = one_figure.target(spec, found.value, frame) or Target(share=None, text="", state=None, value=spec.target)
    elapsed = one_figure.elapsed(spec, frame) if spec.pace else None
    over = [] if elapsed is None else [f"{one_figure.percent(elapsed)} of the period is over"]
    return Progress(
        title=found.title, subtitle=found.subtitle, unit=found.unit, measure=spec.measure, value=found.value,
        alt=words.card_alt(found.title, found.figure, found.delta, [target.text, *over]), figure=found.figure,
        short=found.short, why=found.why, target=target, elapsed=elapsed, delta=found.delta,
        state=found.state or target.state,
    )  # fmt: skip


KIND = WidgetKind(
    name="progress_bar", label="Progress", icon="linear_scale", about="One figure on its way to a target.",
    size=(3, 2), smallest=(2, 1), Spec=ProgressBar, questions=questions, draw=draw,
)  # fmt: skip
