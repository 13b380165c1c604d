"""While the database is out of reach, senders are told when to come back, the watch sees it, and then all goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from metrics_core.api.server import build_parts
from metrics_core.clock import SystemClock
from metrics_core.engine import Engine
from metrics_core.model.instant import SECOND
from metrics_core.settings import Settings
from tests import given


@contextmanager
def gone(engine: Engine, folder: Path) -> Iterator[None]:
    """Where the file of the database was, there is a folder, which no SQLite can open."""
    names = [found.name for found in folder.glob("house.db*")]
    aside = folder / "aside"
    aside.mkdir()
    for name in names:
        (folder / name).rename(aside / name)
    (folder / "house.db").mkdir()
    engine.store.close()  # what is open of a file can be read wherever the file goes
    yield
    (folder / "house.db").rmdir()
    for name in names:
        (aside / name).rename(folder / name)


def order(name: str) -> dict[str, object]:
    return given.order_record(name, ts=SystemClock().now() - SECOND, amount="10.00")


@pytest.mark.parametrize("path", ("/api/v1/orders", "/api/v1/ingest"))
def test_a_sender_is_told_when_to_come_back_and_nothing_was_taken(
    client: TestClient, engine: Engine, tmp_path: Path, path: str
) -> None:
    assert client.post("/api/v1/orders", json=order("before")).status_code == 200
    later = order("later")
    with gone(engine, tmp_path):
        answer = client.post(path, json=[later])
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        error = answer.json()["error"]
        assert (error["code"], error["retryAfter"]) == ("store_away", 5)
        assert "database" in error["message"]
    again = client.post(path, json=[later])
    assert (again.status_code, again.json()["accepted"]) == (200, 1)
    rows = client.post("/api/v1/query", json={"measures": ["revenue", "orders"], "over": "1h"}).json()["rows"]
    assert rows == [[20.0, 2]]


def test_health_is_503_while_the_database_is_away_and_well_again_afterwards(
    client: TestClient, engine: Engine, tmp_path: Path
) -> None:
    assert client.get("/health").status_code == 200
    with gone(engine, tmp_path):
        answer = client.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "down")
        assert answer.json()["parts"]["store"]["state"] == "down"
        assert client.post("/api/v1/query", json={"measures": ["orders"], "over": "1h"}).status_code == 503
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["parts"]["store"]["state"]) == (200, "ok")


DOORS = {
    "/health": None, "/api/v1/health": None, "/api/v1/snapshot": None, "/api/v1/measures": None,
    "/api/v1/analytics/realtime-metrics": None, "/api/v1/dashboards": None, "/metrics": None,
    "/api/v1/orders": [given.order_record("o")], "/api/v1/ingest": [given.order_record("o")],
    "/api/v1/query": {"measures": ["orders"], "over": "1h"}, "/api/v1/explain": {"measure": "orders", "over": "1h"},
}  # fmt: skip


def answers(client: TestClient) -> list[str]:
    """What every door says, heads and bodies."""
    found = []
    for path, body in DOORS.items():
        answer = client.get(path) if body is None else client.post(path, json=body)
        found.append(f"{path}: {answer.status_code} {dict(answer.headers)} {answer.text}")
    with client.websocket_connect("/ws/metrics?topics=live,curves") as ws:
        found.append(f"/ws/metrics: {ws.receive_text()}")
    return found


def test_no_door_says_where_the_file_of_the_database_is(client: TestClient, engine: Engine, tmp_path: Path) -> None:
    with gone(engine, tmp_path):
        said = answers(client)
    assert sum("store_away" in answer for answer in said) > 3
    assert not [answer for answer in said if str(tmp_path) in answer]


@pytest.mark.parametrize("content", (None, b"shopping list\n" * 100), ids=("a folder", "no database"))
def test_nor_where_it_was_away_from_the_start(tmp_path: Path, content: bytes | None) -> None:
    file, other = tmp_path / "house.db", tmp_path / "other"
    (tmp_path / "folder").mkdir()
    file.symlink_to(tmp_path / "folder")
    engine = Engine(Settings(_env_file=None, database_url=f"sqlite:///{file}"))
    with TestClient(Starlette(**build_parts(engine=engine)), base_url="http://localhost") as client:
        if content is not None:
            (tmp_path / "list").write_bytes(content)
            other.symlink_to(tmp_path / "list")
            other.replace(file)  # at no moment is there nothing, of which SQLite would make a database
        said = answers(client)
        assert sum("store_away" in answer for answer in said) > 3
        assert not [answer for answer in said if str(tmp_path) in answer]
