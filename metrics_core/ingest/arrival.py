"""The circumstances in which records arrive."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from metrics_core.ingest.money import Money
from metrics_core.model.instant import Instant


class Arrival(NamedTuple):
    """When, from whom and as what the records of one request came, and what money means here."""

    now: Instant
    source: str
    origin: str
    run_id: str | None
    zone: ZoneInfo | None
    money: Money
