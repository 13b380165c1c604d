"""Made-up sales, the same for the same number: as columns, for whoever wants to load them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, ORDER_PLACED, REFUND, VIEW
from metrics_core.model.instant import DAY, Instant, instant

END: Instant = instant(datetime(2026, 11, 19, 14, 32, 5, 123_000, tzinfo=UTC))
"""Where the thirty days end, and where the clock of a benchmark stands when it begins."""
DAYS = 30
USERS = 100_000
PRODUCTS = tuple(f"P{number:02d}" for number in range(50))
REGIONS = ("Africa", "America", "Asia", "Europe", "Oceania")
CHANNELS = ("online", "retail", "wholesale")
CONTENTS = tuple(f"page-{number}" for number in range(40))
KINDS = (ORDER_COMPLETED, ORDER_PLACED, ORDER_FAILED, REFUND, VIEW)
COMPLETED, PLACED, FAILED, REFUNDED, VIEWED = range(len(KINDS))

Column: TypeAlias = NDArray[np.int64]


class Facts(NamedTuple):
    """A row for each sale, refund and look at content, in the order of time; texts by their place in the tuples above.

    `order` is the number of the order, -1 for a look; -1 stands also where a channel, region, product or content is not
    named. `placed` is 1 for the rows that are sales.
    """

    at: Column
    kind: Column
    user: Column
    order: Column
    placed: Column
    channel: Column
    region: Column
    product: Column
    content: Column
    quantity: Column
    amount: Column


def facts(sales: int, *, seed: int = 1) -> Facts:
    """So many sales over thirty days (94 % completed, 3 % pending, 3 % failed), a refund for every hundredth of them, and a
    look at content for every twentieth."""
    dice = np.random.default_rng((seed, sales))
    refunds, views = sales // 100, sales // 20
    number = sales + refunds + views
    start = END - DAYS * DAY
    order = np.arange(sales)
    at = np.sort(dice.integers(start, END, sales))
    kind = dice.choice(np.array([COMPLETED, PLACED, FAILED]), sales, p=[0.94, 0.03, 0.03])
    user = dice.integers(1, USERS + 1, sales)
    channel, region = dice.integers(0, len(CHANNELS), sales), dice.integers(0, len(REGIONS), sales)
    product = dice.integers(0, len(PRODUCTS), sales)
    quantity, amount = dice.integers(1, 6, sales), dice.integers(100, 50_000, sales)
    back = dice.choice(order[kind == COMPLETED], refunds, replace=False) if refunds else order[:0]

    def column(of_sales: Column, of_refunds: Column, of_views: Column | int) -> Column:
        rest = np.full(views, of_views) if isinstance(of_views, int) else of_views
        return np.concatenate([of_sales, of_refunds, rest]).astype(np.int64)

    whole = Facts(
        at=column(at, at[back] + (END - at[back]) // 2, dice.integers(start, END, views)),
        kind=column(kind, np.full(refunds, REFUNDED), VIEWED),
        user=column(user, user[back], dice.integers(1, USERS + 1, views)),
        order=column(order, back, -1),
        placed=column(np.ones(sales, dtype=np.int64), np.zeros(refunds, dtype=np.int64), 0),
        channel=column(channel, channel[back], -1),
        region=column(region, region[back], -1),
        product=column(product, product[back], -1),
        content=column(np.full(sales, -1), np.full(refunds, -1), dice.integers(0, len(CONTENTS), views)),
        quantity=column(quantity, np.zeros(refunds, dtype=np.int64), 0),
        amount=column(amount, dice.integers(1, 100, refunds), 0),
    )
    assert len(whole.at) == number
    by_time = np.argsort(whole.at, kind="stable")
    return Facts(*(values[by_time] for values in whole))
