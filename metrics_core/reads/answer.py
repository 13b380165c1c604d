"""Query in, Result out: every measure exact for every split, whichever way it was counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter

from metrics_core.errors import BadRequestError
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.instant import Instant
from metrics_core.model.measure import REGISTRY, How, Measure, parts
from metrics_core.model.query import Query, Result, Value
from metrics_core.model.window import ALL_TIME_START, Window
from metrics_core.reads.ask import MOST_ROWS, columns_of
from metrics_core.reads.cells import Cells, Place, count, span_of
from metrics_core.reads.peak import active_window
from metrics_core.reads.peaks import peak_of
from metrics_core.reads.zones import LENGTHS, opening, shifts, slices
from metrics_core.rollup.derive import ratio
from metrics_core.store.protocols import Store

_SHOWN_BY = {"gross": "completed", "quantity": "completed"}
"""What there must be some of for a combination to have a row: orders may be free of charge, or of nothing."""

_SETTLED_ELSEWHERE = ("kind", "source", "hour", "weekday")
"""Where an order is placed in one and settled in another, so that what is pending in it makes no sense."""


def answer(store: Store, query: Query, *, as_of: Instant | None = None) -> Result:
    """The answer to a question, all of it from one state of the store; `as_of` is the end of the window unless said."""
    _check(query)
    with store.view():
        rows = _cut(_rows(store, query), query)
        compared = None if query.compared is None else _compared(store, query, query.compared, rows)
    columns = columns_of(query.measures, query.by, query.grain)
    return Result(columns, tuple(rows), query.window, query.window.end if as_of is None else as_of, compared)


def _compared(store: Store, query: Query, window: Window, rows: Sequence[tuple[Value, ...]]) -> Result:
    """The same question of another window. Where a limit chose combinations, it has the same ones."""
    chosen = query.limit is not None and bool(query.by) and query.grain is None
    before = replace(query, window=window, compared=None, limit=None if chosen else query.limit)
    found = _rows(store, before)
    if chosen:
        width = len(query.by)
        kept = {row[:width] for row in rows}
        found = [row for row in found if row[:width] in kept]
    columns = columns_of(query.measures, query.by, query.grain)
    return Result(columns, tuple(_cut(found, before)), window, window.end, note=query.compared_note)


# ---------------------------------------------------------------------------------------------------------------- rows


def _rows(store: Store, query: Query) -> list[tuple[Value, ...]]:
    needed = {row.name: row for name in query.measures for row in parts(name)}
    window = _with_events(store, query)
    _check_buckets(query, window)
    cells = count(store, query, window, _terms(needed.values(), query.by), query.grain)
    levels = _levels(store, query, window) if any(row.how is How.LEVEL for row in needed.values()) else {}
    now = count(store, query, active_window(query.window.end), ("active",), None) if "active_now" in needed else {}
    places = _places(query, window, (cells, levels, now))
    most = _peak(store, query) if "peak_24h" in needed else None
    rows: list[tuple[Value, ...]] = []
    for place in places:
        values: dict[str, int | None] = {}
        for name, measure in needed.items():
            if measure.how is How.PEAK:
                values[name] = most
            elif measure.how is How.LEVEL:
                values[name] = levels.get(place, {}).get(name, 0)
            else:
                values[name] = _figure(measure, (now if name == "active_now" else cells).get(place, {}))
        bucket, key = place
        start = () if bucket is None else (opening(query.grain or "", bucket, query.zone),)
        rows.append((*start, *key, *(_told(name, values) for name in query.measures)))
    return rows


def _terms(measures: Iterable[Measure], by: Collection[str]) -> set[str]:
    """The terms to count for these measures, and for knowing which combinations there are."""
    found = {
        term for row in measures if row.how in (How.SUM, How.DISTINCT) and row.name != "active_now" for term, _ in row.terms
    }
    return found | {_SHOWN_BY[term] for term in found if by and term in _SHOWN_BY}


def _figure(measure: Measure, cell: Mapping[str, int]) -> int:
    return sum(sign * cell.get(term, 0) for term, sign in measure.terms)


def _told(name: str, values: Mapping[str, int | None]) -> float | int | None:
    row = REGISTRY[name]
    return values[name] if isinstance(row, Measure) else ratio(row, values)


def _places(query: Query, window: Window, tables: Iterable[Cells]) -> Collection[Place]:
    """One row for a grand total, one for every bucket, or one for every combination that has something to count."""
    if query.by:
        return {place for table in tables for place, cell in table.items() if any(cell.values())}
    if query.grain is None:
        return [(None, ())]
    cuts = slices(window, query.grain, shifts(query.zone, window), query.week_start)
    return dict.fromkeys((cut.bucket, ()) for cut in cuts)


# ------------------------------------------------------------------------------------------------- levels and the peak


def _levels(store: Store, query: Query, window: Window) -> Cells:
    """`pending` at the end of the window, or of each bucket, where there is any: everything before counts."""
    (level,) = parts("pending")
    terms = [term for term, _ in level.terms]
    until = window.end if query.grain is None else window.start
    before = count(store, query, Window(ALL_TIME_START, max(ALL_TIME_START, until)), terms, None)
    running = {key: waiting for (_, key), cell in before.items() if (waiting := _figure(level, cell))}
    if query.grain is None:
        return {(None, key): {level.name: waiting} for key, waiting in running.items()}
    moves: dict[int | None, list[tuple[tuple[Value, ...], int]]] = {}
    for (bucket, key), cell in count(store, query, window, terms, query.grain).items():
        moves.setdefault(bucket, []).append((key, _figure(level, cell)))
    found: Cells = {}
    for cut in slices(window, query.grain, shifts(query.zone, window), query.week_start):
        for key, more in moves.pop(cut.bucket, ()):
            running[key] = running.get(key, 0) + more
            if not running[key]:
                del running[key]
        found.update(((cut.bucket, key), {level.name: waiting}) for key, waiting in running.items())
        _check_rows(len(found))
    return found


def _peak(store: Store, query: Query) -> int:
    at = query.window.end
    return peak_of(store, at, query.origins, query.where).users


# ------------------------------------------------------------------------------------------------------- order and size


def _cut(rows: list[tuple[Value, ...]], query: Query) -> list[tuple[Value, ...]]:
    """Sorted as asked, then by start, the first measure (the greatest first) and the dimensions; then cut at the limit."""
    columns = columns_of(query.measures, query.by, query.grain)
    usual = [(name, name == query.measures[0]) for name in columns if name in ("start", query.measures[0])]
    order = [*query.order_by, *usual, *((name, False) for name in query.by)]
    for name, down in reversed(order):
        place = columns.index(name)
        told = [row for row in rows if row[place] is not None]
        told.sort(key=itemgetter(place), reverse=down)
        rows = told + [row for row in rows if row[place] is None]
    if query.limit is None:
        _check_rows(len(rows))
    return rows[: query.limit]


def _with_events(store: Store, query: Query) -> Window:
    """The window; where it is all of time and cut into buckets, from the first event on."""
    window = query.window
    named = (*query.by, *(row.dimension for row in query.where))
    if window.start > ALL_TIME_START or (query.grain is None and not any(DIMENSIONS[name].local for name in named)):
        return window
    span = span_of(store, query.origins)
    start = window.end if span is None else max(span.start, window.start)
    return Window(min(start, window.end), window.end)


def _check_buckets(query: Query, window: Window) -> None:
    if query.grain is not None:
        buckets = window.length // LENGTHS[query.grain]
        if buckets > MOST_ROWS:
            msg = (
                f"That is {buckets:,} buckets of a {query.grain}, more than {MOST_ROWS:,}. Ask for a coarser grain or a "
                "narrower window."
            )
            raise BadRequestError(msg)


def _check_rows(rows: int) -> None:
    if rows > MOST_ROWS:
        msg = (
            f"The answer has more than {MOST_ROWS:,} rows. Set a limit, or ask for a coarser grain, a narrower window or "
            "fewer dimensions."
        )
        raise BadRequestError(msg)


def _check(query: Query) -> None:
    """Refuse what has no meaning, saying what to ask instead."""
    needed = {row.name for name in query.measures for row in parts(name)}
    filtered = tuple(row.dimension for row in query.where)
    if "pending" in needed:
        for name in _SETTLED_ELSEWHERE:
            if name in query.by or name in filtered:
                msg = (
                    f"What is pending cannot be told by {name}: an order may be placed in one and settled in another. Ask "
                    "for transactions, completed and failed instead."
                )
                raise BadRequestError(msg)
    if "active_now" in needed and query.grain is not None:
        msg = "active_now is a figure of one moment. Ask it without a grain, or ask for active_users by grain."
        raise BadRequestError(msg)
    if "peak_24h" in needed and (query.by or query.grain is not None or any(DIMENSIONS[name].local for name in filtered)):
        msg = (
            "peak_24h is one figure of 24 hours. Ask it without by and grain, and without a filter on hour or weekday, or "
            "ask for active_users instead."
        )
        raise BadRequestError(msg)
