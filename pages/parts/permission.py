"""Who may change something from a page: the same guard as at the API's doors, with a field where a person types the key."""

from __future__ import annotations

import streamlit as st

from metrics_core.access.guard import Guard, Knock
from metrics_core.errors import PulseboardError
from pages.parts.desk import engine

KEY = "permission_key"


def may_change(place: str) -> bool:
    """Whether this visitor may change anything here; where not, it is said why, and a key can be typed."""
    guard = Guard(engine().settings)
    why = _refusal(guard, st.session_state.get(KEY))
    if why is None:
        return True
    if guard.why_closed() is not None or not guard.needs_key:
        st.warning(why, icon=":material/lock:")
        return False
    with st.form(f"key_{place}", border=True):
        st.markdown("**Changes need a key here**")
        st.caption("Type one of the keys in API_KEYS. It is kept for this browser tab only.")
        typed = st.text_input("Key", type="password", autocomplete="off")
        sent = st.form_submit_button("Unlock", icon=":material/lock_open:")
    if sent and guard.holds(typed):
        st.session_state[KEY] = typed
        st.rerun()
    elif sent:
        st.error("That is not one of the keys in API_KEYS.", icon=":material/error:")
    return False


def allowed() -> bool:
    """Whether this visitor may change things, without a word about it."""
    return _refusal(Guard(engine().settings), st.session_state.get(KEY)) is None


def _refusal(guard: Guard, key: str | None) -> str | None:
    try:
        guard.may_change(_knock(key))
    except PulseboardError as error:
        return str(error)
    return None


def _knock(key: str | None) -> Knock:
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
