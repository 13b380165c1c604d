"""Users by number: names are kept once, and sets of users are sets of small integers."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from itertools import repeat

from sqlalchemy import Connection, bindparam, func, select

from metrics_core.store.sql.dialects import dialect_of
from metrics_core.store.sql.schema import USERS

_REMEMBERED = 1_000_000
_HIGHEST = select(func.max(USERS.c.no))
_SINCE = select(USERS.c.name, USERS.c.no).where(USERS.c.no > bindparam("no"))


class UserNumbers:
    """What is known of the numbers of user names. They are given in order and for ever, so that whoever knows all of
    them up to the highest knows also which names have none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, int] = {}
        self._highest = 0

    def naming(self) -> Naming:
        """For one transaction."""
        with self._lock:
            return Naming(self, self._known, self._highest)

    def keep(self, known: dict[str, int], numbers: dict[str, int], highest: int | None) -> None:
        """Remember what a transaction that began with `known` found or gave; only after its commit."""
        with self._lock:
            if len(self._known) > _REMEMBERED:
                self._known, self._highest = {}, 0
            self._known.update(numbers)
            # What was forgotten meanwhile is missing now, so that it is not all up to there.
            if highest is not None and known is self._known:
                self._highest = max(self._highest, highest)

    def forget(self) -> None:
        with self._lock:
            self._known, self._highest = {}, 0


class Naming:
    """The numbers of user names within one transaction, which is alone: new names get one."""

    def __init__(self, users: UserNumbers, known: dict[str, int], highest: int) -> None:
        self._users = users
        self._known = known
        self._highest: int | None = highest
        """Every name up to this number is known; None where there are too many."""
        self.there: int | None = None
        """The highest number there is, where that is known."""
        self._next: int | None = None
        self._fresh: dict[str, int] = {}
        self._here: dict[str, int] = {}
        """Of every name that was asked for."""

    def of(self, connection: Connection, names: Collection[str]) -> Mapping[str, int]:
        """The numbers of these names, and maybe of others."""
        # Each is looked for once: among a million others, that is what takes the time.
        here = self._here
        others = set(names).difference(here)
        if others:
            numbers = list(map(self._known.get, others, repeat(0)))
            if 0 in numbers:
                missing = sorted([name for name, number in zip(others, numbers, strict=True) if not number])
                self._number(connection, missing)
                numbers = [number or self._fresh[name] for name, number in zip(others, numbers, strict=True)]
            here.update(zip(others, numbers, strict=True))
        return here

    def committed(self) -> None:
        """What this transaction found and gave holds from now on."""
        self._users.keep(self._known, self._fresh, self._highest)

    def _number(self, connection: Connection, missing: list[str]) -> None:
        """The numbers of names that are not known here: those that another process gave them, or the next ones."""
        if self._next is None:
            self._follow(connection)
        fresh = self._fresh
        if self._highest is None:
            _find(connection, missing, fresh)
        numbers, names = [], []
        for name in missing:
            if name not in fresh:
                assert self._next is not None
                fresh[name] = self._next
                numbers.append(self._next)
                names.append(name)
                self._next += 1
        dialect_of(connection).add(connection, USERS, ("no", "name"), (numbers, names), by="name")
        if self._highest is not None and numbers:
            self._highest = numbers[-1]

    def _follow(self, connection: Connection) -> None:
        """Learn what others have numbered since."""
        there = self.there
        if there is None:
            there = connection.execute(_HIGHEST).scalar() or 0
        self._next = there + 1
        assert self._highest is not None
        if there - self._highest > _REMEMBERED:
            self._highest = None
        elif there > self._highest:
            self._fresh.update((row[0], row[1]) for row in connection.execute(_SINCE, {"no": self._highest}))
            self._highest = there


def _find(connection: Connection, names: list[str], found: dict[str, int]) -> None:
    dialect = dialect_of(connection)
    for first in range(0, len(names), dialect.at_once):
        some = names[first : first + dialect.at_once]
        rows = connection.execute(select(USERS.c.name, USERS.c.no).where(dialect.among(USERS.c.name, some)))
        found.update((row[0], row[1]) for row in rows)
