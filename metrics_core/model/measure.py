"""The registry: every measure and ratio, defined once, with the text the product shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """How a measure is made from events."""

    SUM = "sum"
    """Adds up: over time, over keys and over batches."""
    DISTINCT = "distinct"
    """Counts different users: never added up."""
    LEVEL = "level"
    """A state at the end of the window: everything before counts."""
    PEAK = "peak"
    """A maximum over minute marks."""


class Unit(StrEnum):
    MONEY = "money"
    COUNT = "count"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Measure:
    """Something we count. `terms` says which stored totals make it, each with its sign."""

    name: str
    label: str
    unit: Unit
    good: str | None
    how: How
    terms: tuple[tuple[str, int], ...]
    formula: str
    definition: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """A measure made of two others when read: `scale x top / bottom`, n/a where the bottom is 0."""

    name: str
    label: str
    unit: Unit
    good: str | None
    top: str
    bottom: str
    scale: int
    formula: str
    definition: str


TOTALS = ("placed", "completed", "failed", "quantity", "gross", "refunds", "views", "events")
"""The sums kept for every bucket and key, in this order. Money is in minor units."""

MEASURES: tuple[Measure, ...] = (
    Measure(
        "revenue", "Revenue", Unit.MONEY, "up", How.SUM, (("gross", 1), ("refunds", -1)),
        "gross_revenue - refunds",
        "Amount of the orders completed in the window, less the refunds dated in the window. Pending and failed orders "
        "never count.",
    ),
    Measure(
        "gross_revenue", "Gross revenue", Unit.MONEY, "up", How.SUM, (("gross", 1),),
        "sum of the amounts of completed orders",
        "Amount of the orders completed in the window, before refunds.",
    ),
    Measure(
        "refunds", "Refunds", Unit.MONEY, "down", How.SUM, (("refunds", 1),),
        "sum of refunded amounts",
        "Money given back in the window, whenever its order was placed.",
    ),
    Measure(
        "orders", "Orders", Unit.COUNT, "up", How.SUM, (("completed", 1),),
        "number of completed orders",
        "Orders completed in the window. Split by product, an order counts once for each product it holds.",
    ),
    Measure(
        "quantity", "Quantity", Unit.COUNT, "up", How.SUM, (("quantity", 1),),
        "sum of the units of completed orders",
        "Units in the orders completed in the window.",
    ),
    Measure(
        "transactions", "Transactions", Unit.COUNT, "up", How.SUM, (("placed", 1),),
        "number of orders placed",
        "Orders placed in the window, whatever became of them.",
    ),
    Measure(
        "pending", "Pending", Unit.COUNT, None, How.LEVEL, (("placed", 1), ("completed", -1), ("failed", -1)),
        "placed - completed - failed, over everything up to the end of the window",
        "Orders waiting for completion or failure at the end of the window, whenever they were placed.",
    ),
    Measure(
        "completed", "Completed", Unit.COUNT, "up", How.SUM, (("completed", 1),),
        "number of orders completed",
        "Orders that completed in the window, whenever they were placed.",
    ),
    Measure(
        "failed", "Failed", Unit.COUNT, "down", How.SUM, (("failed", 1),),
        "number of orders failed",
        "Orders that failed in the window, whenever they were placed.",
    ),
    Measure(
        "views", "Content views", Unit.COUNT, "up", How.SUM, (("views", 1),),
        "sum of the counts of content_view events",
        "Looks at content in the window; an event with a count of 5 is five views.",
    ),
    Measure(
        "purchases", "Purchases", Unit.COUNT, "up", How.SUM, (("completed", 1),),
        "number of completed orders",
        "Completed orders, named as content performance names them.",
    ),
    Measure(
        "events", "Events", Unit.COUNT, None, How.SUM, (("events", 1),),
        "number of events",
        "Everything that was recorded in the window, of every kind, each event once.",
    ),
    Measure(
        "buyers", "Buyers", Unit.COUNT, "up", How.DISTINCT, (("buyers", 1),),
        "number of different users with a completed order",
        "Different users with at least one order completed in the window. Never a sum of smaller windows.",
    ),
    Measure(
        "active_users", "Active users", Unit.COUNT, "up", How.DISTINCT, (("active", 1),),
        "number of different users with activity",
        "Different users who did something in the window: placed or completed an order, looked at content, or were seen "
        "by a tracker. Refunds and failures are done to a user and do not count.",
    ),
    Measure(
        "active_now", "Active users now", Unit.COUNT, "up", How.DISTINCT, (("active", 1),),
        "number of different users with activity in (t - 5 min, t]",
        "Different users with activity in the five minutes up to the end of the window.",
    ),
    Measure(
        "peak_24h", "Peak, 24 h", Unit.COUNT, "up", How.PEAK, (("active", 1),),
        "maximum of active_now over the minute marks in (t - 24 h, t]",
        "The most users active at once at any whole minute of the 24 hours up to the end of the window, with that minute.",
    ),
)

RATIOS: tuple[Ratio, ...] = (
    Ratio(
        "avg_order_value", "Average order value", Unit.MONEY, "up", "gross_revenue", "orders", 1,
        "gross_revenue / orders",
        "Gross revenue divided by completed orders; n/a without orders. Over a longer window it is sum by sum, never a mean "
        "of means.",
    ),
    Ratio(
        "conversion_rate", "Conversion rate", Unit.PERCENT, "up", "purchases", "views", 100,
        "purchases / views x 100",
        "Completed orders for every hundred content views; n/a without views. It may exceed 100 and is never clipped.",
    ),
    Ratio(
        "visitor_conversion", "Visitor conversion", Unit.PERCENT, "up", "buyers", "active_users", 100,
        "buyers / active_users x 100",
        "Buyers for every hundred active users of the same window; n/a without active users.",
    ),
)

_ROWS: tuple[Measure | Ratio, ...] = (*MEASURES, *RATIOS)
REGISTRY: dict[str, Measure | Ratio] = {row.name: row for row in _ROWS}


def parts(name: str) -> tuple[Measure, ...]:
    """The measures a name is read from: itself, or the top and bottom of a ratio."""
    row = REGISTRY[name]
    if isinstance(row, Measure):
        return (row,)
    return (*parts(row.top), *parts(row.bottom))
