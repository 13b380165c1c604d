"""What charts are drawn from: a box to draw in, and what a trace says of its colours and labels."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Trace: TypeAlias = Mapping[str, Any]

TICK, LEGEND = 8.5, 9.5
"""Sizes of text."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a surface."""

    x: float
    y: float
    w: float
    h: float

    def inside(self, left: float = 0, top: float = 0, right: float = 0, bottom: float = 0) -> Box:
        return Box(self.x + left, self.y + top, max(1, self.w - left - right), max(1, self.h - top - bottom))


def plain(text: object) -> str:
    """A label as it was before it was made fit for Plotly."""
    return html.unescape(str(text)).replace("<br>", " ")


def painted(trace: Trace, path: str, usual: str = "series:0") -> Any:
    """The role, or the roles, of a part of a trace or layout."""
    meta = trace.get("meta")
    paint = meta.get("paint") if isinstance(meta, Mapping) else None
    return paint.get(path, usual) if isinstance(paint, Mapping) else usual


def said_of(trace: Trace, name: str) -> Any:
    meta = trace.get("meta")
    return meta.get(name) if isinstance(meta, Mapping) else None
