"""What every page starts from: the engine, who is looking, and how buttons and moments are written."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

import metrics_core
from metrics_core import engine as house
from metrics_core.access.guard import Knock
from metrics_core.engine import Engine
from metrics_core.errors import ForbiddenError
from metrics_core.model.access import LOCAL, NOBODY, VISITOR, Principal
from metrics_core.model.instant import HOUR, Instant, instant, moment

__all__ = [
    "address",
    "count",
    "day_and_time",
    "duration",
    "engine",
    "file_size",
    "instant_of",
    "knock",
    "plain",
    "primary",
    "signed_in",
    "signs_in",
    "ticket",
    "visitor",
    "zone_name",
    "zones",
]

VERSION = metrics_core.__version__
MINUS = "\N{MINUS SIGN}"


KEY = "permission_key"
"""Where a key that a visitor typed is kept, for their tab only."""
TICKET = "desk_ticket"
RENEWED_AFTER = 4 * HOUR
"""Tickets of pages last three times as long."""


def engine() -> Engine:
    """The engine of this process: all that pages ask."""
    return house.engine()


def visitor() -> Principal:
    """Who looks at a page, and what they may: whoever signed in, or whom this machine lets in."""
    if signs_in():
        return signed_in()[0]
    return engine().reception.here(knock(st.session_state.get(KEY)))


def signs_in() -> bool:
    """Whether people sign in here."""
    return engine().reception.signs_in


def signed_in() -> tuple[Principal, str | None]:
    """Who signed in, and why they are nobody here where that is so: a sentence, empty before they sign in."""
    claims = st.user.to_dict()
    if not claims.get("is_logged_in"):
        return NOBODY, ""
    try:
        who, person = engine().reception.signed_in(claims)
    except ForbiddenError as error:
        return NOBODY, str(error)
    if who is not NOBODY:
        return who, None
    return who, f"Your account {'has no role here' if person.active else 'is shut out'}. Ask {_whom()}."


def _whom() -> str:
    """Those who give roles, by name."""
    names = engine().people.administrators()[:3]
    return " or ".join(names) or "an administrator"


def ticket() -> str:
    """What the scripts of this page ask with, in the name of its visitor; empty where they need none."""
    who = visitor()
    if who in (LOCAL, VISITOR):
        return ""
    kept, now = st.session_state.get(TICKET), engine().clock.now()
    if kept is None or kept[0] != who.name or not 0 <= now - kept[2] < RENEWED_AFTER:
        kept = st.session_state[TICKET] = (who.name, engine().tickets.mint(who), now)
    return str(kept[1])


def knock(key: str | None = None) -> Knock:
    """What this visit tells of who comes, for the guard."""
    headers = st.context.headers
    host = headers.get("Host")
    if host is None:  # no browser: the page is run inside this process
        return Knock(server="inside", key=key)
    return Knock(
        server=engine().settings.bind_host,
        client=st.context.ip_address or "127.0.0.1",
        host=host,
        origin=headers.get("Origin"),
        forwarded="X-Forwarded-For" in headers or "Forwarded" in headers,
        key=key,
    )


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


def plain(text: str) -> str:
    """A text that somebody typed, in which nothing is markup."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~:$-])", r"\\\1", text)


def address(email: str) -> str:
    """An e-mail address that is not made into a link, in grey."""
    name, at, place = email.partition("@")
    return f":gray[{plain(name)}]:gray[{at}{plain(place)}]"


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
