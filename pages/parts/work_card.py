"""The card of the long work that goes on or has just ended: progress, rate, time left, Stop; then what came of it."""

from __future__ import annotations

import streamlit as st

from pages.parts import clearing, importing, neighbours, setting_up, verifying, work
from pages.parts.desk import count, duration

TOLD = {
    "sample": setting_up.told,
    "generate": setting_up.told,
    "adopt": neighbours.told,
    "import": importing.told,
    "verify": verifying.told,
    "rebuild": verifying.told,
    "clear": clearing.told,
}
MARKS = {
    "well": ":green[:material/check_circle:]",
    "partly": ":orange[:material/warning:]",
    "badly": ":red[:material/error:]",
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
        so_far = duration(int(now.seconds * 1_000_000))
        st.markdown(f":material/progress_activity: **{now.title}** :small[:gray[by {now.by}, for {so_far}]]")
        st.space("stretch")
        st.button("Stop", icon=":material/stop:", on_click=now.stop, disabled=now.stopping, key="work_stop")
    if not now.total:
        return
    said = f"{count(now.done)} of {count(now.total)} · {count(round(now.rate))} a second"
    if now.left is not None:
        said += f" · {_span(now.left)} left"
    st.progress(min(1.0, now.done / now.total), text=said)


def _ended(now: work.Work) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        with st.container(gap=None):
            if now.error is not None:
                mark = ":gray[:material/stop_circle:]" if now.stopped else ":red[:material/error:]"
                st.markdown(f"{mark} **{now.title}** :small[:gray[ended after {_span(now.seconds)}]]")
                st.text(now.error)
            else:
                words, mood = TOLD[now.kind](now.result)
                st.markdown(f"{MARKS[mood]} **{words}** :small[:gray[in {_span(now.seconds)}]]")
        if st.button("Close", type="tertiary", icon=":material/close:", key="work_close"):
            work.forget()
            st.rerun()


def _span(seconds: float) -> str:
    return duration(round(seconds * 1_000_000)) if seconds >= 1 else f"{round(seconds * 1000)} ms"
