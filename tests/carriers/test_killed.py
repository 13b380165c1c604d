"""Killed at any moment: what was acknowledged is there, nothing counts twice, and every total is right."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.carriers.senders import START, Book, Record, Sender, name_of
from tests.carriers.shop import Shop

ROUNDS = 8
SEED = 1
SENDERS = 4
FIGURES = ("gross_revenue", "refunds", "orders", "quantity", "transactions", "failed", "pending", "views", "events")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_server_killed_again_and_again_loses_nothing_it_acknowledged_and_counts_nothing_twice(tmp_path: Path) -> None:
    chance, shop, book, up = random.Random(SEED), Shop(tmp_path), Book(), threading.Event()
    senders = [Sender(number, SEED * 100 + number, shop.port, book, up) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    for number in range(ROUNDS):
        process = shop.serve()
        try:
            if number % 4 == 3:
                time.sleep(chance.uniform(0, 2.5))  # while it starts, perhaps
            else:
                shop.until_it_answers(process)
                assert not book.failures, book.failures[:3]
                acknowledged = len(book.kept)
                assert figures(shop, ["events"])["events"] >= acknowledged
                answered = book.answered + chance.randrange(40, 140)
                up.set()
                while book.answered < answered and not book.failures:
                    time.sleep(0.005)
                time.sleep(chance.uniform(0, 0.1))
        finally:
            process.kill()
            up.clear()
            process.wait(30)

    with shop.open():
        for sender in senders:
            sender.stop()
        up.set()
        for sender in senders:
            sender.join(60)
        assert not book.failures, book.failures[:3]
        assert not any(sender.is_alive() for sender in senders)
        _stands_as_acknowledged(shop, book)
    assert all(len(winners) == 1 for winners in book.winners.values()), book.winners
    exported = [json.loads(line) for line in shop.command("export", "-").out.splitlines()]
    assert sorted(name_of(one) for one in exported) == sorted(book.kept)
    for one in exported:
        assert content_of(one) == content_of(book.kept[name_of(one)])
    done = shop.command("verify")
    assert done.code == 0, done


def _stands_as_acknowledged(shop: Shop, book: Book) -> None:
    """Every figure is what the acknowledged records add up to, each counted once."""
    facts = list(settled(book.kept.values()))
    assert len(book.kept) > 200
    assert book.unanswered > 0
    found = figures(shop, [*FIGURES, "buyers"])
    for name in FIGURES:
        assert found[name] == sum(fact[name] for fact in facts), name
    assert found["buyers"] == len({fact["user"] for fact in facts if fact["orders"]})
    for split in ({"by": ["channel"]}, {"grain": "day"}, {"grain": "hour"}):
        over = {"start": START.isoformat(), "end": (START + timedelta(days=8)).isoformat()}
        answer = shop.ask({"measures": ["gross_revenue", "refunds", "views"], "over": over, **split})
        key = "channel" if "by" in split else str(split["grain"])
        cents, views = Counter[Any](), Counter[Any]()
        for fact in facts:
            cents[fact[key]] += fact["gross_revenue"] - fact["refunds"]
            views[fact[key]] += fact["views"]
        for place, gross, refunds, looks in answer["rows"]:
            place = place if "by" in split else datetime.fromisoformat(place)
            assert (_cents(gross) - _cents(refunds), looks) == (cents.pop(place, 0), views.pop(place, 0)), place
        assert not any(cents.values())
        assert not any(views.values())
    products = Counter[str]()
    for order in _completed(book.kept.values()):
        for line in order["lines"]:
            products[line["productId"]] += _cents(line["revenue"])
    rows = shop.ask({"measures": ["gross_revenue"], "over": "all_time", "by": ["product"]})["rows"]
    assert {product: _cents(revenue) for product, revenue in rows} == products


def figures(shop: Shop, measures: list[str]) -> dict[str, int]:
    """Totals of all time, money in cents."""
    [row] = shop.ask({"measures": measures, "over": "all_time"})["rows"]
    return {
        name: _cents(value) if name in ("gross_revenue", "refunds") else value
        for name, value in zip(measures, row, strict=True)
    }


def settled(records: Iterable[Record]) -> Iterable[dict[str, Any]]:
    """What each record adds to the figures, found without the product."""
    orders = {record["orderId"]: record for record in records if "lines" in record}
    for record in records:
        fact: dict[str, Any] = {**dict.fromkeys(FIGURES, 0), "events": 1}
        order = orders.get(record.get("orderId", ""), record)
        at = datetime.fromisoformat(record["ts"])
        fact["transactions"], fact["views"] = int("lines" in record), record.get("count", 0)
        status = record.get("status")
        if status == "completed":
            fact["orders"] = 1
            fact["gross_revenue"] = sum(_cents(line["revenue"]) for line in order["lines"])
            fact["quantity"] = sum(line["quantity"] for line in order["lines"])
        if "amount" in record:
            fact["refunds"] = _cents(record["amount"])
        fact["failed"] = int(status == "failed")
        fact["pending"] = fact["transactions"] - fact["orders"] - fact["failed"]
        yield {
            **fact, "user": order["userId"], "channel": order["channel"],
            "hour": at.replace(minute=0, second=0), "day": at.replace(hour=0, minute=0, second=0),
        }  # fmt: skip


def _completed(records: Iterable[Record]) -> list[Record]:
    orders = {record["orderId"]: record for record in records if "lines" in record}
    return [orders[record["orderId"]] for record in records if record.get("status") == "completed"]


def content_of(record: Record) -> tuple[Any, ...]:
    lines = [(line["productId"], line["quantity"], _cents(line["revenue"])) for line in record.get("lines", ())]
    amount = _cents(record["amount"]) if "amount" in record else None
    return datetime.fromisoformat(record["ts"]), record.get("status", "completed"), amount, record.get("count", 1), lines


def _cents(amount: str | float) -> int:
    return int(Decimal(str(amount)) * 100)


# -------------------------------------------------------------------------------------------------------------- import

ROWS = 9_000
"""More than four batches."""


def test_an_import_killed_again_and_again_and_then_finished_is_the_import_of_one_file(tmp_path: Path) -> None:
    chance, shop = random.Random(SEED), Shop(tmp_path)
    times, cents = _sales(tmp_path / "sales.csv", chance)
    words = ("import", "sales.csv", "--as", "orders", "--shift-to", "now")
    midway = 0
    for most in sorted(chance.sample(range(0, ROWS - 3_000, 500), 3)):
        process = shop.start(*words)
        try:
            _until_more_than(most, shop.file, process)
            time.sleep(chance.uniform(0, 0.05))
        finally:
            process.kill()
            process.communicate()
        midway += 0 < _rows(shop.file) < ROWS
    assert midway

    finished, again = shop.command(*words), shop.command(*words)
    assert (finished.code, again.code) == (0, 0), finished
    assert again.out.startswith(f"{ROWS:,} rows read: 0 records added, {ROWS:,} here before, 0 refused.\n")
    exported = [json.loads(line) for line in shop.command("export", "-").out.splitlines()]
    assert len(exported) == len({one["id"] for one in exported}) == ROWS
    assert sum(_cents(line["revenue"]) for one in exported for line in one["lines"]) == cents
    moved = sorted(datetime.fromisoformat(one["ts"]) for one in exported)
    assert len({after - before for before, after in zip(sorted(times), moved, strict=True)}) == 1
    done = shop.command("verify")
    assert done.code == 0, done


def _sales(path: Path, chance: random.Random) -> tuple[list[datetime], int]:
    """Sales without ids, many of them equal; their times and the cents they add up to."""
    times, cents = [], 0
    with path.open("w", encoding="utf-8") as file:
        file.write("productId,quantity,revenue,channel,region,date,userId\n")
        for _ in range(ROWS):
            at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(2_000))
            amount = chance.choice((500, 1999, 4250))
            times.append(at)
            cents += amount
            file.write(f"lamp,1,{amount / 100:.2f},online,Europe,{at.isoformat()},u{chance.randrange(3)}\n")
    return times, cents


def _until_more_than(number: int, file: Path, process: subprocess.Popen[str]) -> None:
    while process.poll() is None and _rows(file) <= number:
        time.sleep(0.01)


def _rows(file: Path) -> int:
    """Rows that are committed, as another process sees them."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT COUNT(*) FROM facts").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # there is no database yet
