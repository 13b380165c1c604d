"""Users by number: names are kept once, and sets of users are sets of small integers."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from metrics_core.store.sql.insert import insert
from metrics_core.store.sql.schema import USERS

_AT_ONCE = 500
_REMEMBERED = 1_000_000
_FIND = select(USERS.c.name, USERS.c.no).where(USERS.c.name.in_(bindparam("names", expanding=True)))


class UserNumbers:
    """The numbers of user names; new names get one. What a transaction added is remembered only after its commit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, int] = {}
        self._uncommitted: dict[str, int] = {}

    def of(self, connection: Connection, names: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        missing: list[str] = []
        for name in names:
            number = self._known.get(name) or self._uncommitted.get(name)
            if number is None:
                missing.append(name)
            else:
                found[name] = number
        if missing:
            fresh = self._find(connection, missing)
            absent = [(name,) for name in missing if name not in fresh]
            if absent:
                insert(connection, "users", ("name",), absent)
                fresh.update(self._find(connection, [row[0] for row in absent]))
            self._uncommitted.update(fresh)
            found.update(fresh)
        return found

    def committed(self) -> None:
        with self._lock:
            if len(self._known) > _REMEMBERED:
                self._known = {}
            self._known.update(self._uncommitted)
            self._uncommitted = {}

    def rolled_back(self) -> None:
        self._uncommitted = {}

    def forget(self) -> None:
        with self._lock:
            self._known = {}

    @staticmethod
    def _find(connection: Connection, names: list[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for first in range(0, len(names), _AT_ONCE):
            rows = connection.execute(_FIND, {"names": names[first : first + _AT_ONCE]})
            found.update((row[0], row[1]) for row in rows)
        return found
