"""Made-up records one at a time, in the public shapes: orders, statuses, refunds, views, feature use, user activity."""

from __future__ import annotations

from random import Random
from typing import Any, TypeAlias

from metrics_core.model.instant import Instant, iso
from metrics_core.synth.people import ACTIONS, FEATURES, STAFF, Content, Product, User, pick

Record: TypeAlias = dict[str, Any]

_STAFFED = ("retail", "wholesale")


def order(
    rng: Random,
    *,
    id: str,
    at: Instant,
    status: str,
    channel: str,
    region: str,
    user: User,
    stock: tuple[Product, ...],
    content: Content | None,
    digits: int,
) -> Record:
    """An order of one to three lines; wholesale ones are larger and cheaper by the piece."""
    record: Record = {
        "id": id,
        "orderId": id,
        "userId": user.id,
        "ts": iso(at),
        "status": status,
        "channel": channel,
        "region": region,
        "company": user.company,
        "segment": user.segment,
        "lines": [_line(rng, stock, channel, digits) for _ in range(1 + (rng.random() < 0.16) + (rng.random() < 0.04))],
    }
    if channel in _STAFFED:
        record["staffId"] = pick(rng, STAFF, skew=1.5)
    if content is not None:
        record["contentId"] = content.title
    return record


def status(order_id: str, at: Instant, became: str) -> Record:
    """What became of a pending order."""
    return {"id": f"{order_id}-{became}", "orderId": order_id, "status": became, "ts": iso(at)}


def refund(placed: Record, at: Instant) -> Record:
    """The money of an order's first line, given back."""
    return {
        "id": f"{placed['orderId']}-refund",
        "refundId": f"{placed['orderId']}-refund",
        "orderId": placed["orderId"],
        "amount": placed["lines"][0]["revenue"],
        "ts": iso(at),
    }


def view(*, id: str, at: Instant, user: User, content: Content, count: int, channel: str) -> Record:
    """Looks at one content by one visitor, counted together."""
    return {
        "id": id,
        "type": "content_view",
        "userId": user.id,
        "sessionId": f"s-{id}",
        "contentId": content.title,
        "count": count,
        "channel": channel,
        "region": user.region,
        "company": user.company,
        "ts": iso(at),
    }


def feature_use(rng: Random, *, id: str, at: Instant, user: User) -> Record:
    """Somebody used a feature for some minutes."""
    return {
        "id": id,
        "type": "feature_used",
        "userId": user.id,
        "sessionId": f"s-{id}",
        "feature": pick(rng, FEATURES, skew=1.3),
        "region": user.region,
        "company": user.company,
        "properties": {"minutes": 1 + int(rng.random() * 14)},
        "ts": iso(at),
    }


def activity(rng: Random, *, id: str, at: Instant, user: User, minutes: int) -> Record:
    """What a tracker says of one user who has been here for some minutes."""
    used = [FEATURES[int(rng.random() * len(FEATURES))] for _ in range(1 + minutes // 8)]
    features = sorted(set(used))
    share = round(minutes / len(features), 1)
    return {
        "id": id,
        "userId": user.id,
        "userName": user.name,
        "email": user.email,
        "company": user.company,
        "timestamp": iso(at),
        "sessionDuration": minutes,
        "pageViews": 1 + minutes + int(rng.random() * 6),
        "clickCount": 3 * minutes + int(rng.random() * 12),
        "scrollDepth": int(20 + rng.random() * 80),
        "featuresUsed": features,
        "activeFeature": used[-1],
        "featureTime": dict.fromkeys(features, share),
        "eventsTriggered": minutes + int(rng.random() * 9),
        "queriesRun": int(rng.random() * (2 + minutes / 6)),
        "reportsCreated": int(rng.random() * 2),
        "dashboardsViewed": 1 + int(rng.random() * 3),
        "isActive": True,
        "lastAction": pick(rng, ACTIONS),
        "lastActionTime": iso(at),
    }


def money(hundredths: int, digits: int) -> str:
    """An amount in major units with the decimals of its currency: `128.40`."""
    if digits == 0:
        return str((hundredths + 50) // 100)
    scaled = hundredths * 10 ** (digits - 2) if digits >= 2 else (hundredths + 5) // 10
    return f"{scaled // 10**digits}.{scaled % 10**digits:0{digits}d}"


def _line(rng: Random, stock: tuple[Product, ...], channel: str, digits: int) -> Record:
    product = pick(rng, stock, skew=1.6)
    if channel == "wholesale":
        quantity = 4 + int(rng.random() * 9)
        price = product.price * 7 // 10
    else:
        quantity = 1 + (rng.random() < 0.3) + (rng.random() < 0.08)
        price = product.price
    off = 0 if rng.random() < 0.8 else int(price * rng.random() * 0.2)
    return {"productId": product.id, "quantity": quantity, "revenue": money(quantity * (price - off), digits)}
