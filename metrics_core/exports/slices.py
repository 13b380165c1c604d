"""The slices of a pie with their legend, and the cells of a heatmap."""

from __future__ import annotations

from collections.abc import Sequence

from metrics_core.exports.letters import width_of
from metrics_core.exports.surface import Surface, arc, fitted, step_of
from metrics_core.exports.traces import LEGEND, TICK, Box, Trace, painted, plain
from metrics_core.widgets.drawing import Figure


def draw_pie(surface: Surface, figure: Figure, trace: Trace, box: Box) -> None:
    values: Sequence[float] = trace["values"]
    whole = sum(values) or 1
    roles = painted(trace, "marker.colors", "")
    wide = box.w > 1.25 * box.h
    size = min(box.h, box.w * 0.46 if wide else box.w) - 6
    radius = size / 2
    x, y = box.x + radius + 3, box.y + (box.h / 2 if wide else radius + 3)
    hole = float(trace.get("hole", 0)) * radius
    turn = 0.0
    for number, value in enumerate(values):
        end = turn + value / whole
        role = str(roles[number]) if number < len(roles) else f"series:{number % 8}"
        outer = arc(x, y, radius, turn, end)
        surface.area([*outer, *(reversed(arc(x, y, hole, turn, end)) if hole else [(x, y)])], role)
        turn = end
    turn = 0.0
    for value in values if len(values) > 1 else ():
        (inner, *_), (outer_edge, *_) = arc(x, y, hole, turn, turn), arc(x, y, radius, turn, turn)
        surface.line([inner, outer_edge], "page", 1.5)
        turn += value / whole
    if figure.centre is not None and hole > 14:
        surface.text(x, y + 2, figure.centre[0], min(15, hole * 0.42), "text", bold=True, anchor="middle")
        surface.text(x, y + 14, fitted(figure.centre[1], TICK, 1.7 * hole), TICK, "muted", anchor="middle")
    if wide:
        _keys(surface, figure, Box(x + radius + 16, box.y, box.x + box.w - x - radius - 16, box.h))


def _keys(surface: Surface, figure: Figure, box: Box) -> None:
    step = min(18.0, box.h / max(len(figure.keys), 1))
    y = box.y + (box.h - step * len(figure.keys)) / 2 + step * 0.68
    for key in figure.keys:
        surface.box(box.x, y - 7, 8, 8, fill=key.role, radius=1.5)
        told = f"{key.figure}  {key.share}"
        if width_of(told, LEGEND) + min(width_of(key.label, LEGEND), 48) + 22 > box.w:
            told = key.share
        surface.text(box.x + box.w, y, told, LEGEND, "text", anchor="end")
        room = box.w - 16 - width_of(told, LEGEND) - 6
        surface.text(box.x + 14, y, fitted(key.label, LEGEND, room), LEGEND, "muted")
        y += step


def draw_heatmap(surface: Surface, trace: Trace, box: Box) -> None:
    across, down = [plain(name) for name in trace["x"]], [plain(name) for name in trace["y"]]
    rows: Sequence[Sequence[float | None]] = trace["z"]
    scale = str(painted(trace, "colorscale", "sequential"))
    low, high = float(trace.get("zmin", 0)), float(trace.get("zmax", 1))
    left = min(max((width_of(name, TICK) for name in down), default=0), box.w * 0.3) + 8
    plot = box.inside(left, 2, 2, 16)
    w, h = plot.w / max(len(across), 1), plot.h / max(len(down), 1)
    for place, (name, values) in enumerate(zip(down, rows, strict=True)):
        y = plot.y + place * h
        surface.text(plot.x - 6, y + h / 2 + 3, fitted(name, TICK, left - 8), TICK, "muted", anchor="end")
        for number, value in enumerate(values):
            if value is None:
                continue
            role = step_of(scale, (value - low) / ((high - low) or 1), surface.scheme)
            surface.box(plot.x + number * w + 0.75, y + 0.75, max(w - 1.5, 0.5), max(h - 1.5, 0.5), fill=role, radius=1)
    widest = max((width_of(name, TICK) for name in across), default=1) + 8
    every = max(1, -(-len(across) * int(widest) // max(int(plot.w), 1)))
    for number, name in enumerate(across):
        if number % every == 0:
            surface.text(plot.x + (number + 0.5) * w, plot.y + plot.h + 12, fitted(name, TICK, w * every), TICK, "muted",
                         anchor="middle")  # fmt: skip
