"""Live: the figures of this moment, painted from the socket; what Streamlit draws follows the newest snapshot."""

from __future__ import annotations

import streamlit as st
from streamlit_autorefresh import st_autorefresh

from metrics_core.access.filters import limited_to
from metrics_core.access.roles import allows
from metrics_core.errors import StoreAwayError
from pages.parts import live_wire
from pages.parts.desk import RENEWED_AFTER, engine, signs_in, ticket, visitor, zone_name, zones
from pages.parts.explain import explain_button
from pages.parts.limits import limit_badge
from pages.parts.tables import figures_as_tables
from pages.parts.words import CURL

PERIODS = {"Today": "today", "1h": "1h", "24h": "24h", "7d": "7d", "30d": "30d"}
HEADINGS = {"today": "Today", "1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days"}
EXPLAINED = ["revenue", "orders", "avg_order_value", "conversion_rate", "active_users", "active_now", "peak_24h", "pending"]
ORIGINS = {"Real": "real", "All": "all"}
REFRESH_WITHOUT_SOCKET = 10


def chosen(name: str, options: dict[str, str], usual: str) -> str:
    """What a control that is drawn further down stands on: at the first run of a visit, what the link says."""
    label = st.session_state.get(name) or st.query_params.get(name)
    return options.get(label or "", options[usual])


def badge(watermark: str | None) -> str:
    return f":violet-badge[:material/science: {watermark}]" if watermark else ":gray-badge[:material/verified: Real data]"


def marked(view: str) -> str | None:
    """The words over data that is not all real."""
    try:
        return engine().origin(view, visitor())["watermark"]
    except StoreAwayError:
        st.title("Live", anchor=False)
        raise


def figures(view: str) -> live_wire.Figures:
    """The figures and the curves of a view. Where the database is away, the last ones; the curves may then be missing."""
    who = visitor()
    live = engine().live(view, who)
    try:
        return live, engine().curves(view, who)
    except StoreAwayError:
        return live, None


reporting = zone_name()
origin, period = chosen("origin", ORIGINS, "Real"), chosen("period", PERIODS, "24h")
listens = live_wire.view(origin, ticket=ticket())
watermark = marked(origin)
entering = live_wire.entering("live_top", origin)

with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
    st.title("Live", anchor=False, width="content")
    with st.popover(badge(watermark), type="tertiary", help="What is counted, and the zone of the clock"):
        st.segmented_control(
            "Count", list(ORIGINS), default="Real", required=True, key="origin", bind="query-params",
            help="Real is what was sent and imported. All also counts what was generated and simulated.",
        )  # fmt: skip
        zone = st.selectbox(
            "Clock", zones(reporting), key="zone", bind="query-params",
            help=f"Times are shown in this zone. Days, weeks and months are always cut in {reporting}.",
        )  # fmt: skip
    limit_badge(visitor())
    st.space("stretch")
    link = {"period": next(label for label, name in PERIODS.items() if name == period), "zone": zone}
    link["origin"] = next(label for label, name in ORIGINS.items() if name == origin)
    no_socket = live_wire.pill(listens, zone=zone, link=link, watermark=watermark, key="live_pill")

# While the socket is open the browser has newer figures than this run could hand it.
handed = figures(origin) if entering or no_socket else None
step = live_wire.top(
    listens, handed, zone=zone, curl=CURL, may_connect=not signs_in() or allows(visitor(), "data"),
    limited=limited_to(visitor().filters), key="live_top",
)  # fmt: skip
if step:
    st.switch_page("pages/data.py")

with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="xsmall"):
        st.header(HEADINGS[period], anchor=False, width="content")
        explain_button({"over": period, "origin": origin, "compare": True}, EXPLAINED, visitor(), key="live_explain")
    st.segmented_control(
        "Period",
        list(PERIODS),
        default="24h",
        required=True,
        key="period",
        bind="query-params",
        label_visibility="collapsed",
    )
live_wire.period(listens, zone=zone, period=period, key="live_period")
figures_as_tables(origin, zone)

if no_socket:
    st_autorefresh(interval=REFRESH_WITHOUT_SOCKET * 1000, key="without_socket")
elif listens["ticket"]:
    # A page that is left open for days gets a new ticket before its old one has run out.
    st_autorefresh(interval=RENEWED_AFTER // 1000, key="renewed")
