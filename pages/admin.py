"""Admin: people and roles, keys, links, the audit log, and how everything feels."""

from __future__ import annotations

import streamlit as st

from pages.parts import admin_audit, admin_health, admin_keys, admin_people, admin_sharing
from pages.parts.permission import may_change

ROOMS = {
    "People and roles": admin_people.draw,
    "Keys": admin_keys.draw,
    "Sharing": admin_sharing.draw,
    "Audit": admin_audit.draw,
    "Health": admin_health.draw,
}

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Admin", anchor=False)
if may_change("admin"):
    for name, tab in zip(ROOMS, st.tabs(list(ROOMS), key="tab", bind="query-params"), strict=True):
        if tab.open:
            with tab:
                ROOMS[name]()
