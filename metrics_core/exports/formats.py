"""The files a dashboard can be taken away as, a row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from metrics_core.errors import BadRequestError, UnknownNameError
from metrics_core.exports.board import Board, Progress, nobody
from metrics_core.exports.to_csv import board_zip, file_name, widget_csv
from metrics_core.exports.to_excel import board_xlsx
from metrics_core.exports.to_pdf import board_pdf
from metrics_core.exports.to_png import widget_png
from metrics_core.widgets.theme import Scheme


@dataclass(frozen=True, slots=True)
class Wish:
    """Which file somebody wants."""

    format: str
    widget: str | None = None
    """The id of one widget; without it, all of them."""
    plain: bool = False
    """Of a CSV: the table and nothing else."""
    scheme: Scheme = "light"
    """Of a picture."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that was written."""

    name: str
    media: str
    content: bytes
    note: str = ""
    """What whoever takes it should know."""


@dataclass(frozen=True, slots=True)
class Format:
    """A sort of file. `one` and `all` write one widget or all of them; None where it is not made of that."""

    name: str
    label: str
    icon: str
    ending: str
    media: str
    one: Callable[[Board, Wish, Progress], bytes]
    all: Callable[[Board, Wish, Progress], bytes] | None
    all_ending: str | None = None
    all_media: str | None = None
    drawn: bool = False
    """Its letters are drawn here, with the fonts of this machine."""


FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format(
            "csv", "CSV", "csv", "csv", "text/csv; charset=utf-8",
            lambda board, wish, told: widget_csv(board, plain=wish.plain).encode(),
            lambda board, wish, told: board_zip(board, told), "zip", "application/zip",
        ),
        Format(
            "xlsx", "Excel", "table_view", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            lambda board, wish, told: board_xlsx(board, told), lambda board, wish, told: board_xlsx(board, told),
        ),
        Format(
            "pdf", "PDF", "picture_as_pdf", "pdf", "application/pdf",
            lambda board, wish, told: board_pdf(board, told), lambda board, wish, told: board_pdf(board, told), drawn=True,
        ),
        Format(
            "png", "PNG", "image", "png", "image/png", lambda board, wish, told: widget_png(board, wish.scheme), None,
            drawn=True,
        ),
    )
}  # fmt: skip


def known_format(wish: Wish) -> Format:
    """The format that is wanted; BadRequestError where there is none, or not of what is wanted."""
    if wish.format not in FORMATS:
        what = "format"
        raise UnknownNameError(what, wish.format, FORMATS)
    found = FORMATS[wish.format]
    if wish.widget is None and found.all is None:
        msg = f"{found.label} is a picture of one widget. Name it, as in widget=w1, or take the dashboard as pdf."
        raise BadRequestError(msg)
    return found


def write(board: Board, wish: Wish, progress: Progress = nobody) -> File:
    """The file."""
    found = known_format(wish)
    whole = wish.widget is None and found.all is not None
    make = found.all if whole and found.all is not None else found.one
    ending, media = found.ending, found.media
    if whole:
        ending, media = found.all_ending or ending, found.all_media or media
    about = board.title if whole or not board.tiles else f"{board.title} {board.tiles[0].title}"
    name = f"{file_name(about, set())}-{board.as_of:%Y-%m-%d-%H%M}.{ending}"
    return File(name, media, make(board, wish, progress), board.boxed() if found.drawn else "")
