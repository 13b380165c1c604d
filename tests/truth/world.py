"""A small shop's spring and autumn, made up with a seed: believable, with everything that makes counting hard."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from metrics_core.model.event import (
    IMPORT,
    LIVE,
    ORDER_COMPLETED,
    ORDER_FAILED,
    ORDER_PLACED,
    REFUND,
    SIM,
    VIEW,
    Event,
    Line,
)
from metrics_core.model.instant import DAY, HOUR, MINUTE, SECOND, Instant
from metrics_core.rollup.fold import fold
from metrics_core.store.protocols import Store
from tests import given

SPRING = (given.at("2026-03-05"), given.at("2026-04-08"))
"""New York, Berlin and Lord Howe change their clocks."""
AUTUMN = (given.at("2026-10-02"), given.at("2026-11-03"))
"""So they do again, in the other direction."""

CHANNELS = ("online", "online", "retail", "wholesale", None)
REGIONS = ("Europe", "Asia", "Africa", None)
PRODUCTS = tuple(f"p{number}" for number in range(12))
USERS = (*(f"u{number}" for number in range(60)), None, None, None)
CONTENTS = ("home", "pricing", "blog", None)


def world(seed: int, size: int) -> list[Event]:
    """Some `size` orders, and what goes with them; in the order of arrival, which is not that of time."""
    chance = random.Random(seed)
    found: list[Event] = []
    for number in range(size):
        found += _order(chance, f"{seed}-{number}")
        found += _others(chance, f"{seed}-{number}")
    return found


def keep(store: Store, events: Sequence[Event], size: int = 700) -> None:
    """Write the events with their totals, batch by batch."""
    for first in range(0, len(events), size):
        some = events[first : first + size]
        with store.batch() as batch:
            assert batch.append(some)
            batch.merge(*fold(some))


def _when(chance: random.Random) -> Instant:
    start, end = chance.choice((SPRING, AUTUMN))
    at = chance.randrange(start, end)
    match chance.randrange(8):
        case 0:  # on the very edge of a bucket
            return at - at % chance.choice((MINUTE, 15 * MINUTE, HOUR, DAY))
        case 1:  # in the hours in which clocks change
            change = chance.choice(("2026-03-08 07:00", "2026-03-29 01:00", "2026-04-04 15:00", "2026-10-03 15:30",
                                    "2026-10-25 01:00", "2026-11-01 06:00"))  # fmt: skip
            return given.at(change) + chance.randrange(-2 * HOUR, 2 * HOUR)
        case _:
            return at


def _order(chance: random.Random, name: str) -> Iterator[Event]:
    at = _when(chance)
    lines = tuple(
        Line(chance.choice((*PRODUCTS, None)), chance.randrange(1, 5), chance.randrange(0, 90_000))
        for _ in range(chance.choice((1, 1, 2, 3, 6)))
    )
    if chance.random() < 0.3:
        lines += lines[:1]  # the same product twice in an order
    common = {
        "user": chance.choice(USERS), "channel": chance.choice(CHANNELS), "region": chance.choice(REGIONS),
        "staff": chance.choice(("sue", "tom", None)), "content": chance.choice(CONTENTS),
        "origin": chance.choice((LIVE, LIVE, IMPORT, SIM)), "source": chance.choice(("shop", "till")),
    }  # fmt: skip
    made = {"order_id": f"o{name}", "lines": lines, **common}
    match chance.randrange(6):
        case 0:
            yield given.event(ORDER_FAILED, at=at, id=f"f{name}", placed=True, **made)
            return
        case 1 | 2:
            yield given.event(ORDER_PLACED, at=at, id=f"p{name}", placed=True, **made)
            end = chance.choice((ORDER_COMPLETED, ORDER_COMPLETED, ORDER_FAILED, None))
            if end is None:
                return
            at += chance.randrange(SECOND, 2 * DAY)
            yield given.event(end, at=at, id=f"s{name}", **made)
            if end == ORDER_FAILED:
                return
        case _:
            yield given.event(ORDER_COMPLETED, at=at, id=f"c{name}", placed=True, **made)
    amount = sum(line.amount for line in lines)
    if amount > 1 and chance.random() < 0.2:
        back = chance.randrange(1, amount)
        single = len({line.product for line in lines}) == 1 and lines[0].product is not None
        told = (Line(lines[0].product, 0, back),) if single else ()
        yield given.event(
            REFUND, at=at + chance.randrange(SECOND, 5 * DAY), id=f"r{name}", order_id=f"o{name}", lines=told, amount=back,
            **common,
        )


def _others(chance: random.Random, name: str) -> Iterator[Event]:
    for number in range(chance.randrange(4)):
        kind = chance.choice((VIEW, VIEW, "login", "activity"))
        yield given.event(
            kind, at=_when(chance), id=f"e{name}-{number}", user=chance.choice(USERS), content=chance.choice(CONTENTS),
            channel=chance.choice(CHANNELS), origin=chance.choice((LIVE, IMPORT, SIM)),
            count=chance.choice((1, 1, 5)) if kind == VIEW else 1, feature=chance.choice(("search", "cart", None)),
        )
