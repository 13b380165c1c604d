"""The figures of the live page as tables: every period at once, for reading, copying and screen readers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from metrics_core.model.measure import REGISTRY, Unit
from pages.parts.desk import engine, visitor

PERIODS = {
    "today": "Today",
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "week": "This week",
    "month": "This month",
    "all_time": "All time",
}
SHOWN = (
    "revenue",
    "gross_revenue",
    "refunds",
    "orders",
    "avg_order_value",
    "quantity",
    "transactions",
    "pending",
    "failed",
    "views",
    "conversion_rate",
    "active_users",
    "buyers",
    "visitor_conversion",
)
EVERY = 5

_kept: dict[tuple[str, str, object], tuple[int, pd.DataFrame, pd.DataFrame]] = {}
"""The tables of the newest snapshot, by view, zone and part: all who see the same are shown the same ones."""


def _tables(view: str, zone: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    who = visitor()
    live = engine().live(view, who)
    seq = live["snapshot"]["seq"]
    kept = _kept.get((view, zone, who.filters))
    if kept and kept[0] == seq:
        return kept[1], kept[2]
    if len(_kept) > 64:
        _kept.clear()
    periods = pd.DataFrame(
        {title: _figures(live["periods"][name]) for name, title in PERIODS.items()},
        index=pd.Index([_label(measure) for measure in SHOWN], name="Measure"),
    )
    updates = pd.DataFrame(
        [
            {"Time": _clock(row["at"], zone), "Revenue today": row["revenue"], "Active users now": row["active"]}
            for row in reversed(live["trail"])
        ]
    )
    _kept[view, zone, who.filters] = (seq, periods, updates)
    return periods, updates


def _figures(period: dict[str, Any]) -> list[float | None]:
    return [period["figures"][measure]["value"] for measure in SHOWN]


def _label(measure: str) -> str:
    row = REGISTRY[measure]
    return f"{row.label}, %" if row.unit is Unit.PERCENT else row.label


def _clock(at: str, zone: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(zone)):%H:%M:%S}"


def figures_as_tables(view: str, zone: str) -> None:
    """An expander with the tables; while it is open they follow the newest snapshot, and while it is closed nothing runs."""
    shown = st.expander("Figures as tables", icon=":material/table:", key="tables", on_change="rerun")
    if shown.open:
        with shown:
            _follow(view, zone)


@st.fragment(run_every=EVERY)
def _follow(view: str, zone: str) -> None:
    periods, updates = _tables(view, zone)
    st.dataframe(periods, column_config=_columns(periods), key="periods_table", alt="Every measure over every period")
    st.dataframe(updates, hide_index=True, key="updates_table", alt="The last 20 updates, newest first")


def _columns(table: pd.DataFrame) -> dict[str, Any]:
    return {name: st.column_config.NumberColumn(format="localized") for name in table.columns}
