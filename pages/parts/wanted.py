"""The address that somebody opened before they had signed in: kept in their tab, and gone to once they have."""

from __future__ import annotations

import streamlit as st

_JS = """
const KEY = "pulseboard.wanted"
export default function ({ data }) {
  const here = location.pathname + location.search
  try {
    if (data.signedIn) {
      const wanted = sessionStorage.getItem(KEY)
      sessionStorage.removeItem(KEY)
      if (wanted && wanted !== here) location.replace(new URL(wanted, location.origin))
    } else if (here === new URL(document.baseURI).pathname) sessionStorage.removeItem(KEY)
    else sessionStorage.setItem(KEY, here)
  } catch {
    // A browser that keeps nothing for pages: whoever signs in begins at the first page.
  }
}
"""
_PART = st.components.v2.component("pulseboard_wanted", js=_JS)


def keep_wanted() -> None:
    """Before they sign in: remember where they were going."""
    _PART(key="wanted_kept", data={"signedIn": False})


def go_to_wanted() -> None:
    """After: go there, once."""
    _PART(key="wanted_gone", data={"signedIn": True})
