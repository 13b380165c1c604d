"""Explain a figure: what it means, what it is made of, what moved it, and the same counted again another way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from metrics_core.errors import BadRequestError
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.event import ORDER_KINDS
from metrics_core.model.instant import Instant
from metrics_core.model.measure import REGISTRY, How, Measure, Ratio, parts
from metrics_core.model.query import Filter, Query
from metrics_core.model.window import ALL_TIME_START, Calendar, Window
from metrics_core.reads.answer import answer
from metrics_core.reads.ask import read_question
from metrics_core.reads.cells import kept_rollup
from metrics_core.reads.contributions import Contributions, Number, contributions, splits_of
from metrics_core.reads.facts import Facts, reach, terms_of
from metrics_core.reads.names import is_list, known, quoted
from metrics_core.reads.over import time_of
from metrics_core.reads.recount import Recount, recount
from metrics_core.reads.segments import names_segment, segments_of
from metrics_core.reads.where import filters_of
from metrics_core.rollup.derive import Change, change
from metrics_core.store.protocols import Store, Tally

MOST_RECOUNTED = 100_000
"""Events read one by one for the second count; of more it is said that they were not."""
MOST_SPLIT = 20_000
"""With more rows than this, only the splits that were asked for and those whose totals are kept are worked out."""

FIELDS = ("measure", "over", "where", "by", "compare", "zone", "origin", "as_of", "dimensions")
_EVER: Instant = 2**62
_ASKED = ("over", "where", "compare", "zone", "origin")
_MEASURE_OF = {
    "gross": "gross_revenue", "refunds": "refunds", "placed": "transactions", "completed": "completed", "failed": "failed",
}  # fmt: skip
"""The measure that is a term by itself."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figure is to be explained."""

    query: Query
    """Of the one measure, without a split."""
    view: str
    """The name of the origins it counts."""
    dimensions: tuple[str, ...] | None
    """The splits that are wanted; None is as many as is reasonable."""

    @property
    def measure(self) -> Measure | Ratio:
        return REGISTRY[self.query.measures[0]]


@dataclass(frozen=True, slots=True)
class Term:
    """One figure of the formula. Money in minor units."""

    measure: str
    """What to ask about to have it explained in turn."""
    operator: str
    """What stands before it: nothing, -, /"""
    value: Number | None
    before: Number | None
    rows: int | None
    """Events it is made from, where they were read."""
    window: Window
    """What it is counted over; of what waits, everything before."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Of different users: who came, who was there in both windows, and who did not come back."""

    came: int
    stayed: int
    went: int


@dataclass(frozen=True, slots=True)
class Check:
    """The figure counted a second time from the events. `ok` is None where it was not, and `why` says why."""

    ok: bool | None
    first: Number | None
    second: Number | None
    rows: int | None
    seconds: float | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say about one figure. Money in minor units; None is n/a."""

    asked: Asked
    as_of: Instant
    value: Number | None
    before: Number | None
    change: Change
    terms: tuple[Term, ...]
    reaches: Window
    """The stretch of time whose events it is made from; more than its window for what waits, and for the peak."""
    own: tuple[Filter, ...]
    """The filters of whoever asks, which are among those of the query."""
    rows: int
    """Events it is made from; with `exact` False, at most so many."""
    exact: bool
    by_origin: Mapping[str, int]
    recount: Recount | None
    contributions: tuple[Contributions, ...]
    unsplit: tuple[str, ...]
    """Sensible splits that were left out because there are so many rows; asked for by name they are worked out."""
    moves: Moves | None
    check: Check


def read_explain(
    question: object, *, calendar: Calendar, now: Instant, shown: Callable[[str], tuple[str, ...]]
) -> Asked:
    """The figure that a question is about; BadRequestError where it cannot be understood."""
    if not isinstance(question, Mapping):
        msg = 'Name a figure with an object like {"measure": "revenue", "over": "today", "where": {"channel": "online"}}.'
        raise BadRequestError(msg)
    for name in question:
        known("field of a question about a figure", name, FIELDS)
    measure = known("measure", question.get("measure"), REGISTRY)
    asked = {name: question[name] for name in _ASKED if question.get(name) is not None}
    query = read_question(
        {"over": "current", "compare": True, **asked, "measures": [measure]}, calendar=calendar, now=now, shown=shown
    )
    by = question.get("by")
    if by is not None:
        if not isinstance(by, Mapping):
            msg = f'`by` says which part of a split it is, as in {{"channel": "online"}}; {quoted(by)} is not.'
            raise BadRequestError(msg)
        query = replace(query, where=(*query.where, *filters_of(by)))
    view = question.get("origin")
    return Asked(query, view if isinstance(view, str) else "real", _dimensions(question.get("dimensions")))


def read_as_of(question: object, *, calendar: Calendar, now: Instant) -> Instant | None:
    """The instant a figure belongs to, where the question names one: a time that is not still to come."""
    said = question.get("as_of") if isinstance(question, Mapping) else None
    if said is None:
        return None
    at = time_of(said, "as_of", calendar)
    if at > now:
        msg = f"`as_of` is {quoted(said)}, which is still to come. Leave it out for the figure of now."
        raise BadRequestError(msg)
    return at


def _dimensions(wanted: object) -> tuple[str, ...] | None:
    if wanted is None:
        return None
    if not is_list(wanted):
        msg = f'`dimensions` is a list of names, like ["channel"]; {quoted(wanted)} is not.'
        raise BadRequestError(msg)
    return tuple(dict.fromkeys(known("dimension", name, DIMENSIONS) for name in wanted))


# ---------------------------------------------------------------------------------------------------------------- facts


def facts_of(query: Query, store: Store) -> Facts:
    """The facts behind the one measure of a query."""
    measures = parts(query.measures[0])
    facts = Facts(terms_of(measures), reach(measures[0], query.window), query.where, query.origins, query.zone)
    return replace(facts, named=segments_of(store).named) if names_segment(query.by, query.where) else facts


def explain(store: Store, asked: Asked, own: tuple[Filter, ...], *, as_of: Instant) -> Explanation:
    """Explain a figure to somebody who sees only what their own filters keep; all of it from one state of the store."""
    query = replace(asked.query, where=(*asked.query.where, *own))
    asked = replace(asked, query=query)
    with store.view():
        facts = facts_of(query, store)
        value, before, terms = _figures(store, query)
        candidates = _candidates(store, facts)
        few = sum(candidates.values()) <= MOST_RECOUNTED and _few_orders(store, query)
        counted = recount(store.events, facts, parts(query.measures[0])) if few else None
        rows = sum(candidates.values()) if counted is None else counted.rows
        splits, unsplit = _splits(store, asked, rows)
        return Explanation(
            asked, as_of, value, before, change(query.measures[0], value, before), _with_rows(terms, query, counted),
            facts.window, own, rows, counted is not None, candidates if counted is None else counted.by_origin, counted,
            tuple(contributions(store, query, split) for split in splits), unsplit,
            None if counted is None else _moves(store, query, counted), _check(store, query, value, counted, rows),
        )  # fmt: skip


def _figures(store: Store, query: Query) -> tuple[Number | None, Number | None, list[Term]]:
    """The figure, what it was before, and the terms of its formula."""
    (name,) = query.measures
    row = REGISTRY[name]
    if isinstance(row, Ratio):
        named = [(row.top, ""), (row.bottom, "/")]
    else:
        named = [(_MEASURE_OF[term], "-" if sign < 0 else "") for term, sign in row.terms] if len(row.terms) > 1 else []
    result = answer(store, replace(query, measures=tuple(dict.fromkeys((name, *(term for term, _ in named))))))
    now = _row(result.columns, result.rows[0])
    then = {} if result.compared is None else _row(result.columns, result.compared.rows[0])
    window = query.window
    if isinstance(row, Measure) and row.how is How.LEVEL:
        # What waits was placed at any time before: so were the figures it is the difference of.
        window = Window(ALL_TIME_START, max(query.window.end, ALL_TIME_START))
        earlier = None if query.compared is None else Window(ALL_TIME_START, max(query.compared.end, ALL_TIME_START))
        ever = replace(query, measures=tuple(term for term, _ in named), window=window, compared=earlier)
        terms = answer(store, ever)
        now |= _row(terms.columns, terms.rows[0])
        then |= {} if terms.compared is None else _row(terms.columns, terms.compared.rows[0])
    told = [Term(term, operator, now[term], then.get(term), None, window) for term, operator in named]
    return now[name], then.get(name), told


def _row(columns: tuple[str, ...], row: tuple[object, ...]) -> dict[str, Number | None]:
    return {name: cell if isinstance(cell, int | float) else None for name, cell in zip(columns, row, strict=True)}


def _with_rows(terms: list[Term], query: Query, counted: Recount | None) -> tuple[Term, ...]:
    if counted is None:
        return tuple(terms)
    level = parts(query.measures[0])[0].how is How.LEVEL
    found = []
    for term in terms:
        ((made_of, _), *_) = parts(term.measure)[0].terms
        rows = counted.rows_of.get(made_of, 0)
        found.append(replace(term, rows=None if level and term.value is None else rows))
    return tuple(found)


def _candidates(store: Store, facts: Facts) -> dict[str, int]:
    """By origin, how many events there are to look at for the second count."""
    where = (Filter("kind", facts.kinds),) if facts.kinds else ()
    tally = Tally(facts.window, ("events",), ("origin",), where, facts.origins)
    return {str(origin): int(number or 0) for origin, number in store.events.tally(tally)}


def _few_orders(store: Store, query: Query) -> bool:
    """Whether all orders can be read one by one, where a figure depends on what buyers had ordered before."""
    if not names_segment(query.by, query.where):
        return True
    ever = Tally(Window(-_EVER, _EVER), ("events",), (), (Filter("kind", ORDER_KINDS),))
    return sum(int(row[0] or 0) for row in store.events.tally(ever)) <= MOST_RECOUNTED


def _splits(store: Store, asked: Asked, rows: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The dimensions to split by now, and those left for when they are asked for."""
    sensible = splits_of(asked.query.measures[0], asked.query)
    if asked.dimensions is not None:
        for name in asked.dimensions:
            if name not in sensible:
                offered = ", ".join(sensible) or "nothing"
                msg = f"{asked.measure.label} is not split by {name} here. It can be split by: {offered}."
                raise BadRequestError(msg)
        return asked.dimensions, tuple(name for name in sensible if name not in asked.dimensions)
    if rows <= MOST_SPLIT:
        slow = {"segment"} if "segment" in sensible and not segments_of(store).is_at_hand() else set()
        return tuple(name for name in sensible if name not in slow), tuple(name for name in sensible if name in slow)
    cheap = tuple(name for name in sensible if kept_rollup(replace(asked.query, by=(name,))) is not None)
    chosen = cheap or sensible[:1]
    return chosen, tuple(name for name in sensible if name not in chosen)


def _moves(store: Store, query: Query, counted: Recount) -> Moves | None:
    """Of a figure that counts users: how its change came about."""
    (name,) = query.measures
    row = REGISTRY[name]
    if not isinstance(row, Measure) or row.how is not How.DISTINCT or query.compared is None:
        return None
    ((term, _),) = row.terms
    earlier = facts_of(replace(query, window=query.compared), store)
    if sum(_candidates(store, earlier).values()) > MOST_RECOUNTED:
        return None
    now, then = counted.users[term], recount(store.events, earlier, (row,)).users[term]
    return Moves(len(now - then), len(now & then), len(then - now))


def _check(store: Store, query: Query, value: Number | None, counted: Recount | None, rows: int) -> Check:
    (name,) = query.measures
    if counted is None:
        why = (
            f"Not counted again: {rows:,} events would have to be read one by one, more than {MOST_RECOUNTED:,}. Ask about "
            "a shorter period, or run Verify, which counts everything again."
            if rows > MOST_RECOUNTED
            else f"Not counted again: for the segments of buyers all orders would have to be read one by one, and they are "
            f"more than {MOST_RECOUNTED:,}."
        )
        return Check(None, value, None, None, None, why)
    row = REGISTRY[name]
    if isinstance(row, Measure):
        second: Number | None = counted.values[name]
        return Check(second == value, value, second, counted.rows, counted.seconds, None)
    top, bottom = counted.values[row.top], counted.values[row.bottom]
    second = row.scale * top / bottom if bottom else None
    first = answer(store, replace(query, measures=(row.top, row.bottom), compared=None)).rows[0]
    return Check(first == (top, bottom) and second == value, value, second, counted.rows, counted.seconds, None)
