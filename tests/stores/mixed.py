"""Mixed records of seven weeks of a shop, sent in any order and any pieces; and sixty questions about them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, TypeAlias

import orjson

from metrics_core.engine import Engine
from metrics_core.model.instant import DAY, HOUR, SECOND, Instant, iso
from metrics_core.reads.body import as_json
from tests import given

Record: TypeAlias = dict[str, Any]
Sent: TypeAlias = tuple[str, Record]
"""A record, and the origin under which it is sent."""

NOW = given.NOON + HOUR
FIRST = given.at("2026-10-01")
"""Berlin and New York change their clocks in between."""

_ORIGINS = ("live", "live", "live", "import", "sim")
_CHANNELS = ("online", "online", "retail", "wholesale", None)
_REGIONS = ("Europe", "North America", "Asia-Pacific", None)
_CONTENTS = ("home", "pricing", "Ümlaut & Söhne", "blog", None)


# -------------------------------------------------------------------------------------------------------- the records


def mixed(number: int) -> list[Sent]:
    """So many records, always the same: orders and what became of them, events, activity; every twentieth is there twice."""
    chance = Random(number)
    found: list[Sent] = []
    while len(found) < number - number // 20:
        origin = chance.choice(_ORIGINS)
        name = len(found)
        made = _order(chance, f"o{name}") if chance.random() < 0.45 else [_other(chance, f"e{name}")]
        found += [(origin, record) for record in made]
    return found + chance.choices(found, k=number - len(found))


def _when(chance: Random) -> Instant:
    at = chance.randrange(FIRST, NOW - DAY)
    return at - at % HOUR if chance.random() < 0.05 else at - at % 1_000


def _named(**fields: object) -> Record:
    return {name: value for name, value in fields.items() if value is not None}


def _order(chance: Random, name: str) -> Iterator[Record]:
    at = _when(chance)
    cents = [chance.randrange(1, 90_000) for _ in range(chance.choice((1, 1, 2, 4)))]
    status = chance.choice(("completed", "completed", "pending", "failed", None))
    order = _named(
        orderId=name, ts=iso(at), userId=f"u{chance.randrange(900)}", status=status, channel=chance.choice(_CHANNELS),
        region=chance.choice(_REGIONS), staffId=chance.choice(("sue", "tom", None)), contentId=chance.choice(_CONTENTS),
        segment=chance.choice(("vip", None)), company=chance.choice(("Acme", "Öl AG", None)),
        id=f"{name}-placed" if chance.random() < 0.5 else None,
        lines=[
            {"productId": f"p{chance.randrange(25)}", "quantity": chance.randrange(1, 6), "revenue": f"{cent / 100:.2f}"}
            for cent in cents
        ],
    )  # fmt: skip
    yield order
    end = chance.choice(("completed", "completed", "failed", None)) if status == "pending" else status or "completed"
    if status == "pending" and end is not None:
        at += chance.randrange(SECOND, DAY // 2)
        yield {"orderId": name, "status": end, "ts": iso(at), "id": f"{name}-{end}"}
    if end == "completed" and chance.random() < 0.15:
        for part in range(chance.choice((1, 1, 2))):
            back = max(1, sum(cents) // 3)
            if sum(cents) >= 3:
                yield {
                    "refundId": f"{name}-r{part}", "orderId": name, "amount": f"{back / 100:.2f}",
                    "ts": iso(at + chance.randrange(SECOND, DAY // 2)),
                }  # fmt: skip


def _other(chance: Random, name: str) -> Record:
    when, user = _when(chance), f"u{chance.randrange(900)}"
    if chance.random() < 0.15:
        return given.activity_record(user, ts=when, id=name)
    kind = chance.choice(("content_view", "content_view", "login", "search"))
    return _named(
        type=kind, ts=iso(when), userId=user if chance.random() < 0.9 else None, id=name,
        sessionId=f"s{chance.randrange(400)}", contentId=chance.choice(_CONTENTS), channel=chance.choice(_CHANNELS),
        region=chance.choice(_REGIONS), feature=chance.choice(("cart", None)),
        count=chance.choice((1, 1, 4)) if kind == "content_view" else None,
        properties={"plan": chance.choice(("pro", "free")), "ü": [1, 2.5, None]} if kind == "login" else None,
    )


# --------------------------------------------------------------------------------------------------------- sending them


def send(engine: Engine, records: list[Sent], seed: int) -> int:
    """Send them in an order and in pieces of this seed's own, and what came before its order again; how many were new."""
    chance = Random(seed)
    waiting = records[:]
    chance.shuffle(waiting)
    accepted = 0
    while waiting:
        before, again = len(waiting), list[Sent]()
        while waiting:
            piece = [waiting.pop() for _ in range(min(len(waiting), chance.randrange(1, max(2, len(records) // 12))))]
            for origin in dict.fromkeys(name for name, _ in piece):
                some = [record for name, record in piece if name == origin]
                receipt = engine.accept(some, source="shop", origin=origin, run_id="r-1" if origin == "sim" else None)
                accepted += receipt.accepted
                assert all(refusal.retryable for refusal in receipt.refused), receipt.refused[0]
                again += [(origin, some[refusal.index]) for refusal in receipt.refused]
        assert len(again) < before, again[0]
        waiting = again
    return accepted


# ------------------------------------------------------------------------------------------------------- the questions

_MONEY = ["revenue", "gross_revenue", "refunds", "orders", "avg_order_value"]
_FLOW = ["transactions", "pending", "completed", "failed"]
_PEOPLE = ["buyers", "active_users", "visitor_conversion"]
_LOOKS = ["views", "purchases", "conversion_rate", "events"]
_ALL = [*_MONEY, "quantity", *_FLOW, *_LOOKS, *_PEOPLE]
_SPAN = {"start": "2026-10-02T03:04:05Z", "end": "2026-11-18T21:22:23Z"}

QUESTIONS: tuple[dict[str, Any], ...] = (
    # every measure over the periods
    *({"measures": [*_ALL, "active_now", "peak_24h"], "over": over, "compare": True}
      for over in ("today", "1h", "24h", "7d", "30d", "week", "month", "all_time")),
    *({"measures": _ALL, "over": "30d", "origin": origin, "compare": True} for origin in ("all", "live", "import", "sim")),
    # split by one dimension
    *({"measures": [*_MONEY, "quantity", *_LOOKS, *_PEOPLE], "over": _SPAN, "by": [name]} for name in (
        "channel", "region", "staff", "segment", "content", "feature", "company", "kind", "source", "origin", "hour",
        "weekday",
    )),
    {"measures": ["gross_revenue", "quantity", "orders"], "over": _SPAN, "by": ["product"]},
    {"measures": ["revenue", "orders", "events"], "over": _SPAN, "by": ["user"], "limit": 50},
    # split by several
    {"measures": _MONEY, "over": "30d", "by": ["channel", "region"], "compare": True},
    {"measures": ["revenue", "buyers"], "over": "all_time", "by": ["weekday", "hour"]},
    {"measures": ["quantity", "gross_revenue"], "over": "7d", "by": ["product", "channel"], "order_by": "-quantity",
     "limit": 40},
    {"measures": ["events", "active_users"], "over": _SPAN, "by": ["kind", "origin", "content"], "origin": "all"},
    {"measures": ["views", "conversion_rate"], "over": "30d", "by": ["content"], "order_by": ["conversion_rate", "-views"]},
    {"measures": ["orders"], "over": "30d", "by": ["company", "staff", "segment"], "order_by": ["orders", "company"]},
    # cut in time
    *({"measures": _ALL, "over": _SPAN, "grain": grain, "zone": zone} for grain, zone in (
        ("hour", "UTC"), ("day", "Europe/Berlin"), ("week", "America/New_York"), ("month", "Asia/Kathmandu"),
    )),
    {"measures": ["revenue", "views"], "over": {"start": "2026-10-25T00:00:00+02:00", "end": "2026-10-26T00:00:00+01:00"},
     "grain": "minute", "zone": "Europe/Berlin"},
    {"measures": ["revenue", "pending"], "over": "30d", "grain": "day", "by": ["channel"], "compare": True},
    {"measures": ["active_users", "buyers"], "over": "all_time", "grain": "week", "by": ["region"]},
    {"measures": ["events"], "over": "7d", "grain": "hour", "by": ["kind"], "order_by": "-events", "limit": 100},
    {"measures": ["quantity"], "over": "30d", "grain": "month", "by": ["product"], "zone": "Australia/Lord_Howe"},
    {"measures": ["transactions", "failed"], "over": "30d", "grain": "day", "by": ["weekday"], "zone": "Pacific/Apia"},
    # filtered
    {"measures": _ALL, "over": "30d", "where": {"channel": "online"}, "compare": True},
    {"measures": _ALL, "over": "30d", "where": {"region": ["Europe", "Asia-Pacific"], "channel": {"not": ["online"]}}},
    {"measures": ["revenue", *_LOOKS], "over": _SPAN, "where": {"content": "Ümlaut & Söhne"}, "grain": "day"},
    {"measures": ["gross_revenue", "orders", "buyers"], "over": _SPAN, "where": {"product": ["p1", "p2"]}, "by": ["region"]},
    {"measures": ["gross_revenue", "quantity"], "over": _SPAN, "where": {"product": {"not": ["p3"]}}, "by": ["product"]},
    {"measures": _MONEY, "over": "all_time", "where": {"user": ["u1", "u2", "u3", "nobody"]}, "by": ["user"]},
    {"measures": ["events", "active_users"], "over": _SPAN, "where": {"kind": {"not": ["refund", "login"]}}, "by": ["kind"]},
    {"measures": _PEOPLE, "over": "30d", "where": {"hour": [8, 9, 10], "weekday": ["Saturday", "Sunday"]}, "by": ["hour"]},
    {"measures": _FLOW, "over": _SPAN, "where": {"staff": "sue", "company": {"not": ["Acme"]}}, "by": ["channel"]},
    {"measures": ["peak_24h", "active_now"], "over": "24h", "where": {"region": "Europe"}},
    {"measures": ["revenue"], "over": "30d", "where": {"segment": "vip"}, "by": ["company"], "compare": "previous"},
    # with an order and a limit of their own
    {"measures": ["revenue", "orders"], "over": "30d", "by": ["user"], "order_by": "-orders", "limit": 25, "compare": True},
    {"measures": ["refunds"], "over": "all_time", "by": ["user"], "order_by": ["-refunds", "-user"], "limit": 30},
    {"measures": ["avg_order_value"], "over": "30d", "by": ["region", "channel"], "order_by": "avg_order_value", "limit": 7},
    {"measures": ["views"], "over": _SPAN, "by": ["content", "hour"], "order_by": ["hour", "-views"],
     "zone": "Asia/Kolkata"},
    {"measures": ["events"], "over": _SPAN, "by": ["feature", "content"], "order_by": "feature", "origin": "all"},
    {"measures": ["visitor_conversion", "buyers"], "over": "30d", "grain": "day", "order_by": "-buyers", "limit": 10},
    {"measures": ["revenue"], "over": {"start": "2026-10-01", "end": "2026-11-01"}, "grain": "day",
     "compare": {"start": "2026-11-01", "end": "2026-11-15"}, "zone": "America/New_York"},
)  # fmt: skip


def answers(engine: Engine) -> list[bytes]:
    """What the API says to each of the questions, byte for byte."""
    found = []
    for question in QUESTIONS:
        query = engine.read(question)
        found.append(orjson.dumps(as_json(engine.answer(query), query, engine.settings.currency_digits)))
    return found
