"""A course over time, ready to be drawn as a line, as bars or as a sparkline: buckets, series, and what came before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal
from zoneinfo import ZoneInfo

from metrics_core.model.measure import REGISTRY
from metrics_core.model.query import Result, Value
from metrics_core.widgets import rules, words
from metrics_core.widgets.buckets import Bucket, before, buckets, grain_of, local_x, reached, shifted, whole_period
from metrics_core.widgets.drawing import Delta
from metrics_core.widgets.frame import Frame, Question
from metrics_core.widgets.groups import MOST, Groups, among, groups
from metrics_core.widgets.numbers import compared
from metrics_core.widgets.options import ROLES, Colour, DimensionName, Grain, Measures, Thresholds, option
from metrics_core.widgets.spec import Spec

_STATUS = {"pending": "status:pending", "completed": "status:completed", "failed": "status:failed"}


class CourseSpec(Spec):
    """What charts over time can be told."""

    measures: Measures = option(
        "Measures", "What is drawn; several must share a unit.", "measures", "data", min_length=1, max_length=6)
    split: DimensionName | None = option(
        "Split by", "One series for each value of a dimension.", "dimension", "data", None)
    top: int = option(
        "Top", "How many values are drawn by name.", "number", "data", 5, ge=1, le=8)
    other: bool = option(
        "Other", "Draw what is beyond the top as one grey series.", "switch", "data", True)
    grain: Grain = option(
        "Grain", "How fine time is cut; auto follows the period.", "choice", "time", "auto")
    stack: Literal["off", "stacked", "share"] = option(
        "Stack", "Series on top of one another, or as shares of the whole.", "choice", "look", "off")
    cumulative: bool = option(
        "Running total", "Add up from the start of the period.", "switch", "look", False)
    complete: bool = option(
        "Complete periods only", "Leave out buckets that are not over or that the period cuts.", "switch", "time", False)
    zeros: Literal["draw", "gap"] = option(
        "Zeros", "Draw a bucket without anything as zero, or leave a gap.", "choice", "look", "draw")
    target: float | None = option(
        "Target", "A line at this figure, for each bucket.", "number", "target", None, allow_inf_nan=False)
    thresholds: Thresholds | None = option(
        "Thresholds", "Lines from where on a figure is worth a look or bad.", "thresholds", "target", None)
    colour: Colour = option(
        "Colour", "The colour of a single series; auto is the first of the theme.", "choice", "look", "auto")
    colours: Mapping[str, Colour] = option(
        "Colours", "Colours of single values or measures, by name.", "colours", "look", {})


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one set of bars: a figure for each bucket, in major units."""

    label: str
    role: str
    values: tuple[float | None, ...]
    picked: bool = False
    pick: Value = None
    amounts: tuple[float | None, ...] = ()
    """The figures themselves, where `values` are shares of a whole."""


@dataclass(frozen=True, slots=True)
class Before:
    """The same figures of what it is compared with, each where it stands on the axis."""

    label: str
    x: tuple[str, ...]
    values: tuple[float | None, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """What a chart over time draws."""

    grain: str
    buckets: tuple[Bucket, ...]
    series: tuple[Series, ...]
    before: Before | None
    groups: Groups | None
    delta: Delta | None
    whole: float | None
    """The figure of the whole window, and how it changed: asked for, not added up."""
    reach: tuple[str, str]
    """Where the axis begins and ends: at the end of the day for today, whatever the hour."""


def grain(spec: CourseSpec, frame: Frame, *, coarse: bool = False) -> str:
    return grain_of(spec.grain, frame.window(spec.time(frame)), coarse=coarse)


def check(spec: CourseSpec) -> None:
    """Refuse what makes no sense over time."""
    rules.check_series(spec.measures, spec.split)
    rules.check_one_unit(spec.measures)
    rules.check_question(
        spec.measures, by=() if spec.split is None else (spec.split,), grain=True, where=spec.where
    )
    if spec.cumulative:
        rules.check_running(spec.measures)
    if spec.stack != "off":
        rules.check_stacked(spec.measures, spec.split)


def questions(spec: CourseSpec, frame: Frame, *, coarse: bool = False) -> dict[str, Question]:
    """The course of everything, the figure of the whole window, the values there are, and the course before."""
    cut = grain(spec, frame, coarse=coarse)
    earlier = before(spec.time(frame), frame) if _compares(spec, frame) and _usual(spec, frame) else None
    asked = {
        "course": spec.asked(frame, spec.measures, grain=cut, compare=_compares(spec, frame) and earlier is None),
        "whole": spec.asked(frame, spec.measures, compare=len(spec.measures) == 1),
    }
    if earlier is not None:
        asked["before"] = spec.asked(frame, spec.measures, grain=cut, over=earlier)
    if spec.split is not None:
        measure = spec.measures[0]
        asked["groups"] = spec.asked(frame, (measure,), by=(spec.split,), order_by=f"-{measure}", limit=MOST + 1)
    return asked


def further(answers: Mapping[str, Result], spec: CourseSpec, frame: Frame, *, coarse: bool = False) -> dict[str, Question]:
    """The course of the top values, and of the rest where it is not what they leave of everything."""
    if spec.split is None:
        return {}
    chosen = groups(answers["groups"], spec.top)
    cut = grain(spec, frame, coarse=coarse)
    asked: dict[str, Question] = {}
    if chosen.shown:
        asked["split"] = spec.asked(
            frame, spec.measures, by=(spec.split,), grain=cut, where=[among(spec.split, chosen.shown)])
    if _others(spec, chosen) and not rules.adds_up_over(spec.measures[0], spec.split):
        asked["rest"] = spec.asked(
            frame, spec.measures, grain=cut, where=[among(spec.split, chosen.shown, negated=True)])
    return asked


def course(answers: Mapping[str, Result], spec: CourseSpec, frame: Frame, *, coarse: bool = False) -> Course:
    """What the answers make."""
    cut = grain(spec, frame, coarse=coarse)
    answers = {**answers, **{name: reached(answers[name], frame) for name in ("course", "rest") if name in answers}}
    answer = answers["course"]
    found = buckets([row[0] for row in answer.rows], answer.window, cut, frame)
    chosen = None if spec.split is None else groups(answers["groups"], spec.top)
    series = _by_measure(answer, spec, frame) if chosen is None else _by_value(answers, spec, frame, chosen, found)
    if spec.zeros == "gap":
        series = tuple(replace(row, values=tuple(value or None for value in row.values)) for row in series)
    if spec.cumulative:
        series = tuple(replace(row, values=_running(row.values)) for row in series)
    if spec.stack == "share":
        series = _shares(series)
    if spec.complete:
        kept = [bucket.cut == "whole" for bucket in found]
        series = tuple(replace(row, values=_kept(row.values, kept), amounts=_kept(row.amounts, kept)) for row in series)
        found = tuple(bucket for bucket, keep in zip(found, kept, strict=True) if keep)
    whole, delta = _whole(answers["whole"], spec, frame)
    return Course(cut, found, series, _before(answers, spec, frame, cut), chosen, delta, whole,
                  _reach(spec, frame, found))  # fmt: skip


def role_of(spec: CourseSpec, name: str, place: int, *, single: bool = False) -> str:
    """The role of a series: what the person chose, the status it stands for, or its place."""
    chosen = spec.colours.get(name) or (spec.colour if single else "auto")
    if chosen != "auto":
        return ROLES[chosen]
    return _STATUS.get(name, f"series:{place % 8}")


def _compares(spec: CourseSpec, frame: Frame) -> bool:
    """A comparison is drawn beside a single series only; more would be read by nobody."""
    return bool(spec.comparison(frame)) and spec.split is None and len(spec.measures) == 1


def _usual(spec: CourseSpec, frame: Frame) -> bool:
    return spec.comparison(frame) in (True, "previous")


def _others(spec: CourseSpec, chosen: Groups) -> bool:
    return chosen.rest and (spec.other or spec.stack == "share")


# ------------------------------------------------------------------------------------------------------------- series


def _by_measure(answer: Result, spec: CourseSpec, frame: Frame) -> tuple[Series, ...]:
    numbers = spec.numbers(frame)
    single = len(spec.measures) == 1
    return tuple(
        Series(
            REGISTRY[name].label, role_of(spec, name, place, single=single),
            tuple(numbers.raw(name, row[answer.columns.index(name)]) for row in answer.rows),
        )
        for place, name in enumerate(spec.measures)
    )  # fmt: skip


def _by_value(
    answers: Mapping[str, Result], spec: CourseSpec, frame: Frame, chosen: Groups, found: Sequence[Bucket]
) -> tuple[Series, ...]:
    split, measure, numbers = spec.split or "", spec.measures[0], spec.numbers(frame)
    nothing = 0 if rules.is_count(measure) else None
    cells: dict[tuple[Value, Value], Value] = {}
    if "split" in answers:
        cells = {(row[1], row[0]): row[2] for row in answers["split"].rows}
    places = frame.colours.of(split, chosen.shown)
    series = [
        Series(
            words.name(split, value), role_of(spec, str(value), place),
            tuple(numbers.raw(measure, cells.get((value, bucket.start), nothing)) for bucket in found),
            True, words.pick(split, value),
        )
        for value, place in zip(chosen.shown, places, strict=True)
    ]  # fmt: skip
    if _others(spec, chosen):
        if "rest" in answers:
            rest = [numbers.raw(measure, row[1]) for row in answers["rest"].rows]
        else:
            # Taken from the minor units, so that what is left over is exact to the cent.
            shown = [sum(_number(cells.get((value, bucket.start))) for value in chosen.shown) for bucket in found]
            rest = [numbers.raw(measure, _number(row[1]) - part) for row, part in
                    zip(answers["course"].rows, shown, strict=True)]  # fmt: skip
        series.append(Series(words.OTHER, "other", tuple(rest)))
    return tuple(series)


def _number(value: Value) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _running(values: Sequence[float | None]) -> tuple[float | None, ...]:
    return tuple(round(total, 6) for total in accumulate(value or 0 for value in values))


def _shares(series: tuple[Series, ...]) -> tuple[Series, ...]:
    wholes = [sum(value or 0 for value in column) for column in zip(*(row.values for row in series), strict=True)]
    return tuple(
        replace(row, amounts=row.values, values=tuple(
            None if value is None or whole <= 0 else 100 * value / whole for value, whole in
            zip(row.values, wholes, strict=True)))
        for row in series
    )  # fmt: skip


def _kept(values: Sequence[float | None], kept: Sequence[bool]) -> tuple[float | None, ...]:
    return tuple(value for value, keep in zip(values, kept, strict=True) if keep) if values else ()


# ------------------------------------------------------------------------------------------------------------- before


def _before(answers: Mapping[str, Result], spec: CourseSpec, frame: Frame, cut: str) -> Before | None:
    answer = answers.get("before") or answers["course"].compared
    if answer is None or not answer.rows or not answers["course"].rows:
        return None
    measure, numbers = spec.measures[0], spec.numbers(frame)
    zone = ZoneInfo(frame.zone)
    values: tuple[float | None, ...] = tuple(numbers.raw(measure, row[-1]) for row in answer.rows)
    starts = [row[0] for row in answer.rows]
    length = answer.window.length
    labels = [words.bucket(int(start), cut, zone, max(length, 2 * 86_400_000_000)) for start in starts
              if isinstance(start, int)]  # fmt: skip
    texts = tuple(f"{numbers.full(measure, value)} ({label})" for value, label in zip(values, labels, strict=True))
    onto, first = answers["course"].rows[0][0], starts[0]
    x = shifted(starts, _instant(first), _instant(onto), cut, frame)
    if spec.cumulative:
        values = _running(values)
        texts = tuple(numbers.full(measure, value) for value in values)
    over = spec.time(frame)
    label = words.BEFORE[over] if "before" in answers and isinstance(over, str) else (answer.note or "vs before")[3:]
    return Before(words.capital(label), x, values, texts)


def _instant(value: Value) -> int:
    return int(value) if isinstance(value, int) else 0


def _whole(answer: Result, spec: CourseSpec, frame: Frame) -> tuple[float | None, Delta | None]:
    measure = spec.measures[0]
    numbers = spec.numbers(frame)
    now = numbers.raw(measure, answer.rows[0][0]) if answer.rows else None
    if answer.compared is None or len(spec.measures) > 1:
        return now, None
    then = numbers.raw(measure, answer.compared.rows[0][0]) if answer.compared.rows else None
    return now, compared(measure, now, then, answer.compared.note or "")


def _reach(spec: CourseSpec, frame: Frame, found: Sequence[Bucket]) -> tuple[str, str]:
    if not found:
        return ("", "")
    end = whole_period(spec.time(frame), frame).end
    return found[0].x, local_x(max(end, found[-1].end), ZoneInfo(frame.zone))
