"""What a visitor is limited to, said on every page in the same words."""

from __future__ import annotations

import streamlit as st

from metrics_core.access.filters import limited_to
from metrics_core.model.access import Principal
from pages.parts.desk import plain

LONGEST = 60


def limit_badge(who: Principal) -> None:
    """A badge with the part of the data that is theirs, for those who do not see all of it."""
    said = limited_to(who.filters)
    if not said:
        return
    short = said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
    st.badge(plain(short), icon=":material/lock:", color="gray", help=None if short == said else plain(said))
