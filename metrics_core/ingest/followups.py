"""What comes after an order was placed: its completion, its failure, its refunds. Each takes on what the order knows."""

from __future__ import annotations

from dataclasses import replace

from metrics_core.model.event import ORDER_COMPLETED, REFUND, Event, Line, Refusal
from metrics_core.model.instant import iso
from metrics_core.store.protocols import OrderState


def resolve(event: Event, state: OrderState | None, index: int) -> tuple[Event, OrderState] | Refusal:
    """The event with its order's lines and dimensions, and the order's state after it; or why it cannot be.

    It also takes the order's origin and run, so that what is said of a simulated order goes when that order goes.
    """
    unfit = _unfit(event, state)
    if unfit is not None:
        step, field, reason, retryable = unfit
        return Refusal(index, event.id, step, field, reason, retryable)
    assert state is not None
    placed = state.placed
    refunds = event.kind == REFUND
    filled = event._replace(
        origin=placed.origin, run_id=placed.run_id, user=placed.user, session=placed.session,
        lines=_refunded(placed, event.amount) if refunds else placed.lines,
        channel=placed.channel, region=placed.region, staff=placed.staff, segment=placed.segment, content=placed.content,
        feature=placed.feature, company=placed.company,
    )  # fmt: skip
    if refunds:
        return filled, replace(state, refunded=state.refunded + event.amount)
    status = "completed" if event.kind == ORDER_COMPLETED else "failed"
    return filled, replace(state, status=status, settled_at=event.at)


def _unfit(event: Event, state: OrderState | None) -> tuple[str, str, str, bool] | None:
    order = (event.order_id or "")[:80]
    if state is None:
        reason = f"No order {order!r} is known yet. Send the order first, then this again."
        return "has_a_known_order", "orderId", reason, True
    if event.at < state.placed.at:
        reason = f"It happens before order {order!r} was placed ({iso(state.placed.at)}). Check the time."
        return "is_after_its_order", "ts", reason, False
    if event.kind != REFUND:
        if state.status != "pending":
            reason = f"Order {order!r} is {state.status} already, since {iso(state.settled_at or 0)}, and stays so."
            return "is_of_a_pending_order", "status", reason, False
        return None
    if state.status != "completed":
        reason = f"Order {order!r} is {state.status}: only a completed order has money to give back."
        return "is_of_a_completed_order", "orderId", reason, state.status == "pending"
    left = state.amount - state.refunded
    if event.amount > left:
        reason = (
            f"The refund is more than is left of order {order!r}: {event.amount} of {left}, in the currency's smallest unit."
        )
        return "is_within_its_order", "amount", reason, False
    return None


def _refunded(placed: Event, amount: int) -> tuple[Line, ...]:
    products = {line.product for line in placed.lines}
    if len(products) == 1 and None not in products:
        return (Line(products.pop(), 0, amount),)
    return ()
