"""Data: set up, import a file, verify, clear. Long work goes on in the background and is shown on every tab."""

from __future__ import annotations

import streamlit as st

from pages.parts import clearing, importing, setting_up, verifying
from pages.parts.permission import may_change
from pages.parts.work_card import work_card

ROOMS = {"Set up": setting_up.draw, "Import": importing.draw, "Verify": verifying.draw, "Clear": clearing.draw}

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Data", anchor=False)
allowed = may_change("data")
work_card()
for name, tab in zip(ROOMS, st.tabs(list(ROOMS), key="tab", bind="query-params"), strict=True):
    if tab.open:
        with tab:
            ROOMS[name](allowed=allowed)
