"""The pieces of a Plotly figure: traces and axes whose colours are roles, with the unfinished drawn as unfinished."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from metrics_core.widgets import words
from metrics_core.widgets.buckets import Bucket
from metrics_core.widgets.course import Before, Course, Series
from metrics_core.widgets.drawing import Plotly, Value
from metrics_core.widgets.numbers import Numbers
from metrics_core.widgets.options import Thresholds

LINES = 4
"""So many steps at most between the horizontal lines."""

_TICKS = {"minute": "%H:%M", "hour": "%H:%M", "day": "%-d %b", "week": "%-d %b", "month": "%b %Y"}
_HOVERS = {"minute": "%a %-d %b, %H:%M", "hour": "%a %-d %b, %H:%M", "day": "%a %-d %b %Y", "week": "week of %-d %b %Y",
           "month": "%B %Y"}  # fmt: skip


_HATCHED: Plotly = {
    "line": {"width": 0}, "pattern": {"shape": "/", "size": 6, "solidity": 0.4, "fillmode": "replace"}
}  # fmt: skip


def marked(role: str, paint: dict[str, object], **more: object) -> Plotly:
    """The `meta` of a trace: what it is, and which of its parts take which colour."""
    return {"role": role, "paint": paint, **more}


# ------------------------------------------------------------------------------------------------------------- traces


def lines(row: Series, course: Course, texts: Sequence[str], *, area: bool = False, stepped: bool = False,
          stack: str | None = None) -> list[Plotly]:  # fmt: skip
    """A line: solid where buckets are whole, dotted and ending in a ring where they are not. Gaps stay gaps."""
    solid = [value if bucket.cut == "whole" else None for bucket, value in zip(course.buckets, row.values, strict=True)]
    custom: Plotly = {"customdata": [[row.pick]] * len(solid)} if row.picked else {}
    common: Plotly = {
        "type": "scatter", "x": [bucket.x for bucket in course.buckets], "name": words.in_figure(row.label),
        "legendgroup": words.in_figure(row.label), "hovertemplate": "%{text}", "cliponaxis": False, **custom,
    }  # fmt: skip
    shape = "hv" if stepped else "linear"
    if stack is not None:
        # A stack cannot leave out a bucket of one of its layers, so its end is told in the hover alone.
        return [{
            **common, "y": list(row.values), "text": list(texts), "mode": "lines", "stackgroup": stack,
            "stackgaps": "infer zero", "line": {"width": 1, "shape": shape},
            "meta": marked(row.role, {"line.color": row.role, "fillcolor": f"{row.role}/0.75"}),
        }]  # fmt: skip
    paint: dict[str, object] = {"line.color": row.role, "marker.color": row.role}
    if area:
        paint["fillcolor"] = f"{row.role}/0.08"
    lone = _lonely(solid)
    found: list[Plotly] = [{
        **common, "y": solid, "text": list(texts), "mode": "lines+markers" if lone else "lines",
        "line": {"width": 2, "shape": shape}, **({"fill": "tozeroy"} if area else {}),
        **({"marker": {"size": [6 if alone else 0 for alone in lone]}} if lone else {}), "meta": marked(row.role, paint),
    }]  # fmt: skip
    joined = _unfinished(course.buckets, row.values)
    rings = [None if bucket.cut == "whole" else value for bucket, value in zip(course.buckets, row.values, strict=True)]
    if any(value is not None for value in rings):
        found += [
            {
                **common, "y": joined, "mode": "lines", "hoverinfo": "skip", "hovertemplate": None, "showlegend": False,
                "line": {"width": 2, "dash": "dot", "shape": shape},
                "meta": marked(row.role, {"line.color": row.role}, unfinished=True),
            },
            {
                **common, "y": rings, "text": list(texts), "mode": "markers", "showlegend": False,
                "marker": {"size": 7, "line": {"width": 2}},
                "meta": marked(row.role, {"marker.color": "page", "marker.line.color": row.role}, unfinished=True),
            },
        ]  # fmt: skip
    return found


def bars(row: Series, x: Sequence[Value], texts: Sequence[str], *, across: bool = False, roles: Sequence[str] | None = None,
         custom: Sequence[Sequence[Value]] | None = None) -> Plotly:  # fmt: skip
    """Bars; `across` lays them down."""
    places, figures = ("y", "x") if across else ("x", "y")
    colour: object = row.role if roles is None else list(roles)
    trace: Plotly = {
        "type": "bar", places: list(x), figures: list(row.values), "orientation": "h" if across else "v",
        "name": words.in_figure(row.label), "text": list(texts), "textposition": "none", "hovertemplate": "%{text}",
        "marker": {"line": {"width": 0}}, "meta": marked(row.role, {"marker.color": colour}),
    }  # fmt: skip
    if custom is not None:
        trace["customdata"] = [list(values) for values in custom]
    elif row.picked:
        trace["customdata"] = [[row.pick]] * len(x)
    return trace


def bars_over_time(row: Series, course: Course, texts: Sequence[str], *, group: bool) -> list[Plotly]:
    """Bars by time; those of buckets that are not whole are a trace of their own, hatched."""
    x, name = [bucket.x for bucket in course.buckets], words.in_figure(row.label)
    together: Plotly = {"legendgroup": name, **({"offsetgroup": name} if group else {})}
    whole = [value if bucket.cut == "whole" else None for bucket, value in zip(course.buckets, row.values, strict=True)]
    cut = [None if bucket.cut == "whole" else value for bucket, value in zip(course.buckets, row.values, strict=True)]
    found = [{**bars(replace(row, values=tuple(whole)), x, texts), **together}]
    if any(value is not None for value in cut):
        found.append({
            **bars(replace(row, values=tuple(cut)), x, texts), **together, "showlegend": False, "marker": _HATCHED,
            "meta": marked(row.role, {"marker.color": row.role}, unfinished=True),
        })  # fmt: skip
    return found


def unfinished_key(course: Course, *, bar: bool) -> list[Plotly]:
    """A line of the legend that says what dotted or hatched means; it draws nothing, so that it hides nothing."""
    if not course.series or all(bucket.cut == "whole" for bucket in course.buckets):
        return []
    role = course.series[0].role
    look: Plotly = {"type": "bar", "marker": _HATCHED} if bar else {
        "type": "scatter", "mode": "lines", "line": {"width": 2, "dash": "dot"}}  # fmt: skip
    return [{
        **look, "x": [course.buckets[0].x], "y": [None], "name": f"{words.capital(course.grain)} not finished",
        "showlegend": True, "legendrank": 1_002, "hoverinfo": "skip",
        "meta": marked("key", {"marker.color" if bar else "line.color": role}, unfinished=True),
    }]  # fmt: skip


def compared_line(before: Before, *, stepped: bool = False) -> Plotly:
    """What it is compared with: dashed, thin, in grey."""
    return {
        "type": "scatter", "mode": "lines", "x": list(before.x), "y": list(before.values), "text": list(before.texts),
        "hovertemplate": "%{text}", "name": words.in_figure(before.label),
        "legendrank": 1_001, "line": {"width": 1.5, "dash": "5px,4px", "shape": "hv" if stepped else "linear"},
        "meta": marked("compare", {"line.color": "compare"}),
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- layout


def value_axis(measure: str, numbers: Numbers, values: Sequence[float | None], *, near: bool = False,
               percent: bool = False) -> Plotly:  # fmt: skip
    """At most five lines at round figures, zero in sight; `near` lets an axis of high figures begin above zero."""
    there = [value for value in values if value is not None]
    low, high = min([0.0, *there]), max([0.0, *there])
    if near and there and min(there) > 0.5 * high:
        low = min(there)
    step = _step(low, high, whole=_whole(numbers, measure))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = [place * step for place in range(first, max(last, first + 1) + 1)]
    texts = [f"{mark:g}%" if percent else numbers.tick(measure, round(mark, 9), step) for mark in marks]
    return {
        "tickmode": "array", "tickvals": marks, "ticktext": texts, "range": [marks[0], marks[-1]], "fixedrange": True,
        **({"zeroline": True} if low < 0 else {}),
    }  # fmt: skip


def time_axis(course: Course, *, bar: bool = False) -> Plotly:
    """Local time, from the start of the period to its end, also where that is still to come."""
    start, end = course.reach
    tick = _TICKS[course.grain]
    if course.grain in ("minute", "hour") and start[:10] != end[:10] and not end.endswith("T00:00:00"):
        tick = "%H:%M\n%a %-d %b"
    if bar:
        # Bars stand with their middle at the start of their bucket.
        half = (datetime.fromisoformat(course.buckets[0].until) - datetime.fromisoformat(start)) / 2
        start, end = ((datetime.fromisoformat(edge) - half).isoformat() for edge in (start, end))
    axis: Plotly = {"type": "date", "tickformat": tick, "hoverformat": _HOVERS[course.grain], "nticks": 8}
    return {**axis, "range": [start, end]} if bar or len(course.buckets) > 1 else axis


def rules_at(target: float | None, target_text: str, thresholds: Thresholds | None, *,
             across: bool = False) -> tuple[list[Plotly], list[Plotly], dict[str, object]]:  # fmt: skip
    """Lines right through a chart: the target and the thresholds; with their notes, and the paint of both."""
    shapes: list[Plotly] = []
    notes: list[Plotly] = []
    paint: dict[str, object] = {}
    rows = [(target, "target", target_text)]
    if thresholds is not None:
        rows += [(thresholds.warn, "warn", ""), (thresholds.bad, "bad", "")]
    along, up = ("y", "x") if across else ("x", "y")
    ends, corner = {f"{along}ref": "paper", f"{up}ref": up}, ("top", "left") if across else ("right", "bottom")
    for figure, role, text in rows:
        if figure is None:
            continue
        paint[f"shapes.{len(shapes)}.line.color"] = role
        shapes.append({"type": "line", **ends, f"{along}0": 0, f"{along}1": 1, f"{up}0": figure, f"{up}1": figure,
                       "layer": "above", "line": {"width": 1, "dash": "dot"}})  # fmt: skip
        if text:
            paint[f"annotations.{len(notes)}.font.color"] = "muted"
            notes.append({**ends, along: 1, f"{along}anchor": corner[0], up: figure, f"{up}anchor": corner[1],
                          "text": words.in_figure(text), "showarrow": False, "font": {"size": 11}})  # fmt: skip
    return shapes, notes, paint


def so_far(course: Course) -> list[Plotly]:
    """"14:00 so far", beside the end of a single line, on the side where there is room."""
    last, value = course.buckets[-1], course.series[0].values[-1]
    if last.cut != "so far" or value is None:
        return []
    start, end, here = (datetime.fromisoformat(edge) for edge in (*course.reach, last.x))
    left = end > start and (here - start) / (end - start) > 0.75
    # At the foot of the chart there is room above only: below stand the names of the axis.
    reach = [abs(one) for one in course.series[0].values if one is not None]
    low = abs(value) < 0.15 * max(reach, default=0) or not any(reach)
    return [{"x": last.x, "y": value, "text": words.in_figure(f"{last.label} so far"),
             "yanchor": "bottom" if low else "top", "yshift": 4 if low else -4,
             "xanchor": "right" if left else "left", "xshift": -8 if left else 8, "showarrow": False}]  # fmt: skip


def fade(course: Course, shapes: list[Plotly], paint: dict[str, object]) -> None:
    """Pale where a stack of areas runs into a bucket that is not whole: an area cannot be dotted."""
    places = [place for place, bucket in enumerate(course.buckets) if bucket.cut != "whole"]
    for place in places if len(course.buckets) > 1 else ():
        near = place - 1 if place else 1
        first, last = sorted((course.buckets[place].x, course.buckets[near].x))
        paint[f"shapes.{len(shapes)}.fillcolor"] = "page/0.6"
        shapes.append({"type": "rect", "xref": "x", "x0": first, "x1": last, "yref": "paper", "y0": 0, "y1": 1,
                       "layer": "above", "line": {"width": 0}})  # fmt: skip


def layout(xaxis: Plotly, yaxis: Plotly, *, legend: bool, paint: dict[str, object] | None = None, **more: object) -> Plotly:
    """A layout without colours of its own."""
    return {
        "xaxis": xaxis, "yaxis": yaxis, "showlegend": legend, "margin": {"l": 8, "r": 8, "t": 28 if legend else 8, "b": 8},
        **more, "meta": {"paint": paint or {}},
    }  # fmt: skip


def _unfinished(buckets: Sequence[Bucket], values: Sequence[float | None]) -> list[float | None]:
    """The figures of buckets that are not whole, with the whole neighbour that each is joined to."""
    near = {place + side for place, bucket in enumerate(buckets) if bucket.cut != "whole" for side in (-1, 0, 1)}
    return [value if place in near else None for place, value in enumerate(values)]


def _lonely(values: Sequence[float | None]) -> list[bool]:
    """Which points have no neighbour to be joined to; empty where all have one."""
    padded = [None, *values, None]
    found = [value is not None and before is None and after is None
             for before, value, after in zip(padded, padded[1:], padded[2:], strict=False)]  # fmt: skip
    return found if any(found) else []


def _step(low: float, high: float, *, whole: bool) -> float:
    span = high - low
    if span <= 0:
        return 1.0
    rough = span / LINES
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * by for by in (1, 2, 2.5, 5, 10) if size * by >= rough * (1 - 1e-9))
    if not whole:
        return step
    return max(1.0, step) if step != 2.5 else 3.0


def _whole(numbers: Numbers, measure: str) -> bool:
    return numbers.tick(measure, 1, 1) == "1"
