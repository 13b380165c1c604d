"""Admin, Sharing: every link there is, what it allows, and its end."""

from __future__ import annotations

import streamlit as st

from metrics_core.dashboards.sharing import Share
from metrics_core.errors import PulseboardError
from metrics_core.model.dimension import DIMENSIONS
from pages.parts.admin_fields import say, told
from pages.parts.desk import count, day_and_time, engine, plain, visitor

SHOWN = 100
STANDS = {
    "open": ":green-badge[:material/link: Open]", "ended": ":gray-badge[:material/link_off: Ended]",
    "revoked": ":gray-badge[:material/link_off: Revoked]",
}  # fmt: skip


def draw() -> None:
    told()
    links = engine().shares.all()
    titles = {saved.id: saved.dashboard.title for saved in engine().shelf.all(visitor())}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search", key="sharing_search", placeholder="Dashboard, for whom, by whom", width=320)
        ended = st.toggle("Ended ones too", key="sharing_ended")
    words = search.casefold().split()
    found = [
        link for link in links
        if (ended or _standing(link) == "open")
        and all(word in f"{titles.get(link.dashboard, '')} {link.label} {link.made_by_label}".casefold() for word in words)
    ]  # fmt: skip
    if not found:
        with st.container(border=True):
            st.markdown(f":gray[:material/share:] **{'No link like that' if links else 'Nothing is shared by link'}**")
            st.caption("Links are made on a dashboard, with Share.")
        return
    _rows(found[:SHOWN], titles)
    if len(found) > SHOWN:
        st.caption(f"{SHOWN} newest of {count(len(found))} links. Search to see others.")


def _rows(links: list[Share], titles: dict[str, str]) -> None:
    zone, now = engine().calendar.zone, engine().clock.now()
    with st.container(border=True, gap="small"):
        for link in links:
            ends = "until revoked" if link.ends_at is None else f"until {day_and_time(link.ends_at, zone, now)}"
            made = f"{plain(link.made_by_label)}, {day_and_time(link.made_at, zone, now)}"
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.markdown(
                    f"**{plain(titles.get(link.dashboard, link.dashboard))}** {plain(link.label)}  \n"
                    f":small[:gray[{made} · {ends}]]", width="stretch",
                )  # fmt: skip
                if terms := _terms(link):
                    st.markdown(f":small[{terms}]", width="content")
                st.markdown(STANDS[_standing(link)], width="content")
                if _standing(link) == "open":
                    st.button(
                        ":red[Revoke]", type="tertiary", key=f"sharing_{link.id}", on_click=_revoke,
                        args=(link.dashboard, link.id), help="End this link now",
                    )  # fmt: skip


def _terms(link: Share) -> str:
    locked = [DIMENSIONS[name].label for name in link.locked]
    marks = (
        (link.has_password, ":material/password: password"), (link.frozen_at is not None, ":material/ac_unit: frozen"),
        (link.embed, ":material/tv: embedded"), (bool(locked), f":material/lock: {', '.join(locked)}"),
    )  # fmt: skip
    return " · ".join(mark for holds, mark in marks if holds)


def _standing(link: Share) -> str:
    if link.revoked_at is not None:
        return "revoked"
    return "ended" if link.ends_at is not None and link.ends_at <= engine().clock.now() else "open"


def _revoke(dashboard: str, link: str) -> None:
    try:
        engine().shares.revoke(dashboard, link, visitor())
    except PulseboardError as error:
        say(str(error))
    else:
        say("The link is ended")
