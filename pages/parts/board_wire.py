"""The parts of a dashboard that are painted in the browser: its pill, its instant, its grid, and one card as a preview."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

Act: TypeAlias = dict[str, Any]
ASSETS = Path(__file__).resolve().parents[2] / "assets"


def _part(name: str, *styles: str) -> ComponentRenderer:
    """A component whose module is loaded from /assets/board, so that all parts of a page share one loop."""
    return st.components.v2.component(
        f"pulseboard_board_{name}",
        html=(ASSETS / f"board/{name}.html").read_text(encoding="utf-8"),
        css="\n".join((ASSETS / style).read_text(encoding="utf-8") for style in ("cards.css", *styles)),
        js=f"""
export default async function (component) {{
  const {{ mount }} = await import(new URL("assets/board/{name}.js", document.baseURI).href)
  return mount(component)
}}
""",
    )


_PILL = _part("pill", "pill.css", "board/pill.css")
_INSTANT = _part("instant", "board/instant.css")
_BOARD = _part("board", "board/board.css")
_PREVIEW = _part("preview", "board/board.css", "board/preview.css")


def _nothing() -> None:
    """A change the page reads from the result."""


def pill(*, zone: str, frozen: str | None = None, key: str) -> None:
    """How the dashboard is refreshed."""
    _PILL(key=key, data={"zone": zone, "frozen": frozen}, width="content")


def instant(*, zone: str, clock: bool = False, key: str) -> None:
    """The moment all figures of the dashboard belong to; as a clock, only its time, large."""
    _INSTANT(key=key, data={"zone": zone, "clock": clock}, width="content" if clock else "stretch")


def board(data: Mapping[str, Any], *, on_act: Callable[[Act], None], key: str) -> None:
    """The grid. `on_act` is told what the visitor did in it: `{"what": "pick" | "tune" | "save" | ..., ...}`."""

    def acted() -> None:
        act = st.session_state[key].act
        if act:
            on_act(act)

    _BOARD(key=key, data=dict(data), on_act_change=acted)


def preview(data: Mapping[str, Any], *, key: str) -> None:
    """One widget as it would be with these settings."""
    _PREVIEW(key=key, data=dict(data))
