"""Many orders at once, admitted by column: each step is asked for a whole column, of what comes again and again once.

Nothing is judged here that is not judged by the same steps. What they refuse, and whatever is not an order of these fields
alone, is left to `Admission`, which goes record by record and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, islice, repeat
from typing import Any, TypeAlias, TypeVar

from metrics_core.ingest.arrival import Arrival
from metrics_core.ingest.identity import flat, identity
from metrics_core.ingest.orders import MOST_LINES, has_a_known_status
from metrics_core.ingest.shapes import LINE, ORDER, Shape
from metrics_core.ingest.steps import has_an_id, has_an_id_or_none, has_clean_text, has_whole_numbers
from metrics_core.ingest.times import has_a_time
from metrics_core.ingest.unfit import Unfit
from metrics_core.model.event import ORDER_COMPLETED
from metrics_core.model.events import EventColumns, Events

FROM = 20
"""So many records are worth it."""

Kept = TypeVar("Kept")
Column: TypeAlias = Sequence[Any]
Lines: TypeAlias = tuple[tuple[str | None, int, int], ...]

_TEXTS: frozenset[type] = frozenset({str, type(None)})
_NUMBERS: frozenset[type] = frozenset({int, float})


def orders_alike(records: Sequence[object], arrival: Arrival) -> Events | None:
    """The orders that all these records are; None where one of them may be anything else, or is to be refused."""
    try:
        return _orders(_Said(ORDER, records), arrival)
    except (Unfit, _Doubtful):
        return None


class _Doubtful(Exception):
    """It has to be found out record by record."""


class _Said:
    """What objects say, by the names of their shape."""

    def __init__(self, shape: Shape, objects: Sequence[Any]) -> None:
        _are(objects, frozenset({dict}))
        self._objects = objects
        self._keys: dict[str, str] = {}
        for key in set(chain.from_iterable(objects)):
            name = shape.spellings.get(key)
            if name is None or name in self._keys:
                raise _Doubtful
            self._keys[name] = key

    def each(self, name: str) -> Column:
        """What each says of it; None where it says nothing."""
        key = self._keys.get(name)
        return [None] * len(self._objects) if key is None else [said.get(key) for said in self._objects]

    def named(self, name: str) -> Column:
        """The same, where every one says something."""
        column = self.each(name)
        if None in column:
            raise _Doubtful
        return column


def _orders(said: _Said, arrival: Arrival) -> Events:
    lines = _lines(said.named("lines"), arrival)
    number = len(lines)
    _in_currency(said.each("currency"), arrival)
    given = [None if one is None else has_an_id(one, "id") for one in said.each("id")]
    order = [has_an_id(one, "orderId") for one in said.named("orderId")]
    user = [has_an_id_or_none(one, "userId") for one in said.each("userId")]
    now, zone = arrival.now, arrival.zone
    at = [None if one is None else has_a_time(one, "ts", now, zone) for one in said.each("ts")]
    kind = _judged(said.each("status"), _TEXTS, lambda one: ORDER_COMPLETED if one is None else has_a_known_status(one))
    channel, region, staff, segment, content, company = [
        _judged(said.each(name), _TEXTS, partial(has_clean_text, field=name))
        for name in ("channel", "region", "staffId", "segment", "contentId", "company")
    ]
    told = zip(kind, order, user, at, map(flat, lines), channel, region, staff, segment, content, company, strict=True)
    id, digest = zip(*map(identity, given, repeat(arrival.source), told, repeat(b"")), strict=True)
    nothing = [None] * number
    return Events(EventColumns(
        id, digest, kind, [now if one is None else one for one in at], [now] * number, [arrival.source] * number,
        [arrival.origin] * number, [arrival.run_id] * number, user, nothing, order, [True] * number, lines, [0] * number,
        [1] * number, channel, region, staff, segment, content, nothing, company, nothing,
    ))  # fmt: skip


def _lines(column: Column, arrival: Arrival) -> list[Lines]:
    _are(column, frozenset({list}))
    lengths = list(map(len, column))
    if not 0 < min(lengths) <= max(lengths) <= MOST_LINES:
        raise _Doubtful
    said = _Said(LINE, list(chain.from_iterable(column)))
    _in_currency(said.each("currency"), arrival)
    minor = arrival.money.minor
    lines = zip(
        _judged(said.named("productId"), _TEXTS, lambda one: has_an_id_or_none(one, "productId")),
        _judged(said.named("quantity"), _NUMBERS, lambda one: has_whole_numbers(one, "quantity")),
        [minor(one, "revenue") for one in said.named("revenue")],
        strict=True,
    )
    if max(lengths) == 1:
        return list(zip(lines, strict=True))
    found = [tuple(islice(lines, length)) for length in lengths]
    for some in found:
        if len(some) > 1:
            arrival.money.is_within_bounds(sum([amount for _, _, amount in some]), "lines")
    return found


def _in_currency(column: Column, arrival: Arrival) -> None:
    _judged(column, _TEXTS, lambda one: None if one is None else arrival.money.is_in_currency(one))


def _judged(column: Column, types: frozenset[type], judge: Callable[[Any], Kept]) -> list[Kept]:
    """What a step makes of each value, where few come again and again."""
    _are(column, types)
    known = {value: judge(value) for value in set(column)}
    return [known[value] for value in column]


def _are(column: Column, types: frozenset[type]) -> None:
    """Each is of one of these types. Of others, some that are equal say different things: 1, 1.0 and true."""
    if not types.issuperset(map(type, column)):
        raise _Doubtful
