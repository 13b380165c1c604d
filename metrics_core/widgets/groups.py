"""The values of a dimension that a chart shows by name: the top ones, in order, and what is left as "other"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metrics_core.model.query import Result, Value
from metrics_core.widgets import words

MOST = 10_000
"""So many values are ranked; a store may have more users than anybody reads."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The values shown by name, of how many, and the answer they came from."""

    shown: tuple[Value, ...]
    of: int
    known: bool
    """Whether all of them were looked at."""

    @property
    def rest(self) -> bool:
        return self.of > len(self.shown)

    @property
    def of_text(self) -> str:
        return f"{self.of:,}" if self.known else f"more than {MOST:,}"


def groups(answer: Result, top: int) -> Groups:
    """The first `top` values of an answer split by one dimension."""
    values = [row[0] for row in answer.rows]
    few = values if len(values) <= top else values[:top]
    return Groups(tuple(few), min(len(values), MOST), len(values) <= MOST)


def nameless(answer: Result) -> bool:
    """Whether there is nothing, or nothing that has a name."""
    return all(row[0] is None for row in answer.rows)


def among(dimension: str, values: Sequence[Value], *, negated: bool = False) -> Mapping[str, object]:
    """The condition that keeps these values, or leaves them out."""
    return {"dimension": dimension, "op": "not in" if negated else "in",
            "values": [words.pick(dimension, value) for value in values]}  # fmt: skip


def ranked(dimension: str, shown: Sequence[Value]) -> tuple[Value, ...]:
    """Hours and weekdays in their own order, everything else as it is."""
    if dimension not in ("hour", "weekday"):
        return tuple(shown)
    return tuple(sorted(shown, key=lambda value: -1 if value is None else int(value)))
