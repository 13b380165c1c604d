"""Sharing a dashboard by link: what the link allows, the link itself, and the links there are."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlencode, urlsplit

import segno
import streamlit as st

from metrics_core.access.filters import limited_to
from metrics_core.dashboards.sharing import FREE, Share
from metrics_core.dashboards.shelf import Saved
from metrics_core.dashboards.state import State
from metrics_core.errors import PulseboardError
from metrics_core.model.access import Principal
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.settings import is_loopback
from pages.parts.board_controls import FILTERED_BY, spoken
from pages.parts.board_dialogs import close_dialog
from pages.parts.board_who import TOKEN
from pages.parts.desk import day_and_time, engine, plain, primary

MADE = "board_share_made"
LASTS = {1.0: "1 day", 7.0: "7 days", 30.0: "30 days", 365.0: "1 year", None: "Until revoked"}
_FOR_A_PHONE = "For a phone: point its camera here."
_ONLY_HERE = (
    "This address leads to this machine only. Open Pulseboard under its name in the network, and share from there, so that "
    "phones and other people reach it."
)
PARTS = {"period": "Period", "compare": "Comparison", "zone": "Time zone", "origin": "Origin", "refresh": "Refresh"}


def share(saved: Saved, state: State, who: Principal, what: dict[str, Any]) -> None:
    st.dialog("Share", width="medium", icon=":material/share:", on_dismiss=_closed)(_draw)(saved, state, who)


def _closed() -> None:
    st.session_state.pop(MADE, None)
    close_dialog()


def _draw(saved: Saved, state: State, who: Principal) -> None:
    made = st.session_state.get(MADE)
    if made:
        _link(*made)
        return
    links = [link for link in engine().shares.of(saved.id) if link.revoked_at is None]
    fresh, given = st.tabs(["New link", f"Links {len(links)}" if links else "Links"])
    with fresh:
        _form(saved, state, who)
    with given:
        _links(saved, links, who)


def _form(saved: Saved, state: State, who: Principal) -> None:
    st.caption("Whoever has the link sees this dashboard as it is filtered now, and nothing else.")
    left, right = st.columns(2)
    label = left.text_input("For whom", placeholder="Board meeting", key="share_label")
    days = right.selectbox("Lasts", list(LASTS), 2, format_func=LASTS.get, key="share_days")
    password = left.text_input("Password", type="password", placeholder="None", key="share_password", autocomplete="off")
    frozen = right.toggle(
        "Freeze", key="share_frozen", help="Keeps what you see now; the receiver sees today's figures beside it."
    )
    export = right.toggle("May be exported", key="share_export", help="The receiver may take away what they see as a file.")
    embed = right.toggle("For embedding", key="share_embed", help="Without menus, for a frame on another page or a screen.")
    dimensions = [one for one in FILTERED_BY if one not in state.where]
    allowed = st.multiselect(
        "The receiver may filter by", dimensions, key="share_allowed", format_func=lambda it: DIMENSIONS[it].label,
        placeholder="Nothing", disabled=frozen,
    )  # fmt: skip
    free = st.multiselect(
        "and may change", list(PARTS), list(FREE), key="share_free", format_func=PARTS.get, placeholder="Nothing",
        disabled=frozen,
    )  # fmt: skip
    locked = [f"{DIMENSIONS[name].label}: {', '.join(map(spoken, values))}" for name, values in state.where.items()]
    if said := [*filter(None, [limited_to(who.filters).removeprefix("Limited to ")]), *locked]:
        st.caption(f":material/lock: Whoever has the link is limited to {plain('; '.join(said))}")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if not st.button(primary("Make the link", "link"), type="primary", key="share_make"):
            return
    try:
        kept = engine().boards.freeze(saved.dashboard, state, who, name=saved.id) if frozen else None
        link, token = engine().shares.create(
            saved.id, who, state=state, label=label, days=days, password=password or None, free=() if frozen else free,
            allowed=() if frozen else allowed, embed=embed, export=export, frozen=kept,
            frozen_at=None if kept is None else kept["as_of"],
        )  # fmt: skip
    except PulseboardError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.session_state[MADE] = (link, token)
    st.rerun(scope="fragment")


def _link(link: Share, token: str) -> None:
    embed = {"embed": "true"} if link.embed else {}
    address = f"{_here()}/dashboards?{urlencode({TOKEN: token, **embed})}"
    st.markdown("**This link is shown once.** Copy it now; the list of links can end it, but not show it again.")
    st.code(address, language=None, wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(_code(address), width=150, alt="The link as a QR code")
        st.caption(_FOR_A_PHONE if is_reached(address) else _ONLY_HERE, width="stretch")
    if link.embed:
        frame = f'<iframe src="{address}" width="100%" height="720" style="border:0"></iframe>'
        st.code(frame, language="html", wrap_lines=True)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Make another", key="share_again"):
            st.session_state.pop(MADE)
            st.rerun(scope="fragment")


def _here() -> str:
    """The address that this visitor uses, without the page."""
    return str(st.context.url or "").split("?")[0].rstrip("/").removesuffix("/dashboards")


def is_reached(address: str) -> bool:
    """Whether another machine could follow this address."""
    return not is_loopback(urlsplit(address).hostname or "")


def _code(address: str) -> str:
    drawn = io.BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", border=2, scale=4, dark="#0E1420", light="#FFFFFF")
    return drawn.getvalue().decode()


def _links(saved: Saved, links: list[Share], who: Principal) -> None:
    if not links:
        st.caption("No link to this dashboard is open.")
    zone, now = engine().calendar.zone, engine().clock.now()
    for link in links:
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            ends = "until revoked" if link.ends_at is None else f"until {day_and_time(link.ends_at, zone, now)}"
            if link.ends_at is not None and link.ends_at <= now:
                ends = f"ended {day_and_time(link.ends_at, zone, now)}"
            marks = " ".join(mark for on, mark in (
                (link.has_password, ":material/password:"), (link.frozen_at, ":material/ac_unit:"),
                (link.embed, ":material/tv:"), (link.export, ":material/download:"), (bool(link.locked), ":material/lock:"),
            ) if on)  # fmt: skip
            st.markdown(
                f"**{plain(link.label) or 'Link'}** {marks}  \n:small[:gray[{plain(link.made_by_label)}, "
                f"{day_and_time(link.made_at, zone, now)}, {ends}]]", width="stretch",
            )  # fmt: skip
            if st.button(":red[Revoke]", type="tertiary", key=f"revoke_{link.id}"):
                engine().shares.revoke(saved.id, link.id, who)
                st.rerun(scope="fragment")
