"""Users by number: names are kept once, and sets of users are sets of small integers."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from sqlalchemy import Connection, select

from metrics_core.store.sql.dialects import dialect_of
from metrics_core.store.sql.schema import USERS

_REMEMBERED = 1_000_000


class UserNumbers:
    """What is known of the numbers of user names. A number never changes, so whoever gave it, it is right for ever."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, int] = {}

    def naming(self) -> Naming:
        """For one transaction."""
        return Naming(self, self._known)

    def keep(self, numbers: dict[str, int]) -> None:
        """Remember what a transaction found or gave; only after its commit."""
        with self._lock:
            if len(self._known) > _REMEMBERED:
                self._known = {}
            self._known.update(numbers)

    def forget(self) -> None:
        with self._lock:
            self._known = {}


class Naming:
    """The numbers of user names within one transaction, which is alone: new names get one."""

    def __init__(self, users: UserNumbers, known: dict[str, int]) -> None:
        self._users = users
        self._known = known
        self._fresh: dict[str, int] = {}

    def of(self, connection: Connection, names: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        missing: list[str] = []
        for name in names:
            number = self._known.get(name) or self._fresh.get(name)
            if number is None:
                missing.append(name)
            else:
                found[name] = number
        if missing:
            # Another process may have given them theirs.
            fresh = _find(connection, missing)
            absent = [name for name in missing if name not in fresh]
            if absent:
                dialect_of(connection).add(connection, USERS, ("name",), [(name,) for name in absent])
                fresh.update(_find(connection, absent))
            self._fresh.update(fresh)
            found.update(fresh)
        return found

    def committed(self) -> None:
        """What this transaction found and gave holds from now on."""
        self._users.keep(self._fresh)


def _find(connection: Connection, names: list[str]) -> dict[str, int]:
    dialect = dialect_of(connection)
    found: dict[str, int] = {}
    for first in range(0, len(names), dialect.at_once):
        some = names[first : first + dialect.at_once]
        rows = connection.execute(select(USERS.c.name, USERS.c.no).where(dialect.among(USERS.c.name, some)))
        found.update((row[0], row[1]) for row in rows)
    return found
