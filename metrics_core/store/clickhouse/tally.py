"""Counting over the facts in ClickHouse: one statement for any split, filter and cut of time, exact and in integers only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, TypeAlias

from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW
from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant
from metrics_core.model.query import Filter, Value
from metrics_core.store.clickhouse.schema import FACTS
from metrics_core.store.clickhouse.server import Server
from metrics_core.store.clickhouse.states import State, text
from metrics_core.store.protocols import Signs, Tally
from metrics_core.store.sql.schema import LONG_BEFORE

Part: TypeAlias = tuple[Instant, str]
"""From when on which expression holds."""

_BIAS_DAYS = LONG_BEFORE // DAY
_THURSDAY = 3
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_LENGTHS = {"minute": MINUTE, "hour": HOUR}
_NUMBERS = ("hour", "weekday")
"""Dimensions whose values are numbers."""


def run(server: Server, state: State, tally: Tally) -> list[tuple[Value, ...]]:
    """The rows of `EventLog.tally`."""
    width = (tally.grain is not None) + len(tally.by)
    if tally.window.start == tally.window.end:
        return [] if width else [(0,) * len(tally.terms)]
    rows: list[tuple[Value, ...]] = []
    for row in server.select(statement(server, state, tally)):
        keys = [int(row[0])] if tally.grain is not None else []
        named = [_told(name, value) for name, value in zip(tally.by, row[len(keys) :], strict=False)]
        terms = [int(term) for term in row[width:]]
        if not width or any(terms):
            rows.append((*keys, *named, *terms))
    return rows


def statement(server: Server, state: State, tally: Tally) -> str:
    """One SELECT with the bucket (with a grain), the values of `by`, and the terms."""
    keys = [] if tally.grain is None else [_bucket(tally)]
    keys += [_dimension(name, tally) for name in tally.by]
    by_line = "product" in tally.by or any(row.dimension == "product" for row in tally.where)
    columns = [*(f"{key} AS k{place}" for place, key in enumerate(keys)), *(_TERMS[term](by_line) for term in tally.terms)]
    conditions = [
        f"at >= {tally.window.start}", f"at < {tally.window.end}", state.facts, *(_holds(row, tally) for row in tally.where),
    ]  # fmt: skip
    if tally.origins:
        conditions.append(f"origin IN ({', '.join(map(text, tally.origins))})")
    needed = _needed(tally.terms)
    if needed:
        conditions.append(needed)
    group = f" GROUP BY {', '.join(f'k{place}' for place in range(len(keys)))}" if keys else ""
    signs = "" if tally.segments is None else f"WITH '{tally.segments.signs.decode()}' AS signs "
    return f"{signs}SELECT {', '.join(columns)} FROM {server.table(FACTS)} WHERE {' AND '.join(conditions)}{group}"


def sums() -> str:
    """Every total, in their order, over whole events."""
    return ", ".join(f"toInt64({_TERMS[term](False)})" for term in _OF_TOTALS)


def _told(name: str, value: Any) -> Value:
    return int(value) if name in _NUMBERS else (value or None)


# --------------------------------------------------------------------------------------------------------------- terms

IS_ACTIVE = f"kind != '{REFUND}' AND (kind != '{ORDER_FAILED}' OR placed = 1)"
IS_BUYER = f"kind = '{ORDER_COMPLETED}'"


def _events(condition: str) -> Callable[[bool], str]:
    """How many events: rows with line 0, but where lines are told apart, whichever of an event's lines are there."""
    return lambda by_line: f"uniqExactIf(seq - line, {condition})" if by_line else f"countIf(line = 0 AND {condition})"


def _sum(column: str, condition: str) -> Callable[[bool], str]:
    return lambda _: f"sumIf(`{column}`, {condition})"


def _users(condition: str) -> Callable[[bool], str]:
    return lambda _: f"uniqExactIf(user, user != 0 AND {condition})"


_TERMS: dict[str, Callable[[bool], str]] = {
    "placed": _events("placed = 1"),
    "completed": _events(IS_BUYER),
    "failed": _events(f"kind = '{ORDER_FAILED}'"),
    "quantity": _sum("quantity", IS_BUYER),
    "gross": _sum("amount", IS_BUYER),
    "refunds": _sum("amount", f"kind = '{REFUND}'"),
    "views": _sum("count", f"kind = '{VIEW}'"),
    "events": _events("1"),
    "buyers": _users(IS_BUYER),
    "active": _users(IS_ACTIVE),
}
_OF_TOTALS = ("placed", "completed", "failed", "quantity", "gross", "refunds", "views", "events")
_KINDS = {
    "completed": ORDER_COMPLETED, "failed": ORDER_FAILED, "quantity": ORDER_COMPLETED, "gross": ORDER_COMPLETED,
    "refunds": REFUND, "views": VIEW, "buyers": ORDER_COMPLETED,
}  # fmt: skip
"""The one kind of event that a term is made of."""


def _needed(terms: Sequence[str]) -> str:
    """The rows that any of these terms can be found in; nothing where it is all."""
    if any(term not in _KINDS and term != "placed" for term in terms):
        return ""
    kinds = sorted({_KINDS[term] for term in terms if term in _KINDS})
    parts = [f"kind IN ({', '.join(map(text, kinds))})"] if kinds else []
    return f"({' OR '.join([*parts, *(['placed = 1'] if 'placed' in terms else [])])})"


# ----------------------------------------------------------------------------------------------------- splits, filters


def _dimension(name: str, tally: Tally) -> str:
    if name == "hour":
        return _local(tally, lambda local: f"intDiv({local} % {DAY}, {HOUR})")
    if name == "weekday":
        return _local(tally, lambda local: f"(intDiv({local}, {DAY}) + {_THURSDAY}) % 7")
    if name == "segment" and tally.segments is not None:
        return _segment(tally.segments)
    return "name" if name == "user" else f"`{DIMENSIONS[name].column}`"


def _segment(signs: Signs) -> str:
    """The segment that an event names, or else the one that its sign says."""
    place = f"seq - line - {signs.first}"
    sign = f"toUInt8OrZero(substring(signs, {place} + 1, 1))"
    names = ", ".join(map(text, signs.names))
    said = f"arrayElement([{names}], {sign})"
    return f"if(segment = '' AND {place} >= 0 AND {place} < {len(signs.signs)}, {said}, toString(segment))"


def _holds(row: Filter, tally: Tally) -> str:
    """The filter, where "not named" is a value like any other: what is not online includes it."""
    if row.dimension in _NUMBERS:
        values = [str(int(value)) for value in row.values if value is not None]
    else:
        values = [text("" if value is None else str(value)) for value in row.values]
    if not values:
        return "1" if row.negated else "0"
    return f"{_dimension(row.dimension, tally)} {'NOT IN' if row.negated else 'IN'} ({', '.join(values)})"


# ---------------------------------------------------------------------------------------------------------- local time


def _bucket(tally: Tally) -> str:
    if tally.grain == "day":
        return _local(tally, lambda local: f"intDiv({local}, {DAY}) - {_BIAS_DAYS}")
    if tally.grain == "week":
        return _local(tally, lambda local: f"{_week(f'intDiv({local}, {DAY})', tally.week_start)} - {_BIAS_DAYS}")
    if tally.grain == "month":
        return _choose([part for start, end, offset in _shifts(tally)
                        for part in _months(max(start, tally.window.start), end, offset)])
    length = _LENGTHS[tally.grain or ""]
    return _choose([part for shift in _shifts(tally) for part in _starts(length, *shift)])


def _local(tally: Tally, read: Callable[[str], str]) -> str:
    """What `read` makes of the local time, which it is given as microseconds since `_BIAS_DAYS` before 1970."""
    return _choose([(start, read(f"(at + {offset + LONG_BEFORE})")) for start, _, offset in _shifts(tally)])


def _week(day: str, week_start: int) -> str:
    return f"{day} - ({day} + {_THURSDAY + 7 - week_start}) % 7"


def _shifts(tally: Tally) -> list[tuple[Instant, Instant, Instant]]:
    """The parts of the window (from, until) and the offset of each; the first from is that of its shift."""
    ends = [start for start, _ in tally.shifts[1:]] + [tally.window.end]
    parts = [(start, min(end, tally.window.end), offset) for (start, offset), end in zip(tally.shifts, ends, strict=True)]
    return [part for part in parts if part[0] < part[1] and part[1] > tally.window.start]


def _starts(length: Instant, start: Instant, end: Instant, offset: Instant) -> Iterator[Part]:
    """The UTC instant at which the bucket of `length` begins that is whole in local time, but for one cut by the shift."""
    whole = start + -(start + offset) % length
    if start < whole:
        yield start, f"toInt64({start})"
    if start == whole or whole < end:
        yield whole, f"at - (at + {offset + LONG_BEFORE}) % {length}"


def _months(start: Instant, end: Instant, offset: Instant) -> Iterator[Part]:
    """Each local month that begins in this part of time, as year * 12 + month - 1."""
    first = date.fromordinal(_EPOCH_ORDINAL + (start + offset) // DAY)
    month = first.year * 12 + first.month - 1
    while start < end:
        yield start, f"toInt64({month})"
        month += 1
        start = (date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH_ORDINAL) * DAY - offset


def _choose(parts: Sequence[Part]) -> str:
    """The expression of the last part that starts not after the event: a tree of comparisons, so that many stay cheap."""
    if len(parts) == 1:
        return parts[0][1]
    middle = len(parts) // 2
    return f"if(at < {parts[middle][0]}, {_choose(parts[:middle])}, {_choose(parts[middle:])})"
