"""Data, Set up: what other programs keep in the database that we share with them, and what was made of it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from metrics_core.errors import PulseboardError
from pages.parts import work
from pages.parts.desk import count, day_and_time, engine, plain, visitor

REASONS = 3
SECONDS = 5


def draw(*, allowed: bool) -> None:
    if engine().is_shared:
        _card(allowed=allowed)


@st.fragment(run_every=SECONDS)
def _card(*, allowed: bool) -> None:
    try:
        others = engine().others()
    except PulseboardError as error:
        with st.container(border=True):
            st.markdown(f":orange[:material/warning:] **What other programs wrote cannot be read now**  \n{error}")
        return
    if others is None:
        return
    found = others.found
    with st.container(border=True):
        st.markdown(
            f":blue[:material/hub:] **The collection sales holds {_sales(found.others)} of other programs** "
            ":small[:gray[read here, never changed]]"
        )
        with st.container(horizontal=True, gap="large"):
            _figure("Taken in", found.taken)
            _figure("Waiting", found.waiting)
            _figure("Refused", found.refused)
        said = [f"{count(number)} refused, such as: {plain(reason)}" for reason, number in found.reasons[:REASONS]]
        if said:
            st.caption("  \n".join(said))
        _followed(others)
        _button(found, allowed=allowed)


def told(state: Any) -> tuple[str, work.Mood]:
    if not state.taken and not state.refused:
        return "All sales of other programs were taken in before", "well"
    refused = f", {count(state.refused)} refused" if state.refused else ""
    return f"{_sales(state.taken)} of other programs taken in{refused}; none was changed", "partly" if refused else "well"


def _figure(label: str, number: int) -> None:
    st.metric(label, count(number), width="content")


def _followed(others: Any) -> None:
    """Whether it goes on by itself, and since when."""
    house, since = engine(), ""
    if others.found.since is not None:
        at = day_and_time(others.found.since, house.calendar.zone, house.clock.now())
        since = f" since {at.replace('Today', 'today')}"
    if others.trouble is not None:
        st.markdown(f":orange[:material/sync_problem:] **Not followed at the moment**  \n{plain(others.trouble)}")
    elif not others.follows:
        words = f"Taken in by hand{since}. " if since else ""
        st.markdown(f":gray[:material/sync_disabled:] **Not followed** :small[{words}FOLLOW_SALES is false.]")
    else:
        who = "" if others.leads else ", by the replica that leads"
        st.markdown(f":green[:material/sync:] **Followed{since}{who}** :small[What is written there comes in by itself.]")


def _button(found: Any, *, allowed: bool) -> None:
    left = found.waiting + found.refused
    if not left:
        return
    busy = (now := work.current()) is not None and now.running
    words = f"Take in {_sales(found.waiting)}" if found.waiting else f"Judge {_sales(found.refused)} again"
    if st.button(words, icon=":material/input:", disabled=not allowed or busy, key="take_in_others"):
        who = visitor()
        work.begin(
            "adopt", "Taking in the sales of other programs", who.label, lambda tell: engine().adopt(progress=tell, who=who)
        )
        st.rerun()


def _sales(number: int) -> str:
    return f"{count(number)} sale{'' if number == 1 else 's'}"
