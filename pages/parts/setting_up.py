"""Data, Set up: the connection, what exists, filling the store, and the first order of one's own."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import streamlit as st

from metrics_core.errors import PulseboardError
from metrics_core.model.event import REAL
from pages.parts import neighbours, work
from pages.parts.desk import count, engine, file_size, primary, visitor
from pages.parts.words import CURL, ORIGINS

DAYS = 30
SEED = 1
"""The one `make run` fills an empty store with: generating again adds only what is missing."""


def draw(*, allowed: bool) -> None:
    if not _connection():
        return
    _what_exists()
    neighbours.draw(allowed=allowed)
    _fill(allowed=allowed)
    _own_data()


def told(result: Any) -> tuple[str, work.Mood]:
    added = result if isinstance(result, int) else getattr(result, "accepted", 0)
    if not added:
        return "Nothing was missing: all of it was there before", "well"
    return f"{count(added)} records added, marked as demo data", "well"


def _step(number: int, title: str, words: str = "") -> None:
    st.header(f"{number}  {title}", anchor=False)
    if words:
        st.caption(words)


def _connection() -> bool:
    _step(1, "Connection")
    store = engine().store
    began = time.perf_counter()
    try:
        store.ping()
        size = store.size()
    except PulseboardError as error:
        with st.container(border=True):
            st.markdown(f":red[:material/error:] **The database does not answer**  \n{error}")
            st.caption("Usually it is not running, or DATABASE_URL names another place. Everything goes on once it answers.")
            st.code("python -m metrics_core setup", language=None)
            st.button("Try now", icon=":material/refresh:")
        return False
    took = max(1, round((time.perf_counter() - began) * 1000))
    kept = f" · {file_size(size)}" if size is not None else ""
    with st.container(border=True):
        st.markdown(f":green[:material/check_circle:] **{store.name}** :small[:gray[answered in {took} ms{kept}]]")
        _other_parts()
    return True


def _other_parts() -> None:
    """Every part that is not well, with what its report says."""
    for name, part in engine().report()["parts"].items():
        if part["state"] != "ok":
            st.markdown(f":orange[:material/warning:] **{name}** :small[{part['detail']}]")


def _what_exists() -> None:
    _step(2, "What exists")
    there = engine().store.events.count()
    if not there:
        with st.container(border=True):
            st.markdown(":gray[:material/inbox:] **Nothing is kept yet**")
            st.caption("Fill the store below, import a file, or send the first order.")
        return
    zone = str(engine().calendar.zone)
    shown = engine().shown("real")
    rows = [
        {"Origin": ORIGINS[origin], "Records": records, "First": first, "Last": last, "Counted in": _counted(origin, shown)}
        for origin, (records, first, last) in there.items()
    ]
    table = pd.DataFrame(rows)
    for column in ("First", "Last"):
        table[column] = pd.to_datetime(table[column], unit="us", utc=True).dt.tz_convert(zone)
    moments = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", timezone=zone)
    st.dataframe(
        table,
        hide_index=True,
        key="what_exists",
        alt="Records by origin, with the first and the last moment",
        column_config={"Records": st.column_config.NumberColumn(format="localized"), "First": moments, "Last": moments},
    )


def _counted(origin: str, shown: tuple[str, ...]) -> str:
    """The views that count what is of this origin; `shown` is what real views show, nothing meaning all there is."""
    if origin in REAL:
        return "real data, all data"
    return "all data" if shown else "every view, until a real record is there"


def _fill(*, allowed: bool) -> None:
    _step(3, "Fill", "Made-up records are marked as demo data. Real views leave them out once a real record is there.")
    busy = (now := work.current()) is not None and now.running
    with st.container(border=True), st.container(horizontal=True, vertical_alignment="bottom"):
        seed = st.number_input(
            "Seed", 0, 2**31 - 1, value=SEED, step=1, width=150, key="fill_seed", help="The same seed makes the same data."
        )
        who = visitor()
        ready = allowed and not busy
        words = primary(f"Generate {DAYS} days", "auto_awesome", enabled=ready)
        if st.button(words, type="primary", disabled=not ready, key="fill_days"):
            title = f"Generating {DAYS} days of demo data"
            work.begin(
                "generate", title, who.label, lambda tell: engine().generate(days=DAYS, seed=seed, progress=tell, who=who)
            )
            st.rerun()
        if st.button("Add a quick sample", icon=":material/bolt:", disabled=not ready, key="fill_sample"):
            work.begin("sample", "Adding a quick sample", who.label, lambda _: engine().sample(who=who))
            st.rerun()


def _own_data() -> None:
    _step(4, "Send your own", "One order by HTTP; the Live page moves within a second.")
    st.code(CURL.replace("ADDRESS", _address()), language=None, wrap_lines=True)


def _address() -> str:
    url = st.context.url or "http://127.0.0.1:8501"
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
