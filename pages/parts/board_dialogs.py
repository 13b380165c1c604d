"""The dialogs of a dashboard: one is open at a time, and it stays open until it is closed, whatever else is drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from metrics_core.dashboards.shelf import Saved
from metrics_core.dashboards.state import State
from metrics_core.model.access import Principal

OPEN, OPENED = "board_open", "board_opened"

Drawn = Callable[[Saved, State, Principal, dict[str, Any]], None]


def open_dialog(name: str, **what: Any) -> None:
    """Open a dialog at the next run."""
    number = (st.session_state.get(OPEN) or {}).get("number", st.session_state.get(OPENED, 0)) + 1
    st.session_state[OPENED] = number
    st.session_state[OPEN] = {"name": name, "number": number, **what}


def close_dialog() -> None:
    st.session_state[OPEN] = None


def done() -> None:
    """Close the dialog, from within it, and draw the page anew."""
    close_dialog()
    st.rerun()


def dialog(saved: Saved, state: State, who: Principal) -> None:
    """Draw the dialog that is open, if one is."""
    what = st.session_state.get(OPEN)
    if what:
        _dialogs()[what["name"]](saved, state, who, what)


def _dialogs() -> dict[str, Drawn]:
    # They close themselves with `done`, so they know this file.
    from pages.parts import board_manage, board_settings, board_share, explain, export_button

    return {
        "settings": board_settings.settings,
        "share": board_share.share,
        "conflict": board_manage.conflict,
        "versions": board_manage.versions,
        "details": board_manage.details,
        "new": board_manage.new,
        "layout": board_manage.layout,
        "delete": board_manage.delete,
        "kiosk": board_manage.kiosk,
        "explain": explain.drawer,
        "export": export_button.export,
    }
