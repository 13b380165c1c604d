"""What a kind of widget is: a name, a validated spec, the questions it asks, and the drawing of their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from metrics_core.model.query import Result
from metrics_core.widgets.drawing import Drawing
from metrics_core.widgets.frame import Frame, Question
from metrics_core.widgets.spec import Spec, read_spec

S = TypeVar("S", bound=Spec)

Questions: TypeAlias = dict[str, Question]
"""The questions of a widget, each under the name by which its answer is found."""
Answers: TypeAlias = Mapping[str, Result]
Ask: TypeAlias = Callable[[Question], Result]


def nothing_further(answers: Answers, spec: Spec, frame: Frame) -> Questions:
    """Most widgets have asked everything at once."""
    return {}


@dataclass(frozen=True)
class WidgetKind(Generic[S]):
    """A way to draw figures. A new one is a file that makes one of these, and its row in `kinds.WIDGETS`."""

    name: str
    label: str
    icon: str
    """A material symbol."""
    about: str
    """One sentence for the gallery."""
    size: tuple[int, int]
    """Columns and rows of the grid it takes at first."""
    smallest: tuple[int, int]
    Spec: type[S]
    questions: Callable[[S, Frame], Questions]
    """The first questions, each whole: period, zone, origin and filters of the frame are in them."""
    draw: Callable[[Answers, S, Frame], Drawing]
    """The drawing, from the answers to all questions. It takes no clock and no store."""
    further: Callable[[Answers, S, Frame], Questions] = nothing_further
    """The questions that depend on the first answers, such as the hours of the five best products."""

    def read(self, raw: object) -> S:
        """The validated spec; a BadRequestError says in a sentence what is wrong with it."""
        return read_spec(self.Spec, raw, self.label)

    def answers(self, spec: S, frame: Frame, ask: Ask) -> Answers:
        """The answers to all questions of a widget, the further ones too."""
        first = {name: ask(question) for name, question in self.questions(spec, frame).items()}
        return {**first, **{name: ask(question) for name, question in self.further(first, spec, frame).items()}}

    def drawn(self, spec: S, frame: Frame, ask: Ask) -> Drawing:
        """Ask everything and draw it."""
        return self.draw(self.answers(spec, frame, ask), spec, frame)

    def described(self) -> dict[str, Any]:
        """The kind as GET /api/v1/widgets tells it, with the JSON schema that its settings are made from."""
        return {
            "name": self.name, "label": self.label, "icon": self.icon, "about": self.about,
            "size": {"w": self.size[0], "h": self.size[1]}, "smallest": {"w": self.smallest[0], "h": self.smallest[1]},
            "schema": self.Spec.model_json_schema(),
        }  # fmt: skip
