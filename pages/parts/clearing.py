"""Data, Clear: what will go, a typed word, then it goes; with or without fresh demo data afterwards."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts import work
from pages.parts.desk import count, engine, visitor
from pages.parts.setting_up import DAYS, SEED
from pages.parts.words import ORIGINS

WORD = "clear"
AFTER = {"empty": "add nothing", "demo": f"fill in {DAYS} days of demo data"}


def draw(*, allowed: bool) -> None:
    there = engine().store.events.count()
    if not there:
        with st.container(border=True):
            st.markdown(":gray[:material/inbox:] **There is nothing to clear**")
            st.caption("The store holds no record.")
        return
    st.caption("Cleared records are gone for good, with their share in every total. The totals of what stays do not move.")
    made_up = [origin for origin in there if origin in ("demo", "sim")]
    chosen = st.pills(
        "What goes",
        list(there),
        selection_mode="multi",
        default=made_up,
        key="clear_origins",
        format_func=lambda origin: f"{ORIGINS[origin]} · {count(there[origin][0])} records",
    )
    after = st.radio("Then", list(AFTER), format_func=AFTER.__getitem__, horizontal=True, key="clear_after")
    rows = sum(there[origin][0] for origin in chosen)
    if any(origin in ("live", "import") for origin in chosen):
        st.warning("This includes real data, which cannot be made again.", icon=":material/warning:")
    typed = st.text_input(f'Type "{WORD}" to confirm', key="clear_word", width=260, autocomplete="off")
    busy = (now := work.current()) is not None and now.running
    ready = bool(chosen) and typed.strip().lower() == WORD and allowed and not busy
    label = f":material/delete: Clear {count(rows)} records"
    st.button(
        f":red[{label}]" if ready else label,
        disabled=not ready,
        on_click=_begin,
        args=(tuple(chosen), after),
        key="clear_now",
    )


def told(result: Any) -> tuple[str, work.Mood]:
    removed, unchanged, added = result
    proof = "every other total unchanged" if unchanged else "but another total moved meanwhile: run verify"
    then = f"; {count(added)} records of demo data added" if added else ""
    return f"{count(removed)} records gone, {proof}{then}", "well" if unchanged else "badly"


def _begin(origins: tuple[str, ...], after: str) -> None:
    # What was typed has done its work; the next clearing asks again.
    st.session_state["clear_word"] = ""

    who = visitor()

    def clear(tell: work.Progress) -> tuple[int, bool, int]:
        purge = engine().forget(origins=origins, who=who)
        if after != "demo":
            return purge.removed, purge.unchanged, 0
        made = engine().generate(days=DAYS, seed=SEED, progress=tell, who=who)
        return purge.removed, purge.unchanged, made if isinstance(made, int) else getattr(made, "accepted", 0)

    work.begin("clear", "Clearing", who.label, clear)
