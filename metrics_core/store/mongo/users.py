"""Users by number: names are kept once, and sets of users are sets of small integers."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from pymongo.client_session import ClientSession

from metrics_core.store.mongo.schema import USERS, Collections
from metrics_core.store.mongo.turns import Turn

_REMEMBERED = 1_000_000
_AT_ONCE = 20_000


class UserNumbers:
    """What is known of users and their numbers. A number never changes, so whoever gave it, it is right for ever."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def number(self, name: str) -> int | None:
        return self._numbers.get(name)

    def keep(self, numbers: dict[str, int]) -> None:
        """Remember what can be read by everybody; of a turn only after its end."""
        with self._lock:
            if len(self._numbers) > _REMEMBERED:
                self._numbers, self._names = {}, {}
            self._numbers.update(numbers)
            self._names.update((number, name) for name, number in numbers.items())

    def forget(self) -> None:
        with self._lock:
            self._numbers, self._names = {}, {}

    def find(self, database: Collections, session: ClientSession | None, names: Iterable[str]) -> dict[str, int]:
        """The numbers of those who have one."""
        found: dict[str, int] = {}
        missing: list[str] = []
        for name in names:
            number = self._numbers.get(name)
            if number is None:
                missing.append(name)
            else:
                found[name] = number
        for first in range(0, len(missing), _AT_ONCE):
            some = {"name": {"$in": missing[first : first + _AT_ONCE]}}
            found.update((row["name"], int(row["_id"])) for row in database[USERS].find(some, session=session))
        return found

    def names(self, database: Collections, session: ClientSession | None, numbers: Iterable[int]) -> dict[int, str]:
        """The names of those numbers that were given."""
        known = self._names
        found: dict[int, str] = {}
        missing: list[int] = []
        for number in set(numbers):
            name = known.get(number)
            if name is None:
                missing.append(number)
            else:
                found[number] = name
        for first in range(0, len(missing), _AT_ONCE):
            some = {"_id": {"$in": missing[first : first + _AT_ONCE]}}
            found.update((int(row["_id"]), row["name"]) for row in database[USERS].find(some, session=session))
        return found


class Naming:
    """The numbers of user names within one turn: new names get one."""

    def __init__(self, users: UserNumbers, turn: Turn) -> None:
        self._users = users
        self._turn = turn
        self._fresh: dict[str, int] = {}

    def of(self, names: Iterable[str]) -> dict[str, int]:
        turn = self._turn
        found: dict[str, int] = {}
        missing: list[str] = []
        for name in names:
            number = self._users.number(name) or self._fresh.get(name)
            if number is None:
                missing.append(name)
            else:
                found[name] = number
        if missing:
            # Another process may have given them theirs.
            fresh = self._users.find(turn.database, turn.session, missing)
            absent = [name for name in missing if name not in fresh]
            if absent:
                given = {name: number for number, name in enumerate(absent, start=turn.users + 1)}
                documents = [{"_id": number, "name": name} for name, number in given.items()]
                turn.database[USERS].insert_many(documents, ordered=False, session=turn.session)
                turn.users += len(given)
                fresh.update(given)
            self._fresh.update(fresh)
            found.update(fresh)
        return found

    def again(self) -> None:
        """What it gave was taken back."""
        self._fresh = {}

    def published(self) -> None:
        """What this turn found and gave holds from now on."""
        self._users.keep(self._fresh)
