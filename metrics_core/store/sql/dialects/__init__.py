"""What differs between the SQL databases: a row for each in `ALL`, a file for each beside it, and nothing anywhere else."""

from __future__ import annotations

from sqlalchemy import Connection

from metrics_core.store.sql.dialects.dialect import Dialect
from metrics_core.store.sql.dialects.postgres import Postgres
from metrics_core.store.sql.dialects.sqlite import Sqlite

ALL: dict[str, Dialect] = {"sqlite": Sqlite(), "postgresql": Postgres()}
"""By the name SQLAlchemy has for it."""


def dialect_of(connection: Connection) -> Dialect:
    """How the database at the other end wants to be spoken to."""
    return ALL[connection.dialect.name]
