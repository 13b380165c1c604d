"""Admin, Health: the state of every part, as the report has it, and who listens."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts.desk import count, engine, file_size

MARKS = {
    "ok": ":green-badge[:material/check_circle: well]", "degraded": ":orange-badge[:material/warning: not at its best]",
    "down": ":red-badge[:material/error: down]",
}  # fmt: skip
TITLES = {
    "store": "Database", "inbox": "Inbox", "snapshot": "Snapshots", "feed": "Live feed", "simulator": "Simulator",
    "redis": "Redis", "replicas": "Replicas",
}  # fmt: skip
EVERY = 5


@st.fragment(run_every=EVERY)
def draw() -> None:
    report = engine().report()
    with st.container(border=True, gap="small"):
        for name, part in report["parts"].items():
            with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
                st.markdown(f"**{TITLES.get(name, name.capitalize())}**", width=130)
                st.markdown(MARKS[part["state"]], width=170)
                st.markdown(f":small[{part['detail']}{_more(name, part)}]", width="stretch")
    events: dict[str, int] = report["counts"].get("events", {})
    kept = ", ".join(f"{count(number)} {origin}" for origin, number in events.items()) or "none"
    st.caption(f"Records kept: {kept}. The same as JSON at `/api/v1/health`, for Prometheus at `/metrics`.")


def _more(name: str, part: dict[str, Any]) -> str:
    if name == "feed":
        readers, limit, skipped = (count(part.get(figure, 0)) for figure in ("readers", "limit", "skipped"))
        return f" {readers} of {limit} places taken, {skipped} messages skipped for newer ones."
    if name == "store" and part.get("bytes") is not None:
        return f" {file_size(part['bytes'])}."
    return ""
