"""One figure and what explains it: how it changed, how far from its target, what its thresholds make of it, its course."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from metrics_core.errors import BadRequestError
from metrics_core.model.instant import DAY, HOUR
from metrics_core.model.measure import REGISTRY, How, Measure
from metrics_core.model.query import Result
from metrics_core.widgets import rules, words
from metrics_core.widgets.buckets import buckets, grain_of, reached, whole_period
from metrics_core.widgets.drawing import Band, Delta, Spark, State, Target, Unit
from metrics_core.widgets.frame import Frame, Question
from metrics_core.widgets.numbers import compared
from metrics_core.widgets.options import Grain, MeasureName, Thresholds, option
from metrics_core.widgets.spec import Spec

_LENGTHS = {"hour": HOUR, "day": DAY, "week": 7 * DAY}


class FigureSpec(Spec):
    """What widgets of one figure can be told."""

    measure: MeasureName = option("Measure", "The figure.", "measure", "data")
    thresholds: Thresholds | None = option(
        "Thresholds", "From where on the figure is worth a look or bad.", "thresholds", "target", None)


class AimedSpec(FigureSpec):
    """What widgets of one figure with a target can be told."""

    target: float | None = option(
        "Target", "What the figure should reach (or stay below, where less is better), in full units.", "number", "target",
        None, gt=0, allow_inf_nan=False)  # fmt: skip
    per: Literal["period", "hour", "day", "week"] = option(
        "Target for", "The whole period, or each hour, day or week of it.", "choice", "target", "period")


@dataclass(frozen=True, slots=True)
class One:
    """A figure ready to be shown."""

    value: float | None
    figure: str
    short: str
    delta: Delta | None
    state: State | None
    why: str | None
    title: str
    subtitle: str
    unit: Unit


def check(spec: FigureSpec, *, grain: bool = False) -> None:
    """Refuse what makes no sense for one figure."""
    rules.check_question((spec.measure,), grain=grain, where=spec.where)
    if spec.thresholds is not None:
        _check_order(spec.measure, spec.thresholds)
    if isinstance(spec, AimedSpec) and spec.per != "period" and not rules.adds_up_over_time(spec.measure):
        msg = (f"{rules.label(spec.measure)} does not add up over time, so a target for each {spec.per} makes none for the "
               "period. Set `per` to period.")  # fmt: skip
        raise BadRequestError(msg)


def has_course(measure: str) -> bool:
    """Whether a figure can be cut by time."""
    row = REGISTRY[measure]
    return not (isinstance(row, Measure) and (row.how is How.PEAK or row.name == "active_now"))


def one(answer: Result, spec: FigureSpec, frame: Frame) -> One:
    """The figure of an answer of one row."""
    numbers, name = spec.numbers(frame), spec.measure
    value = numbers.raw(name, answer.rows[0][-1])
    before = answer.compared
    delta = None
    if before is not None:
        delta = compared(name, value, numbers.raw(name, before.rows[0][-1]), before.note or "")
    when = words.period(spec.time(frame), frame)
    row = REGISTRY[name]
    fixed = not has_course(name)
    title = row.label if fixed else f"{row.label} {when}" if when in ("today", "this week", "this month") else (
        f"{row.label}, {when}")  # fmt: skip
    return One(
        value, numbers.text(name, value), numbers.short(name, value), delta, state(name, value, spec.thresholds),
        words.why_none(name, when) if value is None else None, title, spec.note, row.unit.value,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- target


def target(spec: AimedSpec, value: float | None, frame: Frame) -> Target | None:
    """How far the figure is; a target for each day is one for all days of the period, also for those to come."""
    if spec.target is None:
        return None
    name, numbers = spec.measure, spec.numbers(frame)
    aim = spec.target
    if spec.per != "period":
        length = whole_period(spec.time(frame), frame).length
        days = round(length / DAY) * DAY if length >= DAY and spec.per != "hour" else length
        aim *= days / _LENGTHS[spec.per]
    share = None if value is None or aim == 0 else value / aim
    limit = REGISTRY[name].good == "down"
    word = "limit" if limit else "target"
    text = f"{numbers.aim(name, aim)} {word}" if share is None else f"{percent(share)} of {numbers.aim(name, aim)} {word}"
    reached: State | None = None
    if share is not None and (share > 1 if limit else share >= 1):
        reached = "bad" if limit else "good"
    return Target(share=share, text=text, state=reached, value=aim)


def percent(share: float) -> str:
    """A share of a target: one decimal; what is not reached is never written as reached."""
    shown = 100 * share
    return "99.9%" if 99.9 < shown < 100 else f"{shown:,.1f}%".replace("-", "\u2212")


def elapsed(spec: FigureSpec, frame: Frame) -> float | None:
    """How much of the period is over, for a day, week or month that is not."""
    over = spec.time(frame)
    window, whole = frame.window(over), whole_period(over, frame)
    return None if whole.end <= window.end else window.length / whole.length


# --------------------------------------------------------------------------------------------------------- thresholds


def more_is_better(measure: str, thresholds: Thresholds) -> bool:
    """What the person says, else what the measure says, else which side they put the bad on."""
    if thresholds.better != "auto":
        return thresholds.better == "more"
    good = REGISTRY[measure].good
    if good is not None:
        return good == "up"
    return thresholds.warn is not None and thresholds.bad is not None and thresholds.bad < thresholds.warn


def state(measure: str, value: float | None, thresholds: Thresholds | None) -> State | None:
    """What the thresholds make of a figure. On a threshold is not beyond it."""
    if thresholds is None or value is None:
        return None
    sign = 1 if more_is_better(measure, thresholds) else -1
    for limit, found in ((thresholds.bad, "bad"), (thresholds.warn, "warn")):
        if limit is not None and sign * value < sign * limit:
            return "bad" if found == "bad" else "warn"
    return "good"


def bands(measure: str, thresholds: Thresholds | None, low: float, high: float) -> tuple[Band, ...]:
    """A scale cut at the thresholds."""
    if thresholds is None:
        return ()
    inside = {limit for limit in (thresholds.warn, thresholds.bad) if limit is not None and low < limit < high}
    edges = [low, *sorted(inside), high]
    found = []
    for start, end in pairwise(edges):
        of = state(measure, (start + end) / 2, thresholds)
        if of is not None:
            found.append(Band(start=start, end=end, state=of))
    return tuple(found)


def _check_order(measure: str, thresholds: Thresholds) -> None:
    if thresholds.warn is None or thresholds.bad is None:
        return
    more = more_is_better(measure, thresholds)
    if thresholds.warn != thresholds.bad and (thresholds.bad < thresholds.warn) != more:
        way = ("more", "below") if more else ("less", "above")
        msg = (f"For {rules.label(measure).lower()} {way[0]} is better, so bad lies {way[1]} the warning. Swap them, or say "
               "in `better` which side is good.")  # fmt: skip
        raise BadRequestError(msg)


# ------------------------------------------------------------------------------------------------------------- course


def spark_question(spec: FigureSpec, frame: Frame, grain: Grain) -> Question:
    """The course of the figure over its period."""
    return spec.asked(frame, (spec.measure,), grain=grain_of(grain, frame.window(spec.time(frame)), coarse=True))


def spark(answer: Result, spec: FigureSpec, frame: Frame, grain: Grain, *, complete: bool = False,
          gaps: bool = False) -> Spark:  # fmt: skip
    """The course as a line without axes."""
    numbers, name = spec.numbers(frame), spec.measure
    cut = grain_of(grain, frame.window(spec.time(frame)), coarse=True)
    answer = reached(answer, frame)
    rows = zip(buckets([row[0] for row in answer.rows], answer.window, cut, frame), answer.rows, strict=True)
    kept = [(bucket, numbers.raw(name, row[-1])) for bucket, row in rows if bucket.cut == "whole" or not complete]
    return Spark(
        values=tuple(value or None if gaps else value for _, value in kept),
        unfinished=bool(kept) and kept[-1][0].cut == "so far",
        texts=tuple(f"{bucket.label} · {numbers.full(name, value)}{bucket.note}" for bucket, value in kept),
    )  # fmt: skip
