"""One tick of a shop that goes on as we watch: what the simulator sends, from its settings, its seed and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from zoneinfo import ZoneInfo

from metrics_core.model.instant import SECOND, Instant
from metrics_core.synth import records
from metrics_core.synth.patterns import level, noise, whole
from metrics_core.synth.people import CHANNELS, CONTENT, REGIONS, User, Weighted, pick, products, users
from metrics_core.synth.records import Record

VIEWS_AN_ORDER = 1.2
ACTIVITIES_AN_ORDER = 0.6
PENDING, FAILED = 0.10, 0.05


@dataclass(frozen=True, slots=True)
class Flow:
    """How much a tick holds: orders in an ordinary tick, and 0 to 2 for each channel and region (1 is usual)."""

    seed: int
    orders: float
    span: Instant
    """How much time a tick stands for: its records are dated in (now - span, now]."""
    channels: Mapping[str, float]
    regions: Mapping[str, float]
    zone: ZoneInfo
    digits: int = 2


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pending order, the tick at which it is settled, and what becomes of it."""

    order_id: str
    due: int
    became: str


@dataclass(frozen=True, slots=True)
class Made:
    """The records of a tick, oldest first, and the orders that wait after it."""

    records: tuple[Record, ...]
    waiting: tuple[Waiting, ...]


def tick(flow: Flow, *, run_id: str, number: int, now: Instant, waiting: tuple[Waiting, ...] = ()) -> Made:
    """What happens in tick `number`, which ends now. The same arguments make the same records."""
    rng = Random(f"{flow.seed}:{run_id}:{number}")
    settled = [records.status(row.order_id, now, row.became) for row in waiting if row.due <= number]
    still = tuple(row for row in waiting if row.due > number)
    busy = level(now, flow.zone, flow.seed) * noise(rng)
    made, pending = _orders(rng, flow, f"{run_id}-{number}", number, now, busy)
    others = _visits(rng, flow, f"{run_id}-{number}", now, busy)
    told = sorted([*made, *others], key=lambda pair: pair[0])
    return Made((*settled, *(record for _, record in told)), still + pending)


def intensity(usual: Mapping[str, float], wanted: Mapping[str, float]) -> Weighted[str]:
    """The names with their usual shares times what is wanted of each; the total is the volume that is left."""
    return Weighted(tuple(usual), [share * wanted.get(name, 1.0) for name, share in usual.items()])


def _orders(
    rng: Random,
    flow: Flow,
    prefix: str,
    number: int,
    now: Instant,
    busy: float,
) -> tuple[list[tuple[Instant, Record]], tuple[Waiting, ...]]:
    channels, regions = intensity(CHANNELS, flow.channels), intensity(REGIONS, flow.regions)
    contents = Weighted(CONTENT, [row.seen * row.sells for row in CONTENT])
    by_region, stock = _by_region(flow.seed), products(flow.seed)
    made: list[tuple[Instant, Record]] = []
    pending: list[Waiting] = []
    for n in range(whole(rng, flow.orders * busy * channels.total * regions.total)):
        region = regions.draw(rng)
        user, at, fate = pick(rng, by_region[region], skew=1.4), _moment(rng, flow, now), rng.random()
        first = "pending" if fate < PENDING else "failed" if fate < PENDING + FAILED else "completed"
        order_id = f"{prefix}-{n:03d}"
        content = contents.draw(rng) if rng.random() < 0.72 else None
        made.append(
            (
                at,
                records.order(
                    rng,
                    id=order_id,
                    at=at,
                    status=first,
                    channel=channels.draw(rng),
                    region=region,
                    user=user,
                    stock=stock,
                    content=content,
                    digits=flow.digits,
                ),
            )
        )
        if first == "pending":
            pending.append(
                Waiting(order_id, number + 1 + int(rng.random() * 12), "failed" if rng.random() < 0.2 else "completed")
            )
    return made, tuple(pending)


def _visits(rng: Random, flow: Flow, prefix: str, now: Instant, busy: float) -> list[tuple[Instant, Record]]:
    channels, regions = intensity(CHANNELS, flow.channels), intensity(REGIONS, flow.regions)
    contents = Weighted(CONTENT, [row.seen for row in CONTENT])
    by_region = _by_region(flow.seed)
    volume = flow.orders * busy * channels.total * regions.total
    made: list[tuple[Instant, Record]] = []
    for n in range(whole(rng, volume * VIEWS_AN_ORDER)):
        user, at = pick(rng, by_region[regions.draw(rng)]), _moment(rng, flow, now)
        made.append(
            (
                at,
                records.view(
                    id=f"{prefix}-v{n:03d}",
                    at=at,
                    user=user,
                    content=contents.draw(rng),
                    count=8 + int(rng.random() * 19),
                    channel=channels.draw(rng),
                ),
            )
        )
    for n in range(whole(rng, volume * ACTIVITIES_AN_ORDER)):
        user, at = pick(rng, by_region[regions.draw(rng)], skew=2.0), _moment(rng, flow, now)
        made.append(
            (at, records.activity(rng, id=f"{prefix}-a{n:03d}", at=at, user=user, minutes=1 + int(rng.random() * 45)))
        )
    return made


def _by_region(seed: int) -> dict[str, list[User]]:
    found: dict[str, list[User]] = {name: [] for name in REGIONS}
    for user in users(seed):
        found[user.region].append(user)
    return found


def _moment(rng: Random, flow: Flow, now: Instant) -> Instant:
    back = int(rng.random() * min(flow.span, 3_600 * SECOND))
    return now - back // 1_000 * 1_000
