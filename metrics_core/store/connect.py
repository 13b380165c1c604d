"""A store for a URL. A driver is loaded only when its URL is asked for."""

from __future__ import annotations

from metrics_core.errors import SettingError
from metrics_core.store.protocols import Store


def connect(url: str) -> Store:
    """The store of a DATABASE_URL; SettingError where no store speaks to that sort of database."""
    sort = url.partition(":")[0].partition("+")[0]
    if sort == "memory":
        from metrics_core.store.memory.store import MemoryStore

        return MemoryStore()
    if sort == "sqlite":
        from metrics_core.store.sql.store import SqlStore

        return SqlStore(url)
    message = (
        f"No store speaks to {sort!r} in this version. Set DATABASE_URL to an SQLite file, such as "
        "sqlite:///data/pulseboard.db, or leave it out."
    )
    raise SettingError(message)
