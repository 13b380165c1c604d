"""Counting over the facts in MongoDB: one pipeline for any split, filter and cut of time, exact and in integers only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from typing import Any, TypeAlias

from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW
from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant
from metrics_core.model.measure import TOTALS
from metrics_core.model.query import Filter, Value
from metrics_core.store.mongo.schema import FACTS, Collections, Fields
from metrics_core.store.mongo.server import State, all_of
from metrics_core.store.mongo.users import UserNumbers
from metrics_core.store.protocols import Signs, Tally

Expression: TypeAlias = Any
"""An aggregation expression."""

Piece: TypeAlias = tuple[Instant, Expression]
"""From when on which expression holds."""

_BIAS_DAYS = 7 * 110_000
_BIAS = _BIAS_DAYS * DAY
"""Where time is divided it is counted from so long before 1970, in whole weeks, that no event is earlier: remainders of
negative numbers are negative."""
_THURSDAY = 3
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_LENGTHS = {"minute": MINUTE, "hour": HOUR}
_USER_COUNTS = ("buyers", "active")
_LETTERS = 128


def run(database: Collections, state: State, users: UserNumbers, tally: Tally) -> list[tuple[Value, ...]]:
    """The rows of `EventLog.tally`."""
    named = {str(value) for row in tally.where if row.dimension == "user" for value in row.values if value is not None}
    numbers = users.find(database, state.session, named)
    stages = pipeline(tally, state.facts(), numbers)
    found = list(database[FACTS].aggregate(stages, session=state.session, allowDiskUse=True))
    keys = _keys(tally)
    if not keys:
        return [tuple(int(found[0][term]) if found else 0 for term in tally.terms)]
    readers = [_reader(name, tally) for name in keys]
    if "user" in tally.by:
        place = f"key_{tally.by.index('user')}"
        seen = {int(row["_id"][place]) for row in found if row["_id"][place] is not None}
        names = users.names(database, state.session, seen)
        readers = [names.__getitem__ if name == place else read for name, read in zip(keys, readers, strict=True)]
    rows: list[tuple[Value, ...]] = []
    for row in found:
        terms = tuple([int(row[term]) for term in tally.terms])
        if any(terms):
            key = [row["_id"][name] for name in keys]
            told = [None if value is None else read(value) for value, read in zip(key, readers, strict=True)]
            rows.append((*told, *terms))
    return rows


def pipeline(tally: Tally, conditions: Sequence[Fields], numbers: Mapping[str, int]) -> list[Fields]:
    """The stages that give a document for each row: `_id` with the keys, and the terms by name."""
    by_line = "product" in tally.by or any(row.dimension == "product" for row in tally.where)
    needed: list[Fields] = [{"at": {"$gte": tally.window.start, "$lt": tally.window.end}}, *conditions, *_kinds(tally.terms)]
    if tally.origins:
        needed.append({"origin": {"$in": list(tally.origins)}})
    given = [row for row in tally.where if row.dimension == "segment" and tally.segments is not None]
    needed += [_keeps(row, tally, numbers) for row in tally.where if row.dimension != "product" and row not in given]
    stages: list[Fields] = [{"$match": all_of(needed)}]
    if tally.segments is not None:
        stages.append({"$set": {"segment": {"$ifNull": ["$segment", _segment(tally.segments)]}}})
        stages += [{"$match": _keeps(row, tally, numbers)} for row in given]
    if by_line:
        stages += _told_apart(tally)
    keys: Fields = {f"key_{place}": _dimension(name, tally) for place, name in enumerate(tally.by)}
    if tally.grain is not None:
        keys["bucket"] = _bucket(tally)
    sums = {term: {"$sum": _SUMS[term](by_line)} for term in tally.terms if term in TOTALS}
    distinct = {term: _MARKS[term] for term in tally.terms if term not in TOTALS}
    if not distinct:
        return [*stages, {"$group": {"_id": keys or None, **sums}}]
    marks = {term: {"$max": {"$cond": [mark, 1, 0]}} for term, mark in distinct.items()}
    somebody = {"$ne": ["$_id.somebody", None]}
    return [
        *stages,
        {"$group": {"_id": {**keys, "somebody": {"$ifNull": ["$user", None]}}, **sums, **marks}},
        {"$group": {
            "_id": {name: f"$_id.{name}" for name in keys} or None,
            **{term: {"$sum": f"${term}"} for term in sums},
            **{term: {"$sum": {"$cond": [somebody, f"${term}", 0]}} for term in marks},
        }},
    ]  # fmt: skip


def sums_by(by: Sequence[str]) -> list[Fields]:
    """The stages that add up every total of the facts before them, by origin and these dimensions."""
    keys = {"origin": "$origin", **{f"key_{place}": {"$ifNull": [f"${name}", None]} for place, name in enumerate(by)}}
    return [{"$group": {"_id": keys, **{term: {"$sum": _SUMS[term](False)} for term in TOTALS}}}]


def _told_apart(tally: Tally) -> list[Fields]:
    """An event becomes one for each of its products, or for all that are asked for together."""
    columns = {DIMENSIONS[name].column for name in tally.by if name != "product"}
    kept = sorted({"kind", "placed", "user", "at", "amount", "count"} | columns)
    whole: Fields = {"event": "$_id"}
    if "product" in tally.by:
        whole["product"] = {"$ifNull": ["$lines.product", None]}
    of_products = [_holds("lines.product", row.values, row.negated) for row in tally.where if row.dimension == "product"]
    return [
        {"$unwind": {"path": "$lines", "preserveNullAndEmptyArrays": True}},
        *({"$match": one} for one in of_products),
        {"$group": {
            "_id": whole, **{name: {"$first": f"${name}"} for name in kept},
            "line_quantity": {"$sum": "$lines.quantity"}, "line_amount": {"$sum": "$lines.amount"},
        }},
    ]  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- terms


def _of_kind(kind: str, amount: Expression) -> Expression:
    return {"$cond": [{"$eq": ["$kind", kind]}, amount, 0]}


_SUMS: dict[str, Callable[[bool], Expression]] = {
    "placed": lambda _: {"$cond": [{"$eq": ["$placed", True]}, 1, 0]},
    "completed": lambda _: _of_kind(ORDER_COMPLETED, 1),
    "failed": lambda _: _of_kind(ORDER_FAILED, 1),
    "quantity": lambda by_line: _of_kind(ORDER_COMPLETED, "$line_quantity" if by_line else "$quantity"),
    "gross": lambda by_line: _of_kind(ORDER_COMPLETED, "$line_amount" if by_line else "$amount"),
    "refunds": lambda _: _of_kind(REFUND, "$amount"),
    "views": lambda _: _of_kind(VIEW, "$count"),
    "events": lambda _: 1,
}

_MARKS: dict[str, Expression] = {
    "buyers": {"$eq": ["$kind", ORDER_COMPLETED]},
    "active": {"$and": [
        {"$ne": ["$kind", REFUND]}, {"$or": [{"$ne": ["$kind", ORDER_FAILED]}, {"$eq": ["$placed", True]}]},
    ]},
}  # fmt: skip
"""What makes an event's user one of them."""

_KINDS = {
    "completed": ORDER_COMPLETED, "failed": ORDER_FAILED, "quantity": ORDER_COMPLETED, "gross": ORDER_COMPLETED,
    "refunds": REFUND, "views": VIEW, "buyers": ORDER_COMPLETED,
}  # fmt: skip
"""The one kind of event that a term is made of."""


def _kinds(terms: Sequence[str]) -> list[Fields]:
    """The events that any of these terms can be found in."""
    if any(term not in _KINDS and term != "placed" for term in terms):
        return []
    among: Fields = {"kind": {"$in": sorted({_KINDS[term] for term in terms if term in _KINDS})}}
    return [{"$or": [among, {"placed": True}]}] if "placed" in terms else [among]


# ----------------------------------------------------------------------------------------------------- splits, filters


def _keys(tally: Tally) -> list[str]:
    """The keys of a row, in their order."""
    keys = [f"key_{place}" for place in range(len(tally.by))]
    return ["bucket", *keys] if tally.grain is not None else keys


def _dimension(name: str, tally: Tally) -> Expression:
    if name in _CLOCKS:
        return _local(tally, _CLOCKS[name])
    if name == "product":
        return {"$ifNull": ["$_id.product", None]}
    return {"$ifNull": [f"${DIMENSIONS[name].column}", None]}


def _segment(signs: Signs) -> Expression:
    """What the sign of an event says.

    Three signs are one letter, so that those of forty million events go into one question; and of a long text each event
    would get a copy, so it comes in short ones.
    """
    said = (None, *signs.names)
    threes = list(product(range(len(said)), repeat=3))
    letters = {"".join(map(str, three)).encode(): chr(number) for number, three in enumerate(threes, 1)}
    padded = signs.signs + b"00"
    written = "".join([letters[padded[at : at + 3]] for at in range(0, len(signs.signs), 3)])
    texts = [written[at : at + _LETTERS] for at in range(0, len(written), _LETTERS)]
    place: Expression = {"$subtract": ["$_id", signs.first]}
    nearby = {"$arrayElemAt": [{"$literal": texts}, {"$toInt": {"$floor": {"$divide": [place, 3 * _LETTERS]}}}]}
    letter = {"$substrBytes": [nearby, {"$floor": {"$divide": [{"$mod": [place, 3 * _LETTERS]}, 3]}}, 1]}
    three = {"$arrayElemAt": [
        {"$literal": [[said[sign] for sign in three] for three in threes]},
        {"$indexOfBytes": [{"$literal": "".join(letters.values())}, letter]},
    ]}  # fmt: skip
    here = {"$arrayElemAt": [three, {"$mod": [place, 3]}]}
    return {"$cond": [{"$and": [{"$gte": [place, 0]}, {"$lt": [place, len(signs.signs)]}]}, here, None]}


def _reader(key: str, tally: Tally) -> Callable[[Any], Value]:
    """What makes the value of a row from what a pipeline gives: whole days and hours come in microseconds."""
    name = tally.grain if key == "bucket" else tally.by[int(key.removeprefix("key_"))]
    if name == "hour" and key != "bucket":
        return lambda value: int(value) // HOUR
    if name == "weekday":
        return lambda value: int(value) // DAY
    if name in ("day", "week"):
        return lambda value: int(value) // DAY - _BIAS_DAYS
    return lambda value: value if isinstance(value, str) else int(value)


def _keeps(row: Filter, tally: Tally, numbers: Mapping[str, int]) -> Fields:
    if row.dimension in _CLOCKS:
        length = HOUR if row.dimension == "hour" else DAY
        wanted = [int(value * length) for value in row.values if isinstance(value, (int, float))]
        among = {"$in": [_dimension(row.dimension, tally), wanted]}
        return {"$expr": {"$not": [among]} if row.negated else among}
    values: Sequence[Value] = row.values
    if row.dimension == "user":
        values = [None if value is None else numbers.get(str(value), -1) for value in values]
    return _holds(DIMENSIONS[row.dimension].column, values, row.negated)


def _holds(column: str, values: Sequence[Value], negated: bool) -> Fields:
    """The filter on a column. "Not named" is a value like any other: null stands for what is not there too."""
    return {column: {"$nin" if negated else "$in": list(values)}}


# ---------------------------------------------------------------------------------------------------------- local time


def _bucket(tally: Tally) -> Expression:
    if tally.grain == "day":
        return _local(tally, _day)
    if tally.grain == "week":
        return _local(tally, lambda local: _week(_day(local), tally.week_start))
    if tally.grain == "month":
        return _choose([piece for start, end, offset in _shifts(tally)
                        for piece in _months(max(start, tally.window.start), end, offset)])
    length = _LENGTHS[tally.grain or ""]
    return _choose([piece for shift in _shifts(tally) for piece in _starts(length, *shift)])


def _local(tally: Tally, read: Callable[[Expression], Expression]) -> Expression:
    """What `read` makes of the local time, which it is given as microseconds since `_BIAS_DAYS` before 1970."""
    return _choose([(start, read({"$add": ["$at", offset + _BIAS]})) for start, _, offset in _shifts(tally)])


def _day(local: Expression) -> Expression:
    return {"$subtract": [local, {"$mod": [local, DAY]}]}


def _week(day: Expression, week_start: int) -> Expression:
    return {"$subtract": [day, {"$mod": [{"$add": [day, (_THURSDAY + 7 - week_start) * DAY]}, 7 * DAY]}]}


_CLOCKS: dict[str, Callable[[Expression], Expression]] = {
    "hour": lambda local: {"$subtract": [{"$mod": [local, DAY]}, {"$mod": [local, HOUR]}]},
    "weekday": lambda local: {"$mod": [{"$add": [_day(local), _THURSDAY * DAY]}, 7 * DAY]},
}


def _shifts(tally: Tally) -> list[tuple[Instant, Instant, Instant]]:
    """The parts of the window (from, until) and the offset of each; the first from is that of its shift."""
    ends = [start for start, _ in tally.shifts[1:]] + [tally.window.end]
    parts = [(start, min(end, tally.window.end), offset) for (start, offset), end in zip(tally.shifts, ends, strict=True)]
    return [part for part in parts if part[0] < part[1] and part[1] > tally.window.start]


def _starts(length: Instant, start: Instant, end: Instant, offset: Instant) -> Iterator[Piece]:
    """The UTC instant at which the bucket of `length` begins that is whole in local time, but for one cut by the shift."""
    whole = start + -(start + offset) % length
    if start < whole:
        yield start, {"$literal": start}
    if start == whole or whole < end:
        yield whole, {"$subtract": ["$at", {"$mod": [{"$add": ["$at", offset + _BIAS]}, length]}]}


def _months(start: Instant, end: Instant, offset: Instant) -> Iterator[Piece]:
    """Each local month that begins in this part of time, as year * 12 + month - 1."""
    first = date.fromordinal(_EPOCH_ORDINAL + (start + offset) // DAY)
    month = first.year * 12 + first.month - 1
    while start < end:
        yield start, {"$literal": month}
        month += 1
        start = (date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH_ORDINAL) * DAY - offset


def _choose(pieces: Sequence[Piece]) -> Expression:
    """The expression of the last piece that starts not after the event: a tree of comparisons, so that many stay cheap."""
    if not pieces:
        return {"$literal": None}
    if len(pieces) == 1:
        return pieces[0][1]
    middle = len(pieces) // 2
    return {"$cond": [{"$lt": ["$at", pieces[middle][0]]}, _choose(pieces[:middle]), _choose(pieces[middle:])]}
