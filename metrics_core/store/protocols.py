"""What a store promises. Whatever passes the suite in tests/stores keeps these promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pyroaring import BitMap

from metrics_core.model.event import Event, Line
from metrics_core.model.instant import Instant
from metrics_core.model.query import Filter, Value
from metrics_core.model.window import Window
from metrics_core.rollup.totals import Key, Piece, RollupRow, SetRow, Totals


class Known(NamedTuple):
    """What an id is known for: the digest of the content that came first with it."""

    id: str
    digest: int


@dataclass(frozen=True, slots=True)
class OrderState:
    """What the log says of one order so far."""

    placed: Event
    """The event that placed it, with its lines and dimensions."""
    status: str
    """pending, completed or failed"""
    settled_at: Instant | None
    refunded: int
    """Minor units already given back."""

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.placed.lines)

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.placed.lines


class Sighting(NamedTuple):
    """The part of an event that distinct counts need. `user` is the store's own number for the user."""

    seq: int
    at: Instant
    user: int
    origin: str
    buyer: bool
    """A completed order."""
    active: bool
    """Something the user did."""


class Orders(NamedTuple):
    """What was said of orders by known users, by column: who follows buyers needs no more."""

    seq: Sequence[int]
    at: Sequence[Instant]
    user: Sequence[int]
    """The store's own number."""
    origin: Sequence[str]
    placed_at: Sequence[Instant]
    """When the order was placed; where nobody knows, when this was said of it."""
    completed: Sequence[bool]
    named: Sequence[bool]
    """It names its segment itself."""


class Signs(NamedTuple):
    """The segments of events that name none themselves: a sign for each event by its number."""

    first: int
    """The number of the event that the first sign is for."""
    signs: bytes
    """The digit 0 for none, else the place in `names`, counted from 1. Events outside have none."""
    names: tuple[str, ...]


class Tally(NamedTuple):
    """A count over the events themselves; see `EventLog.tally`."""

    window: Window
    terms: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    origins: tuple[str, ...] = ()
    grain: str | None = None
    shifts: tuple[tuple[Instant, Instant], ...] = ((0, 0),)
    week_start: int = 0
    segments: Signs | None = None


class Batch(Protocol):
    """One transaction: everything in it is written, durably, when the block ends without an error, or nothing is."""

    def known(self, ids: Sequence[str]) -> Mapping[str, int]:
        """Digests of those ids that are in the log already (also from earlier in this batch)."""
        ...

    def orders(self, order_ids: Sequence[str]) -> Mapping[str, OrderState]:
        """What is known of these orders, this batch included; unknown ones are left out."""
        ...

    def append(self, events: Sequence[Event]) -> bool:
        """Add events at the end of the log. All or none of them: False, and nothing added, where an id or a placed
        order is there already (or twice among them)."""
        ...

    def merge(self, rows: Iterable[RollupRow], sets: Iterable[SetRow]) -> None:
        """Add totals to the totals kept, and users to the sets kept."""
        ...


class EventLog(Protocol):
    """The facts, append-only, in the order of their `seq`."""

    def scan(self, window: Window | None = None, *, kinds: Sequence[str] = (), origins: Sequence[str] = (),
             run_id: str | None = None, user: str | None = None, chunk: int = 10_000) -> Iterator[list[Event]]:
        """Events in the window, in the order of (at, seq), in lists of at most `chunk`; None is all of time."""
        ...

    def newest(
        self, limit: int, *, origins: Sequence[str] = (), before: Instant | None = None, after_seq: int = 0
    ) -> list[Event]:
        """The latest events by (at, seq), newest first; with `after_seq`, only among those appended after it."""
        ...

    def since(self, seq: int, limit: int) -> list[tuple[int, Event]]:
        """Events after `seq` in the order in which they were appended, each with its number; at most `limit`, and none
        only when there are none."""
        ...

    def placed_at(self, order_ids: Sequence[str]) -> dict[str, Instant]:
        """When these orders were placed; unknown ones are left out."""
        ...

    def sightings(self, window: Window, origins: Sequence[str] = ()) -> list[Sighting]:
        """Who did something in the window, in no particular order; events without a user are left out."""
        ...

    def sightings_since(self, seq: int, limit: int = 50_000) -> list[Sighting]:
        """Sightings of the events after `seq`, in the order of seq; empty when there are none."""
        ...

    def orders(self, *, after: int = 0, window: Window | None = None, chunk: int = 20_000) -> Iterator[Orders]:
        """What was said of orders (`ORDER_KINDS`) by known users, in parts of at most `chunk` events, none of them empty:
        of the events after a number, in the order of numbers; or of those in a window, in no particular order."""
        ...

    def tally(self, tally: Tally) -> list[tuple[Value, ...]]:
        """Counts over the events themselves, exact for every combination of split and filter.

        A row is (bucket, if a grain is asked for), the values of `by`, the values of `terms`. A term is a name in
        `TOTALS` (a sum; money in minor units), or `buyers` or `active` (different users). Where `by` or `where` names
        `product`, money and quantity are of the matching lines, and counts of orders and events count an event once
        for each product. `shifts` are (from, offset) pairs: local time is UTC plus the offset of the last pair whose
        `from` is not after the event. The bucket of minute and hour is the UTC instant at which it starts (never
        before the `from` of its shift), of day the number of local days since 1970-01-01, of week the local day on
        which it starts as such a number, of month year * 12 + month - 1. `hour` is 0 to 23, `weekday` 0 (Monday) to 6.
        With `segments`, an event that names no segment counts as one that names what its sign says.
        """
        ...

    def count(self) -> dict[str, tuple[int, Instant, Instant]]:
        """For each origin that has any: events, first `at`, last `at`."""
        ...

    def forget(self, *, origins: Sequence[str] = (), run_id: str | None = None) -> int:
        """Remove the events of these origins (or of one run; or, with neither, all) with their share in the totals;
        how many went. In one transaction, or, where a database has no room for that, in several after each of which the
        totals are those of the events that are left, and which a crash does not end. The only way anything leaves the log:
        for simulated data and clearing."""
        ...

    def runs(self) -> list[tuple[str, str, int, Instant, Instant]]:
        """Runs of made-up data: run id, origin, events, first and last `at`; newest first."""
        ...


class RollupTable(Protocol):
    """Totals and sets of users by bucket."""

    def sums(self, by: tuple[str, ...], pieces: Sequence[Piece]) -> list[dict[tuple[str, Key], Totals]]:
        """For each piece: totals by (origin, key). A piece without a grain is summed from the events."""
        ...

    def rows(self, by: tuple[str, ...], grain: int, window: Window) -> list[RollupRow]:
        """The rows of one rollup whose buckets start in the window, by start."""
        ...

    def users(self, name: str, grain: int, window: Window) -> dict[tuple[Instant, str], BitMap]:
        """The sets of a grain in the window, by (start, origin), as the store's user numbers."""
        ...

    def replace(self, window: Window, rows: Iterable[RollupRow], sets: Iterable[SetRow]) -> None:
        """Put these in the place of every total and set whose bucket starts in the window (whole UTC days), at once."""
        ...

    def names(self, users: Iterable[int]) -> dict[int, str]:
        """Names of the store's user numbers."""
        ...


class Document(NamedTuple):
    """A small named thing people make: its version goes up by one with every change."""

    shelf: str
    name: str
    version: int
    body: dict[str, object]


class Catalog(Protocol):
    """Documents by shelf and name."""

    def get(self, shelf: str, name: str) -> Document | None: ...

    def put(self, shelf: str, name: str, body: dict[str, object], *, expecting: int | None = None) -> Document:
        """Keep it. With `expecting`, ConflictError unless that is the version kept (0: there is none)."""
        ...

    def find(self, shelf: str) -> list[Document]:
        """All of a shelf, by name."""
        ...

    def shelves(self) -> list[str]:
        """The shelves that have documents, by name."""
        ...

    def drop(self, shelf: str, name: str) -> bool: ...


class Store(Protocol):
    """A place to keep everything. Safe to use from several threads; StoreAwayError whenever the database does not answer."""

    name: str
    """What it is, for people: `SQLite 3.45, data/pulseboard.db`. Never a password."""

    @property
    def events(self) -> EventLog: ...

    @property
    def totals(self) -> RollupTable: ...

    @property
    def catalog(self) -> Catalog: ...

    def prepare(self) -> None:
        """Bring the schema to this version, step by step, each applied once."""
        ...

    def batch(self, *, later: bool = False) -> AbstractContextManager[Batch]:
        """One transaction: at its end it is there for everybody, and durable. With `later` it may be durable only after the
        next `flush`, so that another can begin meanwhile."""
        ...

    def flush(self) -> None:
        """Whatever was there before this call is durable at its end."""
        ...

    def view(self) -> AbstractContextManager[None]:
        """Everything this thread reads inside sees the store as it was at one moment."""
        ...

    def newest_seq(self) -> int:
        """The number of the newest event; 0 when empty. Cheap enough to ask several times a second."""
        ...

    def generation(self) -> int:
        """Goes up whenever something other than appending changed the log or the totals."""
        ...

    def ping(self) -> None:
        """StoreAwayError unless the database answers."""
        ...

    def size(self) -> int | None:
        """Bytes kept, where the store knows."""
        ...

    def close(self) -> None: ...
