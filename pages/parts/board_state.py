"""What the visitor of a dashboard chose: read from the link they opened, changed by the controls, written to the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from metrics_core.dashboards.state import CUSTOM, State
from metrics_core.errors import PulseboardError
from metrics_core.model.query import Value
from metrics_core.widgets.frame import Frame
from pages.parts.desk import engine, zone_name

NAME = "board_name"
STATE = "board_state"
WRITTEN = "board_written"
BEFORE = "board_before"
SAID = "board_said"
MOST_BEFORE = 20


def name_of(usual: str) -> str:
    """The dashboard that the link names, the one looked at last, or the usual one."""
    return st.query_params.get("d") or st.session_state.get(NAME) or usual


def opened(name: str, default: State) -> State:
    """The state as it stands: what a link that was just opened says, or else what was chosen so far."""
    params = st.query_params.to_dict()
    kept: State | None = st.session_state.get(STATE)
    elsewhere = st.session_state.get(NAME) != name
    if kept is not None and not elsewhere and (not params or params == st.session_state.get(WRITTEN)):
        return kept
    try:
        state = engine().links.read(params, default)
    except PulseboardError as error:
        st.session_state[SAID] = str(error)
        state = default
    st.session_state.update({NAME: name, STATE: state, BEFORE: []})
    return state


def askable(state: State, default: State) -> State:
    """The same where its days can be asked about; the default where a forged link names some that cannot."""
    if state.period != CUSTOM:
        return state
    try:
        engine().read({"measures": ["orders"], "over": state.over, "zone": state.zone or zone_name()})
    except PulseboardError:
        until = "" if state.end is None else f" to {state.end}"
        st.session_state[SAID] = (
            f"There is no period from {state.start}{until}: one ends after it begins, in the years 1970 to 2100. "
            "The usual one is shown instead."
        )
        return replace(state, period=default.period, start=default.start, end=default.end)
    return state


def not_begun(state: State) -> bool:
    """Whether all of its days are still to come."""
    frame = Frame(state.over, engine().clock.now(), zone=state.zone or zone_name())
    return state.period == CUSTOM and frame.window().start > frame.now


def keep(state: State) -> None:
    """What was chosen, from now on."""
    st.session_state[STATE] = state


def change(**fields: Any) -> None:
    """Choose something else."""
    keep(replace(st.session_state[STATE], **fields))


def write(state: State, name: str, version: int, **others: str) -> dict[str, str]:
    """Put the state into the address; what the link to it says."""
    params = {**others, **engine().links.params(state, name, version)}
    try:
        if st.query_params.to_dict() != params:
            st.query_params.from_dict(params)
        st.session_state[WRITTEN] = params
    except StreamlitAPIException:
        # Right after another page, its controls may still hold parameters of the same names; a moment later they are free.
        st.session_state[WRITTEN] = None
    return params


# ---------------------------------------------------------------------------------------------------------------- filters


def pick(dimension: str, value: Value) -> None:
    """Filter by a value that was clicked; clicked once more, it is let go."""
    state: State = st.session_state[STATE]
    chosen = (value,)
    filter_by(dimension, () if tuple(state.where.get(dimension, ())) == chosen else chosen)


def filter_by(dimension: str, values: tuple[Value, ...]) -> None:
    """Keep only these values of a dimension; none keeps all."""
    state: State = st.session_state[STATE]
    where = {name: kept for name, kept in state.where.items() if name != dimension}
    _filtered({**where, dimension: values} if values else where)


def clear() -> None:
    """Let all filters go."""
    _filtered({})


def undo() -> None:
    """Filter as before the last change."""
    before = st.session_state[BEFORE]
    if before:
        change(where=before.pop())


def _filtered(where: Mapping[str, tuple[Value, ...]]) -> None:
    before = st.session_state.setdefault(BEFORE, [])
    before.append(st.session_state[STATE].where)
    del before[:-MOST_BEFORE]
    change(where=dict(sorted(where.items())))
