"""The dashboards that come with the product: the default layout, and templates for sales, audience and operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from metrics_core.dashboards.state import State
from metrics_core.model.dashboard import Dashboard, Place, Visibility, Widget

OWNER = "pulseboard"
"""The owner of a template: nobody, so that administrators and managers change it."""
DEFAULT = "overview"


class _Row(NamedTuple):
    """A widget of a template: its kind, its place (x, y, w, h), its title and its spec."""

    kind: str
    place: tuple[int, int, int, int]
    title: str
    spec: Mapping[str, object]


def _card(place: int, measure: str, title: str = "", **spec: object) -> _Row:
    """One of four cards beside each other on top."""
    return _Row("metric_card", (3 * place, 0, 3, 2), title, {"measure": measure, "spark": True, **spec})


_OVERVIEW = (
    _card(0, "revenue", "Revenue"),
    _card(1, "orders", "Orders"),
    _card(2, "buyers", "Customers"),
    _card(3, "avg_order_value", "Average order value"),
    _Row("line_chart", (0, 2, 8, 4), "", {"measures": ["revenue"]}),
    _Row("pie_chart", (8, 2, 4, 4), "Customer segments", {"measure": "orders", "by": "segment"}),
    _Row(
        "table", (0, 6, 6, 5), "Top staff",
        {"measures": ["revenue", "orders", "avg_order_value"], "by": ["staff"], "limit": 10, "bars": "revenue"},
    ),
    _Row("bar_chart", (6, 6, 6, 5), "Orders by hour", {"measures": ["orders"], "across": "hour"}),
)

_SALES = (
    _card(0, "revenue", "Revenue"),
    _card(1, "gross_revenue", "Gross revenue"),
    _card(2, "refunds", "Refunds"),
    _card(3, "avg_order_value", "Average order value"),
    _Row("line_chart", (0, 2, 8, 4), "Revenue by channel", {"measures": ["revenue"], "split": "channel"}),
    _Row("pie_chart", (8, 2, 4, 4), "Revenue by region", {"measure": "revenue", "by": "region"}),
    _Row(
        "table", (0, 6, 6, 5), "Best products",
        {
            "measures": ["revenue", "quantity", "orders"], "by": ["product"], "limit": 10, "change": "percent",
            "bars": "revenue",
        },
    ),
    _Row("bar_chart", (6, 6, 6, 5), "Orders by region", {"measures": ["orders"], "across": "region", "horizontal": True}),
    _Row("heatmap", (0, 11, 12, 4), "When people buy", {"measure": "orders"}),
)

_AUDIENCE = (
    _Row("sparkline", (0, 0, 3, 2), "Active users", {"measure": "active_users"}),
    _card(1, "buyers", "Customers"),
    _card(2, "visitor_conversion", "Visitor conversion"),
    _card(3, "views", "Content views"),
    _Row("line_chart", (0, 2, 8, 4), "Active users and customers", {"measures": ["active_users", "buyers"]}),
    _Row("pie_chart", (8, 2, 4, 4), "Customer segments", {"measure": "orders", "by": "segment"}),
    _Row(
        "table", (0, 6, 6, 5), "Content",
        {"measures": ["views", "purchases", "conversion_rate"], "by": ["content"], "limit": 10, "bars": "views"},
    ),
    _Row("bar_chart", (6, 6, 6, 5), "Use of features", {"measures": ["events"], "across": "feature", "horizontal": True}),
    _Row("heatmap", (0, 11, 12, 4), "When people come", {"measure": "active_users"}),
)

_OPERATIONS = (
    _card(0, "transactions", "Orders placed"),
    _card(1, "pending", "Pending", compare="off"),
    _card(2, "failed", "Failed"),
    _Row("kpi_card", (9, 0, 3, 2), "Completed", {"measure": "completed"}),
    _Row(
        "bar_chart", (0, 2, 8, 4), "Completed and failed",
        {"measures": ["completed", "failed"], "across": "time", "stack": "stacked"},
    ),
    _Row("gauge", (8, 2, 4, 4), "Conversion rate", {"measure": "conversion_rate", "low": 0, "high": 10}),
    _Row("progress_bar", (0, 6, 6, 2), "Orders today", {"measure": "orders", "target": 500, "over": "today"}),
    _Row("sparkline", (6, 6, 6, 2), "Events", {"measure": "events"}),
    _Row("table", (0, 8, 6, 5), "By source", {"measures": ["events", "orders", "failed"], "by": ["source"], "limit": 10}),
    _Row("bar_chart", (6, 8, 6, 5), "Events by kind", {"measures": ["events"], "across": "kind", "horizontal": True}),
)


def _template(title: str, description: str, rows: tuple[_Row, ...], **state: object) -> Dashboard:
    return Dashboard(
        title, description, OWNER, Visibility.EVERYONE, (), State.of({**State().body(), **state}).body(),
        tuple(
            Widget(f"w{number}", row.kind, row.title, row.spec, Place(*row.place)) for number, row in enumerate(rows, 1)
        ),
    )  # fmt: skip


TEMPLATES: dict[str, Dashboard] = {
    DEFAULT: _template("Overview", "Revenue, orders, customers and order value; who sells, when, and to whom.", _OVERVIEW),
    "sales": _template("Sales", "Where revenue comes from: channels, regions, products and hours.", _SALES, period="7d"),
    "audience": _template("Audience", "Who comes, what they look at, and who of them buys.", _AUDIENCE, period="7d"),
    "operations": _template("Operations", "What was placed, what waits, what failed, and what comes in.", _OPERATIONS),
}
"""The dashboards there are before anybody makes one, by id. Saving one keeps it on the shelf; deleting brings it back."""
