"""PNG: one widget as a picture, drawn here and not by a browser, with what it is of beneath it."""

from __future__ import annotations

from metrics_core.exports.board import Board, told
from metrics_core.exports.surface import PictureSurface, fitted
from metrics_core.exports.tiles import draw_tile, height_of
from metrics_core.exports.traces import Box
from metrics_core.widgets.theme import Scheme

COLUMN, ROW = 84.0, 74.0
"""Points to a column and a row of the grid."""
_EDGE, _WORDS = 12.0, 34.0


def widget_png(board: Board, scheme: Scheme = "light") -> bytes:
    """The picture of the one widget, in a theme, as large as on the page and two pixels to the point."""
    (tile,) = board.tiles
    width, height = max(tile.place.w * COLUMN, 240.0), max(tile.place.h * ROW, 130.0, height_of(tile.drawing))
    surface = PictureSurface(width + 2 * _EDGE, height + _EDGE + _WORDS + 4, scheme)
    draw_tile(surface, tile, Box(_EDGE, _EDGE, width, height), watermark=board.watermark)
    limits = f"Limited to {told(board.limits)}" if board.limits else ""
    said = " · ".join(part for part in (board.period, told(board.filters), limits, board.watermark or "") if part)
    surface.text(_EDGE, _EDGE + height + 15, fitted(said, 9, width), 9, "simulated:text" if board.watermark else "text")
    surface.text(_EDGE, _EDGE + height + 28, fitted(board.line(), 9, width), 9, "muted")
    return surface.png([("Title", tile.title), *board.facts()])
