"""The card of the long work that goes on or has just ended: progress, rate, time left, Stop; then what came of it."""

from __future__ import annotations

import streamlit as st

from pages.parts import clearing, importing, setting_up, verifying, work
from pages.parts.desk import count, duration

TOLD = {
    "sample": setting_up.told,
    "generate": setting_up.told,
    "import": importing.told,
    "verify": verifying.told,
    "rebuild": verifying.told,
    "clear": clearing.told,
}
SHOWN = "work_shown"
"""What this page showed of the work when it was last drawn whole."""


@st.fragment(run_every=1)
def work_card() -> None:
    now = work.current()
    if now is None:
        return
    if not now.running and st.session_state.get(SHOWN) == (id(now), True):
        # What the tabs show has changed with the end of the work: draw them again, once.
        st.session_state[SHOWN] = (id(now), False)
        st.rerun()
    st.session_state[SHOWN] = (id(now), now.running)
    with st.container(border=True):
        (_going if now.running else _ended)(now)


def _going(now: work.Work) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/progress_activity: **{now.title}** :small[:gray[by {now.by}, for {_span(now.seconds)}]]")
        st.space("stretch")
        st.button("Stop", icon=":material/stop:", on_click=now.stop, disabled=now.stopping, key="work_stop")
    if not now.total:
        return
    said = f"{count(now.done)} of {count(now.total)} · {count(round(now.rate))} a second"
    if now.left is not None:
        said += f" · {_span(now.left)} left"
    st.progress(min(1.0, now.done / now.total), text=said)


def _ended(now: work.Work) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if now.error is not None:
            st.markdown(f":red[:material/error:] **{now.title}** :small[:gray[after {_span(now.seconds)}]]  \n{now.error}")
        else:
            words, well = TOLD[now.kind](now.result)
            mark = ":green[:material/check_circle:]" if well else ":red[:material/error:]"
            st.markdown(f"{mark} **{words}** :small[:gray[in {_span(now.seconds)}]]")
        st.space("stretch")
        if st.button("Close", type="tertiary", icon=":material/close:", key="work_close"):
            work.forget()
            st.rerun()


def _span(seconds: float) -> str:
    return duration(round(seconds * 1_000_000))
