"""Which dashboard: the list behind the title, and what can be done with the one that is shown."""

from __future__ import annotations

import streamlit as st

from metrics_core.dashboards.default import TEMPLATES
from metrics_core.dashboards.rights import may_create
from metrics_core.dashboards.shelf import Saved
from metrics_core.errors import PulseboardError
from metrics_core.model.access import Principal
from pages.parts import board_state
from pages.parts.board_dialogs import open_dialog
from pages.parts.desk import engine, plain

SWITCHER = "board_switcher"


def go(name: str) -> None:
    """Show another dashboard, as it opens."""
    st.query_params.from_dict({"d": name})
    st.session_state[SWITCHER] = False
    for key in (board_state.NAME, board_state.STATE, board_state.WRITTEN):
        st.session_state.pop(key, None)


def switcher(saved: Saved, who: Principal) -> None:
    """Every dashboard the visitor may see."""
    shown = st.popover(
        "Other dashboards", icon=":material/dashboard:", type="tertiary", key=SWITCHER, on_change="rerun",
        help="Other dashboards",
    )  # fmt: skip
    if not shown.open:
        return
    with shown, st.container(gap="xxsmall"):
        for heading, rows in _grouped(engine().shelf.all(who), who):
            st.caption(heading)
            for row in rows:
                here = row.id == saved.id
                st.button(
                    plain(row.dashboard.title), key=f"board_go_{row.id}", type="tertiary", disabled=here, on_click=go,
                    args=(row.id,), icon=f":material/{'check' if here else 'dashboard'}:",
                    help=plain(row.dashboard.description) or None,
                )  # fmt: skip


def _grouped(rows: list[Saved], who: Principal) -> list[tuple[str, list[Saved]]]:
    groups = (
        ("Come with Pulseboard", [row for row in rows if row.id in TEMPLATES]),
        ("Yours", [row for row in rows if row.id not in TEMPLATES and row.dashboard.owner == who.name]),
        ("Shared with you", [row for row in rows if row.id not in TEMPLATES and row.dashboard.owner != who.name]),
    )
    return [group for group in groups if group[1]]


ENTRIES = {
    "details": ("Details", "edit_note"), "new": ("New dashboard", "add"), "duplicate": ("Duplicate", "content_copy"),
    "versions": ("Versions", "history"), "layout": ("Layout as a file", "data_object"), "kiosk": ("Full screen", "tv"),
    "delete": ("Delete", "delete"),
}  # fmt: skip
MENU = "board_more"


def choices(saved: Saved, may: dict[str, bool], who: Principal) -> None:
    """What else can be done with the dashboard that is shown."""
    makes = may_create(who)
    can = {
        "details": may["change"], "new": makes, "duplicate": makes, "versions": makes, "layout": makes, "kiosk": True,
        "delete": may["delete"] and saved.version > 0,
    }  # fmt: skip
    st.menu_button(
        "", [name for name in ENTRIES if can[name]], icon=":material/more_horiz:", key=MENU, help="More",
        format_func=lambda name: f":material/{ENTRIES[name][1]}: {ENTRIES[name][0]}", on_click=_chosen, args=(saved.id, who),
    )  # fmt: skip


def _chosen(name: str, who: Principal) -> None:
    choice = st.session_state[MENU]
    if choice != "duplicate":
        open_dialog(choice)
        return
    try:
        go(engine().shelf.duplicate(name, who).id)
    except PulseboardError as error:
        st.session_state[board_state.SAID] = str(error)
