"""Admin, Audit: who did what to what, when; newest first, and searchable."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from metrics_core.access.audit import MOST, Entry
from pages.parts.desk import count, engine, zone_name

ABOUT = {
    "": "Everything", "dashboard": "Dashboards", "share": "Links", "preset": "Presets", "person": "People", "key": "Keys",
    "data": "Data", "simulator": "Simulator",
}  # fmt: skip
DID = {
    "dashboard.create": "made a dashboard", "dashboard.save": "saved a dashboard", "dashboard.restore": "restored a version",
    "dashboard.delete": "deleted a dashboard", "share.create": "made a link", "share.revoke": "ended a link",
    "preset.save": "kept a preset", "preset.delete": "deleted a preset", "person.arrive": "signed in for the first time",
    "person.claim": "came with another role", "person.save": "changed a person", "person.remove": "removed a person",
    "key.make": "made a key", "key.revoke": "revoked a key", "data.generate": "generated demo data",
    "data.sample": "added a sample", "data.import": "imported a file", "data.clear": "cleared records",
    "data.adopt": "took in sales of other programs", "data.rebuild": "rebuilt the totals",
    "simulator.start": "started the simulator", "simulator.stop": "stopped the simulator",
    "simulator.pause": "paused the simulator", "simulator.resume": "resumed the simulator",
    "simulator.change": "changed the simulator", "simulator.purge": "purged a run",
}  # fmt: skip
"""What each sort of entry is called in a sentence about who did it."""
PAGE = 100
BACK = "audit_back"
"""How many pages are shown."""


def draw() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search", key="audit_search", placeholder="Who, what, or a word of the change", width=320, on_change=_again
        )
        about = st.selectbox("About", list(ABOUT), key="audit_about", format_func=ABOUT.get, width=170, on_change=_again)
    wanted = min(MOST, PAGE * st.session_state.get(BACK, 1))
    entries, more = engine().audit.newest(wanted, search=search, did=f"{about}." if about else "")
    if not entries:
        with st.container(border=True):
            plainly = not search and not about
            st.markdown(f":gray[:material/history:] **{'Nothing was changed yet' if plainly else 'No entry like that'}**")
            st.caption("Whatever changes something leaves an entry: dashboards, links, people, keys, data, the simulator.")
        return
    zone = zone_name()
    st.dataframe(
        _table(entries, zone), hide_index=True, key="audit_table", height="content",
        alt="Who did what to what, newest first",
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", timezone=zone, width=150),
            "Who": st.column_config.TextColumn(width=150), "Did": st.column_config.TextColumn(width=150),
            "To": st.column_config.TextColumn(width=190), "Before": st.column_config.TextColumn(width=110),
            "After": st.column_config.TextColumn(width=280),
        },
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        what = "entry" if len(entries) == 1 else "entries"
        st.caption(f"{count(len(entries))} {what}, newest first. Times are of {zone}.")
        if more and wanted < MOST:
            st.button("Show more", icon=":material/expand_more:", key="audit_more", on_click=_further)
        elif more:
            st.caption("Search to see older ones.")


def _who(entry: Entry) -> str:
    """By name, and by address where there is one beside it."""
    named = "@" not in entry.who or entry.label == entry.who
    return entry.label if named else f"{entry.label} ({entry.who})"


def _again() -> None:
    st.session_state.pop(BACK, None)


def _further() -> None:
    st.session_state[BACK] = st.session_state.get(BACK, 1) + 1


def _table(entries: list[Entry], zone: str) -> pd.DataFrame:
    table = pd.DataFrame(
        [
            {
                "When": entry.at, "Who": _who(entry),
                "Did": DID.get(entry.did, entry.did), "To": entry.what, "Before": entry.before, "After": entry.after,
            }
            for entry in entries
        ]
    )  # fmt: skip
    table["When"] = pd.to_datetime(table["When"], unit="us", utc=True).dt.tz_convert(zone)
    return table
