"""Who looks at a dashboard: the visitor of this server, or whoever came by a link, as far as the link lets them."""

from __future__ import annotations

import streamlit as st

from metrics_core.dashboards.sharing import Share
from metrics_core.errors import PasswordNeededError, PulseboardError
from metrics_core.model.access import Principal
from metrics_core.model.instant import HOUR
from pages.parts.desk import engine, primary, visitor

TOKEN = "s"
"""The parameter of a link that holds its token."""
TICKET = "board_ticket"
PASSWORD = "board_password"
RENEWED_AFTER = 6 * HOUR


def looking() -> tuple[Principal, Share | None]:
    """Who looks, and the link they came by; the page ends here while a link does not open."""
    token = st.query_params.get(TOKEN)
    if token is None:
        return visitor(), None
    try:
        share = _open(token)
    except PasswordNeededError as error:
        _ask(str(error))
        st.stop()
    except PulseboardError as error:
        _closed(str(error))
        st.stop()
    return share.principal(), share


def ticket(who: Principal, *, again: bool = False) -> str:
    """What the page's own scripts ask with, in the name of who looks."""
    now = engine().clock.now()
    kept = st.session_state.get(TICKET)
    if again or kept is None or kept[0] != who or now - kept[2] > RENEWED_AFTER:
        kept = st.session_state[TICKET] = (who, engine().tickets.mint(who), now)
    return str(kept[1])


def _open(token: str) -> Share:
    """The link of a token; the password is tried once, and then the link is known by its id."""
    known: dict[str, str] = st.session_state.setdefault("board_links", {})
    if token in known:
        return engine().shares.current(known[token])
    share = engine().shares.open(token, st.session_state.get(PASSWORD))
    known[token] = share.id
    return share


def _ask(sentence: str) -> None:
    with st.container(horizontal_alignment="center"), st.form("board_password_form", width=400):
        st.markdown("**This dashboard opens with a password**")
        tried = st.session_state.get(PASSWORD)
        st.text_input("Password", type="password", key=PASSWORD, autocomplete="off")
        if tried:
            st.markdown(f":small[:red[:material/error: {sentence}]]")
        st.form_submit_button(primary("Open", "lock_open"), type="primary")


def _closed(sentence: str) -> None:
    with (
        st.container(horizontal_alignment="center"),
        st.container(border=True, horizontal_alignment="center", gap="xsmall", width=480),
    ):
        st.markdown(":gray-badge[:material/link_off:]", width="content")
        st.markdown("**This link does not open**", width="content")
        st.caption(sentence, width="content")
