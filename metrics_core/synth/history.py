"""Past days at once: what a shop would have recorded between two moments, in the order in which it happened.

Every hour is drawn by itself from the seed and its place in time. So the same seed, zone and currency say the same of an
hour whenever and with whatever window they are asked, ids included: generating again adds only what is new.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import TypeAlias
from zlib import crc32
from zoneinfo import ZoneInfo

from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant
from metrics_core.synth import records
from metrics_core.synth.patterns import level, noise, whole
from metrics_core.synth.people import CHANNELS, CONTENT, Weighted, pick, products, users
from metrics_core.synth.records import Record

ORDERS_AN_HOUR = 43.5
"""Orders placed in an ordinary hour: some 35,000 in thirty days."""

VIEWS_AN_ORDER = 1.2
SESSIONS_AN_HOUR = 8.0
FEATURE_USES_AN_HOUR = 7.0
PENDING, FAILED, REFUNDED = 0.06, 0.035, 0.02
"""Shares of the orders that wait before they are settled, that fail at once, and that are paid back in part."""

_MILLISECOND = 1_000

_Timed: TypeAlias = tuple[Instant, int, Record]


@dataclass(frozen=True, slots=True)
class _Shop:
    """What every hour of one history shares."""

    seed: int
    zone: ZoneInfo
    digits: int

    @property
    def tag(self) -> str:
        return f"{crc32(f'{self.seed}/{self.zone.key}/{self.digits}'.encode()):08x}"


def history(
    *, seed: int, start: Instant, end: Instant, zone: ZoneInfo, digits: int = 2, chunk: int = 2_000
) -> Iterator[list[Record]]:
    """Records dated in [start, end), oldest first, in lists of at most `chunk`; each has its own id and time."""
    shop = _Shop(seed, zone, digits)
    ticket = count()
    waiting: list[_Timed] = []
    ready: list[Record] = []
    for hour in range(start // HOUR, -(-end // HOUR)):
        for at, record in _hour(shop, hour):
            heapq.heappush(waiting, (at, next(ticket), record))
        for record in _due(waiting, before=min((hour + 1) * HOUR, end), since=start):
            ready.append(record)
            if len(ready) >= chunk:
                yield ready
                ready = []
    if ready:
        yield ready


def expected(start: Instant, end: Instant) -> int:
    """Roughly how many records a history holds, for a progress bar."""
    per_order = 1 + VIEWS_AN_ORDER + PENDING + REFUNDED
    return int((end - start) / HOUR * (ORDERS_AN_HOUR * 1.1 * per_order + FEATURE_USES_AN_HOUR + 2.5 * SESSIONS_AN_HOUR))


def _due(waiting: list[_Timed], *, before: Instant, since: Instant) -> Iterator[Record]:
    while waiting and waiting[0][0] < before:
        at, _, record = heapq.heappop(waiting)
        if at >= since:
            yield record
        elif record.get("lines"):
            # An order from before the window is not told, so neither is what became of it later.
            _drop(waiting, record["orderId"])


def _drop(waiting: list[_Timed], order_id: str) -> None:
    waiting[:] = [row for row in waiting if row[2].get("orderId") != order_id]
    heapq.heapify(waiting)


def _hour(shop: _Shop, hour: int) -> Iterator[tuple[Instant, Record]]:
    rng = Random(f"{shop.seed}:{shop.zone.key}:{shop.digits}:{hour}")
    start = hour * HOUR
    busy = level(start, shop.zone, shop.seed) * noise(rng)
    prefix = f"d{shop.tag}-{hour}"
    yield from _orders(rng, shop, start, prefix, whole(rng, ORDERS_AN_HOUR * busy))
    yield from _views(rng, shop, start, prefix, whole(rng, ORDERS_AN_HOUR * busy * VIEWS_AN_ORDER))
    yield from _people_at_work(rng, shop, start, prefix, busy)


def _orders(rng: Random, shop: _Shop, start: Instant, prefix: str, number: int) -> Iterator[tuple[Instant, Record]]:
    channels = Weighted(tuple(CHANNELS), tuple(CHANNELS.values()))
    contents = Weighted(CONTENT, [row.seen * row.sells for row in CONTENT])
    crowd, stock = users(shop.seed), products(shop.seed)
    for n in range(number):
        user, at, fate = pick(rng, crowd, skew=1.7), _moment(rng, start), rng.random()
        first = "pending" if fate < PENDING else "failed" if fate < PENDING + FAILED else "completed"
        placed = records.order(
            rng,
            id=f"{prefix}-{n:03d}",
            at=at,
            status=first,
            channel=channels.draw(rng),
            region=user.region,
            user=user,
            stock=stock,
            content=contents.draw(rng) if rng.random() < 0.72 else None,
            digits=shop.digits,
        )
        yield at, placed
        settled, back, when = rng.random(), rng.random(), rng.random()
        if first == "pending" and settled < 0.98:
            later = at + MINUTE + int(when * 90) * MINUTE
            yield later, records.status(placed["orderId"], later, "failed" if settled < 0.15 else "completed")
        elif first == "completed" and back < REFUNDED:
            later = at + 2 * HOUR + int(when * 6 * DAY / MINUTE) * MINUTE
            yield later, records.refund(placed, later)


def _views(rng: Random, shop: _Shop, start: Instant, prefix: str, number: int) -> Iterator[tuple[Instant, Record]]:
    contents = Weighted(CONTENT, [row.seen for row in CONTENT])
    channels = Weighted(tuple(CHANNELS), tuple(CHANNELS.values()))
    crowd = users(shop.seed)
    for n in range(number):
        at = _moment(rng, start)
        looked = 8 + int(rng.random() * 19)
        yield (
            at,
            records.view(
                id=f"{prefix}-v{n:03d}",
                at=at,
                user=pick(rng, crowd, skew=1.2),
                content=contents.draw(rng),
                count=looked,
                channel=channels.draw(rng),
            ),
        )


def _people_at_work(rng: Random, shop: _Shop, start: Instant, prefix: str, busy: float) -> Iterator[tuple[Instant, Record]]:
    crowd = users(shop.seed)
    for n in range(whole(rng, FEATURE_USES_AN_HOUR * busy)):
        at = _moment(rng, start)
        yield at, records.feature_use(rng, id=f"{prefix}-f{n:03d}", at=at, user=pick(rng, crowd, skew=1.3))
    for n in range(whole(rng, SESSIONS_AN_HOUR * busy)):
        user, at, minutes = pick(rng, crowd, skew=1.3), _moment(rng, start), 1
        for report in range(1 + int(rng.random() * 4)):
            yield at, records.activity(rng, id=f"{prefix}-a{n:03d}-{report}", at=at, user=user, minutes=minutes)
            step = 2 + int(rng.random() * 6)
            minutes, at = minutes + step, at + step * MINUTE


def _moment(rng: Random, start: Instant) -> Instant:
    return start + int(rng.random() * (HOUR // _MILLISECOND)) * _MILLISECOND
