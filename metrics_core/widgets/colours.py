"""Who has which colour: a name keeps its place in the series on all charts of a dashboard."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from metrics_core.model.query import Value

SERIES = 8
"""How many colours the theme has for series."""

_USUAL: dict[str, tuple[str, ...]] = {
    "channel": ("online", "retail", "wholesale"),
    "segment": ("returning", "new", "loyal", "won back"),
}
"""Names that nearly every store has, so that they look the same on every dashboard of every store."""

Kept: TypeAlias = Mapping[str, Mapping[Value, int]]


class Colours:
    """Gives each value of a dimension a place in the series, the lowest free one, and remembers it."""

    def __init__(self, kept: Kept | None = None) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, dict[Value, int]] = {
            dimension: {name: place for place, name in enumerate(names)} for dimension, names in _USUAL.items()
        }
        for dimension, places in (kept or {}).items():
            self._kept.setdefault(dimension, {}).update(places)

    def of(self, dimension: str, values: Sequence[Value]) -> tuple[int, ...]:
        """The places of these values of one chart: different ones, as long as there are colours for them."""
        with self._lock:
            places = self._kept.setdefault(dimension, {})
            taken: list[int] = []
            for value in values:
                place = places.get(_plain(value))
                if place is None or (place in taken and len(values) <= SERIES):
                    place = self._free(places, taken)
                    places.setdefault(_plain(value), place)
                taken.append(place)
            return tuple(taken)

    def kept(self) -> Kept:
        """What has been given away, by dimension: `Colours(kept)` goes on from there."""
        with self._lock:
            return {dimension: dict(places) for dimension, places in self._kept.items()}

    def _free(self, places: Mapping[Value, int], taken: Sequence[int]) -> int:
        given = {*places.values(), *taken}
        for place in range(SERIES):
            if place not in given:
                return place
        # All are given away: the one that this chart does not show yet.
        return next((place for place in range(SERIES) if place not in taken), len(taken) % SERIES)


def _plain(value: Value) -> Value:
    return value.casefold() if isinstance(value, str) else value
