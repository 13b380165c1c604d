"""Figures across the values of a dimension: which bars there are, what is left as "other", and what came before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from metrics_core.errors import BadRequestError
from metrics_core.model.measure import REGISTRY
from metrics_core.model.query import Result, Value
from metrics_core.widgets import over_time, plot, rules, words
from metrics_core.widgets.course import CourseSpec, Series, role_of
from metrics_core.widgets.cycles import CYCLES, inside
from metrics_core.widgets.drawing import Figure, Picks, Plotly, Unit
from metrics_core.widgets.frame import Frame, Question
from metrics_core.widgets.groups import MOST, Groups, among, groups, ranked
from metrics_core.widgets.numbers import Numbers, compared, share, spoken
from metrics_core.widgets.options import ROLES, option

_TIME_ONLY = ("grain", "cumulative", "complete")


class AcrossSpec(CourseSpec):
    """What bars across a dimension can be told, beside what charts over time can."""

    bars: int = option("Bars", "How many values of a dimension have a bar of their own.", "number", "data", 10, ge=1, le=50)
    sort: Literal["value", "name"] = option(
        "Order", "The greatest first, or by name; hours and weekdays keep their own.", "choice", "look", "value")
    horizontal: bool = option("Horizontal", "Bars lie down; long names read better.", "switch", "look", False)


def check(spec: AcrossSpec, dimension: str) -> None:
    """Refuse what makes no sense across a dimension."""
    rules.check_series(spec.measures, spec.split)
    rules.check_one_unit(spec.measures)
    if spec.split == dimension:
        msg = f"The bars are across {rules.label(dimension).lower()} already. Split them by something else, or not at all."
        raise BadRequestError(msg)
    by = (dimension,) if spec.split is None else (dimension, spec.split)
    rules.check_question(spec.measures, by=by, where=spec.where)
    for name in _TIME_ONLY:
        if getattr(spec, name) not in (False, "auto"):
            msg = f"`{name}` is for bars across time. Leave it out, or set `across` to time."
            raise BadRequestError(msg)
    if spec.stack == "share" and spec.split is None:
        rules.check_stacked(spec.measures, dimension)
    elif spec.stack != "off":
        rules.check_stacked(spec.measures, spec.split)


def questions(spec: AcrossSpec, dimension: str, frame: Frame) -> dict[str, Question]:
    """The values of the dimension, the greatest first, the whole, and the values of the split."""
    first = spec.measures[0]
    asked = {
        "groups": spec.asked(frame, spec.measures, by=(dimension,), order_by=f"-{first}", limit=MOST + 1,
                             compare=_single(spec)),
        "whole": spec.asked(frame, spec.measures, compare=_single(spec)),
    }  # fmt: skip
    if spec.split is not None:
        asked["splits"] = spec.asked(frame, (first,), by=(spec.split,), order_by=f"-{first}", limit=MOST + 1)
    return asked


def further(answers: Mapping[str, Result], spec: AcrossSpec, dimension: str, frame: Frame) -> dict[str, Question]:
    """The cells of a split, and what is left over, asked for wherever it is not a plain sum."""
    chosen = _chosen(answers, spec, dimension)
    rest = spec.other and chosen.rest
    outside = among(dimension, chosen.shown, negated=True)
    asked: dict[str, Question] = {}
    if spec.split is None:
        compares = _single(spec) and bool(spec.comparison(frame))
        if rest and (compares or not _sums(spec, dimension, chosen)):
            asked["rest"] = spec.asked(frame, spec.measures, where=[outside], compare=compares)
        return asked
    splits = groups(answers["splits"], spec.top)
    if not chosen.shown or not splits.shown:
        return {}
    inside, named = among(dimension, chosen.shown), among(spec.split, splits.shown)
    unnamed = among(spec.split, splits.shown, negated=True)
    asked["cells"] = spec.asked(frame, spec.measures, by=(dimension, spec.split), where=[inside, named])
    if rest:
        asked["cells of others"] = spec.asked(frame, spec.measures, by=(spec.split,), where=[outside, named])
    if _other_split(spec, splits):
        asked["other cells"] = spec.asked(frame, spec.measures, by=(dimension,), where=[inside, unnamed])
        if rest:
            asked["other cells of others"] = spec.asked(frame, spec.measures, where=[outside, unnamed])
    return asked


def draw(answers: Mapping[str, Result], spec: AcrossSpec, dimension: str, frame: Frame) -> Figure:
    """The bars."""
    numbers, measure = spec.numbers(frame), spec.measures[0]
    found = _found(answers, spec, dimension, frame)
    when = words.period(spec.time(frame), frame)
    title = f"{words.listed([REGISTRY[name].label for name in spec.measures])} by {rules.label(dimension).lower()}"
    split = "" if spec.split is None else f", by {rules.label(spec.split).lower()}"
    against = f" against {found.against}" if found.against else ""
    subtitle = spec.note or f"{when}{against}{split}"
    unit: Unit = REGISTRY[measure].unit.value
    if not found.values or (all(value is None for value in found.values) and dimension not in CYCLES):
        empty = words.nothing_by(dimension, when)
    elif all(value is None for row in found.series for value in row.values):
        empty = words.no_value(measure, when)
    else:
        return _figure(found, spec, dimension, numbers, (title, subtitle), unit)
    return Figure(title=title, subtitle=subtitle, alt=f"{title}. {empty.what}.", empty=empty, unit=unit)


@dataclass(frozen=True, slots=True)
class _Bars:
    """What is drawn: the values in order (the rest last), the series over them, and the words."""

    values: tuple[Value, ...]
    labels: tuple[str, ...]
    rest: bool
    series: tuple[Series, ...]
    against: str
    foot: str | None
    said: str


def _found(answers: Mapping[str, Result], spec: AcrossSpec, dimension: str, frame: Frame) -> _Bars:
    chosen = _chosen(answers, spec, dimension)
    values: list[Value] = list(chosen.shown)
    if dimension in CYCLES:
        there = inside((dimension,), answers["groups"].window, ZoneInfo(frame.zone))
        seen = {int(value) for value in values if isinstance(value, int)}
        values = [*sorted(seen | ({row[0] for row in there} if there is not None else set(range(CYCLES[dimension]))))]
    elif spec.sort == "name":
        values.sort(key=lambda value: (value is None, words.name(dimension, value).casefold()))
    values = list(ranked(dimension, values))
    rest = spec.other and chosen.rest
    labels = [words.name(dimension, value) for value in values] + ([words.OTHER] if rest else [])
    against, delta = "", None
    whole, then = answers["whole"], answers["whole"].compared
    numbers, first = spec.numbers(frame), spec.measures[0]
    if spec.split is not None:
        series = _split(answers, spec, values, rest, frame)
    else:
        series = _plain(answers, spec, dimension, values, rest, frame)
        if then is not None:
            against = (then.note or "vs before")[3:]
            now = (numbers.raw(first, row.rows[0][0]) if row.rows else None for row in (whole, then))
            delta = compared(first, next(now), next(now), then.note or "")
    if spec.stack == "share":
        series = _shares(series, numbers.raw(first, whole.rows[0][0]), alone=spec.split is None)
    foot = None
    if chosen.rest:
        foot = f"Top {len(chosen.shown)} of {chosen.of_text}{', the rest as other' if rest else ''}"
    return _Bars(tuple(values), tuple(labels), rest, series, against, foot, "" if delta is None else spoken(delta))


def _plain(answers: Mapping[str, Result], spec: AcrossSpec, dimension: str, values: Sequence[Value], rest: bool,
           frame: Frame) -> tuple[Series, ...]:  # fmt: skip
    numbers, single = spec.numbers(frame), len(spec.measures) == 1
    answer, found = answers["groups"], []
    earlier = answer.compared
    for place, name in enumerate(spec.measures):
        now = _column(answer, answers.get("rest"), name, values, rest, numbers)
        label = REGISTRY[name].label
        if earlier is not None:
            label = words.capital(words.period(spec.time(frame), frame))
        found.append(Series(label, role_of(spec, name, place, single=single), now))
        if earlier is not None:
            after = answers.get("rest")
            before = _column(earlier, None if after is None else after.compared, name, values, rest and after is not None,
                             numbers)  # fmt: skip
            before += (None,) * (len(now) - len(before))
            found.append(Series(words.capital((earlier.note or "vs before")[3:]), "compare", before))
    return tuple(found)


def _column(answer: Result, rest: Result | None, measure: str, values: Sequence[Value], others: bool,
            numbers: Numbers) -> tuple[float | None, ...]:  # fmt: skip
    place = answer.columns.index(measure)
    cells = {row[0]: row[place] for row in answer.rows}
    nothing = 0 if rules.is_count(measure) else None
    found = [numbers.raw(measure, cells.get(value, nothing)) for value in values]
    if others and rest is not None:
        found.append(numbers.raw(measure, rest.rows[0][rest.columns.index(measure)]))
    elif others:
        left = sum(int(cell) for value, cell in cells.items() if value not in values and isinstance(cell, int | float))
        found.append(numbers.raw(measure, left))
    return tuple(found)


def _split(answers: Mapping[str, Result], spec: AcrossSpec, values: Sequence[Value], rest: bool,
           frame: Frame) -> tuple[Series, ...]:  # fmt: skip
    split, measure, numbers = spec.split or "", spec.measures[0], spec.numbers(frame)
    splits = groups(answers["splits"], spec.top)
    nothing = 0 if rules.is_count(measure) else None

    def cells(name: str) -> dict[tuple[Value, ...], Value]:
        return {row[:-1]: row[-1] for row in answers[name].rows} if name in answers else {}

    inner, outer = cells("cells"), cells("cells of others")
    inner_rest, outer_rest = cells("other cells"), cells("other cells of others")
    order = ranked(split, splits.shown)
    series = []
    for value, place in zip(order, frame.colours.of(split, order), strict=True):
        found = [inner.get((across, value), nothing) for across in values]
        found += [outer.get((value,), nothing)] if rest else []
        series.append(Series(words.name(split, value), role_of(spec, str(value), place),
                             tuple(numbers.raw(measure, row) for row in found), True, words.pick(split, value)))  # fmt: skip
    if _other_split(spec, splits):
        found = [inner_rest.get((across,), nothing) for across in values]
        found += [outer_rest.get((), nothing)] if rest else []
        series.append(Series(words.OTHER, "other", tuple(numbers.raw(measure, row) for row in found)))
    return tuple(series)


def _shares(series: Sequence[Series], whole: float | None, *, alone: bool) -> tuple[Series, ...]:
    """Each bar as a share of everything, or the parts of each bar as shares of it."""
    sums = [sum(value or 0 for value in column) for column in zip(*(row.values for row in series), strict=True)]
    wholes = [whole or 0] * len(sums) if alone else sums
    return tuple(
        Series(row.label, row.role, tuple(None if value is None or of <= 0 else 100 * value / of
                                          for value, of in zip(row.values, wholes, strict=True)),
               row.picked, row.pick, row.values)
        for row in series if row.role != "compare"
    )  # fmt: skip


def _figure(found: _Bars, spec: AcrossSpec, dimension: str, numbers: Numbers, titles: tuple[str, str],
            unit: Unit) -> Figure:  # fmt: skip
    measure, percent = spec.measures[0], spec.stack == "share"
    data: list[Plotly] = []
    labels = [words.in_figure(label) for label in found.labels]
    for place, row in enumerate(found.series):
        name = spec.measures[place] if len(spec.measures) > 1 else measure
        texts = [f"{share(value)} ({numbers.full(name, amount)})" for value, amount in
                 zip(row.values, row.amounts, strict=True)] if row.amounts else [
                     numbers.full(name, value) for value in row.values]  # fmt: skip
        custom = [[words.pick(dimension, value), *([row.pick] if row.picked else [])] for value in found.values]
        roles = _roles(found, spec, row, dimension)
        # The rest is no value to filter by, so its bar is a trace of its own without one.
        data.append(plot.bars(
            _part(row, 0, len(found.values)), labels[: len(found.values)], texts, across=spec.horizontal, roles=roles,
            custom=None if row.role in ("other", "compare") else custom,
        ))  # fmt: skip
        if found.rest and row.values[-1] is not None:
            only = plot.bars(_part(row, -1, None), labels[-1:], texts[-1:], across=spec.horizontal,
                             roles=["other"] if spec.split is None and row.role != "compare" else None)  # fmt: skip
            only.pop("customdata", None)
            together = {"legendgroup": row.label, **({"offsetgroup": str(place)} if spec.stack == "off" else {})}
            data[-1] |= together
            data.append({**only, **together, "showlegend": False})
    values = [value for row in found.series for value in row.values]
    if spec.stack != "off" and spec.split is not None:
        values = [sum(value for value in column if value is not None and value > 0) for column in
                  zip(*(row.values for row in found.series), strict=True)]  # fmt: skip
    limits = [] if percent else over_time.limits(spec)
    target = f"{numbers.short(measure, spec.target)} target" if spec.target is not None else ""
    shapes, notes, paint = plot.rules_at(None if percent else spec.target, target, None if percent else spec.thresholds,
                                         across=spec.horizontal)  # fmt: skip
    amounts = plot.value_axis(measure, numbers, [*values, *limits], percent=percent)
    names: Plotly = {"type": "category", "categoryorder": "array", "categoryarray": labels, "fixedrange": True,
                     **({"nticks": 8, "tickangle": 0} if dimension == "hour" and not spec.horizontal else {}),
                     **({"autorange": "reversed", **({"dtick": 1} if len(labels) <= 20 else {})} if spec.horizontal else {})}
    legend = len(found.series) > 1
    first = found.series[0]
    said = [(label, share(value) if percent else numbers.short(measure, value))
            for label, value in zip(found.labels, first.values, strict=True)]  # fmt: skip
    if len(found.series) > 1 and spec.split is not None:
        said = [(label, ", ".join(f"{row.label} {numbers.short(measure, (row.amounts or row.values)[place])}"
                                  for row in found.series)) for place, label in enumerate(found.labels)]  # fmt: skip
    return Figure(
        title=titles[0], subtitle=titles[1], unit="percent" if percent else unit,
        alt=words.list_alt(", ".join(titles), said, len(said), [words.capital(found.said)] if found.said else []),
        data=tuple(data),
        layout=plot.layout(
            amounts if spec.horizontal else names, names if spec.horizontal else amounts, legend=legend, paint=paint,
            shapes=shapes, annotations=notes, hovermode="closest" if spec.horizontal else "x unified",
            barmode="group" if spec.stack == "off" or spec.split is None else "relative",
        ),
        picks=Picks(dimension=dimension, also=spec.split), foot=found.foot,
    )  # fmt: skip


def _roles(found: _Bars, spec: AcrossSpec, row: Series, dimension: str) -> list[str] | None:
    """A colour for each bar, where the person chose some by name."""
    if spec.split is not None or not spec.colours or row.role == "compare":
        return None
    chosen = [spec.colours.get(str(value), "auto") for value in found.values]
    return [ROLES.get(name, row.role) for name in chosen]


def _part(row: Series, start: int, end: int | None) -> Series:
    return Series(row.label, row.role, row.values[start:end])


def _chosen(answers: Mapping[str, Result], spec: AcrossSpec, dimension: str) -> Groups:
    return groups(answers["groups"], CYCLES.get(dimension, spec.bars))


def _sums(spec: AcrossSpec, dimension: str, chosen: Groups) -> bool:
    """Whether what is left over is the sum of the values that are not shown."""
    return chosen.known and all(rules.adds_up_over(name, dimension) for name in spec.measures)


def _single(spec: AcrossSpec) -> bool:
    """Whether there is one set of bars, so that what came before can stand beside it."""
    return spec.split is None and len(spec.measures) == 1 and spec.stack == "off"


def _other_split(spec: AcrossSpec, splits: Groups) -> bool:
    return splits.rest and (spec.other or spec.stack == "share")
