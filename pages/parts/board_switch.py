"""Which dashboard: the list behind the title, and what can be done with the one that is shown."""

from __future__ import annotations

import json

import streamlit as st

from metrics_core.dashboards.default import TEMPLATES
from metrics_core.dashboards.rights import may_create
from metrics_core.dashboards.shelf import Saved
from metrics_core.errors import PulseboardError
from metrics_core.model.access import Principal
from pages.parts import board_state
from pages.parts.board_dialogs import open_dialog
from pages.parts.desk import engine


def go(name: str) -> None:
    """Show another dashboard, as it opens."""
    st.query_params.from_dict({"d": name})
    for key in (board_state.NAME, board_state.STATE, board_state.WRITTEN):
        st.session_state.pop(key, None)


def switcher(saved: Saved, who: Principal) -> None:
    """Every dashboard the visitor may see, and the way to a new one."""
    shown = st.popover(
        "", icon=":material/dashboard:", type="tertiary", key="board_switcher", on_change="rerun", help="Other dashboards"
    )
    if not shown.open:
        return
    with shown, st.container(gap="xxsmall"):
        for heading, rows in _grouped(engine().shelf.all(who), who):
            st.caption(heading)
            for row in rows:
                here = row.id == saved.id
                st.button(
                    row.dashboard.title, key=f"board_go_{row.id}", type="tertiary", disabled=here, on_click=go,
                    args=(row.id,), icon=f":material/{'check' if here else 'dashboard'}:",
                    help=row.dashboard.description or None,
                )  # fmt: skip
        if may_create(who):
            st.button("New dashboard", icon=":material/add:", key="board_new", on_click=open_dialog, args=("new",))


def _grouped(rows: list[Saved], who: Principal) -> list[tuple[str, list[Saved]]]:
    groups = (
        ("Come with Pulseboard", [row for row in rows if row.id in TEMPLATES]),
        ("Yours", [row for row in rows if row.id not in TEMPLATES and row.dashboard.owner == who.name]),
        ("Shared with you", [row for row in rows if row.id not in TEMPLATES and row.dashboard.owner != who.name]),
    )
    return [group for group in groups if group[1]]


def choices(saved: Saved, may: dict[str, bool], who: Principal) -> None:
    """What else can be done with the dashboard that is shown."""
    with st.popover("", icon=":material/more_horiz:", key="board_more", help="More"), st.container(gap="xxsmall"):
        if may["change"]:
            _entry("Details", "edit_note", "details")
        if may_create(who):
            st.button("Duplicate", icon=":material/content_copy:", type="tertiary", key="board_duplicate",
                      on_click=_duplicate, args=(saved.id, who))  # fmt: skip
            _entry("Versions", "history", "versions")
            _export(saved.id, who)
        _entry("Full screen", "tv", "kiosk")
        if may["delete"] and saved.version:
            _entry("Delete", "delete", "delete")


def _entry(label: str, icon: str, name: str) -> None:
    st.button(
        label, icon=f":material/{icon}:", type="tertiary", key=f"board_entry_{name}", on_click=open_dialog, args=(name,)
    )


def _duplicate(name: str, who: Principal) -> None:
    try:
        go(engine().shelf.duplicate(name, who).id)
    except PulseboardError as error:
        st.session_state[board_state.SAID] = str(error)


def _export(name: str, who: Principal) -> None:
    st.download_button(
        "Layout as a file", icon=":material/data_object:", type="tertiary", key="board_layout_file",
        data=lambda: json.dumps(engine().shelf.export(name, who), indent=2), file_name=f"{name}.json",
        mime="application/json", on_click="ignore", help="The dashboard's layout, to be imported here or elsewhere",
    )  # fmt: skip
