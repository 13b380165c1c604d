"""A frozen link: what its sender saw, with today's figures beside."""

from __future__ import annotations

from typing import Any

import streamlit as st

from metrics_core.dashboards.sharing import Share
from metrics_core.dashboards.shelf import Saved
from metrics_core.model.access import Principal, Role
from metrics_core.model.instant import Instant, moment
from pages.parts.desk import engine


def frozen_badge(at: Instant) -> None:
    """When what is shown was frozen."""
    when = moment(at, engine().calendar.zone)
    st.badge(f"Frozen {when:%a} {when.day} {when:%b}, {when:%H:%M}", icon=":material/ac_unit:", color="blue")


def frozen(saved: Saved, who: Principal, share: Share | None) -> dict[str, Any] | None:
    """The document and the answer that were kept, and each widget's figure of now; None where nothing is frozen."""
    if share is None or share.frozen_at is None:
        return None
    kept = engine().shares.frozen(share.id)
    # Today's figures are asked for as anybody's who sees as little: the link itself only ever shows its moment.
    alike = Principal(who.name, who.label, Role.VIEWER, who.filters)
    now = engine().boards.data(saved.dashboard, share.state, alike, name=saved.id, version=saved.version)
    drawings = {name: drawn.get("drawing") or {} for name, drawn in now["widgets"].items()}
    figures = {name: drawing["figure"] for name, drawing in drawings.items() if "figure" in drawing}
    answer = {
        "instant": kept["instant"], "origin": kept["origin"], "stale": None, "version": saved.version, "next": None,
        "widgets": {
            name: {key: value for key, value in drawn.items() if value is not None}
            for name, drawn in kept["widgets"].items()
        },
    }  # fmt: skip
    return {"document": kept["document"], "answer": answer, "beside": figures}
