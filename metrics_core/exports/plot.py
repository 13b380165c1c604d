"""Charts drawn without a browser: the lines, bars, slices and cells of a figure on any surface."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from metrics_core.exports.letters import width_of
from metrics_core.exports.slices import draw_heatmap, draw_pie
from metrics_core.exports.surface import Point, Surface, arc, fitted, hatch
from metrics_core.exports.traces import LEGEND, TICK, Box, Trace, painted, plain, said_of
from metrics_core.widgets.drawing import Figure

_EPOCH = datetime.fromisoformat("1970-01-01")
"""Places of an axis are local times, without an offset."""


def draw_figure(surface: Surface, figure: Figure, box: Box) -> None:
    """Draw a figure that is not empty."""
    first: Trace = figure.data[0] if figure.data else {}
    if first.get("type") == "pie":
        draw_pie(surface, figure, first, box)
    elif first.get("type") == "heatmap":
        draw_heatmap(surface, first, box)
    elif figure.data:
        _Axes(surface, figure, box).draw()


# ------------------------------------------------------------------------------------------------------- lines and bars


class _Axes:
    """A figure with two axes."""

    def __init__(self, surface: Surface, figure: Figure, box: Box) -> None:
        self.surface = surface
        self.data: list[Trace] = [trace for trace in figure.data if said_of(trace, "role") != "key"]
        self.keys: list[Trace] = [trace for trace in figure.data if trace.get("showlegend", True) and trace.get("name")]
        self.layout: Mapping[str, Any] = figure.layout
        self.across = any(trace.get("orientation") == "h" for trace in self.data)
        self.places, self.figures = ("y", "x") if self.across else ("x", "y")
        names, values = ("yaxis", "xaxis") if self.across else ("xaxis", "yaxis")
        self.names = _axis(figure, names)
        self.values = _axis(figure, values)
        self.timed = self.names.get("type") == "date"
        self.marks: Sequence[float] = self.values.get("tickvals", ())
        self.texts: Sequence[str] = self.values.get("ticktext", ())
        low, high = self.values.get("range", (0.0, 1.0))
        self.low, self.high = float(low), float(high) if high != low else float(low) + 1
        self.order = self._order()
        self.span = self._span()
        legend = 18 if self.layout.get("showlegend") else 0
        if self.across:
            room = max((width_of(plain(name), TICK) for name in self.order), default=0)
            self.labels = min(room, box.w * 0.38)
            self.box = box.inside(self.labels + 8, legend, 10, 16)
        else:
            self.labels = max((width_of(text, TICK) for text in self.texts), default=0)
            two = self.timed and "\n" in str(self.names.get("tickformat", ""))
            self.box = box.inside(self.labels + 8, legend + 4, 8, 26 if two else 16)
        self.legend_at = (box.x, box.y, box.w) if legend else None

    def draw(self) -> None:
        if self.legend_at is not None:
            _legend(self.surface, self.keys, *self.legend_at)
        self._grid()
        self._bars([trace for trace in self.data if trace.get("type") == "bar"])
        self._lines([trace for trace in self.data if trace.get("type") == "scatter"])
        self._rules()
        self._notes()

    # ------------------------------------------------------------------------------------------------------------ scales

    def _order(self) -> list[Any]:
        named = self.names.get("categoryarray")
        if named is not None:
            return list(named)
        return list(dict.fromkeys(place for trace in self.data for place in trace.get(self.places, ())))

    def _span(self) -> tuple[float, float]:
        """The ends of the axis of places, in its own measure."""
        if not self.timed:
            return -0.5, max(len(self.order), 1) - 0.5
        times = [_seconds(place) for place in self.order]
        low, high = self.names.get("range") or (None, None)
        first, last = (_seconds(low), _seconds(high)) if low is not None else (min(times), max(times))
        return first, last if last > first else first + 1

    def _along(self, place: Any) -> float:
        """Where a place is along its axis, 0 to 1."""
        at = _seconds(place) if self.timed else (self.order.index(place) if place in self.order else 0)
        return (at - self.span[0]) / (self.span[1] - self.span[0])

    def _up(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)

    def at(self, along: float, up: float) -> Point:
        """A point of the plot, from shares of its two axes. Names that lie across are told from above."""
        if self.across:
            return self.box.x + up * self.box.w, self.box.y + along * self.box.h
        return self.box.x + along * self.box.w, self.box.y + (1 - up) * self.box.h

    # ----------------------------------------------------------------------------------------------------- axes and words

    def _grid(self) -> None:
        for mark, text in zip(self.marks, self.texts, strict=False):
            start, end = self.at(0, self._up(mark)), self.at(1, self._up(mark))
            self.surface.line([start, end], "border" if mark == 0 else "grid", 0.75)
            if self.across:
                self.surface.text(start[0], self.box.y + self.box.h + 12, text, TICK, "muted", anchor="middle")
            else:
                self.surface.text(self.box.x - 6, start[1] + 3, text, TICK, "muted", anchor="end")
        if self.timed:
            self._time_labels()
        else:
            self._name_labels()

    def _time_labels(self) -> None:
        first, *rest = str(self.names.get("tickformat", "%H:%M")).split("\n")
        texts = [_clock(place, first) for place in self.order]
        every = self._every(texts)
        day = None
        for number, (place, text) in enumerate(zip(self.order, texts, strict=True)):
            if number % every:
                continue
            x, y = self.at(self._along(place), 0)
            self.surface.line([(x, y), (x, y + 3)], "border", 0.75)
            self.surface.text(x, y + 13, text, TICK, "muted", anchor="middle")
            if rest and _clock(place, rest[0]) != day:
                day = _clock(place, rest[0])
                self.surface.text(x, y + 23, day, TICK, "muted", anchor="start" if not number else "middle")

    def _name_labels(self) -> None:
        texts = [plain(name) for name in self.order]
        if self.across:
            for name, text in zip(self.order, texts, strict=True):
                _, y = self.at(self._along(name), 0)
                self.surface.text(self.box.x - 6, y + 3, fitted(text, TICK, self.labels), TICK, "muted", anchor="end")
            return
        every = self._every(texts) if len(texts) > 12 else 1
        room = self.box.w / max(len(texts), 1) * every - 4
        for number, (name, text) in enumerate(zip(self.order, texts, strict=True)):
            if number % every == 0:
                x, y = self.at(self._along(name), 0)
                self.surface.text(x, y + 13, fitted(text, TICK, max(room, 12)), TICK, "muted", anchor="middle")

    def _every(self, texts: Sequence[str]) -> int:
        """Of so many labels, each how many-th has room."""
        widest = max((width_of(text, TICK) for text in texts), default=1) + 10
        most = max(1, min(8, int(self.box.w / widest)))
        return max(1, -(-len(texts) // most))

    # -------------------------------------------------------------------------------------------------------------- bars

    def _bars(self, traces: Sequence[Trace]) -> None:
        stacked = self.layout.get("barmode") in ("relative", "stack")
        slots = list(dict.fromkeys(_slot(trace) for trace in traces))
        width = self._spacing() * 0.72
        up: dict[Any, float] = defaultdict(float)
        down: dict[Any, float] = defaultdict(float)
        for trace in traces:
            roles = painted(trace, "marker.color")
            slot = slots.index(_slot(trace))
            thick = width if stacked else width / max(len(slots), 1)
            for number, (place, value) in enumerate(zip(trace[self.places], trace[self.figures], strict=False)):
                if value is None or not value:
                    continue
                base = (up if value > 0 else down)[place] if stacked else 0.0
                if stacked:
                    (up if value > 0 else down)[place] += value
                middle = self._along(place) + (0 if stacked else (slot - (len(slots) - 1) / 2) * thick)
                role = roles[number] if isinstance(roles, list | tuple) else roles
                self._bar(middle, thick * 0.92, base, base + value, str(role), cut=bool(said_of(trace, "unfinished")))

    def _bar(self, middle: float, thick: float, start: float, end: float, role: str, *, cut: bool) -> None:
        one = self.at(middle - thick / 2, self._up(start))
        other = self.at(middle + thick / 2, self._up(end))
        x, y = min(one[0], other[0]), min(one[1], other[1])
        w, h = abs(one[0] - other[0]), abs(one[1] - other[1])
        if cut:
            hatch(self.surface, x, y, w, h, role, every=4, width=0.9)
            self.surface.box(x, y, w, h, stroke=role)
        else:
            self.surface.box(x, y, w, h, fill=role)

    def _spacing(self) -> float:
        """How far apart two places are, of the whole axis."""
        if not self.timed:
            return 1 / max(len(self.order), 1)
        times = sorted(_seconds(place) for place in self.order)
        apart = min((b - a for a, b in pairwise(times) if b > a), default=self.span[1] - self.span[0])
        return apart / (self.span[1] - self.span[0])

    # ------------------------------------------------------------------------------------------------------------- lines

    def _lines(self, traces: Sequence[Trace]) -> None:
        floor: dict[Any, float] = defaultdict(float)
        for trace in traces:
            if trace.get("stackgroup"):
                self._layer(trace, floor)
                continue
            mode = str(trace.get("mode", "lines"))
            runs = self._runs(trace)
            look: Mapping[str, Any] = trace.get("line", {})
            for run in runs if "lines" in mode else ():
                if trace.get("fill") == "tozeroy" and len(run) > 1:
                    _, zero = self.at(0, self._up(max(0.0, self.low)))
                    self.surface.area([(run[0][0], zero), *run, (run[-1][0], zero)], str(painted(trace, "fillcolor")))
                if len(run) > 1:
                    self.surface.line(run, str(painted(trace, "line.color")), float(look.get("width", 2)) * 0.8, _dash(look))
            if "markers" in mode:
                self._markers(trace)

    def _layer(self, trace: Trace, floor: dict[Any, float]) -> None:
        """One layer of a stack of areas."""
        top, low = [], []
        for place, value in zip(trace["x"], trace["y"], strict=False):
            along = self._along(place)
            low.append(self.at(along, self._up(floor[place])))
            floor[place] += value or 0
            top.append(self.at(along, self._up(floor[place])))
        if len(top) > 1:
            self.surface.area([*top, *reversed(low)], str(painted(trace, "fillcolor")))
            self.surface.line(top, str(painted(trace, "line.color")), 0.8)

    def _runs(self, trace: Trace) -> list[list[Point]]:
        """The stretches of a line between its gaps."""
        stepped = trace.get("line", {}).get("shape") == "hv"
        runs: list[list[Point]] = [[]]
        for place, value in zip(trace.get("x", ()), trace.get("y", ()), strict=False):
            if value is None:
                runs.append([])
                continue
            point = self.at(self._along(place), self._up(value))
            if stepped and runs[-1]:
                runs[-1].append((point[0], runs[-1][-1][1]))
            runs[-1].append(point)
        return [run for run in runs if run]

    def _markers(self, trace: Trace) -> None:
        sizes = trace.get("marker", {}).get("size", 6)
        fill = str(painted(trace, "marker.color"))
        edge = painted(trace, "marker.line.color", "")
        for number, (place, value) in enumerate(zip(trace["x"], trace["y"], strict=False)):
            size = sizes[number] if isinstance(sizes, list | tuple) else sizes
            if value is None or not size:
                continue
            x, y = self.at(self._along(place), self._up(value))
            if edge:
                self.surface.area(arc(x, y, size / 2, 0, 1), str(edge))
                self.surface.area(arc(x, y, size / 2 - 1.4, 0, 1), fill)
            else:
                self.surface.area(arc(x, y, size / 2, 0, 1), fill)

    # ----------------------------------------------------------------------------------------------------- rules and notes

    def _rules(self) -> None:
        for number, shape in enumerate(self.layout.get("shapes", ())):
            if shape.get("type") == "rect":
                ends = [self.at(self._along(shape[name]), 0)[0] for name in ("x0", "x1")]
                role = str(painted(self.layout, f"shapes.{number}.fillcolor", "page/0.6"))
                self.surface.box(ends[0], self.box.y, ends[1] - ends[0], self.box.h, fill=role)
            else:
                up = self._up(float(shape["x0" if self.across else "y0"]))
                role = str(painted(self.layout, f"shapes.{number}.line.color", "strong"))
                self.surface.line([self.at(0, up), self.at(1, up)], role, 0.9, (1.5, 2.5))

    def _notes(self) -> None:
        for note in self.layout.get("annotations", ()):
            if note.get("xref") == "paper" or note.get("yref") == "paper":
                up = self._up(float(note["x" if self.across else "y"]))
                x, y = self.at(0, up) if self.across else self.at(1, up)
                self.surface.text(x, y - 3, plain(note["text"]), TICK, "muted", anchor="start" if self.across else "end")
                continue
            x, y = self.at(self._along(note["x"]), self._up(float(note["y"])))
            right = note.get("xanchor") == "right"
            self.surface.text(x + (-8 if right else 8), y + 12, plain(note["text"]), TICK, "muted",
                              anchor="end" if right else "start")  # fmt: skip


def _axis(figure: Figure, name: str) -> Mapping[str, Any]:
    found = figure.layout.get(name)
    return found if isinstance(found, Mapping) else {}


def _slot(trace: Trace) -> str:
    """Which of the bars that stand beside each other a trace belongs to."""
    return str(trace.get("offsetgroup") or trace.get("legendgroup") or trace.get("name"))


def _seconds(place: Any) -> float:
    return (datetime.fromisoformat(str(place)) - _EPOCH).total_seconds()


def _clock(place: Any, form: str) -> str:
    when = datetime.fromisoformat(str(place))
    return when.strftime(form.replace("%-d", str(when.day)))


def _dash(look: Mapping[str, Any]) -> tuple[float, ...]:
    dash = look.get("dash")
    if dash is None or dash == "solid":
        return ()
    named = {"dot": (1.5, 2.5), "dash": (5.0, 4.0)}
    return named.get(str(dash)) or tuple(float(part.removesuffix("px")) for part in str(dash).split(","))


def _legend(surface: Surface, keys: Sequence[Trace], x: float, y: float, room: float) -> None:
    """What is which, above the plot, from the left; what does not fit is left out."""
    at = x
    for trace in keys:
        name = plain(trace["name"])
        wide = 18 + width_of(name, LEGEND) + 14
        if at + wide - 14 > x + room:
            break
        middle = y + 7
        if trace.get("type") == "bar":
            role = painted(trace, "marker.color")
            shown = str(role[0] if isinstance(role, list | tuple) else role)
            if said_of(trace, "unfinished"):
                hatch(surface, at, middle - 4, 12, 8, shown, every=4, width=0.9)
                surface.box(at, middle - 4, 12, 8, stroke=shown)
            else:
                surface.box(at, middle - 4, 12, 8, fill=shown, radius=1.5)
        else:
            look = trace.get("line", {})
            surface.line([(at, middle), (at + 13, middle)], str(painted(trace, "line.color")), 1.8, _dash(look))
        surface.text(at + 18, middle + 3.3, name, LEGEND, "muted")
        at += wide
