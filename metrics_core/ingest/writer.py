"""The writer: many senders share one commit. It tells new from known, gives follow-ups what their order knows, and folds."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from metrics_core.errors import BusyError, ContendedError, PulseboardError, StoreAwayError
from metrics_core.health import METERS
from metrics_core.ingest.answers import Answers
from metrics_core.ingest.followups import resolve
from metrics_core.model.event import Event, Receipt, Refusal
from metrics_core.model.events import columns_of, joined
from metrics_core.rollup.fold import Folded, fold
from metrics_core.store.protocols import Batch, Store

MOST_AT_ONCE = 5_000
"""Events in one commit, unless a single request brings more."""

_PAUSES = (0.02, 0.1, 0.5)
"""Before the same batch is tried again, in seconds, where others were writing the same rows."""


class _Waiting(NamedTuple):
    """One request: its admitted events, where each stood in it, what was refused before it came here, and the totals of
    its events where they are known."""

    events: Sequence[Event]
    indexes: Sequence[int]
    refused: Sequence[Refusal]
    folded: Folded | None
    answer: Future[Receipt]


@dataclass
class _Outcome:
    accepted: int = 0
    duplicates: int = 0
    refused: list[Refusal] = field(default_factory=list)


class Writer:
    """Takes admitted events and answers after the commit that holds them. It keeps at most `limit` events waiting."""

    def __init__(self, store: Store, *, limit: int, committed: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._limit = limit
        self._committed = committed
        self._inbox: deque[_Waiting] = deque()
        self._depth = 0
        self._filled = threading.Condition()
        self._turn = threading.Lock()
        self._answers = Answers(store.flush)
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def depth(self) -> int:
        """Events that wait to be written."""
        return self._depth

    def start(self) -> None:
        with self._filled:  # senders start it too, and there must never be two
            if self._thread is None or not self._thread.is_alive():
                self._stopping = False
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end."""
        with self._filled:
            self._stopping = True
            self._filled.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=30)
        self._answers.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is written inside; what arrives waits."""
        with self._turn:
            yield

    def submit(
        self, events: Sequence[Event], indexes: Sequence[int], refused: Sequence[Refusal], folded: Folded | None = None
    ) -> Future[Receipt]:
        """The receipt of these events, once they are on disk. BusyError, and nothing taken, when the inbox is full."""
        answer: Future[Receipt] = Future()
        # A caller who goes away takes nothing back: what was handed in is written, and its answer may go unread.
        answer.set_running_or_notify_cancel()
        if not events:
            answer.set_result(Receipt(0, 0, tuple(refused)))
            return answer
        with self._filled:
            if self._stopping:
                message = "The server is stopping. Nothing was taken in; send it again in a moment."
                raise BusyError(message, retry_after=2)
            if self._depth + len(events) > self._limit:
                message = (
                    f"The inbox is full: {self._depth} records wait to be written, and {self._limit} may. Nothing of this "
                    "request was taken in; send it again, in smaller pieces if it holds more than that."
                )
                raise BusyError(message, retry_after=1)
            self._inbox.append(_Waiting(events, indexes, refused, folded, answer))
            self._depth += len(events)
            self._filled.notify()
        return answer

    def _run(self) -> None:
        while True:
            with self._filled:
                while not self._inbox:
                    if self._stopping:
                        return
                    self._filled.wait()
                together = self._drain()
            with self._turn:
                self._commit(together)

    def _drain(self) -> list[_Waiting]:
        together = [self._inbox.popleft()]
        number = len(together[0].events)
        while self._inbox and number + len(self._inbox[0].events) <= MOST_AT_ONCE:
            together.append(self._inbox.popleft())
            number += len(together[-1].events)
        return together

    def _commit(self, together: list[_Waiting]) -> None:
        started = time.perf_counter()
        try:
            outcomes = self._write(together)
        except Exception as error:
            self._failed(together, error)
            return
        finally:
            METERS.commit_seconds.observe(time.perf_counter() - started)
        self._answers.give(lambda why: self._answer(together, outcomes, why), here=not self._inbox)

    def _answer(self, together: list[_Waiting], outcomes: list[_Outcome], why: Exception | None) -> None:
        """What they sent is there for everybody; durably, unless somebody says why not."""
        self._left(together)
        self._committed()
        if why is not None:
            self._refuse(together, why)
            return
        for waiting, outcome in zip(together, outcomes, strict=True):
            origin = waiting.events[0].origin
            METERS.accepted.labels(origin).inc(outcome.accepted)
            METERS.duplicates.labels(origin).inc(outcome.duplicates)
            for refusal in outcome.refused:
                METERS.refused.labels(refusal.step).inc()
            refused = sorted((*waiting.refused, *outcome.refused), key=lambda refusal: refusal.index)
            waiting.answer.set_result(Receipt(outcome.accepted, outcome.duplicates, tuple(refused)))

    def _write(self, together: list[_Waiting]) -> list[_Outcome]:
        for pause in _PAUSES:
            try:
                with self._store.batch(later=True) as batch:
                    return write(batch, together)
            except ContendedError:
                time.sleep(pause)
        with self._store.batch(later=True) as batch:
            return write(batch, together)

    def _failed(self, together: list[_Waiting], error: Exception) -> None:
        # Others must not suffer for one request: each is tried by itself, and only the one at fault is told.
        if len(together) > 1 and not isinstance(error, StoreAwayError):
            for waiting in together:
                self._commit([waiting])
            return
        self._left(together)
        self._refuse(together, error)

    def _refuse(self, together: list[_Waiting], error: Exception) -> None:
        if not isinstance(error, PulseboardError):
            METERS.faults.labels("writer").inc()
        for waiting in together:
            waiting.answer.set_exception(error)

    def _left(self, together: list[_Waiting]) -> None:
        with self._filled:
            self._depth -= sum(len(waiting.events) for waiting in together)


def write(batch: Batch, requests: Sequence[_Waiting]) -> list[_Outcome]:
    """Append what is new of these requests, in their order, and merge its totals; what became of each request."""
    # Nearly always everything is new. To find that out by writing it costs less than to look first.
    everything = joined([request.events for request in requests])
    mixed = _any_follows(everything)
    if not mixed and batch.append(everything):
        batch.merge(*_together(requests))
        return [_Outcome(accepted=len(request.events)) for request in requests]
    outcomes = [_Outcome() for _ in requests]
    plain: list[tuple[int, int, Event]] = []
    follow: list[tuple[int, int, Event]] = []
    for number, request in enumerate(requests):
        for index, event in zip(request.indexes, request.events, strict=True):
            (follow if _follows(event) else plain).append((number, index, event))
    fresh = [event for _, _, event in plain] if mixed else []
    if fresh and batch.append(fresh):
        for number, _, _ in plain:
            outcomes[number].accepted += 1
    elif plain:
        fresh = _append_new(batch, plain, outcomes)
    if follow:
        fresh += _append_followups(batch, follow, outcomes)
    if fresh:
        batch.merge(*fold(fresh))
    return outcomes


def _together(requests: Sequence[_Waiting]) -> Folded:
    """The totals of all their events."""
    known = [request.folded for request in requests if request.folded is not None]
    others = [request.events for request in requests if request.folded is None]
    if others:
        known.append(fold(joined(others)))
    return Folded([row for folded in known for row in folded.rows], [group for folded in known for group in folded.sets])


def _follows(event: Event) -> bool:
    """It goes on with an order that was placed before."""
    return event.order_id is not None and not event.placed


def _any_follows(events: Sequence[Event]) -> bool:
    columns = columns_of(events)
    if False not in columns.placed:
        return False
    return any(order is not None and not placed for order, placed in zip(columns.order_id, columns.placed, strict=True))


def _append_new(batch: Batch, plain: Sequence[tuple[int, int, Event]], outcomes: list[_Outcome]) -> list[Event]:
    known = dict(batch.known([event.id for _, _, event in plain]))
    placed = set(batch.orders(_orders_of(plain, known)))
    fresh: list[Event] = []
    for number, index, event in plain:
        if _was_seen(known, event, index, outcomes[number]):
            continue
        if event.order_id is not None and event.order_id in placed:
            outcomes[number].refused.append(Refusal(
                index, event.id, "is_a_new_order", "orderId",
                f"Order {event.order_id!r} was placed before, with other content. An order is never overwritten: send its "
                "status or a refund instead, or give this one an orderId of its own.",
            ))  # fmt: skip
            continue
        if event.order_id is not None:
            placed.add(event.order_id)
        known[event.id] = event.digest
        fresh.append(event)
        outcomes[number].accepted += 1
    return _appended(batch, fresh)


def _append_followups(batch: Batch, follow: Sequence[tuple[int, int, Event]], outcomes: list[_Outcome]) -> list[Event]:
    known = dict(batch.known([event.id for _, _, event in follow]))
    states = dict(batch.orders(_orders_of(follow, known)))
    fresh: list[Event] = []
    for number, index, event in follow:
        if _was_seen(known, event, index, outcomes[number]):
            continue
        order_id = event.order_id or ""
        resolved = resolve(event, states.get(order_id), index)
        if isinstance(resolved, Refusal):
            outcomes[number].refused.append(resolved)
            continue
        filled, states[order_id] = resolved
        known[event.id] = event.digest
        fresh.append(filled)
        outcomes[number].accepted += 1
    return _appended(batch, fresh)


def _appended(batch: Batch, fresh: list[Event]) -> list[Event]:
    """These events, which are in the log now: nothing of them was known to it."""
    if fresh and not batch.append(fresh):
        message = "The event log took neither these events nor named what it has of them."
        raise AssertionError(message)
    return fresh


def _orders_of(events: Sequence[tuple[int, int, Event]], known: Mapping[str, int]) -> list[str]:
    return [event.order_id for _, _, event in events if event.order_id is not None and event.id not in known]


def _was_seen(known: Mapping[str, int], event: Event, index: int, outcome: _Outcome) -> bool:
    """Whether its id was kept before: then it is counted as a duplicate, or refused where its content differs."""
    before = known.get(event.id)
    if before is None:
        return False
    if before == event.digest:
        outcome.duplicates += 1
    else:
        outcome.refused.append(Refusal(
            index, event.id, "is_not_in_conflict", "id",
            f"The id {event.id[:80]!r} was sent before with other content, which stays as it was. Send what is new "
            "under an id of its own.",
        ))  # fmt: skip
    return True
