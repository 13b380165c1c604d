"""An explanation as JSON: money in major units, times with the offset of their zone, the rows as they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.event import ORDER_COMPLETED
from metrics_core.model.instant import SECOND, iso
from metrics_core.model.measure import REGISTRY, Measure, Unit
from metrics_core.model.query import Filter, Query, Value
from metrics_core.model.window import WEEKDAYS, Window
from metrics_core.reads.contributions import Contributions, Number, Share
from metrics_core.reads.explain import Check, Explanation, Term
from metrics_core.reads.facts import told
from metrics_core.reads.rows import Fact

Json: TypeAlias = dict[str, object]

COLUMNS = ("at", "record", "kind", "channel", "region", "user", "products", "quantity", "count", "amount", "staff",
           "segment", "content", "feature", "company", "source", "origin", "id")  # fmt: skip
"""What is told of a row. What a sender said besides, such as an e-mail address, is not among it."""


def as_json(found: Explanation, digits: int, origin: Mapping[str, object], instant: Mapping[str, object]) -> Json:
    """The body of an explanation. `origin` and `instant` are told as they are."""
    query, row = found.asked.query, found.asked.measure
    name = row.name
    return {
        "measure": {
            "name": name, "label": row.label, "unit": row.unit.value, "good": row.good,
            "kind": row.how.value if isinstance(row, Measure) else "ratio", "formula": row.formula,
            "definition": row.definition,
        },
        "value": major(name, found.value, digits), "before": major(name, found.before, digits),
        "change": {"amount": found.change.amount, "as": found.change.how}, "against": query.compared_note,
        "terms": [_term(term, query, digits) for term in found.terms],
        "window": _window(query.window, query), "reaches": _window(found.reaches, query),
        "compared": None if query.compared is None else _window(query.compared, query),
        "where": [_filter(filter_, filter_ in found.own) for filter_ in dict.fromkeys(query.where)],
        "origin": {"asked": found.asked.view, **origin}, "instant": dict(instant),
        "rows": _rows(found), "peak_at": _peak_at(found),
        "contributions": [_contributions(split, name, digits) for split in found.contributions],
        "unsplit": list(found.unsplit),
        "moves": None if found.moves is None else {
            "came": found.moves.came, "stayed": found.moves.stayed, "went": found.moves.went,
        },
        "check": _check(found.check, name, digits),
    }  # fmt: skip


def row_json(fact: Fact, query: Query, digits: int) -> Json:
    """One row."""
    event, lines = fact.event, fact.lines
    values: Json = {
        "at": iso(event.at, query.zone), "record": event.order_id or event.id, "kind": event.kind,
        "channel": event.channel, "region": event.region, "user": event.user,
        "products": [line.product for line in lines if line.product is not None],
        "quantity": sum(line.quantity for line in lines) if event.kind == ORDER_COMPLETED else None,
        "count": event.count, "amount": major("revenue", told(event, lines), digits) if event.order_id else None,
        "staff": event.staff, "segment": event.segment, "content": event.content, "feature": event.feature,
        "company": event.company, "source": event.source, "origin": event.origin, "id": event.id,
    }  # fmt: skip
    return {name: values[name] for name in COLUMNS}


def rows_json(facts: Iterable[Fact], query: Query, digits: int) -> list[Json]:
    return [row_json(fact, query, digits) for fact in facts]


def major(measure: str, value: Number | None, digits: int) -> Number | None:
    """A figure in major units where it is money."""
    if value is None or REGISTRY[measure].unit is not Unit.MONEY or not digits:
        return value
    return float(value / 10**digits)


def _term(term: Term, query: Query, digits: int) -> Json:
    return {
        "measure": term.measure, "label": REGISTRY[term.measure].label, "operator": term.operator,
        "value": major(term.measure, term.value, digits), "before": major(term.measure, term.before, digits),
        "rows": term.rows, "over": None if term.window == query.window else {
            "start": iso(term.window.start), "end": iso(term.window.end),
        },
    }  # fmt: skip


def _window(window: Window, query: Query) -> Json:
    return {
        "start": iso(window.start, query.zone), "end": iso(window.end, query.zone), "start_utc": iso(window.start),
        "end_utc": iso(window.end), "zone": query.zone.key,
    }  # fmt: skip


def _filter(row: Filter, own: bool) -> Json:
    return {
        "dimension": row.dimension, "label": DIMENSIONS[row.dimension].label, "op": "not in" if row.negated else "in",
        "values": [value_json(row.dimension, value) for value in row.values], "own": own,
    }  # fmt: skip


def value_json(dimension: str, value: Value) -> Value:
    return WEEKDAYS[value].title() if dimension == "weekday" and isinstance(value, int) else value


def _rows(found: Explanation) -> Json:
    counted = found.recount
    return {
        "count": found.rows, "exact": found.exact, "by_origin": dict(sorted(found.by_origin.items())),
        "by_kind": None if counted is None else dict(sorted(counted.by_kind.items())),
        "late": None if counted is None else counted.late,
        "latest_by": None if counted is None else counted.latest_by / SECOND,
    }  # fmt: skip


def _peak_at(found: Explanation) -> str | None:
    at = None if found.recount is None else found.recount.peak_at
    return None if at is None else iso(at, found.asked.query.zone)


def _contributions(split: Contributions, measure: str, digits: int) -> Json:
    return {
        "dimension": split.dimension, "label": DIMENSIONS[split.dimension].label, "adds_up": split.adds_up,
        "moves_add_up": split.moves_add_up, "why": split.why,
        "rows": [_share(share, split.dimension, measure, digits) for share in split.shares],
        "others": None if split.others is None else {
            **_share(split.others, "", measure, digits), "value": None, "values": split.others.value,
        },
    }  # fmt: skip


def _share(share: Share, dimension: str, measure: str, digits: int) -> Json:
    return {
        "value": value_json(dimension, share.value), "now": major(measure, share.now, digits),
        "before": major(measure, share.before, digits), "moved": major(measure, share.moved, digits),
    }  # fmt: skip


def _check(check: Check, measure: str, digits: int) -> Json:
    first, second = major(measure, check.first, digits), major(measure, check.second, digits)
    apart = None if check.first is None or check.second is None or check.ok else check.second - check.first
    return {
        "ok": check.ok, "first": first, "second": second, "difference": major(measure, apart, digits), "rows": check.rows,
        "milliseconds": None if check.seconds is None else round(check.seconds * 1_000, 1), "why": check.why,
    }  # fmt: skip
