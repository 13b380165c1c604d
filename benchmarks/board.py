"""A dashboard with a widget of each of the ten kinds, on a server with a month of data: what the benchmarks of it share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson

from benchmarks.server import ROOT, Server, environment

WIDGETS: tuple[tuple[str, dict[str, object], tuple[int, int, int, int]], ...] = (
    ("metric_card", {"measure": "revenue"}, (0, 0, 3, 2)),
    ("kpi_card", {"measure": "orders"}, (3, 0, 3, 2)),
    ("sparkline", {"measure": "buyers"}, (6, 0, 3, 2)),
    ("progress_bar", {"measure": "revenue", "target": 100_000}, (9, 0, 3, 2)),
    ("line_chart", {"measures": ["revenue"], "split": "channel"}, (0, 2, 8, 4)),
    ("pie_chart", {"measure": "revenue", "by": "region"}, (8, 2, 4, 4)),
    ("table", {"measures": ["revenue", "orders"], "by": ["staff"], "limit": 10}, (0, 6, 4, 4)),
    ("bar_chart", {"measures": ["orders"], "across": "hour"}, (4, 6, 8, 4)),
    ("heatmap", {"measure": "orders"}, (0, 10, 8, 4)),
    ("gauge", {"measure": "conversion_rate", "low": 0, "high": 100}, (8, 10, 4, 4)),
)
"""Kind, spec and place of each."""


def made(server: Server) -> str:
    """The dashboard, made on a server; its id."""
    widgets = [
        {"id": f"w{number}", "kind": kind, "title": "", "spec": spec, "place": dict(zip("xywh", place, strict=True))}
        for number, (kind, spec, place) in enumerate(WIDGETS, 1)
    ]
    document = {"title": "Ten", "widgets": widgets, "state": {"period": "7d"}}
    answer = server.call("POST", "/api/v1/dashboards", {"document": document}, expects=201)
    return str(orjson.loads(answer)["id"])


def filled(store: Path, days: int) -> Path:
    """A store with so many days of made-up sales up to now."""
    subprocess.run(
        [sys.executable, "-m", "metrics_core", "generate", "--days", str(days), "--origin", "demo"], cwd=ROOT, check=True,
        env=environment(store), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return store
