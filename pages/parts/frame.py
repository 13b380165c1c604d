"""The frame around every page: navigation, logo and the lines at the foot of the sidebar."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

import streamlit as st

from metrics_core.errors import PulseboardError
from pages.parts.desk import VERSION, engine, visitor, zone_name

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
ICON = ROOT / "static" / "icon.png"
LOGOS = {"light": ROOT / "static" / "logo-light.svg", "dark": ROOT / "static" / "logo-dark.svg"}


GROUPS = {
    "Watch": [
        ("live", "Live", "sensors", "Revenue, active users and transactions of this moment, moving by themselves."),
    ],
    "Act": [
        ("simulator", "Simulator", "science", "Send believable orders, marked as simulated; remove a run with one click."),
    ],
    "Manage": [
        ("data", "Data", "database", "Set up, import a file, verify the totals, clear."),
    ],
}
"""The pages there are: file, title, icon and what the page is for."""


def draw() -> None:
    """Draw the frame and the page the address names."""
    st.set_page_config(page_title="Pulseboard", page_icon=str(ICON), layout="wide")
    groups = {
        group: [
            st.Page(
                ROOT / "pages" / f"{name}.py", title=title, icon=f":material/{icon}:", help=words, default=name == "live"
            )
            for name, title, icon, words in pages
        ]
        for group, pages in GROUPS.items()
    }
    page = st.navigation(groups, expanded=True)
    st.logo(str(LOGOS["dark" if st.context.theme.type == "dark" else "light"]), size="large")
    with st.sidebar:
        foot()
    try:
        page.run()
    except PulseboardError as error:
        trouble(str(error))


def trouble(sentence: str) -> None:
    """What a page shows when what it asks for cannot be had now."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(":red-badge[:material/error:]", width="content")
        st.markdown(f"**{sentence}**", width="content")
        st.caption("Other pages go on, and nothing that was acknowledged is lost.", width="content")
        st.button("Try now", icon=":material/refresh:", key="trouble_again")


def unforeseen(error: Exception) -> bool:
    """An error nobody expected: the log has it under a code, the visitor gets the code."""
    code = secrets.token_hex(4)
    log.error("page failed, code %s", code, exc_info=error)
    st.error(
        f"This page met an error that nobody expected. The server's log has it under the code `{code}`. "
        "Other pages go on, and nothing that was acknowledged is lost.",
        icon=":material/error:",
    )
    return True


def foot() -> None:
    """Who is looking, and what every figure is in."""
    who = visitor()
    name = f"**{who.name}**" + (f" · :gray[{who.role}]" if who.role else "")
    lines = (name, f":gray[{zone_name()} · {engine().settings.currency}]", f":gray[Pulseboard {VERSION}]")
    st.markdown("  \n".join(f":small[{line}]" for line in lines))
