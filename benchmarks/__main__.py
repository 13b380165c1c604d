"""`python -m benchmarks NAME [--size N]` runs one benchmark; `python -m benchmarks all` runs every one at its quick size."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from benchmarks.measure import printed, value_text
from benchmarks.table import BENCHMARKS, NAMED, Benchmark


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("python -m benchmarks", description="Each prints what it compared, and its ratio last.")
    parser.add_argument("name", help="a benchmark, or all")
    parser.add_argument("--size", type=float, help="how much of it; each benchmark has a size of its own")
    given = parser.parse_args(arguments)
    if given.name == "all":
        return run_all()
    chosen = NAMED.get(given.name)
    if chosen is None:
        print(f"No benchmark is called {given.name!r}. There are:", file=sys.stderr)
        for row in BENCHMARKS:
            print(f"  {row.name:<16} {row.what}; size {row.size:,g} {row.unit}", file=sys.stderr)
        return 2
    ratio = run_one(chosen, chosen.size if given.size is None else given.size)
    return 0 if chosen.met(ratio) else 1


def run_one(row: Benchmark, size: float) -> float:
    """Run it, show what was compared, and end with its line."""
    print(f"{row.name}: {row.what} ({size:,g} {row.unit})", flush=True)
    outcome = row.run(size)
    print(printed(outcome))
    print(f"  target: ratio {row.direction} {value_text(row.target)}; {'met' if row.met(outcome.ratio) else 'MISSED'}")
    print(f"{row.name} ratio={value_text(outcome.ratio)} target={value_text(row.target)}", flush=True)
    return outcome.ratio


def run_all() -> int:
    """Run every one; the summary says which met their targets."""
    started = time.monotonic()
    ratios: dict[str, float | None] = {}
    for row in BENCHMARKS:
        try:
            ratios[row.name] = run_one(row, row.quick)
        except Exception as error:
            # One that cannot run must not keep the others from being measured; it counts as missed.
            print(f"  {row.name} did not finish: {error!r}", flush=True)
            ratios[row.name] = None
        print()
    print(f"{'benchmark':<16} {'ratio':>9}    {'target':>7}   ({(time.monotonic() - started) / 60:.1f} minutes)")
    missed = 0
    for row in BENCHMARKS:
        ratio = ratios[row.name]
        met = ratio is not None and row.met(ratio)
        missed += not met
        shown = "-" if ratio is None else value_text(ratio)
        print(f"{row.name:<16} {shown:>9} {row.direction} {value_text(row.target):>7}   {'met' if met else 'MISSED'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
