"""How the product feels: the report of every part, and the figures that Prometheus collects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

OK = "ok"
DEGRADED = "degraded"
DOWN = "down"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the product: its state, a sentence about it, and figures worth seeing."""

    state: str
    detail: str
    essential: bool = False
    """Without it nothing can be taken in: when it is down, so is the whole."""
    figures: Mapping[str, Any] = field(default_factory=dict)


def report_of(parts: Mapping[str, Part], counts: Mapping[str, Any]) -> dict[str, Any]:
    """The report: `down` when an essential part is, `degraded` when any part is not well, `ok` otherwise."""
    status = OK
    for part in parts.values():
        if part.state == DOWN and part.essential:
            status = DOWN
        elif part.state != OK and status == OK:
            status = DEGRADED
    return {
        "status": status,
        "parts": {name: {"state": part.state, "detail": part.detail, **part.figures} for name, part in parts.items()},
        "counts": dict(counts),
    }


class Meters:
    """What is counted and timed, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._now = _Now()
        self.registry.register(self._now)
        self.accepted = self._count("records_accepted", "Records written, each once", ["origin"])
        self.duplicates = self._count("records_duplicate", "Records that were there already", ["origin"])
        self.refused = self._count("records_refused", "Records kept out, by the step that refused them", ["step"])
        self.requests = self._count("requests", "Requests answered", ["method", "route", "status"])
        self.board_questions = self._count("board_questions", "Questions of dashboards: asked, or spared", ["how"])
        self.faults = self._count("faults", "Errors nobody meant to happen, by where they happened", ["where"])
        self.commit_seconds = self._time("commit_seconds", "Writing and committing one batch")
        self.board_seconds = self._time("board_seconds", "Answering and drawing one dashboard")
        self.board_work = self._count("board_processor_seconds", "Processor time spent answering and drawing dashboards", [])
        self.snapshot_seconds = self._time("snapshot_seconds", "Computing one snapshot")

    def text(self, report: Mapping[str, Any], feed: Mapping[str, Any]) -> bytes:
        """The exposition of this moment: the counters, and the state of the parts and of the feed beside them."""
        self._now.families = [*_parts(report), *_feed(feed)]
        return generate_latest(self.registry)

    def _count(self, name: str, says: str, labels: list[str]) -> Counter:
        return Counter(f"pulseboard_{name}", says, labels, registry=self.registry)

    def _time(self, name: str, says: str) -> Histogram:
        return Histogram(f"pulseboard_{name}", says, buckets=_SECONDS, registry=self.registry)


class _Now(Collector):
    """Figures read at the moment somebody asks, rather than counted along the way."""

    def __init__(self) -> None:
        self.families: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        return self.families


def _parts(report: Mapping[str, Any]) -> Iterator[Metric]:
    up = GaugeMetricFamily("pulseboard_part_up", "1 where the part is well, 0.5 where it is degraded, 0 where it is down",
                           labels=["part"])
    for name, part in report.get("parts", {}).items():
        up.add_metric([name], {OK: 1.0, DEGRADED: 0.5}.get(part.get("state"), 0.0))
    yield up
    counts = GaugeMetricFamily("pulseboard_count", "The counts of the report", labels=["name"])
    for name, value in _numbers(report.get("counts", {})):
        counts.add_metric([name], value)
    yield counts


def _feed(feed: Mapping[str, Any]) -> Iterator[Metric]:
    readers = GaugeMetricFamily("pulseboard_subscribers", "Readers of the live feed, by door", labels=["door"])
    for door, number in feed.get("by_door", {}).items():
        readers.add_metric([door], number)
    yield readers
    for name, says in (("sent", "Messages handed to readers"), ("skipped", "Messages a slow reader skipped for a newer one"),
                       ("refused", "Readers turned away at the limit")):
        yield GaugeMetricFamily(f"pulseboard_feed_{name}", f"{says}, since the start", value=feed.get(name, 0))


def _numbers(counts: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    for name, value in counts.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{before}{name}.")
        elif isinstance(value, int | float):
            yield f"{before}{name}", float(value)


METERS = Meters()
"""The meters of this process: Prometheus asks a process, however many engines are in it."""
