"""A handful of records, now: enough to see every figure of the live page move."""

from __future__ import annotations

from random import Random
from zoneinfo import ZoneInfo

from metrics_core.model.instant import MINUTE, SECOND, Instant
from metrics_core.synth import records
from metrics_core.synth.people import CHANNELS, CONTENT, Weighted, pick, products, users
from metrics_core.synth.records import Record

_STATUSES = ("completed",) * 9 + ("pending", "pending", "failed")
_VIEWS = 12
_PEOPLE = 5


def sample(*, now: Instant, zone: ZoneInfo, digits: int = 2, seed: int = 1) -> list[Record]:
    """Twelve orders, one refund, views and five active users of the last few minutes, oldest first.

    The moment is part of every id: a sample taken a moment later adds another handful.
    """
    rng = Random(f"{seed}:{zone.key}:{now}:sample")
    crowd, stock = users(seed), products(seed)
    channels = Weighted(tuple(CHANNELS), tuple(CHANNELS.values()))
    contents = Weighted(CONTENT, [row.seen for row in CONTENT])
    made: list[tuple[Instant, Record]] = []
    for n, status in enumerate(_STATUSES):
        user, at = pick(rng, crowd), _lately(rng, now)
        made.append(
            (
                at,
                records.order(
                    rng,
                    id=f"sample-{now}-{n:02d}",
                    at=at,
                    status=status,
                    channel=channels.draw(rng),
                    region=user.region,
                    user=user,
                    stock=stock,
                    content=contents.draw(rng),
                    digits=digits,
                ),
            )
        )
    made.append((now, records.refund(made[0][1], now)))
    for n in range(_VIEWS):
        at = _lately(rng, now)
        made.append(
            (
                at,
                records.view(
                    id=f"sample-{now}-v{n:02d}",
                    at=at,
                    user=pick(rng, crowd),
                    content=contents.draw(rng),
                    count=12 + int(rng.random() * 16),
                    channel=channels.draw(rng),
                ),
            )
        )
    for n in range(_PEOPLE):
        at = now - int(rng.random() * 120) * SECOND
        made.append(
            (
                at,
                records.activity(
                    rng, id=f"sample-{now}-a{n:02d}", at=at, user=pick(rng, crowd), minutes=1 + int(rng.random() * 40)
                ),
            )
        )
    return [record for _, record in sorted(made, key=lambda pair: pair[0])]


def _lately(rng: Random, now: Instant) -> Instant:
    return now - SECOND - int(rng.random() * (4 * MINUTE / SECOND)) * SECOND
