"""A snapshot of all periods on a database server; against its bare driver asking the same rows, a question a window."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import TypeAlias

from benchmarks import sales
from benchmarks.filled import kept_file
from benchmarks.measure import Outcome, alternate, progress, side
from benchmarks.snapshot import TAKES, Taker
from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.jobs.copy import Copy
from metrics_core.model.snapshot import Snapshot
from metrics_core.model.window import Window
from metrics_core.settings import Settings
from metrics_core.store.connect import connect

FIGURES = (
    "transactions", "orders", "failed", "quantity", "gross_revenue", "refunds", "views", "events", "buyers", "active_users",
)  # fmt: skip
"""What the driver is asked for each window."""
ROUNDS = 5

Ask: TypeAlias = Callable[[Window], Sequence[int]]
"""The FIGURES of a window, by the driver."""


def against(name: str, url: str, opened: Callable[[], Ask], size: float) -> Outcome:
    """Snapshots of so many sales at this URL, and what the driver finds in the same windows, in turns; they must agree."""
    number = int(size)
    fill(url, number)
    clock = SetClock(sales.END)
    engine = Engine(Settings(database_url=url), clock=clock)
    engine.start()
    try:
        taker, ask = Taker(engine, clock), opened()
        taker.take()
        gc.collect()
        gc.freeze()
        rounds = alternate({"ours": taker.round, "driver": lambda: _timed(engine, ask)}, ROUNDS)
        gc.unfreeze()
        snapshot = engine.snapshot()
        wrong = {window: found for window, found in _windows(snapshot).items() if tuple(ask(window)) != found}
        assert not wrong, f"Pulseboard and the driver differ: {wrong}"
    finally:
        engine.stop()
    return Outcome(
        statistics.median(rounds["driver"]) / statistics.median(rounds["ours"]),
        (
            side("Pulseboard, after every order", rounds["ours"], "ms", scale=1e3),
            side(f"{name}, a question a window", rounds["driver"], "ms", scale=1e3),
        ),
        (
            f"{number:,} sales on the same server; each round of Pulseboard is the median of {TAKES} snapshots.",
            "The figures of every window were equal on both sides. The driver is asked for neither the peak nor the newest.",
        ),
    )


def fill(url: str, number: int) -> None:
    """Copy a store of so many sales to this URL."""
    source, target = connect(f"sqlite:///{kept_file(number)}"), connect(url)
    for store in (source, target):
        store.prepare()
    moving = Copy(source, target)
    moving.begin()
    moving.events(lambda done, of: progress(f"filling: {done:,} of {of:,} events"))
    source.close()
    target.close()


def _windows(snapshot: Snapshot) -> dict[Window, tuple[int, ...]]:
    found: dict[Window, tuple[int, ...]] = {}
    for period in snapshot.periods.values():
        found[period.window] = _figures(period.figures)
        if period.compared is not None and period.before is not None:
            found[period.compared] = _figures(period.before)
    return found


def _figures(figures: Mapping[str, float | None]) -> tuple[int, ...]:
    return tuple(int(figures[name] or 0) for name in FIGURES)


def _timed(engine: Engine, ask: Ask) -> float:
    windows = _windows(engine.snapshot())
    started = perf_counter()
    for window in windows:
        ask(window)
    return perf_counter() - started
