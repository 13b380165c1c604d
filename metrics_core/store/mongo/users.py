"""Users by number: names are kept once, and sets of users are sets of small integers."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from pymongo.client_session import ClientSession

from metrics_core.store.mongo.schema import USERS, Collections
from metrics_core.store.mongo.turns import Turn

_REMEMBERED = 1_000_000
_AT_ONCE = 20_000


_FOLLOWED = 250_000
"""So many that others have numbered are read to know all; of more, only those that are asked for."""


class UserNumbers:
    """What is known of users and their numbers. They are given in order and for ever, so that whoever knows all of them up
    to the highest knows also which names have none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._highest = 0

    def known(self) -> tuple[dict[str, int], int]:
        """The numbers that are known, and up to which all are."""
        with self._lock:
            return self._numbers, self._highest

    def keep(self, known: dict[str, int], numbers: dict[str, int], highest: int | None) -> None:
        """Remember what can be read by everybody; what a turn that began with `known` found or gave only after its end."""
        with self._lock:
            if len(self._numbers) > _REMEMBERED:
                self._numbers, self._names, self._highest = {}, {}, 0
            self._numbers.update(numbers)
            self._names.update((number, name) for name, number in numbers.items())
            # What was forgotten meanwhile is missing now, so that it is not all up to there.
            if highest is not None and known is self._numbers:
                self._highest = max(self._highest, highest)

    def forget(self) -> None:
        with self._lock:
            self._numbers, self._names, self._highest = {}, {}, 0

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
        self.again()

    def again(self) -> None:
        """From the start: what was given in this turn was taken back."""
        self._fresh: dict[str, int] = {}
        self._known, highest = self._users.known()
        self._highest: int | None = highest
        """Every name up to this number is known; None where there are too many."""
        self._followed = False

    def of(self, names: Iterable[str]) -> dict[str, int]:
        known, fresh = self._known, self._fresh
        found = {name: known.get(name) or fresh.get(name, 0) for name in names}
        missing = [name for name, number in found.items() if not number]
        if missing:
            self._number(missing)
            found.update((name, fresh[name]) for name in missing)
        return found

    def published(self) -> None:
        """What this turn found and gave holds from now on."""
        self._users.keep(self._known, self._fresh, self._highest)

    def _number(self, missing: list[str]) -> None:
        """The numbers of names that are not known here: those that another process gave them, or the next ones."""
        turn = self._turn
        if not self._followed:
            self._follow()
        if self._highest is None:
            self._fresh.update(self._users.find(turn.database, turn.session, missing))
        absent = [name for name in missing if name not in self._fresh]
        if absent:
            # In the order of the index of their names: neighbours are added together.
            given = {name: number for number, name in enumerate(sorted(absent), start=turn.users + 1)}
            documents = [{"_id": number, "name": name} for name, number in given.items()]
            turn.database[USERS].insert_many(documents, ordered=False, session=turn.session)
            turn.users += len(given)
            self._fresh.update(given)
        if self._highest is not None:
            self._highest = turn.users

    def _follow(self) -> None:
        """Learn what others have numbered since."""
        assert self._highest is not None
        turn = self._turn
        if not 0 <= turn.users - self._highest <= _FOLLOWED:
            self._highest = None
        elif turn.users > self._highest:
            since = {"_id": {"$gt": self._highest, "$lte": turn.users}}
            rows = turn.database[USERS].find(since, session=turn.session)
            self._fresh.update((row["name"], int(row["_id"])) for row in rows)
            self._highest = turn.users
        self._followed = True
