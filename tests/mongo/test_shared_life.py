"""A running house on a database of other programs, and the commands as somebody types them there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bson import json_util
from pymongo.database import Database
from pymongo.errors import BulkWriteError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from metrics_core.api.server import build_parts
from metrics_core.engine import Engine
from metrics_core.settings import Settings
from tests.mongo.foreign import BASE, counted, database, events, foreign_sales, summed, until, varied
from tests.mongo.hands import ROOT
from tests.servers.mongo import Mongo, mongod

pytestmark = [pytest.mark.servers, pytest.mark.skipif(mongod() is None, reason="MongoDB is not on this machine")]

OPTIONS = json_util.RELAXED_JSON_OPTIONS.with_options(tz_aware=True)


@pytest.fixture
def trendai(server: Mongo, url: str) -> Iterator[Database[dict[str, Any]]]:
    found = database(server, url)
    yield found
    found.client.close()


def lived(url: str, **settings: Any) -> tuple[Engine, TestClient]:
    engine = Engine(Settings(_env_file=None, database_url=url, **settings))
    return engine, TestClient(Starlette(**build_parts(engine=engine)), base_url="http://127.0.0.1:8501")


def command(folder: Path, url: str, *words: str, code: int = 0) -> str:
    """What a command says on its output."""
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT), "COLUMNS": "160"}
    told = subprocess.run(
        [sys.executable, "-m", "metrics_core", *words], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=110, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert told.returncode == code, told.stdout + told.stderr
    return told.stdout


# ---------------------------------------------------------------------------------------------------------- the house


def test_a_plain_program_that_writes_a_sale_moves_what_an_open_page_shows(
    url: str, trendai: Database[dict[str, Any]]
) -> None:
    trendai.sales.insert_many(foreign_sales(50, days=7))
    engine, client = lived(url)
    with client, client.websocket_connect("/ws/metrics") as socket:
        until(lambda: events(engine) == 50)
        for number in range(3):
            sale = {**BASE, "quantity": 1, "revenue": 1_000_000.0 + number, "date": datetime.now(UTC)}
            trendai.sales.insert_one(sale)
            wanted = sum(1_000_000.0 + before for before in range(number + 1))
            while socket.receive_json()["data"]["revenue"]["today"] < wanted:
                continue
        assert client.get("/health").json()["parts"]["sharing"]["state"] == "ok"
        until(lambda: trendai.metrics.count_documents({"period": "30d", "totalOrders": 53}) == 1)
        client.post("/api/v1/orders", json={"orderId": "A", "lines": [{"productId": "P", "quantity": 1, "revenue": 1}]})
        until(lambda: trendai.sales.count_documents({"orderId": "A"}) == 1)
        assert events(engine) == 54


def test_what_is_turned_off_stays_off(url: str, trendai: Database[dict[str, Any]]) -> None:
    trendai.sales.insert_many(foreign_sales(5))
    engine, client = lived(url, follow_sales=False, write_collections=False)
    with client:
        client.post("/api/v1/orders", json={"orderId": "A", "lines": [{"productId": "P", "quantity": 1, "revenue": 1}]})
        assert engine._sharing is not None
        assert engine._sharing._thread is None
        assert events(engine) == 1


def test_two_replicas_take_in_every_sale_once(url: str, trendai: Database[dict[str, Any]]) -> None:
    trendai.sales.insert_many(foreign_sales(200))
    (one, first), (_, second) = lived(url), lived(url)
    with first, second:
        until(lambda: events(one) == 200)
        trendai.sales.insert_many(foreign_sales(50, seed=2))
        until(lambda: events(one) == 250)
        assert counted(one) == summed(trendai.sales)


# ------------------------------------------------------------------------------------------------------- the commands


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_setup_and_verify_name_what_they_found_and_take_it_in(
    tmp_path: Path, url: str, trendai: Database[dict[str, Any]]
) -> None:
    trendai.sales.insert_many(foreign_sales(300))
    trendai.sales.insert_one(varied(BASE, {"quantity": "two"}))
    said = command(tmp_path, url, "verify", code=1)
    assert "301 sales of other programs: 0 taken in, 301 waiting, 0 refused" in said
    assert "To mend it: python -m metrics_core setup --adopt" in said
    said = command(tmp_path, url, "setup", "--yes")
    assert "300 sales of other programs taken in, 1 refused" in said
    said = command(tmp_path, url, "verify")
    assert "301 sales of other programs: 300 taken in, 0 waiting, 1 refused" in said
    assert "1 refused, such as: quantity is 'two'" in said
    assert "There is data already" in command(tmp_path, url, "setup", "--yes")
    assert trendai.metrics.count_documents({"period": "current", "isLive": True}) == 1
    assert trendai.sales.count_documents({}) == 301


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_files_of_the_collection_go_out_and_come_in_by_the_commands(
    tmp_path: Path, url: str, trendai: Database[dict[str, Any]]
) -> None:
    # Amounts as they are stored; of noise only what was meant comes back.
    trendai.sales.insert_many([{**sale, "revenue": round(sale["revenue"], 2)} for sale in foreign_sales(40)])
    stood = list(trendai.sales.find().sort("_id", 1))
    (tmp_path / "backup.json").write_text("".join(f"{json_util.dumps(row)}\n" for row in stood))
    command(tmp_path, url, "import", "backup.json")
    assert "40 sales of other programs: 40 taken in" in command(tmp_path, url, "verify")
    assert "40 here before" in command(tmp_path, url, "import", "backup.json")
    command(tmp_path, url, "export", "--as", "sales", "out.json")
    out = [json_util.loads(line, json_options=OPTIONS) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert sorted(out, key=lambda row: row["_id"]) == stood
    with pytest.raises(BulkWriteError) as told:  # as mongoimport would bring it back
        trendai.sales.insert_many(out, ordered=False)
    assert {error["code"] for error in told.value.details["writeErrors"]} == {11_000}
    assert trendai.sales.count_documents({}) == 40
