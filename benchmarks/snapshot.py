"""An exact snapshot of all periods, from totals; against DuckDB scanning the same rows for the same figures."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from time import perf_counter

from benchmarks import sales
from benchmarks.filled import engine_with, user_name
from benchmarks.measure import CORES, Outcome, alternate, progress, side
from benchmarks.scan import Found, Scan, found_in
from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.model.instant import SECOND, Instant
from metrics_core.model.window import Calendar

ROUNDS = 7
TAKES = 20
"""Snapshots in a round, each after an order that has just come in."""


def run(size: float) -> Outcome:
    number = int(size)
    progress("making the rows")
    with Scan(sales.facts(number)) as scan, engine_with(number) as (engine, clock):
        taker = Taker(engine, clock)
        first = taker.take()
        gc.collect()
        gc.freeze()
        rounds = alternate(
            {
                "totals": taker.round, "asked": lambda: _timed(scan, taker, scan.ask),
                "passes": lambda: _timed(scan, taker, scan.take),
            },
            ROUNDS,
        )  # fmt: skip
        gc.unfreeze()
        scan.add(taker.sent)
        ours = found_in(engine.snapshot())
        differing = [
            found for theirs in (scan.ask, scan.take) for found in differences(ours, theirs(engine.calendar, clock.now()))
        ]
    assert not differing, f"Pulseboard and DuckDB differ: {differing}"
    totals, asked, passes = (statistics.median(rounds[name]) for name in ("totals", "asked", "passes"))
    return Outcome(
        asked / totals,
        (
            side("Pulseboard, after every order", rounds["totals"], "ms", scale=1e3),
            side(f"DuckDB on {CORES} cores, a question a window", rounds["asked"], "ms", scale=1e3),
            side(f"DuckDB on {CORES} cores, fewest passes", rounds["passes"], "ms", scale=1e3),
        ),
        (
            f"{number:,} sales; each round of Pulseboard is the median of {TAKES} snapshots, and the very first took "
            f"{first * 1e3:,.0f} ms.",
            "Every figure of every period was equal on all sides. The ratio is to a question a window, as a dashboard asks; "
            f"to the fewest passes it is {passes / totals:.0f}.",
        ),
    )


class Taker:
    """Sends an order, moves the clock on by a second, and takes a snapshot; only this last is timed."""

    def __init__(self, engine: Engine, clock: SetClock) -> None:
        self.engine = engine
        self.clock = clock
        self.sent: list[tuple[Instant, int, int]] = []
        """Orders since they were last told to the other side: when, user and amount."""
        self._number = 0

    def take(self) -> float:
        self._number += 1
        self.clock.move(SECOND)
        user, amount = self._number % sales.USERS + 1, 100 + self._number
        order = {
            "orderId": f"new-{self._number}", "userId": user_name(user), "channel": "online", "region": "Europe",
            "lines": [{"productId": "P01", "quantity": 1, "revenue": f"{amount // 100}.{amount % 100:02d}"}],
        }  # fmt: skip
        receipt = self.engine.accept([order])
        assert receipt.accepted == 1, receipt
        self.sent.append((self.clock.now(), user, amount))
        self.clock.move(1)
        started = perf_counter()
        self.engine.snapshot()
        return perf_counter() - started

    def round(self) -> float:
        return statistics.median(self.take() for _ in range(TAKES))


def _timed(scan: Scan, taker: Taker, theirs: Callable[[Calendar, Instant], Found]) -> float:
    scan.add(taker.sent)
    taker.sent.clear()
    started = perf_counter()
    theirs(taker.engine.calendar, taker.clock.now())
    return perf_counter() - started


def differences(ours: Found, theirs: Found) -> list[str]:
    """What the two do not say alike."""
    found = [name for name in Found._fields if name != "periods" and getattr(ours, name) != getattr(theirs, name)]
    for period, sides in theirs.periods.items():
        for mine, other in zip(ours.periods[period], sides, strict=True):
            if mine is None or other is None:
                found += [period] if mine is not other else []
            else:
                wrong = [name for name, value in other.items() if mine[name] != value]
                found += [f"{period} {name}: {mine[name]} for {other[name]}" for name in wrong]
    return found
