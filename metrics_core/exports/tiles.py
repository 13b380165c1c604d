"""Widgets drawn without a browser: the card with its figure, the gauge, the bar, the table, the chart, on any surface."""

from __future__ import annotations

from collections.abc import Sequence

from metrics_core.exports.board import Tile
from metrics_core.exports.letters import width_of
from metrics_core.exports.plot import draw_figure
from metrics_core.exports.surface import Surface, arc, fitted, hatch, wrapped
from metrics_core.exports.traces import TICK, Box
from metrics_core.widgets.drawing import Card, Delta, Drawing, Empty, Figure, Gauge, Progress, Spark, Table, Target

PAD, ROW, LEAST_ROW = 12.0, 17.0, 12.5
TITLE, WORDS, SMALL = 11.5, 10.0, 9.0
_STATES = {"good": "good", "warn": "warn", "bad": "bad", None: "primary"}


def draw_tile(surface: Surface, tile: Tile, box: Box, *, watermark: str | None) -> None:
    """A widget in its frame."""
    surface.box(box.x, box.y, box.w, box.h, fill="page", stroke="border", radius=6)
    if watermark is not None:
        # What is not real cannot be taken for real, wherever the picture goes.
        hatch(surface, box.x + 1, box.y + 1, box.w - 2, box.h - 2, "simulated/0.08", every=8, width=2.5)
    inner = box.inside(PAD, PAD, PAD, PAD)
    drawing = tile.drawing
    titled = fitted(tile.title, TITLE, inner.w, bold=True)
    surface.text(inner.x, inner.y + 9, titled, TITLE, bold=True)
    if drawing is not None and drawing.subtitle:
        left = width_of(titled, TITLE, bold=True) + 8
        told = fitted(drawing.subtitle, WORDS, inner.w - left)
        if told != "…":
            surface.text(inner.x + left, inner.y + 9, told, WORDS, "muted")
    below = inner.inside(top=20)
    if drawing is None:
        _words(surface, below, "Not drawn", tile.error or "")
    elif drawing.empty is not None:
        _empty(surface, below, drawing.empty)
    else:
        if drawing.foot and not isinstance(drawing, Table):
            surface.text(inner.x, inner.y + inner.h - 1, fitted(drawing.foot, SMALL, inner.w), SMALL, "muted")
            below = below.inside(bottom=14)
        draw_drawing(surface, drawing, below)


def draw_drawing(surface: Surface, drawing: Drawing, box: Box) -> None:
    """What is in the frame, below the title."""
    match drawing:
        case Card():
            _card(surface, drawing, box)
        case Figure():
            draw_figure(surface, drawing, box)
        case Table():
            _table(surface, drawing, box)
        case Gauge():
            _gauge(surface, drawing, box)
        case Progress():
            _progress(surface, drawing, box)


def rows_that_fit(table: Table, height: float) -> int:
    """How many rows of a table have room, beside its head, its total and its last line."""
    step = _row_height(table, height)
    return max(0, int((height - _beside(table, step)) / step + 1e-6))


def height_of(drawing: Drawing | None) -> float:
    """What a drawing needs so that nothing of it is left out; 0 for what fits in any frame."""
    return _beside(drawing) + ROW * len(drawing.texts) + 1 if isinstance(drawing, Table) else 0.0


def _row_height(table: Table, height: float) -> float:
    """The usual height of a row, or a little less where all rows fit that way."""
    rows = len(table.texts) + 1 + (table.total is not None)
    wanted = (height - _beside(table, 0)) / rows
    return wanted if LEAST_ROW <= wanted < ROW else ROW


def _beside(table: Table, step: float = ROW) -> float:
    return 2 * PAD + 20 + step + (step if table.total is not None else 0) + (14 if table.foot else 0)


# ---------------------------------------------------------------------------------------------------------- one figure


def _card(surface: Surface, card: Card, box: Box) -> None:
    size = _figure(surface, card.figure, box)
    y = box.y + size + 15
    if card.delta is not None:
        _delta(surface, card.delta, box.x, y, box.w)
        y += 8
    rest = Box(box.x, y, box.w, box.y + box.h - y)
    if card.target is not None and rest.h > 16:
        _target(surface, card.target, rest)
    elif card.spark is not None and rest.h > 14:
        _spark(surface, card.spark, rest)


def _figure(surface: Surface, figure: str, box: Box, size: float = 23) -> float:
    while size > 9 and width_of(figure, size, bold=True) > box.w:
        size -= 1
    surface.text(box.x, box.y + size * 0.92, figure, size, bold=True)
    return size


def _delta(surface: Surface, delta: Delta, x: float, y: float, room: float) -> None:
    role = "none" if delta.good is None else "good" if delta.good else "bad"
    text = f"{({'up': '↑ ', 'down': '↓ '}).get(delta.direction, '')}{delta.text}"
    wide = width_of(text, SMALL) + 10
    surface.box(x, y - 9, wide, 13, fill=f"{role}:tint", radius=4)
    surface.text(x + 5, y + 0.8, text, SMALL, f"{role}:text")
    surface.text(x + wide + 6, y + 0.8, fitted(delta.against, SMALL, room - wide - 6), SMALL, "muted")


def _spark(surface: Surface, spark: Spark, box: Box) -> None:
    there = [value for value in spark.values if value is not None]
    if len(there) < 2:
        return
    low, high = min(0.0, *there), max(there)
    span = (high - low) or 1
    points = [
        None if value is None else (
            box.x + box.w * place / (len(spark.values) - 1), box.y + 3 + (box.h - 6) * (1 - (value - low) / span))
        for place, value in enumerate(spark.values)
    ]  # fmt: skip
    whole = [point for point in (points[:-1] if spark.unfinished else points) if point is not None]
    if len(whole) > 1:
        surface.area([(whole[0][0], box.y + box.h), *whole, (whole[-1][0], box.y + box.h)], "primary/0.08")
        surface.line(whole, "primary", 1.4)
    last = points[-1]
    if spark.unfinished and last is not None and whole:
        surface.line([whole[-1], last], "primary", 1.4, (1.5, 2.5))
        surface.area(arc(*last, 2.6, 0, 1), "primary")
        surface.area(arc(*last, 1.4, 0, 1), "page")


def _target(surface: Surface, target: Target, box: Box, elapsed: float | None = None) -> None:
    surface.box(box.x, box.y + 2, box.w, 6, fill="track", radius=3)
    share = min(max(target.share or 0.0, 0.0), 1.0)
    if share:
        surface.box(box.x, box.y + 2, max(box.w * share, 3), 6, fill=_STATES[target.state], radius=3)
    if elapsed is not None:
        x = box.x + box.w * min(max(elapsed, 0.0), 1.0)
        surface.line([(x, box.y - 1), (x, box.y + 11)], "text", 1.2)
    surface.text(box.x, box.y + 21, fitted(target.text, SMALL, box.w), SMALL, "muted")


def _progress(surface: Surface, drawing: Progress, box: Box) -> None:
    size = _figure(surface, drawing.figure, box)
    y = box.y + size + 6
    if drawing.delta is not None and box.h - size > 46:
        _delta(surface, drawing.delta, box.x, y + 9, box.w)
        y += 20
    _target(surface, drawing.target, Box(box.x, y, box.w, 20), drawing.elapsed)


def _gauge(surface: Surface, gauge: Gauge, box: Box) -> None:
    foot = 18 if gauge.delta is not None else 4
    radius = max(12.0, min(box.w / 2 - 6, box.h - foot - 14))
    x, y = box.x + box.w / 2, box.y + radius + 2
    thick = radius * 0.2

    def ring(start: float, end: float, role: str, inner: float, outer: float) -> None:
        one, other = -0.25 + start / 2, -0.25 + end / 2
        surface.area([*arc(x, y, outer, one, other), *reversed(arc(x, y, inner, one, other))], role)

    span = (gauge.high - gauge.low) or 1
    ring(0, 1, "track", radius - thick, radius)
    for band in gauge.bands:
        start, end = (min(max((edge - gauge.low) / span, 0), 1) for edge in (band.start, band.end))
        ring(start, end, _STATES[band.state], radius + 1.5, radius + 4)
    if gauge.share:
        ring(0, gauge.share, _STATES[gauge.state], radius - thick, radius)
    if gauge.target is not None:
        at = -0.25 + min(max((gauge.target.value - gauge.low) / span, 0), 1) / 2
        surface.line([arc(x, y, radius - thick - 2, at, at)[0], arc(x, y, radius + 5, at, at)[0]], "text", 1.4)
    size = min(22.0, radius * 0.42)
    surface.text(x, y - 2, gauge.figure, size, bold=True, anchor="middle")
    surface.text(x - radius + thick / 2, y + 11, gauge.ends[0], TICK, "muted", anchor="middle")
    surface.text(x + radius - thick / 2, y + 11, gauge.ends[1], TICK, "muted", anchor="middle")
    if gauge.delta is not None:
        wide = width_of(f"↑ {gauge.delta.text}{gauge.delta.against}", SMALL) + 16
        _delta(surface, gauge.delta, max(box.x, x - wide / 2), box.y + box.h - 2, box.w)


# --------------------------------------------------------------------------------------------------------------- tables


def _table(surface: Surface, table: Table, box: Box) -> None:
    """The rows there is room for; the last line says of how many."""
    height = box.h + 2 * PAD + 20
    fit = rows_that_fit(table, height)
    texts = table.texts[:fit]
    foot = table.foot or ""
    if len(texts) < len(table.texts):
        foot = f"{len(texts)} of the {len(table.texts)} rows; all of them are at the end" + (f" · {foot}" if foot else "")
    total = None if table.total is None else table.total.texts
    bottom = draw_rows(surface, table, box, texts, total, first=0, step=_row_height(table, height))
    if foot:
        surface.text(box.x, bottom + 11, fitted(foot, SMALL, box.w), SMALL, "muted")


def draw_rows(
    surface: Surface, table: Table, box: Box, texts: Sequence[Sequence[str]], total: Sequence[str] | None, *, first: int,
    step: float = ROW,
) -> float:
    """The head of a table and some rows of it, from the `first` on; where they end."""
    edges = _edges(table, box, [*texts, *([total] if total is not None else [])])
    y = box.y + 11
    for column, (left, right) in zip(table.columns, edges, strict=True):
        end = column.align == "right"
        label = fitted(column.label, SMALL, right - left)
        surface.text(right if end else left, y, label, SMALL, "muted", anchor="end" if end else "start")
    y += 5
    surface.line([(box.x, y), (box.x + box.w, y)], "border", 0.75)
    names = [column.name for column in table.columns]
    bars = names.index(table.bars) if table.bars in names else None
    for number, row in enumerate(texts):
        if bars is not None and table.most:
            _bar(surface, table.rows[first + number][bars], table.most, edges[bars], y, step)
        _row(surface, table, row, edges, y + step / 2 + 3.5)
        y += step
        surface.line([(box.x, y), (box.x + box.w, y)], "grid", 0.5)
    if total is not None:
        _row(surface, table, total, edges, y + step / 2 + 3.5, bold=True)
        y += step
    return y


def _bar(surface: Surface, value: object, most: float, edge: tuple[float, float], y: float, step: float) -> None:
    if isinstance(value, int | float) and value > 0:
        wide = (edge[1] - edge[0] + 4) * min(value / most, 1)
        surface.box(edge[1] + 2 - wide, y + 2, wide, step - 4, fill="primary/0.12", radius=1.5)


def _row(
    surface: Surface, table: Table, row: Sequence[str], edges: Sequence[tuple[float, float]], y: float, *, bold: bool = False
) -> None:
    for text, column, (left, right) in zip(row, table.columns, edges, strict=True):
        end = column.align == "right"
        shown = fitted(text, WORDS, right - left, bold=bold)
        surface.text(right if end else left, y, shown, WORDS, bold=bold, anchor="end" if end else "start")


def _edges(table: Table, box: Box, rows: Sequence[Sequence[str]]) -> list[tuple[float, float]]:
    """From where to where each column goes: as wide as its cells, what is left over to the text."""
    wanted = [
        max([width_of(column.label, SMALL), *(width_of(row[place], WORDS, bold=True) for row in rows)]) + 2
        for place, column in enumerate(table.columns)
    ]
    gap = 12.0
    room = box.w - gap * (len(wanted) - 1)
    over = sum(wanted) - room
    if over > 0:
        widest = wanted.index(max(wanted))
        wanted[widest] = max(40.0, wanted[widest] - over)
        scale = min(1.0, room / sum(wanted))
        wanted = [wide * scale for wide in wanted]
    else:
        texts = [place for place, column in enumerate(table.columns) if column.align == "left"] or [0]
        for place in texts:
            wanted[place] += -over / len(texts)
    edges: list[tuple[float, float]] = []
    x = box.x
    for wide in wanted:
        edges.append((x, x + wide))
        x += wide + gap
    return edges


# ---------------------------------------------------------------------------------------------------------------- words


def _empty(surface: Surface, box: Box, empty: Empty) -> None:
    _words(surface, box, empty.what, empty.step.replace("`", ""))


def _words(surface: Surface, box: Box, what: str, more: str) -> None:
    lines = wrapped(more, WORDS, box.w - 8, max(1, int((box.h - 20) / 14)))
    y = box.y + max(14.0, (box.h - 16 - 14 * len(lines)) / 2 + 8)
    surface.text(box.x + box.w / 2, y, fitted(what, TITLE, box.w), TITLE, bold=True, anchor="middle")
    for number, line in enumerate(lines, 1):
        surface.text(box.x + box.w / 2, y + 14 * number + 2, line, WORDS, "muted", anchor="middle")
