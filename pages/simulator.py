"""Simulator: believable orders on demand, always marked; what each run sent, and its removal with proof."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from metrics_core.errors import PulseboardError, StoreAwayError
from pages.parts import live_wire
from pages.parts.desk import count, day_and_time, duration, engine, instant_of, primary, ticket, visitor, zone_name
from pages.parts.permission import may_change

COUNTS = (
    ("records", "Records sent"),
    ("completed", ":green[:material/check_circle:] Completed"),
    ("pending", ":orange[:material/schedule:] Pending now"),
    ("failed", ":red[:material/cancel:] Failed"),
    ("views", ":blue[:material/visibility:] Content views"),
    ("refused", ":gray[:material/block:] Refused"),
)
MOST_A_TICK = 100
FASTEST = 20
SEEN = "simulator_seen"
PURGING = "simulator_purging"
PURGED = "simulator_purged"
SAID = "simulator_said"
SAID_FOR = 60


def from_widgets() -> Any:
    """The settings as the controls stand."""
    chosen, now = st.session_state, engine().simulator.state().settings
    return replace(
        now,
        seconds=float(chosen["sim_seconds"]),
        seed=int(chosen["sim_seed"]),
        rate=float(chosen["sim_rate"]),
        speed=float(chosen["sim_speed"]),
        channels={name: chosen[f"sim_channel_{name}"] / 100 for name in now.channels},
        regions={name: chosen[f"sim_region_{name}"] / 100 for name in now.regions},
    )


def to_widgets(settings: Any) -> None:
    """Put the controls where the simulator stands, when somebody else moved it."""
    if st.session_state.get(SEEN) == settings and "sim_seconds" in st.session_state:
        return
    st.session_state.update(
        {
            SEEN: settings,
            "sim_seconds": float(settings.seconds),
            "sim_seed": int(settings.seed),
            "sim_rate": min(MOST_A_TICK, max(1, round(settings.rate))),
            "sim_speed": min(FASTEST, max(1, round(settings.speed))),
        }
    )
    st.session_state.update({f"sim_channel_{name}": round(share * 100) for name, share in settings.channels.items()})
    st.session_state.update({f"sim_region_{name}": round(share * 100) for name, share in settings.regions.items()})


def act(step: Callable[[], object]) -> None:
    """Do what a button says; what the simulator answers instead is shown beside it."""
    try:
        step()
        st.session_state.pop(SAID, None)
    except PulseboardError as error:
        st.session_state[SAID] = (str(error), time.monotonic())


def answered() -> str | None:
    """What the last button was answered instead, for a while."""
    said, at = st.session_state.get(SAID, (None, 0.0))
    return said if time.monotonic() - at < SAID_FOR else None


def changed() -> None:
    settings = from_widgets()
    act(lambda: engine().simulate("change", settings, who=visitor()))
    st.session_state[SEEN] = settings


def start() -> None:
    move("start", from_widgets())


def move(step: str, settings: Any = None) -> None:
    act(lambda: engine().simulate(step, settings, who=visitor()))


def settings_card(*, allowed: bool) -> None:
    how = {"on_change": changed, "disabled": not allowed}
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Settings** :small[:gray[changes apply at the next tick]]")
        left, right = st.columns(2)
        left.number_input("Seconds between ticks", 0.2, 3600.0, step=0.5, format="%g", key="sim_seconds", **how)
        right.number_input("Seed", 0, 2**31 - 1, step=1, key="sim_seed", help="The same seed sends the same orders.", **how)
        left.slider(
            "Orders a tick", 1, MOST_A_TICK, key="sim_rate", help="In an ordinary hour; days and nights differ.", **how
        )
        right.slider("Speed", 1, FASTEST, format="%d×", key="sim_speed", help="How many times faster ticks come.", **how)
        now = engine().simulator.state().settings
        intensity("channel", list(now.channels), how)
        intensity("region", list(now.regions), how)


def intensity(what: str, names: list[str], how: dict[str, Any]) -> None:
    st.caption(f"Intensity by {what}")
    with st.grid(3, min_column_width=120, gap="xsmall"):
        for name in names:
            st.slider(name[:1].upper() + name[1:], 0, 200, step=10, format="%d%%", key=f"sim_{what}_{name}", **how)


@st.fragment(run_every=2)
def running_card(*, allowed: bool) -> None:
    """Where the run stands, and the buttons that move it."""
    state = engine().simulator.state()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(standing(state))
            st.space("stretch")
            moves(state, allowed=allowed)
        if said := answered() or state.trouble:
            st.warning(said, icon=":material/warning:")
        with st.grid(6, min_column_width=130):
            for name, label in COUNTS:
                st.metric(label, count(state.sent.get(name, 0)))
    live_wire.ticks([dict(tick) for tick in state.ticks], zone=zone_name(), key="sim_ticks")


def moves(state: Any, *, allowed: bool) -> None:
    """The buttons that there are for where the run stands."""
    if not state.running:
        words = primary("Start", "play_arrow", enabled=allowed)
        st.button(words, type="primary", on_click=start, disabled=not allowed, key="sim_start")
        return
    name, icon = ("Resume", "play_arrow") if state.paused else ("Pause", "pause")
    st.button(
        name, icon=f":material/{icon}:", on_click=move, args=(name.lower(),), disabled=not allowed, key=f"sim_{name.lower()}"
    )
    words = primary("Stop", "stop", enabled=allowed)
    st.button(words, type="primary", on_click=move, args=("stop",), disabled=not allowed, key="sim_stop")


def standing(state: Any) -> str:
    if state.run_id is None:
        return ":gray[:material/circle:] **Not running** :small[:gray[Nothing is sent until you start it]]"
    began = instant_of(state.started_at)
    now = engine().clock.now()
    said = f"run `{state.run_id}`"
    if began is not None:
        said += f" · started {day_and_time(began, engine().calendar.zone, now).replace('Today', 'today')}"
    if state.by:
        said += f" by {state.by}"
    if began is not None:
        said += f" · {duration((now if state.running else state.stopped_at or now) - began)}"
    dot, word = (
        (":blue[:material/pause_circle:]", "Paused")
        if state.running and state.paused
        else (":violet[:material/radio_button_checked:]", "Running")
        if state.running
        else (":gray[:material/circle:]", "Stopped")
    )
    return f"{dot} **{word}** :small[:gray[{said}]]"


@st.fragment(run_every=5)
def runs_card(*, allowed: bool) -> None:
    """Every run of which rows are kept, and its removal."""
    state, now, zone = engine().simulator.state(), engine().clock.now(), engine().calendar.zone
    with st.container(border=True, gap="xxsmall"):
        st.markdown("**Runs** :small[:gray[rows of a run carry its id]]")
        try:
            runs = [run for run in engine().store.events.runs() if run[1] == "sim"]
        except StoreAwayError:
            st.caption("The database does not answer. The runs are listed again as soon as it does.")
            return
        if not runs:
            st.caption("No simulated rows are kept. The first run appears here with its first tick.")
        for run_id, _, rows, first, _ in runs[:8]:
            with st.container(horizontal=True, vertical_alignment="center", wrap=False, gap="xsmall"):
                st.markdown(f":small[`{run_id}`]", width=70)
                st.markdown(f":small[{day_and_time(first, zone, now)}]", width="stretch")
                st.markdown(f":small[{count(rows)} rows]", width="content")
                if run_id == state.run_id and state.running:
                    st.markdown(":small[:gray[running]]", width="content")
                elif st.button(":red[Purge]", type="tertiary", key=f"purge_{run_id}", disabled=not allowed):
                    st.session_state[PURGING] = (run_id, rows)
                    st.rerun()
        if len(runs) > 8:
            st.caption(f"8 newest of {len(runs)} runs.")
        if purged := st.session_state.get(PURGED):
            run_id, removed, unchanged = purged
            if unchanged:
                st.markdown(
                    f":small[:green[:material/verified:] :gray[Last purge, {run_id}: {count(removed)} rows gone, "
                    "every other total unchanged.]]"
                )
            else:
                st.markdown(
                    f":small[:red[:material/error:] Last purge, {run_id}: {count(removed)} rows gone, but another total "
                    "moved while it ran. Run verify on the Data page.]"
                )


@st.dialog("Purge this run?")
def purge_dialog(run_id: str, rows: int) -> None:
    st.markdown(f"Run `{run_id}`: {count(rows)} simulated rows go; real totals stay as they are.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it"):
            st.rerun()
        if st.button(primary(f"Purge {run_id}", "delete"), type="primary"):
            try:
                purge = engine().forget(run_id=run_id, who=visitor())
            except PulseboardError as error:
                st.error(str(error), icon=":material/error:")
                return
            st.session_state[PURGED] = (run_id, purge.removed, purge.unchanged)
            st.rerun()


with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
    st.title("Simulator", anchor=False, width="content")
    st.badge("Everything sent here is marked simulated", icon=":material/science:", color="violet")
    st.space("stretch")
    live_wire.pill(live_wire.view("real", topics="live", ticket=ticket()), zone=zone_name(), key="simulator_pill")
st.caption("It sends through the same door as everyone else. Real views leave it out unless somebody chooses “All data”.")
allowed = may_change("simulator")
to_widgets(engine().simulator.state().settings)
running_card(allowed=allowed)
left, right = st.columns(2)
with left:
    settings_card(allowed=allowed)
with right:
    runs_card(allowed=allowed)
if purging := st.session_state.pop(PURGING, None):
    purge_dialog(*purging)
