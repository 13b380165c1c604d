"""The sign-in page: the way in where people sign in, and what is said to those who have no role here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from pages.parts.desk import address, engine, plain, primary
from pages.parts.wanted import keep_wanted

MARK = Path(__file__).resolve().parents[2] / "static" / "icon.png"
SETTINGS = ("client_kwargs",)
"""Tables of the section `[auth]` that are no provider."""


def draw(why: str) -> None:
    """`why` says why whoever signed in is nobody here; it is empty before they sign in."""
    _, middle, _ = st.columns([1, 1.3, 1])
    with middle, st.container(horizontal_alignment="center", gap="small"):
        st.space("large")
        st.image(str(MARK), width=56)
        if why:
            _nobody(why)
            return
        st.title("Sign in to see your dashboards", anchor=False, text_alignment="center")
        for provider, name in providers().items():
            st.button(
                primary(f"Continue with {name}", "login"), type="primary", key=f"sign_in_{provider}", on_click=st.login,
                args=(None if provider == "default" else provider,),
            )  # fmt: skip
        if not providers():
            st.caption(
                "Nobody can sign in: `.streamlit/secrets.toml` has no section `[auth]`. docs/people.md shows one.",
                text_alignment="center",
            )
            return
        st.caption("A link that was shared with you opens without signing in.", text_alignment="center")
        keep_wanted()


def providers() -> dict[str, str]:
    """The providers of `.streamlit/secrets.toml` by name, each as it is called on its button."""
    auth = st.secrets.get("auth") if st.secrets.load_if_toml_exists() else None
    if not auth:
        return {}
    tables = {name: table for name, table in auth.items() if isinstance(table, Mapping) and name not in SETTINGS}
    if not tables:
        return {"default": engine().settings.sign_in_label}
    return {name: name.replace("_", " ").replace("-", " ").capitalize() for name in tables}


def _nobody(why: str) -> None:
    st.title("Nothing to see yet", anchor=False, text_alignment="center")
    st.markdown(f":orange[:material/lock:] {plain(why)}", text_alignment="center")
    email = st.user.get("email")
    if email:
        st.caption(f"You are signed in as {address(str(email))}.", text_alignment="center")
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button("Look again", icon=":material/refresh:", key="sign_in_again")
        st.button("Sign out", icon=":material/logout:", key="sign_out", on_click=st.logout)
