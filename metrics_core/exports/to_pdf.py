"""PDF: a dashboard laid out as on the page, on paper; the tables that have more rows than room follow in full."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfgen.canvas import Canvas

from metrics_core.exports.board import Board, Progress, Tile, nobody, told
from metrics_core.exports.letters import width_of
from metrics_core.exports.surface import PdfSurface, fitted, hatch, wrapped
from metrics_core.exports.tiles import PAD, ROW, draw_rows, draw_tile, rows_that_fit
from metrics_core.exports.traces import Box
from metrics_core.model.dashboard import COLUMNS, Place
from metrics_core.widgets.drawing import Table

WIDTH, HEIGHT = landscape(A4)
MARGIN, GAP = 34.0, 8.0
ROOM = WIDTH - 2 * MARGIN
UNIT, LEAST_UNIT = 52.0, 40.0
"""Points to a row of the grid; the least, where all of it fits on one page that way."""
FOOT = HEIGHT - 26
_LOWEST = FOOT - 14


def board_pdf(board: Board, progress: Progress = nobody) -> bytes:
    """The pages of a dashboard, or the one page of a widget."""
    into = io.BytesIO()
    canvas = Canvas(into, pagesize=(WIDTH, HEIGHT), pageCompression=1)
    canvas.setTitle(board.title)
    canvas.setSubject(board.line())
    canvas.setCreator("Pulseboard")
    canvas.setKeywords([f"{name}: {value}" for name, value in board.facts()])
    paper = _Paper(canvas, board)
    top = paper.opening()
    done = 0
    long: list[Tile] = []
    for band, unit in _bands(_alone(board.tiles), _LOWEST - top):
        first, last = min(tile.place.y for tile in band), max(tile.place.bottom for tile in band)
        tall = (last - first) * unit
        if top + tall > _LOWEST:
            top = paper.turn()
        for tile in band:
            draw_tile(paper.surface, tile, _place(tile, top, first, unit), watermark=board.watermark)
            if isinstance(tile.drawing, Table) and tile.drawing.empty is None:
                room = rows_that_fit(tile.drawing, tile.place.h * unit - GAP)
                long += [tile] if room < len(tile.drawing.texts) else []
            done += 1
            progress(done, len(board.tiles))
        top += tall
    for tile in long:
        _in_full(paper, tile)
    paper.end()
    canvas.save()
    return into.getvalue()


class _Paper:
    """The pages, each with what it is of at its foot."""

    def __init__(self, canvas: Any, board: Board) -> None:
        self._canvas = canvas
        self._board = board
        self._page = 1
        self.surface = PdfSurface(canvas, HEIGHT)

    def opening(self) -> float:
        """The title and what everything below is of; where the first widgets begin."""
        board, surface = self._board, self.surface
        surface.text(MARGIN, MARGIN + 14, fitted(board.title, 20, ROOM - 200, bold=True), 20, bold=True)
        self._origin()
        y = MARGIN + 30
        for text in (board.description, board.line(), board.boxed()):
            if text:
                surface.text(MARGIN, y, fitted(text, 9.5, ROOM), 9.5, "muted")
                y += 13
        compared = ", compared with the period before" if board.compared else ""
        limits = f" · Limited to {told(board.limits)}" if board.limits else ""
        frozen = " · Frozen when the link was made" if board.frozen else ""
        said = f"{board.period}{compared} · Filters: {told(board.filters) or 'None'}{limits}{frozen}"
        for line in wrapped(said, 9.5, ROOM, 3):
            surface.text(MARGIN, y, line, 9.5)
            y += 13
        return y + 2

    def turn(self, title: str | None = None) -> float:
        """A new page; where there is room on it."""
        self._foot()
        self._canvas.showPage()
        self._page += 1
        if title is None:
            return MARGIN
        self.surface.text(MARGIN, MARGIN + 11, fitted(title, 14, ROOM - 200, bold=True), 14, bold=True)
        self._origin()
        return MARGIN + 22

    def end(self) -> None:
        self._foot()

    def _origin(self) -> None:
        """Which data this is, in the upper right corner."""
        mark = self._board.watermark
        text = self._board.origin if mark is None else mark
        role = "none" if mark is None else "simulated"
        wide = width_of(text, 9.5) + 14
        self.surface.box(WIDTH - MARGIN - wide, MARGIN, wide, 17, fill=f"{role}:tint", radius=4)
        if mark is not None:
            hatch(self.surface, WIDTH - MARGIN - wide, MARGIN, wide, 17, "simulated/0.12", every=8, width=2.5)
        self.surface.text(WIDTH - MARGIN - wide + 7, MARGIN + 12, text, 9.5, f"{role}:text")

    def _foot(self) -> None:
        board = self._board
        left = f"Pulseboard · {board.title} · {board.numbered()} · {board.zone}"
        if board.watermark:
            left += f" · {board.watermark}"
        self.surface.text(MARGIN, FOOT, fitted(left, 8, ROOM - 80), 8, "muted")
        self.surface.text(WIDTH - MARGIN, FOOT, f"Page {self._page}", 8, "muted", anchor="end")


def _alone(tiles: Sequence[Tile]) -> Sequence[Tile]:
    """A widget by itself stands in the corner, not where it sits among the others."""
    if len(tiles) != 1:
        return tiles
    (tile,) = tiles
    return [replace(tile, place=Place(0, 0, max(tile.place.w, COLUMNS // 2), tile.place.h))]


def _bands(tiles: Sequence[Tile], room: float) -> list[tuple[list[Tile], float]]:
    """The widgets in stretches from above to below that no page can be turned within, each with how high its rows are."""
    found: list[list[Tile]] = []
    bottom = 0
    for tile in sorted(tiles, key=lambda tile: (tile.place.y, tile.place.x)):
        if not found or tile.place.y >= bottom:
            found.append([])
        found[-1].append(tile)
        bottom = max(bottom, tile.place.bottom)
    rows = [max(tile.place.bottom for tile in band) - min(tile.place.y for tile in band) for band in found]
    whole = room / max(sum(rows), 1)
    usual = min(UNIT, whole) if whole >= LEAST_UNIT else UNIT
    return [(band, min(usual, (_LOWEST - MARGIN) / tall)) for band, tall in zip(found, rows, strict=True)]


def _place(tile: Tile, top: float, first: int, unit: float) -> Box:
    """Where a widget is drawn: as on the grid, scaled to the paper."""
    place, column = tile.place, ROOM / COLUMNS
    return Box(
        MARGIN + place.x * column + GAP / 2, top + (place.y - first) * unit + GAP / 2, place.w * column - GAP,
        place.h * unit - GAP,
    )  # fmt: skip


def _in_full(paper: _Paper, tile: Tile) -> None:
    """Every row of a table, on as many pages as it takes, each with its head."""
    table = tile.drawing
    assert isinstance(table, Table)
    place = 0
    while place < len(table.texts) or place == 0:
        top = paper.turn(tile.title if place == 0 else f"{tile.title}, continued")
        room = max(1, int((_LOWEST - top - PAD - 2 * ROW) / ROW))
        texts = table.texts[place : place + room]
        last = place + len(texts) >= len(table.texts)
        total = table.total.texts if last and table.total is not None else None
        draw_rows(paper.surface, table, Box(MARGIN, top, ROOM, _LOWEST - top), texts, total, first=place)
        place += len(texts)
        if last:
            return
