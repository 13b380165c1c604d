"""A `trendai` database as other programs fill it: sales in the shape of seed 000, and what a pipeline says of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import Decimal128, Int64, ObjectId
from pymongo.collection import Collection
from pymongo.database import Database

from metrics_core.engine import Engine
from metrics_core.model.instant import MINUTE
from metrics_core.model.query import Query
from metrics_core.model.window import Window
from tests.servers.mongo import Mongo

Document = dict[str, Any]

REGIONS = ("North America", "Europe", "Asia", "South America", "Australia")
NOW = datetime.now(UTC).replace(microsecond=0)


def foreign_sale(chance: random.Random, at: datetime) -> Document:
    return {
        "productId": f"PROD{chance.randrange(1, 21):03d}", "quantity": chance.randrange(1, 6),
        # As programs reckon: with the noise of floating point.
        "revenue": chance.randrange(1, 6) * (chance.randrange(100, 9_999) / 100),
        "channel": chance.choice(("online", "retail", "wholesale")), "region": chance.choice(REGIONS),
        "date": at, "userId": f"USER{chance.randrange(1_000, 3_000)}", "createdAt": at, "updatedAt": at,
    }  # fmt: skip


def foreign_sales(number: int, *, days: int = 30, seed: int = 1) -> list[Document]:
    """So many sales of the last days, in the order of time."""
    chance = random.Random(seed)
    step = timedelta(days=days) / number
    return [foreign_sale(chance, NOW - timedelta(days=days) + step * turn) for turn in range(number)]


BASE = foreign_sale(random.Random(7), NOW - timedelta(hours=3))

WRONG: tuple[tuple[Document, str], ...] = (
    ({"productId": None}, "has_what_it_needs"),
    ({"quantity": "two"}, "has_whole_numbers"),
    ({"quantity": 2.5}, "has_whole_numbers"),
    ({"revenue": -1.0}, "is_not_negative"),
    ({"revenue": 12.345}, "has_exact_money"),
    ({"revenue": float("nan")}, "has_exact_money"),
    ({"revenue": {"amount": 3}}, "has_exact_money"),
    ({"date": None}, "has_a_time"),
    ({"date": "yesterday"}, "has_a_time"),
    ({"date": datetime(2999, 1, 1, tzinfo=UTC)}, "is_not_from_the_future"),
    ({"date": "2026-01-02T03:04:05"}, "has_a_zone"),
    ({"channel": ["online"]}, "has_clean_text"),
    ({"userId": "a\x00b"}, "has_an_id"),
    ({"product_id": "ANOTHER"}, "says_it_once"),
)
"""What is wrong with a sale, and the step that refuses it."""

ODD: tuple[Document, ...] = (
    {"_id": "a text"}, {"_id": 7}, {"_id": {"shop": 1, "till": 2}}, {"revenue": Decimal128("12.50")},
    {"quantity": Int64(3)}, {"quantity": 2.0}, {"_id": ObjectId("0" * 24)}, {"_id": ObjectId("f" * 24)},
    {"date": "2026-01-02T03:04:05Z"}, {"date": 1_767_323_045_000}, {"userId": 42}, {"extra": {"$price": [1, None]}},
)  # fmt: skip
"""What programs write that is no fault."""


def varied(base: Document, changes: Document) -> Document:
    """A sale with these changes; without what is None in them."""
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def database(server: Mongo, url: str) -> Database[Document]:
    """The database of a URL, through a plain client."""
    name = url.rpartition("/")[2].partition("?")[0]
    return server.client(tz_aware=True)[name]


def summed(sales: Collection[Document], condition: Document | None = None) -> dict[str, tuple[int, int, int]]:
    """What an aggregation pipeline says: by channel, sales, units and minor units of revenue."""
    cents = {"$toLong": {"$round": [{"$multiply": ["$revenue", 100]}, 0]}}
    rows = sales.aggregate([
        {"$match": condition or {}},
        {"$group": {"_id": "$channel", "n": {"$sum": 1}, "q": {"$sum": "$quantity"}, "r": {"$sum": cents}}},
    ])  # fmt: skip
    return {row["_id"]: (row["n"], row["q"], row["r"]) for row in rows}


def counted(engine: Engine) -> dict[str, tuple[int, int, int]]:
    """The same by our totals."""
    ever = Window(0, engine.clock.now() + MINUTE)
    result = engine.answer(Query(("orders", "quantity", "gross_revenue"), ever, by=("channel",)))
    place = {name: number for number, name in enumerate(result.columns)}
    return {
        row[place["channel"]]: (row[place["orders"]], row[place["quantity"]], row[place["gross_revenue"]])
        for row in result.rows
    }  # fmt: skip


def events(engine: Engine) -> int:
    """How many events are kept."""
    return sum(number for number, _, _ in engine.store.events.count().values())


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something holds; a failure where it never does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.02)
