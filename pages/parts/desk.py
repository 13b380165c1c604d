"""What every page starts from: the engine, who is looking, and how buttons and moments are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

import metrics_core
from metrics_core import engine as house
from metrics_core.engine import Engine
from metrics_core.model.instant import Instant, instant, moment

__all__ = [
    "Visitor",
    "count",
    "day_and_time",
    "duration",
    "engine",
    "file_size",
    "instant_of",
    "primary",
    "visitor",
    "zone_name",
    "zones",
]

VERSION = metrics_core.__version__
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page."""

    name: str
    role: str | None = None


def engine() -> Engine:
    """The engine of this process: all that pages ask."""
    return house.engine()


def visitor() -> Visitor:
    return Visitor("Local administrator")


def zone_name(of: Engine | None = None) -> str:
    """The reporting zone, by its IANA name."""
    return str((of or engine()).calendar.zone)


@cache
def zones(first: str) -> list[str]:
    """The zones a visitor can choose from, the reporting zone first."""
    return [first, *sorted(name for name in available_timezones() if "/" in name and name != first)]


def primary(label: str, icon: str | None = None, *, enabled: bool = True) -> str:
    """The label of a primary button, dark on the light blue of the dark theme, where white would be too faint."""
    words = f":material/{icon}: {label}" if icon else label
    return f':color[{words}]{{foreground="#0B1018"}}' if enabled and st.context.theme.type == "dark" else words


def count(value: int) -> str:
    return f"{value:,}".replace("-", MINUS)


def day_and_time(at: Instant, zone: ZoneInfo, now: Instant) -> str:
    """`Today 14:19`, `Wed 18 Nov 16:40`, and with the year where it is another one."""
    when, today = moment(at, zone), moment(now, zone)
    if when.date() == today.date():
        return f"Today {when:%H:%M}"
    year = "" if when.year == today.year else f" {when.year}"
    return f"{when:%a} {when.day} {when:%b}{year} {when:%H:%M}"


def duration(microseconds: int) -> str:
    seconds = max(0, microseconds // 1_000_000)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


def file_size(size: int) -> str:
    value = float(size)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1024 or unit == "GB":
            return f"{value:,.0f} {unit}" if value >= 10 or unit == "bytes" else f"{value:,.1f} {unit}"
        value /= 1024
    return ""


def instant_of(when: Instant | datetime | str | None) -> Instant | None:
    """An instant however a part of the engine tells it."""
    if when is None or isinstance(when, int):
        return when
    return instant(datetime.fromisoformat(when) if isinstance(when, str) else when)
