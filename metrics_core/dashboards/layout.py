"""Where widgets sit: nothing overlaps, everything is within twelve columns, and nothing hangs in the air."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product

from metrics_core.errors import BadRequestError
from metrics_core.model.dashboard import COLUMNS, Place, Widget

DEEPEST = 1_000
"""Rows of a dashboard."""

Sizes = Mapping[str, tuple[int, int]]
"""The smallest size of each kind of widget, in columns and rows."""


def check(widgets: Sequence[Widget], smallest: Sizes) -> None:
    """BadRequestError where a widget sits where it cannot: the sentence says which, and what to do."""
    for widget in widgets:
        _check_place(widget, smallest.get(widget.kind, (1, 1)))
    for one, other in combinations(widgets, 2):
        if one.place.overlaps(other.place):
            msg = f"{_called(one)} and {_called(other)} overlap. Move one of them, or make it smaller."
            raise BadRequestError(msg)


def compact(widgets: Sequence[Widget]) -> tuple[Widget, ...]:
    """The same widgets, each as far up as nothing is in its way; their order stays."""
    settled: dict[str, Place] = {}
    for widget in sorted(widgets, key=lambda widget: (widget.place.y, widget.place.x)):
        place = widget.place
        while place.y and not any(replace(place, y=place.y - 1).overlaps(other) for other in settled.values()):
            place = replace(place, y=place.y - 1)
        settled[widget.id] = place
    return tuple(replace(widget, place=settled[widget.id]) for widget in widgets)


def free_place(widgets: Sequence[Widget], w: int, h: int) -> Place:
    """The first place in reading order where a widget of this size fits."""
    last = max((widget.place.bottom for widget in widgets), default=0)
    for y, x in product(range(last + 1), range(COLUMNS - w + 1)):
        place = Place(x, y, w, h)
        if not any(place.overlaps(widget.place) for widget in widgets):
            return place
    return Place(0, last, w, h)


def phone_order(widgets: Sequence[Widget]) -> tuple[str, ...]:
    """The ids in the order in which a phone shows them, one below the other: as one reads."""
    return tuple(widget.id for widget in sorted(widgets, key=lambda widget: (widget.place.y, widget.place.x)))


def _check_place(widget: Widget, smallest: tuple[int, int]) -> None:
    place, (least_w, least_h) = widget.place, smallest
    if place.w < least_w or place.h < least_h:
        msg = (
            f"{_called(widget)} is {place.w} x {place.h}, and its kind ({widget.kind}) needs at least {least_w} columns and "
            f"{least_h} rows. Make it larger."
        )
        raise BadRequestError(msg)
    if place.x < 0 or place.right > COLUMNS:
        msg = (
            f"{_called(widget)} takes the columns {place.x} to {place.right}, and the grid has {COLUMNS}. Move it to the "
            "left, or make it narrower."
        )
        raise BadRequestError(msg)
    if place.y < 0 or place.bottom > DEEPEST:
        msg = f"{_called(widget)} begins in row {place.y}, and a dashboard has the rows 0 to {DEEPEST}. Move it."
        raise BadRequestError(msg)


def _called(widget: Widget) -> str:
    return f"{widget.title or widget.kind!s} ({widget.id})"
