"""What a dashboard says to all of its widgets: the period, the comparison, the zone, the filters, and the moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from metrics_core.model.instant import Instant, instant
from metrics_core.model.window import PERIODS, Calendar, Window
from metrics_core.widgets.colours import Colours

Over: TypeAlias = str | Mapping[str, str]
"""A period's name, or a range: {"start": iso, "end": iso}."""
Compare: TypeAlias = str | bool | Mapping[str, str] | None
"""As a question takes it; "off" is none."""
Question: TypeAlias = dict[str, object]
"""A question as POST /api/v1/query takes it."""
Conditions: TypeAlias = Sequence[Mapping[str, object]]
"""Filters in their long form: {"dimension", "op", "values"}."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What holds for all widgets of a dashboard at one moment. A widget may pin its own period and comparison."""

    over: Over
    now: Instant
    compare: Compare = "previous"
    zone: str = "UTC"
    origin: str = "real"
    where: Mapping[str, Sequence[object]] | Conditions = ()
    """{"channel": ["online", None]}, or conditions; all must hold."""
    currency: str = "USD"
    digits: int = 2
    week_start: int = 0
    since: Instant | None = None
    """The first event there is, where known: all of time begins here."""
    colours: Colours = field(default_factory=Colours)
    """Who has which colour. Keep one for each dashboard, so that a name keeps its colour on all of its charts."""

    @property
    def calendar(self) -> Calendar:
        return Calendar(ZoneInfo(self.zone), self.week_start)

    def conditions(self) -> list[Mapping[str, object]]:
        """The filters of the dashboard, long."""
        if isinstance(self.where, Mapping):
            return [{"dimension": name, "op": "in", "values": list(values)} for name, values in self.where.items()]
        return list(self.where)

    def window(self, over: Over | None = None) -> Window:
        """The window a period or range means at this moment; all of time from the first event on, where that is known."""
        over = self.over if over is None else over
        if isinstance(over, str) and over in PERIODS:
            window = self.calendar.window(over, self.now)
            return Window(min(self.since, self.now), self.now) if over == "all_time" and self.since is not None else window
        start = self._time(over["start"]) if isinstance(over, Mapping) and "start" in over else self.now
        end = self._time(over["end"]) if isinstance(over, Mapping) and over.get("end") else self.now
        return Window(min(start, end), end)

    def question(
        self,
        measures: Sequence[str],
        *,
        over: Over | None = None,
        compare: Compare = False,
        where: Conditions = (),
        by: Sequence[str] = (),
        grain: str | None = None,
        order_by: str | None = None,
        limit: int | None = None,
    ) -> Question:
        """A whole question: what the widget says, and of the dashboard what it leaves open. Its filters add to those."""
        asked: Question = {"measures": list(measures), "over": self.over if over is None else over, "zone": self.zone,
                           "origin": self.origin}  # fmt: skip
        conditions = [*self.conditions(), *where]
        for name, value in (("by", list(by)), ("grain", grain), ("where", conditions), ("order_by", order_by),
                            ("limit", limit)):  # fmt: skip
            if value:
                asked[name] = value
        compare = self.compare if compare is None else compare
        if compare and compare != "off":
            asked["compare"] = compare
        return asked

    def _time(self, text: str) -> Instant:
        when = datetime.fromisoformat(text)
        return instant(when if when.tzinfo else when.replace(tzinfo=ZoneInfo(self.zone)))
