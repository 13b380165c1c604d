"""What the tabs of the admin page have in common: a role to choose, the part of the data somebody sees, a search."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from metrics_core.access.filters import NARROWED_BY
from metrics_core.access.roles import TITLES
from metrics_core.errors import PulseboardError
from metrics_core.model.access import Role
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.query import Filter
from pages.parts.desk import engine, visitor

SAID = "admin_said"
MOST_CHOICES = 200


def say(sentence: str) -> None:
    """Kept for the next run, which tells it once."""
    st.session_state[SAID] = sentence


def told() -> None:
    if sentence := st.session_state.pop(SAID, None):
        st.toast(sentence, icon=":material/check:")


def role_badge(role: Role | None) -> str:
    return ":gray-badge[No role]" if role is None else f":blue-badge[{TITLES[role]}]"


def narrowing(filters: Iterable[Filter], key: str, *, disabled: bool = False) -> dict[str, list[str]]:
    """Fields for the part of the data that is somebody's: dimensions, and the values of each."""
    kept = {row.dimension: [str(value) for value in row.values if value is not None] for row in filters}
    names = st.multiselect(
        "Sees only", NARROWED_BY, list(kept), key=f"{key}_by", format_func=lambda name: DIMENSIONS[name].label,
        placeholder="Everything", disabled=disabled,
        help="Every figure, row, export and live message is narrowed to it, wherever it is asked for.",
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    for name in names:
        mine = kept.get(name, [])
        options = list(dict.fromkeys((*mine, *_values(name))))
        found[name] = st.multiselect(
            DIMENSIONS[name].label, options, mine, key=f"{key}_{name}", accept_new_options=True, disabled=disabled,
            placeholder="Choose or type values",
        )  # fmt: skip
    return found


def without_values(filters: dict[str, list[str]]) -> str | None:
    """A sentence where a dimension was chosen and none of its values."""
    empty = [DIMENSIONS[name].label for name, values in filters.items() if not values]
    return f"Choose a value of {empty[0]}, or take it away." if empty else None


def _values(dimension: str) -> list[str]:
    """What there is of a dimension, the most frequent first."""
    question = {"measures": ["events"], "over": "all_time", "by": [dimension], "origin": "all", "limit": MOST_CHOICES}
    try:
        return [str(row[0]) for row in engine().ask(question, visitor()).rows if row[0] is not None]
    except PulseboardError:
        return []
