"""The schema, step by step: each has a number, is applied once, and is never changed after a release."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, insert, select

from metrics_core.store.newer import refuse_newer
from metrics_core.store.sql.schema import DOCUMENTS, FACTS, META, METADATA, SETS_TABLE, TOTALS_TABLE, USERS


def _first(connection: Connection) -> None:
    METADATA.create_all(connection, tables=[FACTS, USERS, TOTALS_TABLE, SETS_TABLE, DOCUMENTS])
    connection.execute(insert(META).values(name="generation", value=0))


STEPS: tuple[tuple[int, str, Callable[[Connection], None]], ...] = ((1, "facts, totals, sets and documents", _first),)


def apply(connection: Connection) -> list[int]:
    """Apply the steps that were not applied yet, in order; their numbers. Called inside a writing transaction. SettingError,
    and nothing done, where a step was applied that is not known here."""
    META.create(connection, checkfirst=True)
    done = connection.execute(select(META.c.value).where(META.c.name == "schema")).scalar()
    refuse_newer(done or 0, STEPS[-1][0])
    if done is None:
        connection.execute(insert(META).values(name="schema", value=0))
    applied = []
    for number, _, step in STEPS:
        if number > (done or 0):
            step(connection)
            connection.execute(META.update().where(META.c.name == "schema").values(value=number))
            applied.append(number)
    return applied
