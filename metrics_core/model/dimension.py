"""What figures can be split and filtered by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something to group or filter by. `column` is the fact it reads; a local one is worked out in the reporting zone."""

    name: str
    label: str
    column: str
    of_lines: bool = False
    """It belongs to the lines of an order rather than to the whole event."""
    local: bool = False
    definition: str = ""


DIMENSIONS: dict[str, Dimension] = {
    row.name: row
    for row in (
        Dimension("channel", "Channel", "channel", definition="Where it was sold: online, retail, wholesale, other."),
        Dimension("region", "Region", "region", definition="The region of an order or event."),
        Dimension("product", "Product", "product", of_lines=True, definition="The product of an order's line."),
        Dimension("user", "User", "user", definition="The user who bought or did something."),
        Dimension("staff", "Staff", "staff", definition="The member of staff who made the sale."),
        Dimension(
            "segment", "Segment", "segment",
            definition="The buyer's segment: as the order names it, or by the orders they had completed before it was "
            "placed: new (none), won back (the last over 90 days ago), loyal (four or more), returning (the rest).",
        ),
        Dimension("content", "Content", "content", definition="The content that was looked at, or that led to the order."),
        Dimension("feature", "Feature", "feature", definition="The feature that was used."),
        Dimension("company", "Company", "company", definition="The company of the user."),
        Dimension("kind", "Kind", "kind", definition="What sort of event it is: order_completed, refund, content_view, ..."),
        Dimension("source", "Source", "source", definition="Who sent it."),
        Dimension("origin", "Origin", "origin", definition="live, sim, demo or import."),
        Dimension("hour", "Hour of day", "at", local=True, definition="Hour of the day in the reporting zone, 0 to 23."),
        Dimension("weekday", "Weekday", "at", local=True, definition="Day of the week in the reporting zone."),
    )
}
