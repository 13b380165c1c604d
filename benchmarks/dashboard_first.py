"""From the address to a dashboard in a browser that was never here before: its first number, and all of ten widgets."""

from __future__ import annotations

import statistics

from playwright.sync_api import sync_playwright

from benchmarks import board
from benchmarks.first_number import PLAIN, THEIRS, eye
from benchmarks.measure import Outcome, alternate, side
from benchmarks.server import serving
from benchmarks.wire import ORDERS, order

ORDERS_SENT = 25
REGIONS = ("Europe", "Asia", "North America")
FIRST = f'.tile[data-id=w1] .figure:has-text("${ORDERS_SENT}.00")'
DRAWN = ".tile:has(.figure span:not(:empty), .main-svg, tbody td)"
FIRST_LIMIT, ALL_LIMIT = 1.2, 2.5
"""Times a page with nothing but one `st.metric`."""


def run(size: float) -> Outcome:
    with sync_playwright() as playwright, serving() as ours, serving(script=PLAIN) as plain:
        sent = [order(number, region=REGIONS[number % 3], channel="online", staffId="kim") for number in range(ORDERS_SENT)]
        ours.call("POST", ORDERS, sent)
        ten = f"{ours.url}/dashboards?d={board.made(ours)}"
        see = eye(playwright.chromium)
        rounds = alternate(
            {
                "first": lambda: see(f"{ours.url}/dashboards", FIRST),
                "all": lambda: see(ten, DRAWN, number=len(board.WIDGETS)),
                "plain": lambda: see(plain.url, THEIRS),
            },
            int(size),
        )
    bare = statistics.median(rounds["plain"])
    first, all_ = (statistics.median(rounds[name]) / bare for name in ("first", "all"))
    return Outcome(
        max(first / FIRST_LIMIT, all_ / ALL_LIMIT),
        (
            side("the default dashboard, first number", rounds["first"], "s"),
            side("ten widgets, all drawn", rounds["all"], "s"),
            side("a bare st.metric page", rounds["plain"], "s"),
        ),
        (
            f"To the bare page the first number is {first:.2f} (limit {FIRST_LIMIT:g}), all ten widgets {all_:.2f} "
            f"(limit {ALL_LIMIT:g}).",
            "Chromium with a new profile each time; the start of the browser is not counted.",
        ),
    )
