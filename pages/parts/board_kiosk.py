"""A screen on the wall: a dashboard without anything around it, and several in turn."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit_autorefresh import st_autorefresh

from metrics_core.dashboards.default import DEFAULT
from metrics_core.dashboards.sharing import Share
from metrics_core.dashboards.state import State
from metrics_core.errors import PulseboardError
from metrics_core.model.access import Principal
from pages.parts import board_state, board_wire
from pages.parts.board_frozen import frozen_badge
from pages.parts.desk import engine, plain, zone_name
from pages.parts.limits import limit_badge

ROTATE, EVERY = "rotate", "every"
SHORTEST, USUAL, LONGEST = 5, 30, 3600
NOTHING = {"change": False, "share": False, "delete": False}


def kiosk(who: Principal, share: Share | None, board: Callable[..., None]) -> None:
    """One dashboard, or the next of those that take turns."""
    names = _names(share)
    turn = st_autorefresh(interval=_seconds() * 1000, key="board_rotation") if len(names) > 1 else 0
    at = turn % len(names)
    try:
        saved = engine().shelf.glance(names[at], who)
        state = _state(State.of(saved.dashboard.state) if share is None else share.state, who)
    except PulseboardError as error:
        st.warning(plain(str(error)), icon=":material/warning:")
        return
    zone = state.zone or zone_name()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(saved.dashboard.title), anchor=False, width="content")
        if len(names) > 1:
            dots = " ".join(f":{'blue' if i == at else 'gray'}[●]" for i in range(len(names)))
            st.markdown(f":small[{dots}]", width="content")
        if share is not None and share.frozen_at is not None:
            frozen_badge(share.frozen_at)
        if watermark := engine().origin(state.origin, who)["watermark"]:
            st.badge(watermark, icon=":material/science:", color="violet")
        limit_badge(who)
        st.space("stretch")
        board_wire.instant(zone=zone, clock=True, key="board_instant")
        still = share is not None and share.frozen_at is not None
        board_wire.pill(zone=zone, frozen="Frozen" if still else None, key="board_pill")
    st.session_state[board_state.STATE] = state
    board(saved, state, who, share, mode="kiosk", may=NOTHING)


def _names(share: Share | None) -> list[str]:
    if share is not None:
        return [share.dashboard]
    said = st.query_params.get(ROTATE, "")
    return [name for name in said.split(",") if name][:20] or [st.query_params.get("d", DEFAULT)]


def _seconds() -> int:
    said = st.query_params.get(EVERY, "")
    return min(LONGEST, max(SHORTEST, int(said))) if said.isdecimal() and len(said) < 6 else USUAL


def _state(default: State, who: Principal) -> State:
    state = engine().links.read(st.query_params.to_dict(), default)
    return engine().boards.bound(state, who)[0].floored(engine().settings.dashboard_refresh_floor)
