"""Widgets drawn from a small shop's autumn, asked of a real engine; and the same rows as pandas sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.model.event import Event
from metrics_core.model.instant import Instant
from metrics_core.model.window import Calendar
from metrics_core.settings import Settings
from metrics_core.store.memory.store import MemoryStore
from metrics_core.widgets import WIDGETS
from metrics_core.widgets.frame import Frame
from tests import given
from tests.truth.frames import frame_of
from tests.truth.world import keep, world

ZONE = "Europe/Berlin"
NOW: Instant = given.at("2026-10-25 14:32:05+01:00")
"""A Sunday on which Berlin has 25 hours, in the middle of the shop's autumn."""
CALENDAR = Calendar(ZoneInfo(ZONE))

Drawn = Callable[..., Any]


def house(events: list[Event], now: Instant = NOW) -> Engine:
    """An engine that holds these events and whose clock stands still."""
    store = MemoryStore()
    store.prepare()
    keep(store, events)
    return Engine(Settings(_env_file=None, timezone=ZONE), clock=SetClock(now), store=store)


def drawn_by(engine: Engine, kind: str, spec: Mapping[str, object], **frame: Any) -> Any:
    """The drawing of a widget on a dashboard that shows today in Berlin unless said otherwise."""
    widget = WIDGETS[kind]
    said = Frame(**{"over": "today", "now": engine.clock.now(), "zone": ZONE, **frame})
    return widget.drawn(widget.read(spec), said, engine.ask)


@pytest.fixture(scope="session")
def shop() -> list[Event]:
    return world(29, 700)


@pytest.fixture(scope="session")
def rows(shop: list[Event]) -> pd.DataFrame:
    return frame_of(shop)


@pytest.fixture(scope="session")
def engine(shop: list[Event]) -> Engine:
    return house(shop)


@pytest.fixture(scope="session")
def drawn(engine: Engine) -> Drawn:
    """`drawn("pie_chart", {"measure": "revenue", "by": "channel"}, over="7d")`."""

    def draw(kind: str, spec: Mapping[str, object], **frame: Any) -> Any:
        return drawn_by(engine, kind, spec, **frame)

    return draw
