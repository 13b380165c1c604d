"""What every widget can be told, and how a spec is read: checked option by option, refused in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from metrics_core.errors import BadRequestError, UnknownNameError
from metrics_core.widgets.frame import Compare as Asked
from metrics_core.widgets.frame import Conditions, Frame, Question
from metrics_core.widgets.frame import Over as Time
from metrics_core.widgets.numbers import Numbers
from metrics_core.widgets.options import Compare, Over, Where, option


class Spec(BaseModel):
    """The options of all widgets. What is left out follows the dashboard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    over: Over | None = option(
        "Period", "A period or range of its own; without one it follows the dashboard.", "period", "time", None)
    compare: Compare = option(
        "Comparison", "What to compare with: as the dashboard says, what came before, nothing, or a range.", "compare",
        "time", "dashboard")  # fmt: skip
    where: Where = option(
        "Filters", "Filters of its own, beside those of the dashboard.", "filters", "data", (), max_length=20)
    note: str = option("Words beside the title", "Left empty, the period is named.", "text", "look", "", max_length=120)
    format: Literal["auto", "full", "compact"] = option(
        "Numbers", "Every digit, or three digits and a letter; auto is every digit on cards and three on axes.", "choice",
        "look", "auto")  # fmt: skip
    decimals: int | None = option(
        "Decimals", "Left empty: the currency's for money, two for rates, none for counts.", "number", "look", None, ge=0,
        le=6)  # fmt: skip

    def asked(self, frame: Frame, measures: tuple[str, ...], *, compare: bool = False, where: Conditions = (),
              by: tuple[str, ...] = (), grain: str | None = None, order_by: str | None = None, limit: int | None = None,
              over: Time | None = None) -> Question:  # fmt: skip
        """A question of this widget: its period, comparison and filters, on those of the dashboard."""
        conditions = [row.model_dump(mode="json") for row in self.where]
        return frame.question(
            measures, over=self.time(frame) if over is None else over,
            compare=self.comparison(frame) if compare else False,
            where=[*conditions, *where], by=by, grain=grain, order_by=order_by, limit=limit,
        )  # fmt: skip

    def time(self, frame: Frame) -> Time:
        """The period or range it shows."""
        over = frame.over if self.over is None else self.over
        return over.as_question() if not isinstance(over, str | Mapping) else over

    def comparison(self, frame: Frame) -> Asked:
        """What it compares with, as a question takes it; False is nothing."""
        if isinstance(self.compare, str):
            compare = frame.compare if self.compare == "dashboard" else self.compare
            return False if compare in (None, "off", False) else compare
        return self.compare.as_question()

    def numbers(self, frame: Frame) -> Numbers:
        """How it writes its figures."""
        return Numbers(frame.currency, frame.digits, self.format, self.decimals)


S = TypeVar("S", bound=Spec)


def read_spec(spec: type[S], raw: object, kind: str) -> S:
    """The validated spec of a kind; BadRequestError says what is wrong, with what was probably meant."""
    if not isinstance(raw, Mapping):
        msg = f'The spec of a {kind.lower()} is a JSON object like {{"measure": "revenue"}}.'
        raise BadRequestError(msg)
    for name in raw:
        if name not in spec.model_fields:
            what = f"option of a {kind.lower()}"
            raise UnknownNameError(what, name, spec.model_fields)
    try:
        return spec.model_validate(dict(raw))
    except ValidationError as error:
        raise BadRequestError(_sentence(error, spec, kind)) from None


def _sentence(error: ValidationError, spec: type[Spec], kind: str) -> str:
    """The first thing that is wrong, to the person who can change it."""
    first = error.errors(include_url=False, include_context=True)[0]
    path = [str(part) for part in first["loc"] if not str(part).startswith(("tuple[", "function-", "literal["))]
    name = path[0] if path else ""
    field = spec.model_fields.get(name)
    title = (field.title if field else None) or name or kind
    named = f"{title} (`{'.'.join(path)}`)" if path else kind
    if first["type"] == "missing":
        return f"A {kind.lower()} needs {_an(title)}: give `{'.'.join(path)}`."
    context: dict[str, Any] = dict(first.get("ctx") or {})
    for sort, words in _WORDS.items():
        if first["type"].startswith(sort):
            return f"{named} {words.format(**{'given': _quoted(first['input']), 'expected': '', **context})}."
    return f"{named}: {first['msg']}."


_WORDS = {
    "literal_error": "is one of {expected}; {given} is not",
    "greater_than_equal": "must be at least {ge}; {given} is not",
    "less_than_equal": "must be at most {le}; {given} is not",
    "greater_than": "must be more than {gt}; {given} is not",
    "too_short": "needs at least {min_length}",
    "too_long": "takes at most {max_length}",
    "string_too_long": "takes at most {max_length} characters",
    "extra_forbidden": "is not an option",
    "string": "is text; {given} is not",
    "int": "is a whole number; {given} is not",
    "float": "is a number; {given} is not",
    "finite": "is a number; {given} is not",
    "bool": "is true or false; {given} is not",
    "tuple": "is a list; {given} is not",
    "model": "is an object; {given} is not",
    "dict": "is an object; {given} is not",
}
"""What to say for each sort of error, by how pydantic names it; the first that fits."""


def _an(title: str) -> str:
    return f"{'an' if title[:1].lower() in 'aeiou' else 'a'} {title.lower()}"


def _quoted(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)[:80] if isinstance(value, str | int | float) else "what was given"
