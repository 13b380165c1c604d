"""Excel: a sheet for each widget with figures and dates as such, and one that says what they are of."""

from __future__ import annotations

import io
import re
from datetime import datetime

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from metrics_core.exports.board import Board, Progress, Tile, nobody
from metrics_core.exports.grid import Cell, Grid, Head, course_of, grid_of
from metrics_core.exports.to_csv import disarmed
from metrics_core.widgets.drawing import Card
from metrics_core.widgets.numbers import Numbers
from metrics_core.widgets.theme import ROLES

INFO = "Info"
LONGEST_NAME = 31
WIDEST, NARROWEST = 48, 10
_TEXT, _MUTED, _PRIMARY, _VIOLET = (ROLES["light"][name] for name in ("text", "muted", "primary", "simulated"))
_SURFACE, _TINT = ROLES["light"]["surface"], ROLES["light"]["simulated:tint"]
_WHOLE = 10**15
"""Excel keeps fifteen digits of a number; longer ones are written as text."""


def board_xlsx(board: Board, progress: Progress = nobody) -> bytes:
    """The workbook of a dashboard or of one widget."""
    into = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(into, options) as book:
        created = board.computed_at.replace(tzinfo=None)
        book.set_properties({"title": board.title, "comments": board.line(), "created": created})
        looks = _Looks(book, board)
        info = book.add_worksheet(INFO)
        names = _names(board.tiles)
        _info(info, board, names, looks)
        for number, (tile, name) in enumerate(zip(board.tiles, names, strict=True), 1):
            _sheet(book.add_worksheet(name), tile, board, looks)
            progress(number, len(board.tiles))
    return into.getvalue()


class _Looks:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Workbook, board: Board) -> None:
        self._book = book
        self._kept: dict[tuple[str, bool], Format] = {}
        symbol = Numbers(board.currency, board.digits).symbol.replace('"', "")
        decimals = f".{'0' * board.digits}" if board.digits else ""
        money = f'"{symbol}"#,##0{decimals}'
        self._codes = {
            "money": f"{money};-{money}", "count": "#,##0", "number": "#,##0.##", "percent": '0.00"%"', "share": '0.0"%"',
            "change": "+#,##0.##;-#,##0.##;0", "time": "yyyy-mm-dd hh:mm", "day": "yyyy-mm-dd",
        }  # fmt: skip

    def of(self, unit: str | None, *, bold: bool = False) -> Format:
        found = self._kept.get((unit or "", bold))
        if found is None:
            look: dict[str, object] = {"font_color": _TEXT, "bold": bold, "valign": "top", **({"top": 1} if bold else {})}
            if unit in self._codes:
                look |= {"num_format": self._codes[unit or ""]}
            elif unit == "armed":
                # So that it stays text when somebody edits the cell.
                look |= {"quote_prefix": True}
            elif unit in _NAMED:
                look |= _NAMED[unit or ""]
            found = self._kept[unit or "", bold] = self._book.add_format(look)
        return found


_NAMED: dict[str, dict[str, object]] = {
    "title": {"bold": True, "font_size": 16},
    "muted": {"font_color": _MUTED},
    "head": {"bold": True, "bg_color": _SURFACE, "bottom": 1, "text_wrap": True},
    "head right": {"bold": True, "bg_color": _SURFACE, "bottom": 1, "align": "right", "text_wrap": True},
    "mark": {"bold": True, "font_color": _VIOLET, "bg_color": _TINT},
    "link": {"font_color": _PRIMARY, "underline": 1},
    "wrapped": {"text_wrap": True},
}


# ------------------------------------------------------------------------------------------------------------- the sheets


def _info(sheet: Worksheet, board: Board, names: list[str], looks: _Looks) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 72)
    sheet.write_string(0, 0, board.title, looks.of("title"))
    row = 1
    if board.description:
        sheet.write_string(row, 0, board.description, looks.of("muted"))
        row += 1
    if board.watermark:
        sheet.write_string(row, 0, board.watermark, looks.of("mark"))
        sheet.write_string(row, 1, "Not all of these figures are of real data.", looks.of("mark"))
        row += 1
    row += 1
    for name, value in board.facts():
        sheet.write_string(row, 0, name, looks.of("muted"))
        if name == "Snapshot" and int(value) < _WHOLE:
            sheet.write_number(row, 1, int(value), looks.of("left"))
        else:
            _text(sheet, row, 1, value, looks, wrapped=True)
        row += 1
    for name, moment in (("Figures of, as a date", board.as_of), ("Data through, as a date", board.data_through)):
        if moment is not None:
            sheet.write_string(row, 0, name, looks.of("muted"))
            sheet.write_datetime(row, 1, moment.replace(tzinfo=None), looks.of("time"))
            row += 1
    row += 1
    sheet.write_row(row, 0, ("Sheet", "Widget"), looks.of("head"))
    for tile, name in zip(board.tiles, names, strict=True):
        row += 1
        quoted = name.replace("'", "''")
        sheet.write_url(row, 0, f"internal:'{quoted}'!A1", looks.of("link"), string=name)
        _text(sheet, row, 1, tile.title, looks)


def _sheet(sheet: Worksheet, tile: Tile, board: Board, looks: _Looks) -> None:
    sheet.set_footer(f"&L{_footer(board)}&RPage &P of &N")
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    if board.watermark:
        sheet.set_tab_color(_VIOLET)
    if tile.drawing is None:
        _text(sheet, 0, 0, tile.error or "Not drawn", looks)
        return
    grid = grid_of(tile.drawing)
    last = _grid(sheet, 0, grid, looks)
    if grid.rows:
        sheet.freeze_panes(1, 0)
        body = len(grid.rows) - (1 if grid.total else 0)
        if body > 1:
            sheet.autofilter(0, 0, body, len(grid.heads) - 1)
    for text in (grid.note, board.watermark and f"{board.watermark}: not all of these figures are of real data."):
        if text:
            last += 1
            sheet.write_string(last, 0, disarmed(text), looks.of("mark" if text != grid.note else "muted"))
    course = course_of(tile.drawing) if isinstance(tile.drawing, Card) else None
    if course is not None:
        _grid(sheet, last + 2, course, looks)


def _grid(sheet: Worksheet, top: int, grid: Grid, looks: _Looks) -> int:
    """Write a grid; the row below it."""
    for column, head in enumerate(grid.heads):
        _head(sheet, top, column, head, grid, looks)
    for number, row in enumerate(grid.rows, 1):
        bold = grid.total and number == len(grid.rows)
        for column, (value, head) in enumerate(zip(row, grid.heads, strict=True)):
            _cell(sheet, top + number, column, value, head, looks, bold=bold)
    return top + len(grid.rows) + 1


def _head(sheet: Worksheet, row: int, column: int, head: Head, grid: Grid, looks: _Looks) -> None:
    sheet.write_string(row, column, disarmed(head.label), looks.of("head" if head.unit is None else "head right"))
    longest = max((len(str(line[column])) for line in grid.rows if line[column] is not None), default=0)
    wanted = 17 if head.unit == "time" else max(longest + 4, min(len(head.label) + 4, 24))
    if row == 0:
        sheet.set_column(column, column, min(WIDEST, max(NARROWEST, wanted)))


def _cell(sheet: Worksheet, row: int, column: int, value: Cell, head: Head, looks: _Looks, *, bold: bool) -> None:
    if value is None:
        sheet.write_blank(row, column, None, looks.of(head.unit, bold=bold))
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value, looks.of("time", bold=bold))
    elif isinstance(value, str):
        _text(sheet, row, column, value, looks, bold=bold)
    elif abs(value) >= _WHOLE:
        sheet.write_string(row, column, str(value), looks.of(None, bold=bold))
    else:
        sheet.write_number(row, column, value, looks.of(head.unit or "number", bold=bold))


def _text(
    sheet: Worksheet, row: int, column: int, text: str, looks: _Looks, *, bold: bool = False, wrapped: bool = False
) -> None:
    """Text as text, whatever it begins with: as it was, and marked so that no program works it out."""
    armed = disarmed(text) != text
    plain = text[:32_767]
    sheet.write_string(row, column, plain, looks.of("armed" if armed else "wrapped" if wrapped else None, bold=bold))


def _names(tiles: tuple[Tile, ...]) -> list[str]:
    """Sheet names: what Excel allows of the titles, each another one."""
    found: list[str] = []
    taken = {INFO.casefold(), "history"}
    for tile in tiles:
        plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]+", " ", tile.title).strip().strip("'").strip() or "Widget"
        name = plain[:LONGEST_NAME]
        number = 2
        while name.casefold() in taken:
            tail = f" {number}"
            name, number = plain[: LONGEST_NAME - len(tail)] + tail, number + 1
        taken.add(name.casefold())
        found.append(name)
    return found


def _footer(board: Board) -> str:
    said = f"{board.title} · {board.line()}" + (f" · {board.watermark}" if board.watermark else "")
    return said.replace("&", "&&")[:200]
