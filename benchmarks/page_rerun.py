"""Processor time of a run of the live page, while orders arrive; beside a plain page of eight metrics and two charts."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from itertools import cycle

from benchmarks.measure import Outcome, alternate, side
from benchmarks.server import ROOT, Server, serving
from benchmarks.visit import Visit
from benchmarks.wire import Sender

PLAIN = ROOT / "benchmarks" / "plain" / "charts.py"
ROUNDS = 6
SESSIONS = 4
ORDERS_A_SECOND = 2
LIMIT_MS = 12.0


def run(size: float) -> Outcome:
    reruns = max(SESSIONS, round(size / ROUNDS))
    with ExitStack() as stack:
        ours = stack.enter_context(serving())
        plain = stack.enter_context(serving(script=PLAIN))
        stack.enter_context(Sender(ours.port, ORDERS_A_SECOND))
        visits = {server.pid: [stack.enter_context(Visit(server.port)) for _ in range(SESSIONS)] for server in (ours, plain)}

        def cost(server: Server) -> float:
            before = server.cpu
            for _, visit in zip(range(reruns), cycle(visits[server.pid])):
                visit.rerun()
            return (server.cpu - before) / reruns

        rounds = alternate({"ours": lambda: cost(ours), "plain": lambda: cost(plain)}, ROUNDS)
    return Outcome(
        statistics.median(rounds["ours"]) * 1e3 / LIMIT_MS,
        (
            side("Pulseboard, Live", rounds["ours"], "ms", scale=1e3),
            side("plain page, as Streamlit comes", rounds["plain"], "ms", scale=1e3),
        ),
        (
            f"{reruns} runs a round by {SESSIONS} visitors in turn, over Streamlit's own socket.",
            f"In ours is also what {ORDERS_A_SECOND} orders a second and their snapshots cost meanwhile.",
        ),
    )
