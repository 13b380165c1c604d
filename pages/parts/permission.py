"""Who may change something from a page: their role where people sign in, else the guard, with a field to type a key."""

from __future__ import annotations

import streamlit as st

from metrics_core.access.roles import PERMISSIONS, allows, require
from metrics_core.errors import PulseboardError
from pages.parts.desk import KEY, engine, knock, signs_in, visitor

NEEDS = {"data": "data", "simulator": "simulate", "admin": "people"}
"""The permission that each place needs."""


def may_change(place: str) -> bool:
    """Whether this visitor may change anything here; where not, it is said why, and a key can be typed."""
    permission = NEEDS[place]
    why = _refusal(permission)
    if why is None:
        return True
    guard = engine().reception.guard
    if signs_in() or guard.why_closed() is not None or not guard.needs_key:
        st.warning(why, icon=":material/lock:")
        return False
    with st.form(f"key_{place}", border=True):
        st.markdown("**Changes need a key here**")
        st.caption("Type one of the keys in API_KEYS. It is kept for this browser tab only.")
        typed = st.text_input("Key", type="password", autocomplete="off")
        sent = st.form_submit_button("Unlock", icon=":material/lock_open:")
    shown = engine().reception.by_key(typed) if sent else None
    if shown is not None and allows(shown, permission):
        st.session_state[KEY] = typed
        st.rerun()
    elif sent:
        sentence = "That is not one of the keys in API_KEYS." if shown is None else "That key may not change anything here."
        st.error(sentence, icon=":material/error:")
    return False


def allowed(place: str = "data") -> bool:
    """Whether this visitor may change things, without a word about it."""
    return _refusal(NEEDS[place]) is None


def _refusal(permission: str) -> str | None:
    who = visitor()
    if allows(who, permission):
        return None
    try:
        if not signs_in():
            engine().reception.guard.may_change(knock(st.session_state.get(KEY)))  # says what to set, or to type
        require(who, permission)
    except PulseboardError as error:
        return str(error)
    return PERMISSIONS[permission].what
