"""The files of mongoexport and mongoimport: what comes in by one leaves by the other, however extended JSON is spelled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId, json_util
from bson.json_util import CANONICAL_JSON_OPTIONS, RELAXED_JSON_OPTIONS, JSONOptions

from metrics_core.engine import Engine
from metrics_core.exports import json_lines
from metrics_core.settings import Settings
from metrics_core.store.foreign import key_of
from metrics_core.store.memory.store import MemoryStore
from tests import given

DAY = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


def sales(number: int) -> list[dict[str, Any]]:
    """Documents of the collection, with times of their own for when they were made and changed."""
    return [
        {
            "_id": ObjectId(f"{0x65a50000 + n:08x}{n:016x}"), "productId": f"PROD{n:03d}", "quantity": n + 1,
            "revenue": 250.0 + n / 4, "channel": "online", "region": "Asia", "date": DAY + timedelta(minutes=n),
            "userId": f"USER{n}", "createdAt": DAY + timedelta(minutes=n, milliseconds=5),
            "updatedAt": DAY + timedelta(hours=n),
        }
        for n in range(number)
    ]  # fmt: skip


def mongoexport(path: Path, documents: list[dict[str, Any]], how: JSONOptions, *, array: bool) -> Path:
    lines = [json_util.dumps(document, json_options=how) for document in documents]
    path.write_text(f"[{','.join(lines)}]" if array else "\n".join(lines) + "\n")
    return path


def read_back(engine: Engine) -> list[dict[str, Any]]:
    """What our export says, as mongoimport reads it."""
    lines = [json_lines.line(document) for document in json_lines.sales(engine.store.events, digits=2)]
    return [json_util.loads(line, json_options=RELAXED_JSON_OPTIONS.with_options(tz_aware=True)) for line in lines]


@pytest.fixture
def engine() -> Engine:
    made = Engine(Settings(_env_file=None, database_url="memory://"), store=MemoryStore())
    made.start()
    return made


@pytest.mark.parametrize("array", (False, True))
@pytest.mark.parametrize("how", (RELAXED_JSON_OPTIONS, CANONICAL_JSON_OPTIONS), ids=("relaxed", "canonical"))
def test_a_file_of_the_collection_comes_back_as_it_was(tmp_path: Path, engine: Engine, how: JSONOptions,
                                                       array: bool) -> None:
    path = mongoexport(tmp_path / "sales.json", sales(20), how, array=array)
    report = engine.import_file(path)
    assert (report.added, report.refused) == (20, 0)
    assert sorted(read_back(engine), key=lambda row: row["_id"]) == sales(20)
    assert engine.import_file(path).duplicates == 20


def test_our_own_orders_leave_with_the_same_ids_every_time_and_come_back_as_orders(tmp_path: Path, engine: Engine) -> None:
    lines = [{"productId": "a", "quantity": 1, "revenue": "1.10"}, {"productId": "b", "quantity": 2, "revenue": "2.20"}]
    engine.accept([given.order_record("A", lines=lines), given.order_record("B")])
    first = read_back(engine)
    assert first == read_back(engine)
    assert len({row["_id"] for row in first}) == 3
    event = next(event for chunk in engine.store.events.scan() for event in chunk)
    assert str(first[0]["_id"]) == key_of(event, 0)
    path = tmp_path / "ours.json"
    path.write_bytes(b"".join(json_lines.line(row) for row in json_lines.sales(engine.store.events, digits=2)))
    other = Engine(Settings(_env_file=None, database_url="memory://"), store=MemoryStore())
    other.start()
    assert other.import_file(path).added == 2
    orders = {event.order_id: len(event.lines) for chunk in other.store.events.scan() for event in chunk}
    assert orders == {"A": 2, "B": 1}
    other.stop()
