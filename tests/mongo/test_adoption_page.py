"""The page Data, Set up tells of a database that other programs fill what the command tells, and takes their sales in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from streamlit.testing.v1 import AppTest

from metrics_core.engine import Engine
from metrics_core.jobs import adoption
from pages.parts import work
from tests.mongo.foreign import BASE, WRONG, counted, database, foreign_sales, summed, varied
from tests.servers.mongo import Mongo, mongod

pytestmark = [pytest.mark.servers, pytest.mark.skipif(mongod() is None, reason="MongoDB is not on this machine")]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def trendai(server: Mongo, url: str) -> Iterator[Database[dict[str, Any]]]:
    found = database(server, url)
    yield found
    found.client.close()


@pytest.fixture
def house(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr("metrics_core.engine.engine", lambda: engine)
    work.forget()
    yield engine
    work.forget()


def page() -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.run()
    return at.switch_page("pages/data.py").run()


def figures(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def said(at: AppTest) -> str:
    return "\n".join(line.value for line in (*at.markdown, *at.caption))


def ended() -> work.Work:
    until = time.monotonic() + 60
    while (now := work.current()) is None or now.running:
        assert time.monotonic() < until, "it never ended"
        time.sleep(0.02)
    return now


def test_what_others_wrote_is_recognised_taken_in_and_told_with_what_remains(
    trendai: Database[dict[str, Any]], house: Engine
) -> None:
    trendai.sales.insert_many([*foreign_sales(300), *(varied(BASE, changes) for changes, _ in WRONG)])
    at = page()
    assert not at.exception
    assert f"holds {300 + len(WRONG)} sales of other programs" in said(at)
    assert figures(at) == {"Taken in": "0", "Waiting": f"{300 + len(WRONG)}", "Refused": "0"}
    at.button(key="take_in_others").click().run()
    assert ended().error is None
    at.run()
    assert not at.exception
    assert figures(at) == {"Taken in": "300", "Waiting": "0", "Refused": f"{len(WRONG)}"}
    assert "since today" in said(at)
    assert "such as: " in said(at)
    found = adoption.found(house.store)
    assert found is not None
    assert [found.taken, found.waiting, found.refused] == [int(number) for number in figures(at).values()]
    assert counted(house) == summed(trendai.sales, {"pulseboard": {"$exists": False}, "_id": {"$nin": [
        row["_id"] for row in trendai.pulseboard.refused.find({}, {"_id": 1})]}})  # fmt: skip


def test_where_others_wrote_nothing_there_is_nothing_to_tell(house: Engine) -> None:
    at = page()
    assert not at.exception
    assert "other programs" not in said(at)
