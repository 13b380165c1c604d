"""Something to draw on: lines, areas and text in one coordinate system, on a page of a PDF or in a picture alike."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import cos, pi, sin
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from reportlab.lib.colors import Color
from reportlab.pdfbase.pdfmetrics import stringWidth as pdf_width

from metrics_core.exports.letters import name_of, own, pieces, width_of
from metrics_core.widgets.theme import ROLES, Scheme, colour

Point: TypeAlias = tuple[float, float]
Anchor: TypeAlias = Literal["start", "middle", "end"]

_BEFORE: dict[Anchor, float] = {"start": 0, "middle": 0.5, "end": 1}
"""How much of a text stands before the place it is anchored to."""


class Surface(Protocol):
    """Points are from the upper left corner, downwards; colours are the roles of the theme."""

    scheme: Scheme

    def line(self, points: Sequence[Point], role: str, width: float = 1, dash: Sequence[float] = ()) -> None: ...

    def area(self, points: Sequence[Point], role: str) -> None: ...

    def box(
        self, x: float, y: float, w: float, h: float, *, fill: str | None = None, stroke: str | None = None,
        radius: float = 0,
    ) -> None: ...

    def text(
        self, x: float, y: float, text: str, size: float, role: str = "text", *, bold: bool = False, anchor: Anchor = "start"
    ) -> None:
        """`y` is the baseline."""
        ...


# ------------------------------------------------------------------------------------------------------------------ text


def fitted(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """The text, or as much of it as there is room for, with an ellipsis."""
    if width_of(text, size, bold=bold) <= room:
        return text
    while text and width_of(f"{text}…", size, bold=bold) > room:
        text = text[:-1]
    return f"{text.rstrip()}…" if text else ""


def wrapped(text: str, size: float, room: float, lines: int, *, bold: bool = False) -> list[str]:
    """The text in lines of at most so much width; what does not fit in the last ends with an ellipsis."""
    found: list[str] = []
    rest = text.split()
    while rest and len(found) < lines:
        if len(found) == lines - 1:
            return [*found, fitted(" ".join(rest), size, room, bold=bold)]
        line = rest.pop(0)
        while rest and width_of(f"{line} {rest[0]}", size, bold=bold) <= room:
            line = f"{line} {rest.pop(0)}"
        found.append(fitted(line, size, room, bold=bold))
    return found


# ------------------------------------------------------------------------------------------------------------------- PDF


class PdfSurface:
    """A page of a PDF of this height."""

    def __init__(self, canvas: Any, height: float, scheme: Scheme = "light") -> None:
        self._canvas = canvas
        self._height = height
        self.scheme: Scheme = scheme

    def line(self, points: Sequence[Point], role: str, width: float = 1, dash: Sequence[float] = ()) -> None:
        self._canvas.setStrokeColor(_pdf(role, self.scheme))
        self._canvas.setLineWidth(width)
        self._canvas.setLineJoin(1)
        self._canvas.setDash(list(dash))
        self._canvas.drawPath(self._path(points), stroke=1, fill=0)
        self._canvas.setDash([])

    def area(self, points: Sequence[Point], role: str) -> None:
        path = self._path(points)
        path.close()
        self._canvas.setFillColor(_pdf(role, self.scheme))
        self._canvas.drawPath(path, stroke=0, fill=1)

    def box(
        self, x: float, y: float, w: float, h: float, *, fill: str | None = None, stroke: str | None = None,
        radius: float = 0,
    ) -> None:
        if fill is not None:
            self._canvas.setFillColor(_pdf(fill, self.scheme))
        if stroke is not None:
            self._canvas.setStrokeColor(_pdf(stroke, self.scheme))
            self._canvas.setLineWidth(0.75)
        how = {"stroke": int(stroke is not None), "fill": int(fill is not None)}
        if radius:
            self._canvas.roundRect(x, self._height - y - h, w, h, min(radius, w / 2, h / 2), **how)
        else:
            self._canvas.rect(x, self._height - y - h, w, h, **how)

    def text(
        self, x: float, y: float, text: str, size: float, role: str = "text", *, bold: bool = False, anchor: Anchor = "start"
    ) -> None:
        own(bold)
        self._canvas.setFillColor(_pdf(role, self.scheme))
        x -= _BEFORE[anchor] * width_of(text, size, bold=bold)
        for file, piece in pieces(text, bold):
            self._canvas.setFont(name_of(file), size)
            self._canvas.drawString(x, self._height - y, piece)
            x += pdf_width(piece, name_of(file), size)

    def _path(self, points: Sequence[Point]) -> Any:
        path = self._canvas.beginPath()
        path.moveTo(points[0][0], self._height - points[0][1])
        for x, y in points[1:]:
            path.lineTo(x, self._height - y)
        return path


def _pdf(role: str, scheme: Scheme) -> Color:
    red, green, blue, opacity = _rgba(role, scheme)
    return Color(red / 255, green / 255, blue / 255, opacity)


# --------------------------------------------------------------------------------------------------------------- picture

_SMOOTH = 2
"""Everything is drawn so many times as large as it is kept, so that edges are smooth."""


class PictureSurface:
    """A picture of this size, in points; a point is `scale` pixels."""

    def __init__(self, width: float, height: float, scheme: Scheme, *, scale: int = 2) -> None:
        self.scheme: Scheme = scheme
        self._factor = scale * _SMOOTH
        self._size = (round(width * scale), round(height * scale))
        self._image = Image.new("RGB", (self._size[0] * _SMOOTH, self._size[1] * _SMOOTH), _rgba("page", scheme)[:3])
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def png(self, facts: Sequence[tuple[str, str]] = ()) -> bytes:
        """The file, with what it is of among its properties."""
        about = PngInfo()
        for name, value in facts:
            about.add_itxt(name, value)
        into = io.BytesIO()
        self._image.reduce(_SMOOTH).save(into, "PNG", pnginfo=about)
        return into.getvalue()

    def line(self, points: Sequence[Point], role: str, width: float = 1, dash: Sequence[float] = ()) -> None:
        for piece in _dashed(points, dash) if dash else [points]:
            self._draw.line([self._at(point) for point in piece], fill=_ink(role, self.scheme),
                            width=max(1, round(width * self._factor)), joint="curve")  # fmt: skip

    def area(self, points: Sequence[Point], role: str) -> None:
        self._draw.polygon([self._at(point) for point in points], fill=_ink(role, self.scheme))

    def box(
        self, x: float, y: float, w: float, h: float, *, fill: str | None = None, stroke: str | None = None,
        radius: float = 0,
    ) -> None:
        self._draw.rounded_rectangle(
            (*self._at((x, y)), *self._at((x + max(w, 0), y + max(h, 0)))), radius=min(radius, w / 2, h / 2) * self._factor,
            fill=None if fill is None else _ink(fill, self.scheme),
            outline=None if stroke is None else _ink(stroke, self.scheme), width=self._factor,
        )  # fmt: skip

    def text(
        self, x: float, y: float, text: str, size: float, role: str = "text", *, bold: bool = False, anchor: Anchor = "start"
    ) -> None:
        drawn = [(_drawn_font(file, round(size * self._factor)), piece) for file, piece in pieces(text, bold)]
        across, down = self._at((x, y))
        across -= _BEFORE[anchor] * sum(font.getlength(piece) for font, piece in drawn)
        for font, piece in drawn:
            self._draw.text((across, down), piece, font=font, fill=_ink(role, self.scheme), anchor="ls")
            across += font.getlength(piece)

    def _at(self, point: Point) -> Point:
        return point[0] * self._factor, point[1] * self._factor


@cache
def _drawn_font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)


def _ink(role: str, scheme: Scheme) -> tuple[int, int, int, int]:
    red, green, blue, opacity = _rgba(role, scheme)
    return red, green, blue, round(255 * opacity)


def _rgba(role: str, scheme: Scheme) -> tuple[int, int, int, float]:
    named, _, opacity = role.partition("/")
    text = named if named.startswith("#") else ROLES[scheme][named]
    red, green, blue = (int(text[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue, float(opacity or 1)


def step_of(scale: str, share: float, scheme: Scheme) -> str:
    """The colour of a place on a scale, 0 to 1."""
    steps = colour(scale, scheme)
    assert isinstance(steps, list)
    return str(steps[min(len(steps) - 1, max(0, round(share * (len(steps) - 1))))][1])


def _dashed(points: Sequence[Point], dash: Sequence[float]) -> list[list[Point]]:
    """The pieces of a line that are drawn."""
    found: list[list[Point]] = []
    left, drawn, turn = dash[0], True, 0
    piece: list[Point] = [points[0]]
    for start, end in pairwise(points):
        length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
        done = 0.0
        while length - done > left:
            done += left
            here = (start[0] + (end[0] - start[0]) * done / length, start[1] + (end[1] - start[1]) * done / length)
            if drawn:
                found.append([*piece, here])
            piece, drawn, turn = [here], not drawn, turn + 1
            left = dash[turn % len(dash)]
        left -= length - done
        piece.append(end)
    if drawn and len(piece) > 1:
        found.append(piece)
    return found


# --------------------------------------------------------------------------------------------------------------- shapes


def arc(x: float, y: float, radius: float, start: float, end: float) -> list[Point]:
    """Points on a circle, from a share of a whole turn to another; 0 is above, and it goes as a clock does."""
    steps = max(2, int(abs(end - start) * 90) + 1)
    turns = [start + (end - start) * step / steps for step in range(steps + 1)]
    return [(x + radius * sin(2 * pi * turn), y - radius * cos(2 * pi * turn)) for turn in turns]


def hatch(surface: Surface, x: float, y: float, w: float, h: float, role: str, every: float = 7, width: float = 1) -> None:
    """Lines from the lower left to the upper right, within a box."""
    place = every
    while place < w + h:
        low = (x + max(0.0, place - h), y + min(place, h))
        high = (x + min(place, w), y + max(0.0, place - w))
        if high[0] - low[0] > 0.1:
            surface.line([low, high], role, width)
        place += every
