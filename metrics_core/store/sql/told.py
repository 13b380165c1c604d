"""Events read back from their rows."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from sqlalchemy import Connection, select

from metrics_core.model.event import Event
from metrics_core.store.sql.dialects import dialect_of
from metrics_core.store.sql.rows import COLUMNS, events_of
from metrics_core.store.sql.schema import FACTS, USERS

EVENT_ROWS = select(
    *[USERS.c.name.label("user") if name == "user" else FACTS.c[name] for name in COLUMNS]
).select_from(FACTS.outerjoin(USERS, USERS.c.no == FACTS.c.user))  # fmt: skip
"""Rows of events with the names of their users, as `events_of` takes them."""

_MOST_LINES = 1000
_seq = itemgetter(COLUMNS.index("seq"))
# One by one, not joined: a planner that takes these few rows for many would read all users for it.
_NAME = '(SELECT u.name FROM users u WHERE u.no = f."user")'
_COLUMNS = ", ".join(_NAME if name == "user" else f'f."{name}"' for name in COLUMNS)


def events_at(connection: Connection, heads: Sequence[int]) -> list[Event]:
    """The events numbered so, in the order of these numbers. An event's rows are its own and those of its further lines
    behind it, up to the next event."""
    dialect = dialect_of(connection)
    found: dict[int, Event] = {}
    for first in range(0, len(heads), dialect.at_once):
        some = sorted(set(heads[first : first + dialect.at_once]))
        given = dialect.given(("bigint",), [(head,) for head in some])
        statement = (
            f"WITH g(head) AS ({given.text}), p(head, stop) AS MATERIALIZED (SELECT head, COALESCE("
            f"(SELECT n.seq FROM facts n WHERE n.seq > head AND n.seq < head + {_MOST_LINES} AND n.line = 0 ORDER BY n.seq "
            f"LIMIT 1), head + {_MOST_LINES}) FROM g) SELECT {_COLUMNS} FROM p CROSS JOIN facts f "
            "WHERE f.seq >= p.head AND f.seq < p.stop"
        )
        rows = sorted((tuple(row) for row in connection.exec_driver_sql(statement, given.parameters)), key=_seq)
        found.update(zip(some, events_of(rows), strict=True))
    return [found[head] for head in heads]
