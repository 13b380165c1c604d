"""Take a snapshot: every measure over every period and its comparison, at one instant, from one state of the store."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from metrics_core.model.instant import MINUTE, Instant
from metrics_core.model.measure import MEASURES, RATIOS, TOTALS, How
from metrics_core.model.query import Query
from metrics_core.model.snapshot import PeriodFigures, Snapshot
from metrics_core.model.window import ALL_TIME_START, Calendar, Window
from metrics_core.reads.cells import count
from metrics_core.reads.peak import active_window, peak, peak_window
from metrics_core.rollup.derive import additive, ratio
from metrics_core.rollup.totals import SETS
from metrics_core.store.protocols import Store

SHOWN_PERIODS = ("today", "1h", "24h", "7d", "30d", "week", "month", "all_time")
RECENT = 12


def take(store: Store, calendar: Calendar, *, view: str, origins: tuple[str, ...], seq: int, now: Instant) -> Snapshot:
    """The snapshot of these origins at `now`; events after it are not in it yet."""
    with store.view():
        reader = _Reader(store, origins)
        periods: dict[str, PeriodFigures] = {}
        for period in SHOWN_PERIODS:
            window = calendar.window(period, now)
            compared = calendar.compared(period, now)
            periods[period] = PeriodFigures(
                window, reader.figures(window),
                compared[0] if compared else None, compared[1] if compared else None,
                reader.figures(compared[0]) if compared else None,
            )  # fmt: skip
        sightings = store.events.sightings(peak_window(now), origins)
        active = active_window(now)
        best = peak(sightings, now)
        recent = store.events.newest(RECENT, origins=origins, before=now)
        return Snapshot(
            seq, view, origins, now, now, recent[0].at if recent else None, periods,
            active_now=len({row.user for row in sightings if row.active and active.start <= row.at < active.end}),
            peak=best.users, peak_at=best.at, recent=tuple(recent),
            per_minute=reader.sums(Window(now - MINUTE, now))["events"],
            counts={origin: number for origin, (number, _, _) in store.events.count().items()},
        )  # fmt: skip


class _Reader:
    """Figures of windows, each window read once."""

    def __init__(self, store: Store, origins: tuple[str, ...]) -> None:
        self._store = store
        self._origins = origins
        self.sums = cache(self._sums)

    def figures(self, window: Window) -> Mapping[str, float | None]:
        """Every measure that a period shows, by name."""
        sums = self.sums(window)
        ever = self.sums(Window(ALL_TIME_START, window.end))
        values: dict[str, int | None] = {}
        for measure in MEASURES:
            if measure.how is How.SUM:
                values[measure.name] = additive(measure, _row(sums))
            elif measure.how is How.LEVEL:
                values[measure.name] = additive(measure, _row(ever))
        values["buyers"], values["active_users"] = sums["buyers"], sums["active"]
        return {**values, **{row.name: ratio(row, values) for row in RATIOS}}

    def _sums(self, window: Window) -> dict[str, int]:
        query = Query((), window, origins=self._origins)
        cells = count(self._store, query, window, (*TOTALS, *SETS), None)
        cell = cells.get((None, ()), {})
        return {term: cell.get(term, 0) for term in (*TOTALS, *SETS)}


def _row(sums: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sums[name] for name in TOTALS)
