"""A grocer's year: its file taken in by the command, and every question answered exactly as pandas answers it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson

from benchmarks.measure import Outcome, progress, side
from benchmarks.server import environment, serving
from tests.truth import grocer

YEAR = {"start": "2017-01-01", "end": "2018-01-02"}
ZONES = ("America/New_York", "Europe/Berlin")


def run(size: float) -> Outcome:
    whole = grocer.transactions()
    frame = whole.iloc[: int(size)].reset_index(drop=True)
    lines = grocer.lines(frame)
    questions = [(zone, *named) for zone in ZONES for named in grocer.questions(YEAR, zone)]
    ours: list[float] = []
    theirs: list[float] = []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="pulseboard-") as name:
        folder = Path(name)
        frame.to_parquet(folder / "lines.parquet")
        progress(f"importing {len(frame):,} lines")
        started = perf_counter()
        subprocess.run(
            [sys.executable, "-m", "metrics_core", "import", str(folder / "lines.parquet"), *grocer.WORDS],
            check=True, cwd=folder, env=environment(folder / "store.db"), stdout=subprocess.DEVNULL,
        )  # fmt: skip
        importing = perf_counter() - started
        with serving(store=folder / "store.db") as server:
            for number, (zone, title, question) in enumerate(questions, 1):
                progress(f"question {number} of {len(questions)}: {title}")
                started = perf_counter()
                answer: dict[str, Any] = orjson.loads(server.call("POST", "/api/v1/query", question))
                ours.append(perf_counter() - started)
                started = perf_counter()
                right = grocer.rows(lines, question, answer["window"])
                theirs.append(perf_counter() - started)
                if answer["rows"] != right or not right:
                    wrong.append(f"{title}, {zone}")
    return Outcome(
        1 - len(wrong) / len(questions),
        (side("a question, over HTTP", ours, "ms", scale=1e3), side("the same in pandas", theirs, "ms", scale=1e3)),
        (
            f"{len(lines):,} lines of {lines['order'].nunique():,} orders imported in {importing:.0f} s: "
            f"{len(lines) / importing:,.0f} lines/s.",
            f"{len(questions)} questions in {len(ZONES)} zones: every row equal, to the cent and to the order."
            if not wrong else f"Not equal: {'; '.join(wrong)}.",
        ),
    )  # fmt: skip
