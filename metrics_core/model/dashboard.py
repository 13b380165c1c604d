"""A dashboard: widgets a person put together, where each sits, and who may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

COLUMNS = 12
"""Columns of the grid; rows there are as many as it takes."""


class Visibility(StrEnum):
    """Who may see a dashboard besides its owner and the administrators."""

    PRIVATE = "private"
    ROLES = "roles"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a widget sits: the column and row of its upper left corner, and how many of each it takes."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        return self.x + self.w

    @property
    def bottom(self) -> int:
        return self.y + self.h

    def overlaps(self, other: Place) -> bool:
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True, slots=True)
class Widget:
    """One drawing on a dashboard."""

    id: str
    kind: str
    title: str
    """Empty: the drawing names itself."""
    spec: Mapping[str, object]
    """What it asks and how it is drawn, as its kind understands it."""
    place: Place


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Widgets a person put together."""

    title: str
    description: str
    owner: str
    """The name of the principal it belongs to."""
    visibility: Visibility
    roles: tuple[str, ...]
    """Who sees it where it is shown to roles."""
    state: Mapping[str, object]
    """The period, comparison, zone, origin, filters and refresh it opens with."""
    widgets: tuple[Widget, ...]
