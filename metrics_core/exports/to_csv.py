"""CSV: text that no spreadsheet takes for a formula, exact figures, and what they are of in lines that begin with #."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from metrics_core.exports.board import Board, Progress, Tile, nobody
from metrics_core.exports.grid import Cell, Head, grid_of

BOM = "\ufeff"
"""Without it, Excel reads the file in the code page of its machine."""
_ARMED = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that a spreadsheet would work out; the last four are the wide forms of the first."""


def disarmed(text: str) -> str:
    """Text that stays text in a spreadsheet: what would begin a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_ARMED) else text


def cell(value: object) -> str:
    """A value as a cell has it: figures plain and exact, text disarmed, nothing for what is not there."""
    if value is None:
        return ""
    if isinstance(value, str):
        return disarmed(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def money(value: object, digits: int) -> object:
    """An amount with the decimals of its currency; what has more of them, such as a mean, keeps them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    exact = Decimal(repr(value))
    return exact.quantize(Decimal(1).scaleb(-digits)) if exact == round(exact, digits) else value


def line(values: Iterable[object]) -> str:
    """One line, ended as the standard says."""
    into = io.StringIO()
    csv.writer(into, lineterminator="\r\n").writerow([cell(value) for value in values])
    return into.getvalue()


def note(name: str, value: str) -> str:
    """A line about the file: what reads data takes it for a comment, what shows it shows two cells."""
    into = io.StringIO()
    plain = " ".join(value.split())
    csv.writer(into, lineterminator="\r\n").writerow([f"# {name}", disarmed(plain)])
    return into.getvalue()


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A head and rows."""
    return "".join([line(head), *(line(row) for row in rows)])


# ---------------------------------------------------------------------------------------------------------- dashboards


def widget_csv(board: Board, *, plain: bool = False) -> str:
    """One widget: what it is of in lines that begin with #, then its table. `plain` is the table and nothing else."""
    (tile,) = board.tiles
    about = "" if plain else BOM + "".join(note(name, value) for name, value in (("Widget", tile.title), *board.facts()))
    return about + _tile(tile, board)


def board_zip(board: Board, progress: Progress = nobody) -> bytes:
    """Every widget of a dashboard as a table of its own, in one archive, with a list of what they are of."""
    into = io.BytesIO()
    taken: set[str] = set()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        facts = table(("Name", "Value"), board.facts())
        _put(archive, "info.csv", BOM + facts, board)
        for number, tile in enumerate(board.tiles, 1):
            name = file_name(f"{number:02d}-{tile.title}", taken)
            _put(archive, f"{name}.csv", BOM + _tile(tile, board), board)
            progress(number, len(board.tiles))
    return into.getvalue()


def file_name(title: str, taken: set[str]) -> str:
    """A name that every system can keep, and that no other file of the same archive has."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "widget"
    if name in taken:
        name = next(f"{name}-{number}" for number in range(2, 1_000) if f"{name}-{number}" not in taken)
    taken.add(name)
    return name


def _put(archive: zipfile.ZipFile, name: str, text: str, board: Board) -> None:
    at = board.computed_at
    archive.writestr(zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second)), text.encode())


def _tile(tile: Tile, board: Board) -> str:
    if tile.drawing is None:
        return table(("Not drawn",), [(tile.error,)])
    grid = grid_of(tile.drawing)
    if not grid.rows:
        return table(("Nothing to show",), [(grid.note,)])
    heads = [_head(head, board) for head in grid.heads]
    return table(heads, [[_figure(value, head, board) for value, head in zip(row, grid.heads, strict=True)]
                         for row in grid.rows])  # fmt: skip


def _head(head: Head, board: Board) -> str:
    """What a column holds, with what its figures are in: nothing else in the table says it."""
    unit = {"money": board.currency, "percent": "%", "share": "%"}.get(head.unit or "")
    return head.label if unit is None else f"{head.label} ({unit})"


def _figure(value: Cell, head: Head, board: Board) -> object:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return money(value, board.digits) if head.unit == "money" else value
