"""A shop that sends: engines to send to, chains of records, and what an engine must have kept of them in the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import Any, TypeAlias

from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.model.event import Receipt
from metrics_core.model.instant import DAY, HOUR, MINUTE
from metrics_core.settings import Settings
from tests import given
from tests.stores.contents import Contents, contents

Record: TypeAlias = dict[str, Any]
Chain: TypeAlias = list[Record]
"""Records of which each needs those before it: an order, what became of it, what was given back."""

NOON = given.NOON


@contextmanager
def running(url: str, **fields: Any) -> Iterator[Engine]:
    engine = Engine(Settings(_env_file=None, database_url=url, **fields), clock=SetClock(NOON + HOUR))
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


PLUG = given.event_record(id="first of all")
"""What the writer has in its hands while the others wait."""


@contextmanager
def held(engine: Engine) -> Iterator[None]:
    """Another writer has the store, and the writer of the engine waits for it with a first request."""
    entered = threading.Event()
    done = threading.Event()

    def hold() -> None:
        with engine.store.batch():
            entered.set()
            done.wait(30)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        entered.wait(10)
        first = engine.submit([PLUG])
        try:
            yield
        finally:
            done.set()
            holding.result(30)
    assert first.result(30) == Receipt(1)


# ------------------------------------------------------------------------------------------------------------ a shop


def shop(chance: Random, orders: int) -> list[Chain]:
    """Orders with all that may become of them, and what else happens in a shop; every record has an id."""
    found = [_order(chance, f"o{number}") for number in range(orders)]
    for number in range(orders):
        at, user = NOON - chance.randrange(3 * DAY), f"u{chance.randrange(9)}"
        found.append([chance.choice((
            given.event_record(ts=at, userId=user, count=chance.randrange(1, 9), contentId=chance.choice(("home", "blog"))),
            given.event_record("login", ts=at, userId=user, properties={"plan": chance.choice(("pro", "free"))}),
            given.activity_record(user, ts=at),
            given.sale_record(ts=at, userId=user, orderId=f"s{number}"),
        ))])  # fmt: skip
    return [[{**record, "id": f"{number}.{place}"} for place, record in enumerate(one)] for number, one in enumerate(found)]


def _order(chance: Random, name: str) -> Chain:
    at = NOON - chance.randrange(3 * DAY)
    lines = [
        {"productId": chance.choice(("lamp", "desk", "chair")), "quantity": chance.randrange(1, 4),
         "revenue": f"{chance.randrange(1, 90)}.{chance.randrange(100):02}"}
        for _ in range(chance.choice((1, 1, 2, 4)))
    ]  # fmt: skip
    status = chance.choice(("pending", "completed", "failed"))
    order = given.order_record(
        name, ts=at, lines=lines, userId=f"u{chance.randrange(9)}", status=status,
        channel=chance.choice(("online", "retail")), region=chance.choice(("Europe", "Asia", "")),
    )  # fmt: skip
    then = chance.choice(("completed", "failed", None)) if status == "pending" else None
    chain = [order] if then is None else [order, given.status_record(name, then, ts=at + 5 * MINUTE)]
    if "completed" in (status, then):
        some = chance.choice(((), (), (1,), (3, 7)))
        chain += [given.refund_record(name, f"0.{cents:02}", ts=at + 10 * MINUTE) for cents in some]
    return chain


def mixed(chance: Random, chains: Sequence[Chain], again: float = 0.0) -> list[Record]:
    """All records in any order that keeps that of each chain, some of them a second time later on."""
    left = [list(chain) for chain in chains]
    found: list[Record] = []
    while left:
        chain = chance.choice(left)
        found.append(chain.pop(0))
        left = [some for some in left if some]
        if chance.random() < again:
            left.append([found[-1]])
    return found


def pieces(chance: Random, records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    first = 0
    while first < len(records):
        size = chance.choice((1, 1, 2, 7, 40))
        yield records[first : first + size]
        first += size


QUESTIONS: tuple[Record, ...] = (
    {"measures": ["revenue", "gross_revenue", "refunds", "orders", "quantity", "transactions", "pending", "completed",
                  "failed", "views", "events", "buyers", "active_users", "avg_order_value", "conversion_rate"],
     "over": "7d"},
    {"measures": ["revenue", "orders"], "over": "7d", "by": ["product", "channel"]},
    {"measures": ["revenue", "active_users"], "over": "month", "grain": "hour", "zone": "Asia/Kathmandu"},
    {"measures": ["events"], "over": "all_time", "by": ["kind", "user"]},
)  # fmt: skip


def answers(engine: Engine) -> list[Any]:
    return [engine.ask(question).rows for question in QUESTIONS]


def kept(engine: Engine) -> Contents:
    """All that is kept; events by id, as several senders have no common order."""
    found = contents(engine.store)
    return found._replace(events=sorted(found.events, key=lambda event: event.id))


def sent_in_order(chains: Sequence[Chain]) -> tuple[Contents, list[Any]]:
    """What is kept and answered when everything comes once, in order, in one piece."""
    with running("memory://") as engine:
        records = [record for chain in chains for record in chain]
        assert engine.accept(records) == Receipt(len(records), 0, ())
        return kept(engine), answers(engine)


def holds(engine: Engine, chains: Sequence[Chain]) -> None:
    """The engine keeps and answers what it would have with these sent once and in order; and verify agrees."""
    expected, answered = sent_in_order(chains)
    found = kept(engine)
    assert found.events == expected.events
    assert (found.rows, found.sets) == (expected.rows, expected.sets)
    assert answers(engine) == answered
    assert all(check.ok for check in engine.verify())
