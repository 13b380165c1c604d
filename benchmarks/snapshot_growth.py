"""An exact snapshot over many sales; against one over a few."""

from __future__ import annotations

import gc
import statistics

from benchmarks.filled import engine_with
from benchmarks.measure import Outcome, alternate, side
from benchmarks.snapshot import TAKES, Taker

FEW = 45_000
ROUNDS = 9


def run(size: float) -> Outcome:
    number = int(size)
    with engine_with(number) as large, engine_with(FEW) as small:
        many, few = Taker(*large), Taker(*small)
        many.take(), few.take()
        gc.collect()
        gc.freeze()
        rounds = alternate({"many": many.round, "few": few.round}, ROUNDS)
        gc.unfreeze()
    return Outcome(
        statistics.median(rounds["many"]) / statistics.median(rounds["few"]),
        (
            side(f"{number:,} sales", rounds["many"], "ms", scale=1e3),
            side(f"{FEW:,} sales", rounds["few"], "ms", scale=1e3),
        ),
        (f"Each round is the median of {TAKES} snapshots, each after an order that has just come in.",),
    )
