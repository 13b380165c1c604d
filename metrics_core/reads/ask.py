"""A question in JSON, checked name by name and made into a Query."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from metrics_core.errors import BadRequestError
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.event import ORIGINS
from metrics_core.model.instant import Instant
from metrics_core.model.measure import REGISTRY
from metrics_core.model.query import GRAINS, Query
from metrics_core.model.window import Calendar
from metrics_core.reads.names import is_list, known, quoted
from metrics_core.reads.over import compared_of, window_of
from metrics_core.reads.where import filters_of

FIELDS = ("measures", "over", "by", "grain", "where", "compare", "zone", "origin", "order_by", "limit")
MOST_MEASURES = 20
MOST_DIMENSIONS = 6
MOST_ROWS = 100_000

VIEWS = ("real", "all", *ORIGINS)
"""What `origin` may be: real is live and imported data, or what there is while the store holds none of either."""


def read_question(
    question: object, *, calendar: Calendar, now: Instant, shown: Callable[[str], tuple[str, ...]]
) -> Query:
    """The Query that a question means at `now`; `shown` knows the origins that a view shows.

    Raises UnknownNameError or BadRequestError with what was wrong and what was probably meant.
    """
    if not isinstance(question, Mapping):
        msg = 'A question is a JSON object like {"measures": ["revenue"], "over": "24h", "by": ["channel"]}.'
        raise BadRequestError(msg)
    for name in question:
        known("field of a question", name, FIELDS)
    measures = _names(question, "measures", "measure", REGISTRY, MOST_MEASURES)
    if not measures:
        msg = 'A question needs at least one measure, as in {"measures": ["revenue"]}. GET /api/v1/measures lists them.'
        raise BadRequestError(msg)
    by = _names(question, "by", "dimension", DIMENSIONS, MOST_DIMENSIONS)
    grain = _grain(question.get("grain"))
    local = Calendar(_zone(question.get("zone"), calendar.zone), calendar.week_start)
    window = window_of(question.get("over"), local, now)
    compared = compared_of(question.get("compare"), question.get("over"), local, now)
    columns = columns_of(measures, by, grain)
    return Query(
        measures=measures,
        window=window,
        by=by,
        grain=grain,
        where=filters_of(question.get("where")),
        compared=None if compared is None else compared.window,
        compared_note=None if compared is None else compared.note,
        zone=local.zone,
        week_start=local.week_start,
        origins=_origins(question.get("origin"), shown),
        order_by=_order(question.get("order_by"), columns),
        limit=_limit(question.get("limit")),
    )


def columns_of(measures: Sequence[str], by: Sequence[str], grain: str | None) -> tuple[str, ...]:
    """The columns of an answer, in order."""
    return (*(("start",) if grain is not None else ()), *by, *measures)


def _names(question: Mapping[str, object], field: str, what: str, names: Collection[str], most: int) -> tuple[str, ...]:
    given = question.get(field)
    if given is None:
        return ()
    if not is_list(given):
        msg = f"`{field}` is a list of names, like {_like(names)}; {quoted(given)} is not."
        raise BadRequestError(msg)
    found: list[str] = []
    for entry in given:
        name = known(what, entry, names)
        if name in found:
            msg = f"`{field}` names {name!r} twice. Once is enough."
            raise BadRequestError(msg)
        found.append(name)
    if len(found) > most:
        msg = f"`{field}` has {len(found)} names, more than {most}. Ask in two questions."
        raise BadRequestError(msg)
    return tuple(found)


def _like(names: Collection[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in list(names)[:2]) + "]"


def _grain(grain: object) -> str | None:
    return None if grain is None else known("grain", grain, GRAINS)


def _zone(name: object, usual: ZoneInfo) -> ZoneInfo:
    return usual if name is None else ZoneInfo(known("time zone", name, zones()))


@cache
def zones() -> tuple[str, ...]:
    """The time zones there are, by name."""
    return tuple(sorted(available_timezones()))


def _origins(view: object, shown: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
    return shown("real" if view is None else known("origin", view, VIEWS))


def _order(order: object, columns: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """Columns to sort by, each with whether it goes down: `"-revenue"`, or a list of such, or of objects."""
    if order is None:
        return ()
    wanted = order if is_list(order) else [order]
    found: dict[str, bool] = {}
    for row in wanted:
        name, down = _direction(row)
        found.setdefault(known("column of this answer", name, columns), down)
    return tuple(found.items())


def _direction(row: object) -> tuple[str, bool]:
    if isinstance(row, str):
        return row.removeprefix("-"), row.startswith("-")
    if isinstance(row, Mapping) and isinstance(row.get("column"), str) and row.keys() <= {"column", "direction"}:
        return row["column"], known("direction", row.get("direction", "asc"), ("asc", "desc")) == "desc"
    msg = '`order_by` is a column like "revenue", with a minus for the greatest first ("-revenue"), or a list of them.'
    raise BadRequestError(msg)


def _limit(limit: object) -> int | None:
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_ROWS:
        msg = f"`limit` is a whole number from 1 to {MOST_ROWS:,}; {quoted(limit)} is not."
        raise BadRequestError(msg)
    return limit
