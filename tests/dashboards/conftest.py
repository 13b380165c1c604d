"""A house with a clock that stands where it was put, and people who work in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.model.access import Principal, Role
from metrics_core.settings import Settings
from tests import given

ANN = Principal("ann@example.com", "Ann Field", Role.MANAGER)
TOM = Principal("tom@example.com", "Tom Okafor", Role.MANAGER)
IDA = Principal("ida@example.com", "Ida Analyst", Role.ANALYST)
VIC = Principal("vic@example.com", "Vic Viewer", Role.VIEWER)


class House:
    """An engine on an embedded database whose clock the test moves."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.url = f"sqlite:///{folder / 'house.db'}"
        self.clock = SetClock(given.NOON)
        self.engine = Engine(Settings(_env_file=None, database_url=self.url, **settings), clock=self.clock)
        self.engine.start()

    def take(self, *records: dict[str, Any]) -> None:
        receipt = self.engine.accept(records)
        assert (receipt.accepted, receipt.refused) == (len(records), ())

    def order(self, *, ago: int = given.SECOND, **fields: Any) -> None:
        self.take(given.order_record(ts=self.clock.now() - ago, **fields))


def card(number: int = 1, measure: str = "orders", **spec: Any) -> dict[str, Any]:
    """A metric card, as a document has it."""
    return {
        "id": f"w{number}", "kind": "metric_card", "title": "", "spec": {"measure": measure, **spec},
        "place": {"x": 3 * ((number - 1) % 4), "y": 2 * ((number - 1) // 4), "w": 3, "h": 2},
    }


def document(*widgets: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"title": "Mine", "widgets": list(widgets) or [card()], **fields}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.engine.stop()
