"""The event log in MongoDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from metrics_core.model.event import ORDER_COMPLETED, ORDER_KINDS, Event
from metrics_core.model.instant import DAY, Instant
from metrics_core.model.query import Value
from metrics_core.model.window import Window
from metrics_core.store.mongo.facts import event_of, is_active
from metrics_core.store.mongo.forget import MOST, forget
from metrics_core.store.mongo.kept import rows_of
from metrics_core.store.mongo.recent import Recent, Short, newest, sightings
from metrics_core.store.mongo.schema import FACTS, Fields
from metrics_core.store.mongo.server import Server, State, all_of
from metrics_core.store.mongo.tally import run as run_tally
from metrics_core.store.mongo.users import UserNumbers
from metrics_core.store.protocols import Orders, Sighting, Tally

_EVER = Window(-(1 << 62), 1 << 62)
_AT_ONCE = 20_000
_COLUMNS: Fields = {
    **{name: {"$push": f"${column}"} for name, column in (
        ("seq", "_id"), ("at", "at"), ("user", "user"), ("origin", "origin"), ("kind", "kind"),
    )},
    "followed": {"$push": {"$cond": [{"$eq": ["$placed", True]}, None, {"$ifNull": ["$order_id", None]}]}},
    "named": {"$push": {"$gt": ["$segment", None]}},
}  # fmt: skip
"""Of the events of a group; in `followed` is the order of those that do not place it."""
_EVENTS = 7
"""The place of `events` among the totals."""


class MongoLog:
    """See `metrics_core.store.protocols.EventLog`."""

    def __init__(self, server: Server, users: UserNumbers, recent: Recent) -> None:
        self._server = server
        self._users = users
        self._recent = recent
        self.most_forgotten = MOST
        """At once; more go in steps."""

    def scan(
        self, window: Window | None = None, *, kinds: Sequence[str] = (), origins: Sequence[str] = (),
        run_id: str | None = None, user: str | None = None, chunk: int = 10_000,
    ) -> Iterator[list[Event]]:
        conditions = _within(window, origins)
        if kinds:
            conditions.append({"kind": {"$in": list(kinds)}})
        if run_id is not None:
            conditions.append({"run_id": run_id})
        with self._server.read() as state:
            if user is not None:
                number = self._users.find(self._server.plain, state.session, [user]).get(user)
                if number is None:
                    return
                conditions.append({"user": number})
            asked = all_of([*conditions, *state.facts()])
            cursor = self._server.plain[FACTS].find(asked, session=state.session, batch_size=min(chunk, 5_000))
            with cursor.sort([("at", 1), ("_id", 1)]).allow_disk_use(True) as found:
                while some := list(islice(found, chunk)):
                    yield self._events(state, some)

    def newest(
        self, limit: int, *, origins: Sequence[str] = (), before: Instant | None = None, after_seq: int = 0
    ) -> list[Event]:
        conditions = _within(None, origins)
        if before is not None:
            conditions.append({"at": {"$lt": before}})
        with self._server.read() as state:
            known = self._known(state, after_seq) if after_seq else None
            if known is not None:
                numbers = newest(known, limit, origins, before)
                rows = self._server.plain[FACTS].find({"_id": {"$in": numbers}}, session=state.session) if numbers else ()
                return self._events(state, sorted(rows, key=lambda row: (row["at"], row["_id"]), reverse=True))
            asked = all_of([*conditions, *state.facts(after_seq)])
            found = self._server.plain[FACTS].find(asked, session=state.session).sort([("at", -1), ("_id", -1)]).limit(limit)
            if after_seq:
                # Few are new: else the server might walk all of time backwards for them.
                found = found.hint("_id_")
            return self._events(state, list(found))

    def since(self, seq: int, limit: int) -> list[tuple[int, Event]]:
        with self._server.read() as state:
            asked = all_of(state.facts(max(seq, 0)))
            found = self._server.plain[FACTS].find(asked, session=state.session).sort("_id", 1).limit(limit)
            rows = list(found)
            return [(int(row["_id"]), event) for row, event in zip(rows, self._events(state, rows), strict=True)]

    def placed_at(self, order_ids: Sequence[str]) -> dict[str, Instant]:
        found: dict[str, Instant] = {}
        wanted = list(dict.fromkeys(order_ids))
        with self._server.read() as state:
            for first in range(0, len(wanted), _AT_ONCE):
                some = {"order_id": {"$in": wanted[first : first + _AT_ONCE]}, "kept": True, "placed": True}
                rows = self._server.plain[FACTS].find(
                    all_of([some, *state.facts()]), {"order_id": 1, "at": 1}, session=state.session
                )
                found.update((row["order_id"], int(row["at"])) for row in rows)
        return found

    def sightings(self, window: Window, origins: Sequence[str] = ()) -> list[Sighting]:
        with self._server.read() as state:
            return self._sighted(state, [*_within(window, origins), *state.facts()], None)

    def sightings_since(self, seq: int, limit: int = 50_000) -> list[Sighting]:
        with self._server.read() as state:
            known = self._known(state, max(seq, 0))
            if known is not None:
                return sightings(known, limit)
            return self._sighted(state, state.facts(max(seq, 0)), limit)

    def orders(self, *, after: int = 0, window: Window | None = None, chunk: int = 20_000) -> Iterator[Orders]:
        these: Fields = {"kind": {"$in": list(ORDER_KINDS)}, "user": {"$exists": True}}
        at = None if window is None else window.start
        with self._server.read() as state:
            while True:
                here = [these, *state.facts(after if window is None else 0)]
                if window is not None:
                    later: Fields = {"$or": [{"at": {"$gt": at}}, {"_id": {"$gt": after}}]}
                    here += [{"at": {"$gte": at, "$lt": window.end}}, later]
                stages: list[Fields] = [
                    {"$match": all_of(here)}, {"$sort": {"_id": 1} if window is None else {"at": 1, "_id": 1}},
                    {"$limit": chunk}, {"$group": {"_id": None, **_COLUMNS}},
                ]  # fmt: skip
                found = list(self._server.plain[FACTS].aggregate(stages, session=state.session, allowDiskUse=True))
                if not found:
                    return
                orders = self._orders(found[0])
                yield orders
                if len(orders.seq) < chunk:
                    return
                after, at = orders.seq[-1], orders.at[-1]

    def _orders(self, found: Fields) -> Orders:
        """What was said of orders, where those that follow another event take from it when the order was placed."""
        at, followed = [int(one) for one in found["at"]], found["followed"]
        placed_at = self.placed_at([order for order in followed if order is not None])
        return Orders(
            [int(one) for one in found["seq"]], at, [int(one) for one in found["user"]], found["origin"],
            [placed_at.get(order, when) for order, when in zip(followed, at, strict=True)] if placed_at else at,
            [kind == ORDER_COMPLETED for kind in found["kind"]], found["named"],
        )  # fmt: skip

    def tally(self, tally: Tally) -> list[tuple[Value, ...]]:
        with self._server.read() as state:
            return run_tally(self._server.plain, state, self._users, tally)

    def count(self) -> dict[str, tuple[int, Instant, Instant]]:
        numbers: dict[str, int] = {}
        days: dict[str, list[Instant]] = {}
        with self._server.read() as state:
            for start, origin, _, totals in rows_of(self._server.plain, state, (), DAY, _EVER):
                if totals[_EVENTS]:
                    numbers[origin] = numbers.get(origin, 0) + totals[_EVENTS]
                    days.setdefault(origin, []).append(start)
            found: dict[str, tuple[int, Instant, Instant]] = {}
            for origin, number in numbers.items():
                first, last = days[origin][0], days[origin][-1]
                found[origin] = (number, self._edge(state, origin, first, 1), self._edge(state, origin, last, -1))
            return found

    def forget(self, *, origins: Sequence[str] = (), run_id: str | None = None) -> int:
        return forget(self._server, self._users, origins, run_id, self.most_forgotten)

    def runs(self) -> list[tuple[str, str, int, Instant, Instant]]:
        with self._server.read() as state:
            pipeline: list[Fields] = [
                {"$match": all_of([{"run_id": {"$exists": True}}, *state.facts()])},
                {"$group": {
                    "_id": {"run": "$run_id", "origin": "$origin"}, "events": {"$sum": 1}, "first": {"$min": "$at"},
                    "last": {"$max": "$at"},
                }},
                {"$sort": {"first": -1}},
            ]  # fmt: skip
            rows = self._server.plain[FACTS].aggregate(pipeline, session=state.session, allowDiskUse=True)
            return [
                (row["_id"]["run"], row["_id"]["origin"], int(row["events"]), int(row["first"]), int(row["last"]))
                for row in rows
            ]

    def _known(self, state: State, after_seq: int) -> Short | None:
        """The events of this state after a number, where they were all written here and not long ago."""
        return self._recent.since(after_seq, *self._server.end(state))

    def _sighted(self, state: State, conditions: Sequence[Fields], limit: int | None) -> list[Sighting]:
        asked = all_of([*conditions, {"user": {"$exists": True}}])
        columns = {"at": 1, "user": 1, "origin": 1, "kind": 1, "placed": 1}
        found = self._server.plain[FACTS].find(asked, columns, session=state.session)
        if limit is not None:
            found = found.sort("_id", 1).limit(limit)
        return [
            Sighting(
                int(row["_id"]), int(row["at"]), int(row["user"]), row["origin"], row["kind"] == ORDER_COMPLETED,
                is_active(row),
            )
            for row in found
        ]  # fmt: skip

    def _events(self, state: State, found: Iterable[Fields]) -> list[Event]:
        rows = list(found)
        numbers = {int(row["user"]) for row in rows if row.get("user") is not None}
        names = self._users.names(self._server.plain, state.session, numbers)
        return [event_of(row, names) for row in rows]

    def _edge(self, state: State, origin: str, day: Instant, direction: int) -> Instant:
        """The first or last time of an origin on a day on which it has events."""
        these = all_of([{"at": {"$gte": day, "$lt": day + DAY}, "origin": origin}, *state.facts()])
        ends = self._server.plain[FACTS].find(these, {"at": 1}, session=state.session).sort([("at", direction)]).limit(1)
        return next((int(row["at"]) for row in ends), day)


def _within(window: Window | None, origins: Sequence[str]) -> list[Fields]:
    conditions: list[Fields] = []
    if window is not None:
        conditions.append({"at": {"$gte": window.start, "$lt": window.end}})
    if origins:
        conditions.append({"origin": {"$in": list(origins)}})
    return conditions
