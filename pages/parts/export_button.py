"""Taking a dashboard away: all of it or one widget, as PDF, Excel, CSV or a picture."""

from __future__ import annotations

from typing import Any

import streamlit as st

from metrics_core.access.roles import allows
from metrics_core.dashboards.sharing import Share
from metrics_core.dashboards.shelf import Saved
from metrics_core.dashboards.state import State
from metrics_core.errors import PulseboardError
from metrics_core.exports.formats import FORMATS, File, Wish
from metrics_core.model.access import Principal
from metrics_core.model.dashboard import Widget
from pages.parts.board_dialogs import close_dialog, open_dialog
from pages.parts.board_kinds import named
from pages.parts.desk import engine, file_size, primary

MADE = "export_made"
WHOLE = "Whole dashboard"
ABOUT = {
    ("pdf", True): "Laid out as here, a page or more of A4. Tables that are too long for their place follow in full.",
    ("pdf", False): "The widget on a page of A4.",
    ("xlsx", True): "A sheet for each widget, with figures and dates as such, and one that says what they are of.",
    ("xlsx", False): "A sheet with figures and dates as such, and one that says what they are of.",
    ("csv", True): "An archive with a table for each widget, and one that says what they are of.",
    ("csv", False): "A table; lines that begin with # say what it is of.",
    ("png", False): "A picture, as wide as the widget is here.",
}
"""What a format gives, of the whole dashboard or of one widget."""


def export_button(who: Principal, share: Share | None) -> None:
    """The button, for those who may."""
    if allows(who, "export") if share is None else share.export:
        st.button("Export", icon=":material/download:", key="board_export", on_click=open_dialog, args=("export",))


def export(saved: Saved, state: State, who: Principal, what: dict[str, Any]) -> None:
    """The dialog."""
    st.dialog("Export", icon=":material/download:", on_dismiss=_closed)(_draw)(saved, state, who, what["number"])


def _closed() -> None:
    st.session_state.pop(MADE, None)
    close_dialog()


def _draw(saved: Saved, state: State, who: Principal, number: int) -> None:
    widgets = {one.id: _called(one) for one in saved.dashboard.widgets}
    chosen = st.selectbox(
        "What", [None, *widgets], key=f"export{number}_what",
        format_func=lambda name: WHOLE if name is None else widgets[name],
    )  # fmt: skip
    offered = [name for name, row in FORMATS.items() if chosen is not None or row.all is not None]
    order = [name for name in ("pdf", "xlsx", "csv", "png") if name in offered]
    form = st.segmented_control(
        "As", order, default=order[0], required=True, key=f"export{number}_as_{chosen}", width="stretch",
        format_func=lambda name: f":material/{FORMATS[name].icon}: {FORMATS[name].label}",
    )  # fmt: skip
    st.caption(ABOUT[form, chosen is None])
    file = _made(saved, state, who, Wish(form, chosen, scheme=_scheme()), number)
    if file is None:
        return
    st.caption(f":material/draft: {file.name} · {file_size(len(file.content))}")
    if file.note:
        st.caption(f":material/font_download_off: {file.note} Excel and CSV have them.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.download_button(
            primary("Download", "download"), file.content, file.name, file.media.split(";")[0], type="primary",
            key=f"export{number}_get_{chosen}_{form}", on_click="ignore",
        )  # fmt: skip


def _made(saved: Saved, state: State, who: Principal, wish: Wish, number: int) -> File | None:
    """The file, written once for a choice; how far it is shows while it is written."""
    made: dict[Any, File] = st.session_state.setdefault(MADE, {})
    key = (number, wish)
    if key not in made:
        bar = st.empty()
        bar.progress(0.0, "Reading the figures")

        def told(done: int, of: int) -> None:
            bar.progress(done / of, f"{done} of {of} widgets")

        try:
            file = engine().export(saved.id, state, wish, who, told)
        except PulseboardError as error:
            bar.warning(str(error), icon=":material/warning:")
            return None
        bar.empty()
        made[key] = file
    return made[key]


def _called(widget: Widget) -> str:
    kinds = {row["name"]: row["label"] for row in named()}
    return widget.title or kinds.get(widget.kind, widget.kind)


def _scheme() -> Any:
    return "dark" if st.context.theme.type == "dark" else "light"
