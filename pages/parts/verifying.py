"""Data, Verify: every total against a recomputation from the events, what is wrong first, with the command that mends it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts import work
from pages.parts.desk import count, engine, primary, visitor

RESULT = "verify_result"


def draw(*, allowed: bool) -> None:
    st.caption("Recomputes what the totals say from the events themselves. It changes nothing, and live figures go on.")
    now = work.current()
    busy = now is not None and now.running
    with st.container(horizontal=True):
        if st.button(primary("Run verify", "fact_check", enabled=not busy), type="primary", disabled=busy, key="verify_run"):
            work.begin("verify", "Verifying", visitor().label, lambda tell: list(engine().verify(tell)))
            st.rerun()
    if now is not None and not now.running and now.kind == "verify" and now.error is None:
        st.session_state[RESULT] = now.result
    checks = st.session_state.get(RESULT)
    if checks is None:
        return
    wrong = [check for check in checks if not check.ok]
    _headline(checks, wrong)
    for mend in dict.fromkeys(check.mend for check in wrong if check.mend):
        st.code(mend, language=None)
    if wrong and st.button(
        "Rebuild the totals now", icon=":material/build:", disabled=busy or not allowed, key="verify_rebuild"
    ):
        who = visitor()
        work.begin("rebuild", "Rebuilding the totals", who.label, lambda tell: engine().rebuild(tell, who=who))
        st.session_state.pop(RESULT)
        st.rerun()
    st.dataframe(_table(checks), hide_index=True, key="verify_table", alt="Every check and its result")


def told(result: Any) -> tuple[str, work.Mood]:
    if result is None:
        return "The totals are rebuilt from the events", "well"
    wrong = sum(not check.ok for check in result)
    words = f"{count(len(result))} checks, {count(len(result) - wrong)} right"
    return (f"{words}, {count(wrong)} wrong", "badly") if wrong else (words, "well")


def _headline(checks: list[Any], wrong: list[Any]) -> None:
    words = f"**{count(len(checks))} checks, {count(len(checks) - len(wrong))} right.**"
    if wrong:
        badge = f":red-badge[:material/error: {count(len(wrong))} wrong]"
        st.markdown(f"{badge} {words} The events are the truth; this mends the totals:")
    else:
        st.markdown(f":green-badge[:material/check_circle: all right] {words}")


def _table(checks: list[Any]) -> pd.DataFrame:
    ordered = sorted(checks, key=lambda check: check.ok)
    return pd.DataFrame(
        [
            {
                "Result": "right" if check.ok else "wrong",
                "Check": check.name,
                "Expected": str(check.expected),
                "Found": str(check.found),
            }
            for check in ordered
        ]
    )
