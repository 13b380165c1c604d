"""Measuring: sides that take turns, medians, processor time and memory, and the table that shows them."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psutil

CORES = psutil.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Side:
    """One line of the table: what was measured, its median, and how far the rounds went apart."""

    name: str
    median: float
    unit: str
    least: float | None = None
    most: float | None = None
    rounds: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a benchmark found: the ratio, what it was made of, and what a reader should know."""

    ratio: float
    sides: tuple[Side, ...]
    notes: tuple[str, ...] = ()


def side(name: str, rounds: Sequence[float], unit: str, *, scale: float = 1.0) -> Side:
    """The side that these rounds make."""
    values = [value * scale for value in rounds]
    return Side(name, statistics.median(values), unit, min(values), max(values), len(values))


def alternate(sides: Mapping[str, Callable[[], float | None]], rounds: int, *, warm: int = 1) -> dict[str, list[float]]:
    """What each side took in each round, in turns, so that a slow minute of the machine is a slow minute for all.

    A side gives its own figure, or nothing: then it is the seconds it took. The first rounds warm up and are not kept.
    """
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(warm + rounds):
        turns = list(sides.items())
        for name, run in turns if number % 2 == 0 else reversed(turns):
            started = time.perf_counter()
            figure = run()
            took = time.perf_counter() - started
            if number >= warm:
                found[name].append(took if figure is None else figure)
        progress(f"round {number + 1} of {warm + rounds}")
    return found


def at_most(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def cpu_seconds(pid: int) -> float:
    """Processor time a process has used, in its own code and in the kernel for it."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def memory(pid: int) -> int:
    """Bytes of a process that are in memory."""
    return int(psutil.Process(pid).memory_info().rss)


def progress(words: str) -> None:
    """What is being done, where somebody is watching."""
    if sys.stderr.isatty():
        print(f"\r\033[2K  {words}", end="", file=sys.stderr, flush=True)


def printed(outcome: Outcome) -> str:
    """The sides as an aligned table, and the notes below it."""
    if sys.stderr.isatty():
        print("\r\033[2K", end="", file=sys.stderr, flush=True)
    head = ("", "median", "least", "most", "rounds")
    rows: list[tuple[str, ...]] = [head]
    for row in outcome.sides:
        ends = ["" if end is None else f"{_number(end)} {row.unit}" for end in (row.least, row.most)]
        rows.append((row.name, f"{_number(row.median)} {row.unit}", *ends, "" if row.rounds is None else str(row.rounds)))
    if all(row.rounds is None for row in outcome.sides):
        rows = [row[:2] for row in rows[1:]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  " + "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]  # fmt: skip
    return "\n".join([*lines, *(f"  {note}" for note in outcome.notes)])


def value_text(value: float) -> str:
    """A ratio or a target as the last line shows it."""
    return f"{value:g}" if value == int(value) else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
