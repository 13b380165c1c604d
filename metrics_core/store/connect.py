"""A store for a URL. A driver is loaded only when its URL is asked for."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import NamedTuple

from metrics_core.errors import SettingError
from metrics_core.store.protocols import Store


class _Row(NamedTuple):
    """One sort of database."""

    schemes: tuple[str, ...]
    """How its URLs begin, without the driver that may stand behind a plus sign."""
    open: Callable[[str, str | None], Store]


def _memory(url: str, catalog: str | None) -> Store:
    from metrics_core.store.memory.store import MemoryStore

    return MemoryStore()


def _sql(url: str, catalog: str | None) -> Store:
    from metrics_core.store.sql.store import SqlStore

    return SqlStore(url)


def _mongo(url: str, catalog: str | None) -> Store:
    from metrics_core.store.mongo.store import MongoStore

    return MongoStore(url)


def _clickhouse(url: str, catalog: str | None) -> Store:
    try:
        from metrics_core.store.clickhouse.store import ClickHouseStore
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("clickhouse_connect"):
            raise
        message = "The driver of ClickHouse is not installed: pip install clickhouse-connect, or use another DATABASE_URL."
        raise SettingError(message) from None
    return ClickHouseStore(url, catalog)


_ROWS = (
    _Row(("sqlite",), _sql),
    _Row(("postgresql", "postgres"), _sql),
    _Row(("mongodb",), _mongo),
    _Row(("clickhouse",), _clickhouse),
    _Row(("chdb",), _clickhouse),
    _Row(("memory",), _memory),
)


def connect(url: str, catalog: str | None = None) -> Store:
    """The store of a DATABASE_URL; nothing is connected yet. SettingError where no store speaks to that sort of database.

    `catalog` is CATALOG_URL: where a database keeps its small documents that has no place for them itself.
    """
    scheme = url.partition(":")[0].partition("+")[0].strip().lower()
    for row in _ROWS:
        if scheme in row.schemes:
            return row.open(url, catalog)
    known = [name for row in _ROWS for name in row.schemes]
    close = get_close_matches(scheme, known, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else f"There are {', '.join(row.schemes[0] for row in _ROWS)}."
    # What stands there may be a password, where the scheme was left out.
    shown = repr(scheme) if scheme.isidentifier() and "://" in url else "what DATABASE_URL begins with"
    message = f"No store speaks to {shown}. {hint} On this machine, sqlite:///data/pulseboard.db needs no server."
    raise SettingError(message)
