"""Our own parts of a page, painted in the browser: what moves by itself. Their code is in `assets/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def _text(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _part(name: str) -> ComponentRenderer:
    """A component whose module is loaded from /assets, so that all parts of a page share one wire."""
    return st.components.v2.component(
        f"pulseboard_{name}",
        html=_text(f"{name}.html"),
        css=_text("cards.css") + "\n" + _text(f"{name}.css"),
        js=f"""
export default async function (component) {{
  const {{ mount }} = await import(new URL("assets/{name}.js", document.baseURI).href)
  return mount(component)
}}
""",
    )


_PILL = _part("pill")
_TOP = _part("top")
_PERIOD = _part("period")
_TICKS = _part("ticks")

Body = Mapping[str, Any]
Figures = tuple[Body, Body | None]
"""The bodies of a `live` and a `curves` message."""
SEEN = "live_wire_seen"


def _nothing() -> None:
    """A change the page reads from the result."""


def view(origin: str, topics: str = "live,curves", *, ticket: str = "") -> dict[str, str]:
    """What a page listens to, and in whose name: every part of one page names the same."""
    return {"origin": origin, "topics": topics, "ticket": ticket}


def pill(
    listens: Mapping[str, str], *, zone: str, link: Mapping[str, str] | None = None, watermark: str | None = None, key: str
) -> bool:
    """The connection pill, with a button that copies a link; True where the browser cannot open the socket.

    `watermark` is the one the page is drawn with: the page is run again as soon as a snapshot has another one.
    """
    failed = bool(st.session_state.get(key, {}).get("socket_failed"))
    result = _PILL(
        key=key,
        data={
            "view": dict(listens),
            "zone": zone,
            "link": dict(link) if link else None,
            "watermark": watermark or "",
            "fallback": {"failed": failed},
        },
        width="content",
        on_socket_failed_change=_nothing,
        on_turned_change=_nothing,
    )
    return bool(result.socket_failed)


def entering(key: str, origin: str) -> bool:
    """Whether this run is the first of a visit to the page with this part, or the first that looks at this origin."""
    seen, st.session_state[SEEN] = st.session_state.get(SEEN), (key, origin)
    return key not in st.session_state or seen != (key, origin)


def top(
    listens: Mapping[str, str], figures: Figures | None, *, zone: str, curl: str, may_connect: bool, limited: str, key: str
) -> str | None:
    """The upper part of the live page; the name of the step the visitor chose, if one.

    It hands the figures it is given to all parts of the page; without any they wait for the socket. `may_connect` is
    whether the visitor may fill and connect the store, `limited` the part of the data that is theirs, in words.
    """
    live, curves = figures or (None, None)
    result = _TOP(
        key=key,
        data={
            "view": dict(listens), "live": live, "curves": curves, "zone": zone, "curl": curl, "may_connect": may_connect,
            "limited": limited,
        },
        on_go_change=_nothing,
    )
    return result.go


def period(listens: Mapping[str, str], *, zone: str, period: str, key: str) -> None:
    """The lower part of the live page, for one period."""
    _PERIOD(key=key, data={"view": dict(listens), "zone": zone, "period": period})


def ticks(rows: list[dict[str, Any]], *, zone: str, key: str) -> None:
    """Orders sent at each tick of the simulator, by what became of them."""
    _TICKS(key=key, data={"ticks": rows, "zone": zone})
