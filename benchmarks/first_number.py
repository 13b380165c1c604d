"""From the address to the first number in a browser that was never here before; beside the plainest page with a number."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from collections.abc import Callable
from time import perf_counter, sleep

from playwright.sync_api import BrowserType, sync_playwright

from benchmarks.measure import Outcome, alternate, side
from benchmarks.server import ROOT, serving
from benchmarks.wire import ORDERS, order

PLAIN = ROOT / "benchmarks" / "plain" / "metric.py"
ORDERS_SENT = 25
OURS = f'[data-is=today].counter[data-text*="{ORDERS_SENT}"]'
THEIRS = '[data-testid=stMetricValue]:has-text("1,234.56")'
LOOKS, LONGEST = 0.01, 60.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")


def run(size: float) -> Outcome:
    with sync_playwright() as playwright, serving() as ours, serving(script=PLAIN) as plain:
        ours.call("POST", ORDERS, [order(number) for number in range(ORDERS_SENT)])
        see = eye(playwright.chromium)
        rounds = alternate({"ours": lambda: see(ours.url, OURS), "plain": lambda: see(plain.url, THEIRS)}, int(size))
    return Outcome(
        statistics.median(rounds["ours"]) / statistics.median(rounds["plain"]),
        (side("Pulseboard, Live: revenue today", rounds["ours"], "s"), side("a bare st.metric page", rounds["plain"], "s")),
        ("Chromium with a new profile each time; the start of the browser is not counted.",),
    )


def eye(browser: BrowserType) -> Callable[..., float]:
    """A way to see how long an address takes to show something, so many of them, in a browser that was never there."""
    program = os.environ.get("CHROMIUM") or next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        raise RuntimeError("This benchmark needs Chromium. Install it, or name one in CHROMIUM.")

    def see(url: str, what: str, *, number: int = 1) -> float:
        with tempfile.TemporaryDirectory(prefix="pulseboard-", ignore_cleanup_errors=True) as profile:
            visitor = browser.launch_persistent_context(profile, executable_path=program, args=list(FLAGS), headless=True)
            try:
                page = visitor.new_page()
                started = perf_counter()
                page.goto(url, wait_until="commit")
                # Playwright's own waiting looks only every half second after a while.
                seen = page.locator(what).nth(number - 1)
                while not seen.is_visible():
                    if perf_counter() - started > LONGEST:
                        raise RuntimeError(f"{url} does not show {what}.")
                    sleep(LOOKS)
                return perf_counter() - started
            finally:
                visitor.close()

    return see
