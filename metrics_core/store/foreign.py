"""What a store offers that shares its database with other programs: their sales to read, ours and figures to write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from metrics_core.model.event import Event
from metrics_core.model.instant import HOUR, SECOND, Instant, instant

Document: TypeAlias = dict[str, Any]

PREFIX = "sales:"
"""Before the `_id` of a sale of another program, in the id of its event."""


class Sale(NamedTuple):
    """A sale that another program wrote: its `_id` as the database has it, the id of its event, and its other fields as
    plain values."""

    key: object
    id: str
    fields: Document


class Page(NamedTuple):
    """Some sales that were not taken in, in no particular order; none of them where there are none at the moment."""

    sales: tuple[Sale, ...]
    looked: int
    """How many were looked at to find them."""
    place: object
    """Where it ends; the store's own."""


class Found(NamedTuple):
    """What stands in the collection `sales`."""

    ours: int
    taken: int
    """Of other programs, taken in."""
    refused: int
    waiting: int
    """Of other programs, neither taken in nor refused."""
    reasons: tuple[tuple[str, int], ...] = ()
    """Why sales were refused, the commonest first: a sentence for one of them, and how many go by the same step."""
    since: Instant | None = None
    """When the first of them was looked at, to be taken in."""

    @property
    def others(self) -> int:
        return self.taken + self.refused + self.waiting


class Unfit(NamedTuple):
    """Why a sale was refused."""

    step: str
    field: str | None
    reason: str


class Foreign(Protocol):
    """The sales of other programs. They are read and never changed."""

    def pages(self, over: Callable[[], bool]) -> Iterator[Page]:
        """Every sale that is not in the log, from where the last page that was kept ends, and then those that come, for as
        long as it is not over; an empty page at least every few seconds."""
        ...

    def missing(self) -> Iterator[Page]:
        """Every sale that is not in the log, also those that were refused; then it ends."""
        ...

    def keep(self, page: Page, refused: Sequence[tuple[Sale, Unfit]], now: Instant) -> None:
        """This page is done: what is not refused is in the log. Doing it twice is the same."""
        ...

    def found(self) -> Found: ...


class Mirror(Protocol):
    """The collections that other programs read."""

    def place(self) -> Document:
        """What was kept last; empty at first."""
        ...

    def keep(self, place: Document) -> None: ...

    def add_sales(self, events: Iterable[Event], digits: int) -> None:
        """The lines of these completed orders; what is there already stays as it is."""
        ...

    def drop_sales(self, *, but: Sequence[str]) -> None:
        """Take away what is ours there and not of these origins, or of an event that is in the log no more."""
        ...

    def put_metrics(self, documents: Iterable[Document]) -> None:
        """Keep one document of each period, and of `1h` one an hour, in the place of what stands there."""
        ...


@runtime_checkable
class Shared(Protocol):
    """A store whose database other programs use, too."""

    @property
    def foreign(self) -> Foreign: ...

    @property
    def mirror(self) -> Mirror: ...


def shared(store: object) -> Shared | None:
    """The store as one that is shared; None where it is not."""
    return store if isinstance(store, Shared) else None


def sales_of(event: Event, digits: int) -> Iterator[Document]:
    """A document of `sales` for each line of a completed order, in the shape of seed 000: times are instants, `_id` is
    text. A sale of another program has its own `_id` and no order."""
    own = event.id.removeprefix(PREFIX) if event.id.startswith(PREFIX) and event.order_id == event.id else None
    said: Mapping[str, object] = event.payload or {} if own else {}
    for number, line in enumerate(event.lines):
        yield {
            "_id": own or key_of(event, number),
            **({} if own else {"orderId": event.order_id}),
            "productId": line.product,
            "quantity": line.quantity,
            "revenue": line.amount / 10**digits,
            "channel": event.channel,
            "region": event.region,
            "date": event.at,
            "userId": event.user,
            "createdAt": _when(said.get("createdAt")) or event.received_at,
            "updatedAt": _when(said.get("updatedAt")) or event.received_at,
        }


def key_of(event: Event, number: int) -> str:
    """The `_id` of a line of one of our orders: always the same, and ordered by time as those of other programs are."""
    told = blake2b(f"{event.id}\n{number}".encode(), digest_size=8).hexdigest()
    return f"{_seconds(event.received_at):08x}{told}"


def key_of_metrics(period: str, at: Instant) -> str:
    """The `_id` of a document of `metrics`: one for each period, and of `1h` one an hour."""
    hour = at - at % HOUR if period == "1h" else 0
    return f"{_seconds(hour):08x}{blake2b(period.encode(), digest_size=8).hexdigest()}"


def _when(said: object) -> Instant | None:
    try:
        when = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return None if when is None or when.tzinfo is None else instant(when)


def _seconds(at: Instant) -> int:
    return min(max(at // SECOND, 0), 0xFFFFFFFF)
