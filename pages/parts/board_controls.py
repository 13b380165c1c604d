"""The controls of a dashboard: period and comparison, what is counted and when it is refreshed, filters and presets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from metrics_core.dashboards.sharing import Share
from metrics_core.dashboards.state import CUSTOM, State
from metrics_core.errors import PulseboardError
from metrics_core.model.access import Principal
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.instant import moment
from metrics_core.model.query import Value
from pages.parts import board_state
from pages.parts.desk import engine, zone_name, zones

PERIODS = {"today": "Today", "1h": "1h", "24h": "24h", "7d": "7d", "30d": "30d", CUSTOM: "Custom"}
OTHERS = {CUSTOM: "These days", "week": "This week", "month": "This month", "all_time": "All time"}
"""What Custom offers."""
BEFORE = {
    "today": "vs yesterday by now", "1h": "vs the hour before", "24h": "vs the 24 h before", "7d": "vs the 7 d before",
    "30d": "vs the 30 d before", "week": "vs last week by now", "month": "vs last month by now",
    "all_time": "vs nothing before", CUSTOM: "vs the time before",
}  # fmt: skip
REFRESH = {0: "Off", 2: "2 s", 5: "5 s", 10: "10 s", 30: "30 s", 60: "1 min", 300: "5 min"}
FILTERED_BY = ("channel", "region", "product", "segment", "staff", "content", "feature", "company", "user", "kind", "source",
               "hour", "weekday")  # fmt: skip
MOST_VALUES = 200
SPOKEN_NONE = "not named"
DAY = timedelta(days=1)


def period(state: State, free: Collection[str]) -> None:
    """The period; and behind Custom the longer ones, and days of one's own."""
    own, disabled = state.period in OTHERS, "period" not in free
    st.session_state["board_period"] = CUSTOM if own else state.period
    st.segmented_control(
        "Period", list(PERIODS), required=True, key="board_period", label_visibility="collapsed", format_func=PERIODS.get,
        on_change=_period_chosen, disabled=disabled,
    )  # fmt: skip
    if own:
        st.session_state["board_other"] = state.period
        st.selectbox(
            "Custom period", list(OTHERS), key="board_other", label_visibility="collapsed", width=130,
            format_func=OTHERS.get, disabled=disabled, on_change=lambda: _choose(st.session_state["board_other"]),
        )  # fmt: skip
    if state.period == CUSTOM:
        st.session_state["board_days"] = _days(state)
        st.date_input(
            "Days", key="board_days", label_visibility="collapsed", on_change=_days_chosen, width=220, format="DD.MM.YYYY",
            disabled=disabled,
        )  # fmt: skip


def compare(state: State, free: Collection[str]) -> None:
    """What the figures are compared with."""
    st.session_state["board_compare"] = state.compare
    words = {"previous": BEFORE[state.period], "off": "no comparison"}
    st.selectbox(
        "Comparison", list(words), format_func=words.get, key="board_compare", label_visibility="collapsed", width=195,
        disabled="compare" not in free,
        on_change=lambda: board_state.change(compare=st.session_state["board_compare"]),
    )  # fmt: skip


def counted(state: State, free: Collection[str], watermark: str | None) -> None:
    """What is counted, in which zone, and how often it is asked for."""
    label = f":violet[:material/science: {watermark}]" if watermark else ":material/verified: Real data"
    with st.popover(label, help="What is counted, the zone of the clock, and how often the figures are refreshed"):
        st.session_state["board_origin"] = state.origin if state.origin in ("real", "all") else "real"
        st.segmented_control(
            "Count", ("real", "all"), required=True, key="board_origin", format_func=str.capitalize,
            disabled="origin" not in free, on_change=lambda: board_state.change(origin=st.session_state["board_origin"]),
            help="Real is what was sent and imported. All also counts what was generated and simulated.",
        )  # fmt: skip
        reporting = zone_name()
        st.session_state["board_zone"] = state.zone or reporting
        st.selectbox(
            "Time zone", zones(reporting), key="board_zone", on_change=_zone_chosen, disabled="zone" not in free,
            help="Times are shown in this zone, and days, weeks and months are cut in it.",
        )  # fmt: skip
        floor = engine().settings.dashboard_refresh_floor
        choices = sorted({seconds for seconds in REFRESH if seconds == 0 or seconds >= floor} | {floor, state.refresh})
        st.session_state["board_refresh"] = state.refresh
        st.selectbox(
            "Refresh", choices, key="board_refresh", format_func=lambda it: REFRESH.get(it, f"{it} s"),
            disabled="refresh" not in free,
            on_change=lambda: board_state.change(refresh=st.session_state["board_refresh"]),
        )  # fmt: skip


def _period_chosen() -> None:
    _choose(st.session_state["board_period"])


def _choose(name: str) -> None:
    if name != CUSTOM:
        board_state.change(period=name, start=None, end=None)
        return
    today = _today(st.session_state[board_state.STATE])
    board_state.change(period=CUSTOM, start=(today - 6 * DAY).isoformat(), end=(today + DAY).isoformat())


def _days_chosen() -> None:
    chosen = st.session_state["board_days"]
    if isinstance(chosen, tuple) and len(chosen) == 2:
        first, last = chosen
        board_state.change(start=first.isoformat(), end=(last + DAY).isoformat())


def _zone_chosen() -> None:
    zone = st.session_state["board_zone"]
    board_state.change(zone=None if zone == zone_name() else zone)


def _days(state: State) -> tuple[date, date]:
    """The first and the last day of a range; its end is the first moment that is out."""
    zone = ZoneInfo(state.zone or zone_name())

    def local(text: str) -> datetime:
        at = datetime.fromisoformat(text)
        return at.astimezone(zone) if at.tzinfo else at

    first = local(state.start).date() if state.start else _today(state)
    last = (local(state.end) - timedelta(microseconds=1)).date() if state.end else _today(state)
    return first, max(first, last)


def _today(state: State) -> date:
    return moment(engine().clock.now(), ZoneInfo(state.zone or zone_name())).date()


# ---------------------------------------------------------------------------------------------------------------- filters


def filters(state: State, name: str, who: Principal, share: Share | None) -> None:
    """A popover with the values of every dimension, and the presets; it asks for them only while it is open."""
    allowed = FILTERED_BY if share is None else tuple(one for one in FILTERED_BY if one in share.allowed)
    if not allowed:
        return
    count = sum(len(values) > 0 for values in state.where.values())
    label = f"Filter {count}" if count else "Filter"
    shown = st.popover(label, icon=":material/filter_alt:", key="board_filter", on_change="rerun")
    if shown.open:
        with shown:
            if share is None:
                _presets(state, name, who)
            for dimension in allowed:
                _values(state, dimension, who)


def _values(state: State, dimension: str, who: Principal) -> None:
    chosen = tuple(state.where.get(dimension, ()))
    options = list(dict.fromkeys((*chosen, *values_of(dimension, state, who))))
    if not options:
        return
    key = f"board_where_{dimension}"
    st.session_state[key] = list(chosen)
    st.multiselect(
        DIMENSIONS[dimension].label, options, key=key, format_func=spoken, placeholder="All",
        on_change=lambda: board_state.filter_by(dimension, tuple(st.session_state[key])),
    )  # fmt: skip


def values_of(dimension: str, state: State, who: Principal) -> list[Value]:
    """The values of a dimension in the data of the last 30 days, the commonest first."""
    if dimension == "hour":
        return list(range(24))
    if dimension == "weekday":
        return ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    question = {
        "measures": ["events"], "by": [dimension], "over": "30d", "origin": state.origin, "order_by": "-events",
        "limit": MOST_VALUES,
    }  # fmt: skip
    return [row[0] for row in engine().answer(engine().read(question), who).rows]


def spoken(value: Value) -> str:
    return SPOKEN_NONE if value is None else f"{value:02d}:00" if isinstance(value, int) else str(value)


def chips(state: State, share: Share | None) -> None:
    """Every filter as a chip that lets it go. What a link locks stands beside the title."""
    locked = {} if share is None else share.locked
    for dimension, values in state.where.items():
        if dimension in locked:
            continue
        st.button(
            f"{DIMENSIONS[dimension].label}: **{_list(values)}** :material/close:", key=f"board_chip_{dimension}",
            on_click=board_state.filter_by, args=(dimension, ()), help="Let this filter go",
        )  # fmt: skip
    if st.session_state.get(board_state.BEFORE):
        st.button("Undo", icon=":material/undo:", type="tertiary", key="board_undo", on_click=board_state.undo)
    elif not state.where and not locked:
        st.caption("No filters. Select a bar, slice or row to filter by it.", width="content")


def _list(values: Collection[object]) -> str:
    shown = [spoken(value) for value in values]  # type: ignore[arg-type]
    return ", ".join(shown) if len(shown) <= 2 else f"{shown[0]} and {len(shown) - 1} more"


# ---------------------------------------------------------------------------------------------------------------- presets


def _presets(state: State, name: str, who: Principal) -> None:
    presets = engine().presets.of(name, who)
    if presets:
        by_id = {preset.id: preset for preset in presets}
        same = next((preset.id for preset in presets if _same(preset.state, state)), None)
        st.session_state["board_preset"] = same
        st.pills(
            "Presets", list(by_id), key="board_preset", format_func=lambda it: by_id[it].name,
            on_change=lambda: _preset_chosen(by_id[st.session_state["board_preset"] or same].state),
        )  # fmt: skip
        if same and st.button("Delete this preset", icon=":material/delete:", type="tertiary", key="board_preset_delete"):
            engine().presets.delete(name, same, who)
            st.rerun()
    with st.form("board_preset_new", border=False, clear_on_submit=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            wanted = st.text_input("Keep this view as a preset", placeholder="Name", width=190)
            keeps = st.form_submit_button("Keep", icon=":material/bookmark_add:")
        if keeps and wanted:
            try:
                engine().presets.save(name, wanted, state, who)
            except PulseboardError as error:
                st.markdown(f":small[:red[:material/error: {error}]]")
            else:
                st.rerun()


def _preset_chosen(state: State) -> None:
    board_state.keep(replace(state, refresh=st.session_state[board_state.STATE].refresh))


def _same(one: State, other: State) -> bool:
    return one.key() == other.key()
