"""A chart over time around its traces: axes, lines right across, title, text for screen readers, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from metrics_core.model.measure import REGISTRY
from metrics_core.widgets import plot, rules, words
from metrics_core.widgets.course import Course, CourseSpec, Series
from metrics_core.widgets.drawing import Empty, Figure, Picks, Plotly
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.numbers import Numbers, share, spoken


def figure(found: Course, spec: CourseSpec, frame: Frame, data: Sequence[Plotly], *, near: bool = False,
           bar: bool = False) -> Figure:  # fmt: skip
    """A chart over time around its traces: axes, lines right across, words."""
    numbers, measure = spec.numbers(frame), spec.measures[0]
    title, subtitle = titles(found, spec, frame)
    alt = alt_of(found, spec, f"{title}, {subtitle}", numbers)
    unit = REGISTRY[measure].unit.value
    empty = empty_of(found, spec, frame)
    if empty is not None:
        return Figure(title=title, subtitle=subtitle, alt=f"{title}. {empty.what}.", empty=empty, unit=unit)
    target = f"{numbers.short(measure, spec.target)} target" if spec.target is not None else ""
    shapes, notes, paint = plot.rules_at(spec.target, target, spec.thresholds)
    if spec.stack != "off" and not bar:
        plot.fade(found, shapes, paint)
    elif len(found.series) == 1 and not bar:
        notes += plot.so_far(found)
    legend = sum(bool(trace.get("showlegend", True)) for trace in data) > 1
    return Figure(
        title=title, subtitle=subtitle, alt=alt, unit="percent" if spec.stack == "share" else unit, data=tuple(data),
        layout=plot.layout(
            plot.time_axis(found, bar=bar),
            plot.value_axis(measure, numbers, _reach(found, spec), near=near, percent=spec.stack == "share"),
            legend=legend, paint=paint, shapes=shapes, annotations=notes,
            **({"barmode": "group" if spec.stack == "off" else "relative"} if bar else {}),
        ),
        picks=Picks(dimension=spec.split) if spec.split is not None else None, foot=foot_of(found),
    )  # fmt: skip


def texts(row: Series, found: Course, measure: str, numbers: Numbers) -> list[str]:
    """What the hover says for each bucket: every digit, and whether it is so far."""
    if row.amounts:
        return [f"{share(value)} ({numbers.full(measure, amount)}){bucket.note}"
                for value, amount, bucket in zip(row.values, row.amounts, found.buckets, strict=True)]  # fmt: skip
    return [f"{numbers.full(measure, value)}{bucket.note}"
            for value, bucket in zip(row.values, found.buckets, strict=True)]  # fmt: skip


def titles(found: Course, spec: CourseSpec, frame: Frame) -> tuple[str, str]:
    """"Revenue by hour" and "today against yesterday, by channel"."""
    running = "running total " if spec.cumulative else ""
    title = f"{words.listed([REGISTRY[name].label for name in spec.measures])} {running}by {found.grain}"
    said = words.period(spec.time(frame), frame)
    if found.before is not None:
        said += f" against {found.before.label[:1].lower()}{found.before.label[1:]}"
    if spec.split is not None:
        said += f", {'share ' if spec.stack == 'share' else ''}by {rules.label(spec.split).lower()}"
    return title, spec.note or said


def empty_of(found: Course, spec: CourseSpec, frame: Frame) -> Empty | None:
    """Why there is nothing to draw, if there is nothing. Zero is something."""
    when = words.period(spec.time(frame), frame)
    if found.groups is not None and all(value is None for value in found.groups.shown):
        return words.nothing_by(spec.split or "", when)
    if frame.window(spec.time(frame)).start > frame.now:
        return words.ahead(when)
    if not found.buckets:
        return words.no_complete(found.grain) if spec.complete else words.nothing_yet()
    if all(value is None for row in found.series for value in row.values) and spec.zeros == "draw":
        return words.no_value(spec.measures[0], when)
    return None


def alt_of(found: Course, spec: CourseSpec, subject: str, numbers: Numbers) -> str:
    """The chart in words: the course of a single series, the sums of several."""
    measure = spec.measures[0]
    tail = [words.capital(spoken(found.delta))] if found.delta is not None else []
    if len(found.series) == 1:
        row = found.series[0]
        points = [(bucket.label + bucket.note, value, numbers.short(measure, value))
                  for bucket, value in zip(found.buckets, row.values, strict=True)]  # fmt: skip
        return words.course_alt(subject, points, tail)
    said = []
    for row in found.series:
        there = [(value, bucket) for value, bucket in zip(row.values, found.buckets, strict=True) if value is not None]
        if there:
            high = max(there, key=lambda point: point[0])
            amount = share(high[0]) if row.amounts else numbers.short(measure, high[0])
            said.append((row.label, f"highest {amount} at {high[1].label}"))
    return words.list_alt(subject, said, len(said), tail)


def foot_of(found: Course) -> str | None:
    """What is drawn of how many."""
    if found.groups is None or not found.groups.rest:
        return None
    rest = ", the rest as other" if any(row.role == "other" for row in found.series) else ""
    return f"Top {len(found.groups.shown)} of {found.groups.of_text}{rest}"


def _reach(found: Course, spec: CourseSpec) -> list[float | None]:
    """All figures the axis must reach: those of stacks on top of one another, the target and the thresholds."""
    if spec.stack == "share":
        return [0.0, 100.0]
    values: list[float | None] = [value for row in found.series for value in row.values]
    if spec.stack == "stacked":
        columns = list(zip(*(row.values for row in found.series), strict=True))
        values = [sum(value for value in column if value is not None and value > 0) for column in columns]
        values += [sum(value for value in column if value is not None and value < 0) for column in columns]
    if found.before is not None:
        values += found.before.values
    return values + limits(spec)


def limits(spec: CourseSpec) -> list[float | None]:
    """The figures at which there are lines across the chart."""
    return [spec.target, *([] if spec.thresholds is None else [spec.thresholds.warn, spec.thresholds.bad])]
