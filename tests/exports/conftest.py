"""A shop with two weeks behind it, all ten kinds of widget on a dashboard, and names that spreadsheets would run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.model.instant import DAY, HOUR
from metrics_core.settings import Settings
from tests import given

ARMED = (
    "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1:A9)", "#REF!", "Zoë", 'Ann, the "first"', "Łódź €", "Online", "online",
)  # fmt: skip
"""Names of members of staff; the last two look the same on a chart."""

WIDGETS: dict[str, dict[str, Any]] = {
    "card": {"kind": "metric_card", "spec": {"measure": "revenue"}},
    "kpi": {"kind": "kpi_card", "spec": {"measure": "avg_order_value", "target": 100}},
    "line": {"kind": "line_chart", "spec": {"measures": ["revenue"], "grain": "day"}},
    "split": {"kind": "line_chart", "spec": {"measures": ["orders"], "split": "channel", "stack": "stacked"}},
    "bar": {"kind": "bar_chart", "spec": {"measures": ["revenue"], "across": "staff", "horizontal": True, "bars": 20}},
    "time": {"kind": "bar_chart", "spec": {"measures": ["completed", "failed"], "across": "time", "stack": "stacked"}},
    "pie": {"kind": "pie_chart", "spec": {"measure": "revenue", "by": "region"}},
    "table": {
        "kind": "table",
        "spec": {"measures": ["revenue", "orders", "avg_order_value", "conversion_rate"], "by": ["staff"], "limit": 50},
    },
    "gauge": {"kind": "gauge", "spec": {"measure": "conversion_rate", "low": 0, "high": 100}},
    "progress": {"kind": "progress_bar", "spec": {"measure": "orders", "target": 500}},
    "spark": {"kind": "sparkline", "spec": {"measure": "events"}},
    "heat": {"kind": "heatmap", "spec": {"measure": "orders"}},
    "empty": {"kind": "pie_chart", "spec": {"measure": "orders", "by": "company"}},
}
STATE = {"period": "7d", "where": {"channel": ["online", "retail"]}, "zone": "Asia/Kathmandu"}


def document(names: tuple[str, ...] = tuple(WIDGETS)) -> dict[str, Any]:
    """A dashboard of these widgets, one below the other."""
    rows = [
        {"id": name, "title": f"The {name}", "place": {"x": 0, "y": 4 * row, "w": 12, "h": 4}, **WIDGETS[name]}
        for row, name in enumerate(names)
    ]
    return {"title": "Everything", "description": "All there is", "visibility": "everyone", "state": STATE, "widgets": rows}


def fill(engine: Engine, origin: str = "live") -> None:
    """Orders, views, failures and refunds of two weeks."""
    records: list[dict[str, Any]] = []
    for number in range(160):
        ts = engine.clock.now() - 2 * HOUR - number * (14 * DAY // 160)
        name = f"o{number}"
        records.append(given.order_record(
            name, ts=ts, amount=f"{10 + number * 7 % 90}.{number * 13 % 100:02d}", userId=f"u{number % 23}",
            channel=("online", "retail", "wholesale")[number % 3], region=("Europe", "Asia", None)[number % 3],
            staffId=ARMED[number % len(ARMED)], status="failed" if number % 11 == 0 else "completed",
        ))  # fmt: skip
        records.append(given.event_record(ts=ts - HOUR, userId=f"u{number % 31}", count=3, channel="online"))
        if number % 7 == 1 and number % 11:
            records.append(given.refund_record(name, "3.33", ts=ts + HOUR))
    receipt = engine.accept(records, origin=origin)
    assert not receipt.refused, receipt.refused[:2]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """The shop at noon of a Thursday, in Berlin."""
    made = Engine(
        Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'shop.db'}", timezone="Europe/Berlin"),
        clock=SetClock(given.NOON),
    )
    made.start()
    yield made
    made.stop()


@pytest.fixture
def shop(engine: Engine) -> Engine:
    fill(engine)
    return engine
