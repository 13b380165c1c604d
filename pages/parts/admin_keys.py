"""Admin, Keys: made for programs, shown once, and ended at will."""

from __future__ import annotations

import streamlit as st

from metrics_core.access.keys import Key
from metrics_core.access.roles import ROLES, TITLES
from metrics_core.errors import PulseboardError
from pages.parts.admin_fields import narrowing, say, told, without_values
from pages.parts.desk import day_and_time, engine, plain, primary, visitor

MADE = "admin_key_made"
OPEN = "admin_key_new"
NOTHING = "nothing"
READS = (NOTHING, *(name for name in ROLES))
LASTS = {None: "Until revoked", 30.0: "30 days", 90.0: "90 days", 365.0: "1 year"}


def draw() -> None:
    told()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("A program shows its key as `Authorization: Bearer KEY` or `X-API-Key: KEY`. Only its hash is kept.")
        st.space("stretch")
        if st.button(primary("Make a key", "key"), type="primary", key="key_new"):
            st.session_state.pop(MADE, None)
            st.session_state[OPEN] = True
    configured = len(engine().settings.api_keys)
    if configured:
        st.caption(f":material/settings: {configured} in the setting API_KEYS besides; each may do everything.")
    keys = engine().keys.all()
    now = engine().clock.now()
    open_keys = [key for key in keys if key.holds(now)]
    _rows(open_keys, ended=False)
    if not open_keys:
        with st.container(border=True):
            st.markdown(":gray[:material/key:] **No key was made here**")
            st.caption("Make one for each program that sends records or asks for figures, so that each can be ended alone.")
    ended = [key for key in keys if not key.holds(now)]
    if ended:
        with st.expander(f"Ended, {len(ended)}"):
            _rows(ended, ended=True)
    if st.session_state.get(OPEN):
        _make()


def _rows(keys: list[Key], *, ended: bool) -> None:
    zone, now = engine().calendar.zone, engine().clock.now()
    with st.container(border=bool(keys) and not ended, gap="xsmall"):
        for key in keys[:200]:
            if key.revoked_at is not None:
                lasts = f"revoked {day_and_time(key.revoked_at, zone, now)}"
            elif key.ends_at is not None:
                lasts = f"{'ended' if ended else 'until'} {day_and_time(key.ends_at, zone, now)}"
            else:
                lasts = "until revoked"
            with st.container(horizontal=True, vertical_alignment="center"):
                made = f"made by {plain(key.made_by)}, {day_and_time(key.made_at, zone, now)}"
                st.markdown(f"**{plain(key.label)}**  \n:small[:gray[`{key.id}` · {made} · {lasts}]]", width="stretch")
                st.markdown(f":small[{plain(key.told())}]", width="content")
                if not ended:
                    st.button(
                        ":red[Revoke]", type="tertiary", key=f"key_revoke_{key.id}", on_click=_revoke,
                        args=(key.id, key.label), help=f"End {plain(key.label)} now",
                    )  # fmt: skip


def _revoke(name: str, label: str) -> None:
    try:
        engine().keys.revoke(name, visitor())
    except PulseboardError as error:
        say(str(error))
    else:
        say(f"{label} opens nothing any more")


def _reading(name: str) -> str:
    return "Nothing" if name == NOTHING else f"As {TITLES[ROLES[name]].lower()}"


def _close() -> None:
    for name in (OPEN, MADE):
        st.session_state.pop(name, None)


@st.dialog("Make a key", icon=":material/key:", on_dismiss=_close)
def _make() -> None:
    if made := st.session_state.get(MADE):
        words = f"**The key of {plain(made[0])} is shown once.**"
        st.markdown(f"{words} Copy it now; the list can end it, but not show it again.")
        st.code(made[1], language=None, wrap_lines=True)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Done", key="key_done"):
                _close()
                st.rerun()
        return
    label = st.text_input("For which program", key="key_label", placeholder="Shop backend")
    sends = st.toggle("May send records", value=True, key="key_sends")
    reads = st.selectbox("Reads", READS, key="key_reads", format_func=_reading)
    filters = narrowing((), "key") if reads not in (NOTHING, "admin") else {}
    days = st.selectbox("Lasts", list(LASTS), key="key_days", format_func=LASTS.get)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if not st.button(primary("Make the key", "key"), type="primary", key="key_make"):
            return
    if why := without_values(filters):
        st.error(why, icon=":material/error:")
        return
    try:
        key, word = engine().keys.make(label, visitor(), role=ROLES.get(reads), sends=sends, filters=filters, days=days)
    except PulseboardError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.session_state[MADE] = (key.label, word)
    st.rerun()
