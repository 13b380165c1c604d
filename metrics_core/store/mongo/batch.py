"""One turn of events and their totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress

from pymongo.collection import Collection
from pymongo.errors import BulkWriteError
from pyroaring import BitMap

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, Event
from metrics_core.model.events import columns_of
from metrics_core.rollup.totals import RollupRow, SetRow
from metrics_core.store.mongo.errors import TAKEN, code_of
from metrics_core.store.mongo.facts import documents_of, event_of
from metrics_core.store.mongo.kept import SetPlace, add_sets, add_totals
from metrics_core.store.mongo.recent import Recent, Short, short
from metrics_core.store.mongo.schema import FACTS, Fields
from metrics_core.store.mongo.turns import Turn
from metrics_core.store.mongo.users import Naming, UserNumbers
from metrics_core.store.protocols import OrderState

_AT_ONCE = 20_000


class MongoBatch:
    """See `metrics_core.store.protocols.Batch`. Facts are written as they come, totals and sets at the end, together."""

    def __init__(self, turn: Turn, users: UserNumbers, recent: Recent) -> None:
        self._turn = turn
        self._users = users
        self._recent = recent
        self._shorts: list[Short] = []
        self._naming = Naming(users, turn)
        self._appended = False
        self._rows: list[RollupRow] = []
        self._sets: dict[SetPlace, list[frozenset[str]]] = {}
        self._numbers: dict[str, int] = {}
        """Of the users of what was appended."""

    def known(self, ids: Sequence[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for some in _in_parts(ids):
            these = {"id": {"$in": some}, "kept": True}
            rows = self._facts.find(these, {"id": 1, "digest": 1}, session=self._turn.session)
            found.update((row["id"], int(row["digest"])) for row in rows)
        return found

    def orders(self, order_ids: Sequence[str]) -> Mapping[str, OrderState]:
        states: dict[str, OrderState] = {}
        for some in _in_parts(list(dict.fromkeys(order_ids))):
            these: Fields = {"order_id": {"$in": some}, "kept": True}
            placed = self._placed(some)
            later: dict[str, list[Fields]] = {}
            if placed:
                follows = self._facts.find({**these, "placed": False}, session=self._turn.session).sort("_id", 1)
                for row in follows:
                    later.setdefault(row["order_id"], []).append(row)
            names = self._users.names(
                self._turn.database, self._turn.session, {row["user"] for row in placed if row.get("user") is not None}
            )
            for row in placed:
                states[row["order_id"]] = _state(event_of(row, names), later.get(row["order_id"], ()))
        return states

    def append(self, events: Sequence[Event]) -> bool:
        if not events:
            return True
        columns = columns_of(events)
        ids = columns.id
        placed = [order for order in compress(columns.order_id, columns.placed) if order is not None]
        if len(set(ids)) < len(ids) or len(set(placed)) < len(placed):
            return False
        # An insertion that fails ends a transaction, and with it what was written before.
        if self._appended and (self.known(ids) or self._placed(placed)):
            return False
        turn = self._turn
        turn.renew()
        users = self._naming.of({user for user in set(columns.user) if user is not None})
        try:
            self._facts.insert_many(documents_of(events, turn.seq + 1, users), session=turn.session)
        except BulkWriteError as error:
            if code_of(error) != TAKEN:
                raise
            # Nothing else was written in this turn: it begins anew.
            turn.undo()
            turn.begin()
            self._naming.again()
            self._shorts.clear()
            self._numbers.clear()
            return False
        self._shorts.append(short(events, turn.seq + 1, users))
        turn.seq += len(events)
        self._numbers |= users
        self._appended = True
        return True

    def merge(self, rows: Iterable[RollupRow], sets: Iterable[SetRow]) -> None:
        self._rows += rows
        for group in sets:
            place = SetPlace(group.name, int(group.grain), group.start, group.origin)
            self._sets.setdefault(place, []).append(group.users)

    def flush(self) -> None:
        """Write the totals and sets of everything merged."""
        if not self._rows and not self._sets:
            return
        self._turn.beyond_facts = True
        add_totals(self._turn, self._rows)
        numbers = self._numbers
        numbers |= self._naming.of(set().union(*chain.from_iterable(self._sets.values())) - numbers.keys())
        add_sets(self._turn, {
            place: BitMap([numbers[name] for name in chain.from_iterable(parts)]) for place, parts in self._sets.items()
        })  # fmt: skip

    def published(self) -> None:
        """Everybody can read it from now on."""
        self._naming.published()
        self._recent.add(self._turn.generation, self._shorts)

    @property
    def _facts(self) -> Collection[Fields]:
        return self._turn.database[FACTS]

    def _placed(self, order_ids: Sequence[str]) -> list[Fields]:
        found: list[Fields] = []
        for some in _in_parts(order_ids):
            here = {"order_id": {"$in": some}, "kept": True, "placed": True}
            found += self._facts.find(here, session=self._turn.session)
        return found


def _in_parts(values: Sequence[str]) -> list[list[str]]:
    return [list(values[first : first + _AT_ONCE]) for first in range(0, len(values), _AT_ONCE)]


def _state(placed: Event, later: Sequence[Fields]) -> OrderState:
    status, settled, refunded = "pending", None, 0
    if placed.kind == ORDER_COMPLETED:
        status, settled = "completed", placed.at
    elif placed.kind == ORDER_FAILED:
        status, settled = "failed", placed.at
    for row in later:
        if row["kind"] == REFUND:
            refunded += int(row["amount"])
        elif row["kind"] in {ORDER_COMPLETED, ORDER_FAILED}:
            status, settled = ("completed" if row["kind"] == ORDER_COMPLETED else "failed"), int(row["at"])
    return OrderState(placed, status, settled, refunded)
