"""The memory store: a list of events, a dict of totals, a dict of sets. What it answers, every store must answer."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field

from pyroaring import BitMap

from metrics_core.errors import ConflictError
from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, ORDER_KINDS, REFUND, Event
from metrics_core.model.instant import Instant
from metrics_core.model.query import Value
from metrics_core.model.window import Window
from metrics_core.rollup.fold import fold, is_active, is_buyer, merge
from metrics_core.rollup.totals import Grain, Key, Piece, Rollup, RollupRow, SetRow, Totals, add
from metrics_core.store.memory.tally import tally as count_tally
from metrics_core.store.protocols import Document, Orders, OrderState, Sighting, Tally


@dataclass
class _Kept:
    """All that is kept; a batch works on it directly and puts it back when it fails."""

    events: list[Event] = field(default_factory=list)
    by_id: dict[str, Event] = field(default_factory=dict)
    orders: dict[str, list[Event]] = field(default_factory=dict)
    totals: dict[tuple[tuple[str, ...], Grain, Instant, str, Key], Totals] = field(default_factory=dict)
    sets: dict[tuple[str, Grain, Instant, str], frozenset[str]] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)


class MemoryStore:
    """See `metrics_core.store.protocols.Store`."""

    name = "memory"

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._kept = _Kept()
        self._generation = 0
        self.events = MemoryLog(self)
        self.totals = MemoryTotals(self)
        self.catalog = MemoryCatalog(self._lock)

    def prepare(self) -> None:
        return None

    def flush(self) -> None:
        return None

    def batch(self, *, later: bool = False) -> AbstractContextManager[MemoryBatch]:
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[MemoryBatch]:
        with self._lock:
            kept = self._kept
            before = _Kept(
                kept.events[:], dict(kept.by_id), {key: list(rows) for key, rows in kept.orders.items()},
                dict(kept.totals), dict(kept.sets), dict(kept.users),
            )
            try:
                yield MemoryBatch(kept)
            except BaseException:
                self._kept = before
                raise

    @contextmanager
    def view(self) -> Iterator[None]:
        with self._lock:
            yield

    def newest_seq(self) -> int:
        with self._lock:
            return len(self._kept.events)

    def generation(self) -> int:
        return self._generation

    def ping(self) -> None:
        return None

    def size(self) -> int | None:
        return None

    def close(self) -> None:
        return None

    @contextmanager
    def reading(self) -> Iterator[_Kept]:
        with self._lock:
            yield self._kept

    @contextmanager
    def changing(self) -> Iterator[_Kept]:
        """Something other than appending: readers with a memory of their own start afresh."""
        with self._transaction():
            yield self._kept
            self._generation += 1


class MemoryBatch:
    """See `metrics_core.store.protocols.Batch`."""

    def __init__(self, kept: _Kept) -> None:
        self._kept = kept

    def known(self, ids: Sequence[str]) -> Mapping[str, int]:
        return {name: self._kept.by_id[name].digest for name in ids if name in self._kept.by_id}

    def orders(self, order_ids: Sequence[str]) -> Mapping[str, OrderState]:
        return {name: state_of(self._kept.orders[name]) for name in order_ids if self._is_placed(name)}

    def append(self, events: Sequence[Event]) -> bool:
        ids = {event.id for event in events}
        placed = [event.order_id for event in events if event.placed and event.order_id is not None]
        if len(ids) < len(events) or len(set(placed)) < len(placed):
            return False
        if any(name in self._kept.by_id for name in ids) or any(self._is_placed(name) for name in placed):
            return False
        for event in events:
            self._kept.events.append(event)
            self._kept.by_id[event.id] = event
            if event.order_id is not None:
                self._kept.orders.setdefault(event.order_id, []).append(event)
            if event.user is not None:
                self._number(event.user)
        return True

    def merge(self, rows: Iterable[RollupRow], sets: Iterable[SetRow]) -> None:
        totals, kept = self._kept.totals, self._kept.sets
        for row in rows:
            place = row[:5]
            totals[place] = add(totals[place], row.totals) if place in totals else row.totals
        for group in sets:
            spot = group[:4]
            kept[spot] = kept.get(spot, frozenset()) | group.users
            for user in group.users:
                self._number(user)

    def _number(self, user: str) -> None:
        self._kept.users.setdefault(user, len(self._kept.users) + 1)

    def _is_placed(self, order_id: str) -> bool:
        """What follows an order may have outlived it."""
        return any(event.placed for event in self._kept.orders.get(order_id, ()))


def state_of(events: Sequence[Event]) -> OrderState:
    """What an order's events say of it; the first placed it."""
    placed = next(event for event in events if event.placed)
    status, settled = "pending", None
    refunded = 0
    for event in events:
        if event.kind == ORDER_COMPLETED:
            status, settled = "completed", event.at
        elif event.kind == ORDER_FAILED:
            status, settled = "failed", event.at
        elif event.kind == REFUND:
            refunded += event.amount
    return OrderState(placed, status, settled, refunded)


def _placed_at(kept: _Kept, event: Event) -> Instant:
    if event.placed or event.order_id is None:
        return event.at
    return next((each.at for each in kept.orders[event.order_id] if each.placed), event.at)


class MemoryLog:
    """See `metrics_core.store.protocols.EventLog`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def _matching(
        self, window: Window | None = None, kinds: Sequence[str] = (), origins: Sequence[str] = (),
        run_id: str | None = None, user: str | None = None,
    ) -> list[Event]:
        with self._store.reading() as kept:
            found = [
                event
                for event in kept.events
                if (window is None or window.start <= event.at < window.end)
                and (not kinds or event.kind in kinds)
                and (not origins or event.origin in origins)
                and (run_id is None or event.run_id == run_id)
                and (user is None or event.user == user)
            ]
        return sorted(found, key=lambda event: event.at)

    def scan(
        self, window: Window | None = None, *, kinds: Sequence[str] = (), origins: Sequence[str] = (),
        run_id: str | None = None, user: str | None = None, chunk: int = 10_000,
    ) -> Iterator[list[Event]]:
        found = self._matching(window, kinds, origins, run_id, user)
        for first in range(0, len(found), chunk):
            yield found[first : first + chunk]

    def newest(
        self, limit: int, *, origins: Sequence[str] = (), before: Instant | None = None, after_seq: int = 0
    ) -> list[Event]:
        with self._store.reading() as kept:
            late = {id(event) for event in kept.events[after_seq:]}
        latest_first = self._matching(origins=origins)[::-1]
        return [event for event in latest_first if id(event) in late and (before is None or event.at < before)][:limit]

    def since(self, seq: int, limit: int) -> list[tuple[int, Event]]:
        with self._store.reading() as kept:
            return list(enumerate(kept.events[seq : seq + limit], start=seq + 1))

    def placed_at(self, order_ids: Sequence[str]) -> dict[str, Instant]:
        with self._store.reading() as kept:
            events = [event for order_id in dict.fromkeys(order_ids) for event in kept.orders.get(order_id, ())]
            return {event.order_id: event.at for event in events if event.placed and event.order_id is not None}

    def sightings(self, window: Window, origins: Sequence[str] = ()) -> list[Sighting]:
        with self._store.reading() as kept:
            return [
                sighting
                for sighting in self._sighted(kept, 0)
                if window.start <= sighting.at < window.end and (not origins or sighting.origin in origins)
            ]

    def sightings_since(self, seq: int, limit: int = 50_000) -> list[Sighting]:
        with self._store.reading() as kept:
            return self._sighted(kept, seq)[:limit]

    def orders(self, *, after: int = 0, window: Window | None = None, chunk: int = 20_000) -> Iterator[Orders]:
        with self._store.reading() as kept:
            found = [
                (number, event.at, kept.users[event.user], event.origin, _placed_at(kept, event),
                 event.kind == ORDER_COMPLETED, event.segment is not None)
                for number, event in enumerate(kept.events[after:], start=after + 1)
                if event.user is not None and event.kind in ORDER_KINDS
                and (window is None or window.start <= event.at < window.end)
            ]  # fmt: skip
        for first in range(0, len(found), chunk):
            yield Orders(*zip(*found[first : first + chunk], strict=True))

    @staticmethod
    def _sighted(kept: _Kept, seq: int) -> list[Sighting]:
        return [
            Sighting(number, event.at, kept.users[event.user], event.origin, is_buyer(event), is_active(event))
            for number, event in enumerate(kept.events[seq:], start=seq + 1)
            if event.user is not None
        ]

    def tally(self, tally: Tally) -> list[tuple[Value, ...]]:
        with self._store.reading() as kept:
            return count_tally(kept.events, tally)

    def count(self) -> dict[str, tuple[int, Instant, Instant]]:
        found: dict[str, tuple[int, Instant, Instant]] = {}
        with self._store.reading() as kept:
            for event in kept.events:
                number, first, last = found.get(event.origin, (0, event.at, event.at))
                found[event.origin] = (number + 1, min(first, event.at), max(last, event.at))
        return found

    def forget(self, *, origins: Sequence[str] = (), run_id: str | None = None) -> int:
        with self._store.changing() as kept:
            going = {id(event) for event in self._matching(origins=origins, run_id=run_id)}
            staying = [event for event in kept.events if id(event) not in going]
            kept.events[:] = []
            for table in (kept.by_id, kept.orders, kept.totals, kept.sets):
                table.clear()
            batch = MemoryBatch(kept)
            batch.append(staying)
            batch.merge(*fold(staying))
            return len(going)

    def runs(self) -> list[tuple[str, str, int, Instant, Instant]]:
        found: dict[tuple[str, str], tuple[int, Instant, Instant]] = {}
        with self._store.reading() as kept:
            for event in kept.events:
                if event.run_id is not None:
                    place = (event.run_id, event.origin)
                    number, first, last = found.get(place, (0, event.at, event.at))
                    found[place] = (number + 1, min(first, event.at), max(last, event.at))
        rows = [(run, origin, *row) for (run, origin), row in found.items()]
        return sorted(rows, key=lambda row: row[3], reverse=True)


class MemoryTotals:
    """See `metrics_core.store.protocols.RollupTable`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def sums(self, by: tuple[str, ...], pieces: Sequence[Piece]) -> list[dict[tuple[str, Key], Totals]]:
        return [self._sum(by, piece) for piece in pieces]

    def _sum(self, by: tuple[str, ...], piece: Piece) -> dict[tuple[str, Key], Totals]:
        window = Window(piece.start, piece.end)
        if piece.grain is None:
            found = [event for chunk in self._store.events.scan(window) for event in chunk]
            rows = merge(fold(found, (Rollup(by, (Grain.DAY,)),)).rows)
        else:
            rows = self.rows(by, piece.grain, window)
        summed: dict[tuple[str, Key], Totals] = {}
        for row in rows:
            place = (row.origin, row.key)
            summed[place] = add(summed[place], row.totals) if place in summed else row.totals
        return summed

    def rows(self, by: tuple[str, ...], grain: int, window: Window) -> list[RollupRow]:
        with self._store.reading() as kept:
            found = [
                RollupRow(*place, totals)
                for place, totals in kept.totals.items()
                if place[0] == by and place[1] == grain and window.start <= place[2] < window.end
            ]
        return sorted(found, key=lambda row: (row.start, row.origin, [str(value) for value in row.key]))

    def users(self, name: str, grain: int, window: Window) -> dict[tuple[Instant, str], BitMap]:
        with self._store.reading() as kept:
            return {
                (start, origin): BitMap(kept.users[user] for user in users)
                for (kind, length, start, origin), users in kept.sets.items()
                if kind == name and length == grain and window.start <= start < window.end
            }

    def replace(self, window: Window, rows: Iterable[RollupRow], sets: Iterable[SetRow]) -> None:
        with self._store.changing() as kept:
            for place in [place for place in kept.totals if window.start <= place[2] < window.end]:
                del kept.totals[place]
            for spot in [spot for spot in kept.sets if window.start <= spot[2] < window.end]:
                del kept.sets[spot]
            MemoryBatch(kept).merge(rows, sets)

    def names(self, users: Iterable[int]) -> dict[int, str]:
        wanted = set(users)
        with self._store.reading() as kept:
            return {number: name for name, number in kept.users.items() if number in wanted}


class MemoryCatalog:
    """See `metrics_core.store.protocols.Catalog`."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._documents: dict[tuple[str, str], Document] = {}

    def get(self, shelf: str, name: str) -> Document | None:
        with self._lock:
            found = self._documents.get((shelf, name))
        return None if found is None else _copied(found)

    def put(self, shelf: str, name: str, body: dict[str, object], *, expecting: int | None = None) -> Document:
        with self._lock:
            before = self._documents.get((shelf, name))
            version = before.version if before else 0
            if expecting is not None and expecting != version:
                msg = f"{name!r} was changed meanwhile: it is at version {version}, not {expecting}. Read it again."
                raise ConflictError(msg)
            document = _copied(Document(shelf, name, version + 1, body))
            self._documents[shelf, name] = document
            return _copied(document)

    def find(self, shelf: str) -> list[Document]:
        with self._lock:
            return [_copied(document) for (kept, _), document in sorted(self._documents.items()) if kept == shelf]

    def shelves(self) -> list[str]:
        with self._lock:
            return sorted({shelf for shelf, _ in self._documents})

    def drop(self, shelf: str, name: str) -> bool:
        with self._lock:
            return self._documents.pop((shelf, name), None) is not None


def _copied(document: Document) -> Document:
    """A document whose body nobody else holds."""
    return document._replace(body=deepcopy(document.body))
