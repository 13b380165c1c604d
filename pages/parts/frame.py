"""The frame around every page: navigation, logo and the lines at the foot of the sidebar."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import Any

import streamlit as st

from metrics_core.access.filters import limited_to
from metrics_core.access.roles import TITLES, allows
from metrics_core.errors import PulseboardError, StoreAwayError
from metrics_core.model.access import Principal
from pages.parts import sign_in
from pages.parts.desk import VERSION, engine, plain, signed_in, signs_in, visitor, zone_name
from pages.parts.wanted import go_to_wanted

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
ICON = ROOT / "static" / "icon.png"
LOGOS = {"light": ROOT / "static" / "logo-light.svg", "dark": ROOT / "static" / "logo-dark.svg"}
MADE = "frame_pages"
AWAY = "frame_store_away"
"""Whether this page was last drawn without a database."""

LINK = "s"
"""The parameter of a link that somebody shared: it opens without signing in."""

Row = tuple[str, str, str, str, str]

GROUPS: dict[str, list[Row]] = {
    "Watch": [
        ("live", "Live", "sensors", "look", "Revenue, active users and transactions of this moment, moving by themselves."),
        ("dashboards", "Dashboards", "dashboard", "look",
         "Widgets put together by hand: arranged, filtered, explained and shared."),
    ],
    "Act": [
        ("simulator", "Simulator", "science", "simulate",
         "Send believable orders, marked as simulated; remove a run with one click."),
    ],
    "Manage": [
        ("data", "Data", "database", "data", "Set up, import a file, verify the totals, clear."),
        ("admin", "Admin", "admin_panel_settings", "people", "People and roles, keys, links, the audit log, and health."),
    ],
}
"""The pages there are: file, title, icon, the permission it needs where people sign in, and what the page is for."""


def draw() -> None:
    """Draw the frame and the page the address names."""
    st.set_page_config(page_title="Pulseboard", page_icon=str(ICON), layout="wide")
    try:
        who, why = signed_in() if signs_in() else (visitor(), None)
    except PulseboardError as error:
        trouble(error)
        return
    # In a frame of another page, or on a screen on the wall, there is the page and nothing around it.
    bare = bool(st.context.is_embedded) or why is not None
    page = st.navigation(
        {group: [_page(*row) for row in rows if _shown(row, who, why)] for group, rows in GROUPS.items()},
        expanded=True,
        position="hidden" if bare else "sidebar",
    )
    if why is not None and not (page.title == "Dashboards" and LINK in st.query_params):
        sign_in.draw(why)
        return
    if not bare:
        st.logo(str(LOGOS["dark" if st.context.theme.type == "dark" else "light"]), size="large")
        with st.sidebar:
            foot(who)
    try:
        page.run()
    except PulseboardError as error:
        trouble(error)


def _shown(row: Row, who: Principal, why: str | None) -> bool:
    """Whether a page is in the navigation. Where a key can be typed, that is done on the page itself."""
    return not signs_in() or why is not None or allows(who, row[3])


def _page(name: str, title: str, icon: str, _: str, words: str) -> Any:
    """The page of a row of GROUPS, made once a visit: making one asks the file system each time."""
    made = st.session_state.setdefault(MADE, {})
    if (name, title) not in made:
        path = ROOT / "pages" / f"{name}.py"
        made[name, title] = st.Page(path, title=title, icon=f":material/{icon}:", help=words, default=name == "live")
    return made[name, title]


def trouble(error: PulseboardError) -> None:
    """What a page shows when what it asks for cannot be had now."""
    if isinstance(error, StoreAwayError):
        _away()
    else:
        _card(str(error), "Other pages go on, and nothing that was acknowledged is lost.")


@st.fragment(run_every=5)
def _away() -> None:
    """The database is away: the page comes back by itself once it answers."""
    if st.session_state.get(AWAY) and _answers():
        st.session_state[AWAY] = False
        st.rerun()
    st.session_state[AWAY] = True
    _card(
        "The database does not answer",
        "This page comes back by itself as soon as it does. Nothing that was acknowledged is lost.",
    )


def _answers() -> bool:
    try:
        engine().store.ping()
    except StoreAwayError:
        return False
    return True


def _card(title: str, words: str) -> None:
    with st.container(border=True, horizontal_alignment="center", gap="xsmall"):
        st.markdown(":red-badge[:material/error:]", width="content")
        st.markdown(f"**{title}**", width="content")
        st.caption(words, width="content")
        if st.button("Try now", icon=":material/refresh:", key="trouble_again"):
            st.rerun()


def unforeseen(error: Exception) -> bool:
    """An error nobody expected: the log has it under a code, the visitor gets the code."""
    if isinstance(error, PulseboardError):
        st.warning(str(error), icon=":material/warning:")
        return True
    code = secrets.token_hex(4)
    log.error("page failed, code %s", code, exc_info=error)
    st.error(
        f"This page met an error that nobody expected. The server's log has it under the code `{code}`. "
        "Other pages go on, and nothing that was acknowledged is lost.",
        icon=":material/error:",
    )
    return True


def foot(who: Principal) -> None:
    """Who is looking, and what every figure is in."""
    figures = f":gray[{zone_name()} · {engine().settings.currency}]"
    lines = [f"**{plain(who.label)}**", figures, f":gray[Pulseboard {VERSION}]"]
    if signs_in():
        lines.insert(1, f":gray[{TITLES[who.role]}]")
    if said := limited_to(who.filters):
        lines.insert(-2, f":gray[{plain(said)}]")
    st.markdown("  \n".join(f":small[{line}]" for line in lines))
    if signs_in():
        go_to_wanted()
        st.button("Sign out", icon=":material/logout:", type="tertiary", key="sign_out", on_click=st.logout)
