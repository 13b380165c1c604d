"""Take snapshots: every measure over every period and its comparison, at one instant, from one state of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from metrics_core.model.event import Event
from metrics_core.model.instant import MILLISECOND, MINUTE, Instant
from metrics_core.model.measure import MEASURES, RATIOS, TOTALS, How
from metrics_core.model.snapshot import PeriodFigures, Snapshot
from metrics_core.model.window import Calendar, Window
from metrics_core.reads.audience import Audience
from metrics_core.reads.peak import active_window
from metrics_core.reads.running import Running
from metrics_core.reads.views import events_by_origin, origins_of
from metrics_core.rollup.derive import additive, ratio
from metrics_core.store.protocols import Store

SHOWN_PERIODS = ("today", "1h", "24h", "7d", "30d", "week", "month", "all_time")
RECENT = 12
_POOL = 2 * RECENT
"""Some of the latest may be dated a little ahead."""
_EVENTS = TOTALS.index("events")
_REVENUE = next(measure for measure in MEASURES if measure.name == "revenue")


def moment_of(now: Instant) -> Instant:
    """What a snapshot at `now` is of: a whole millisecond, so that messages, links and explanations name it exactly.

    It is the next one, as what was recorded by now belongs to it.
    """
    return -(-now // MILLISECOND) * MILLISECOND


class _Period(NamedTuple):
    window: Window
    compared: Window | None
    against: str | None


class Snapshots:
    """Takes snapshots of a store, one after the other; not from several threads at once."""

    def __init__(self, store: Store, calendar: Calendar) -> None:
        self._store = store
        self._calendar = calendar
        self._audience = Audience(store)
        self._feed = _Feed(store)
        self.newest = -1
        """The number of the newest event that a snapshot has taken in."""

    def take(self, *, view: str, seq: int, now: Instant) -> Snapshot:
        """The snapshot of a view at `now`; events after it are not in it yet."""
        periods = {name: self._period(name, now) for name in SHOWN_PERIODS}
        windows = [window for row in periods.values() for window in (row.window, row.compared) if window is not None]
        moments = {now - MINUTE, *(edge for window in windows for edge in (window.start, window.end))}
        with self._store.view():
            running = Running(self._store, moments)
            counts = events_by_origin(running)
            origins = origins_of(view, counts)
            state = (self._store.generation(), self._store.newest_seq())
            self._audience.catch_up(*state, now)
            self.newest = state[1]
            figures = {window: self._figures(running, window, origins) for window in dict.fromkeys(windows)}
            peak = self._audience.peak(now, origins)
            recent = self._feed.newest(origins, state, now)
            return Snapshot(
                seq, view, origins, now, now, recent[0].at if recent else None,
                {
                    name: PeriodFigures(
                        row.window, figures[row.window], row.compared, row.against,
                        None if row.compared is None else figures[row.compared],
                    )
                    for name, row in periods.items()
                },
                active_now=self._audience.users("active", active_window(now), origins),
                peak=peak.users, peak_at=peak.at, recent=tuple(recent),
                per_minute=running.over(Window(now - MINUTE, now), origins)[_EVENTS], counts=counts,
                newest_seq=state[1],
            )  # fmt: skip

    def trail(self, moments: Sequence[Instant], origins: tuple[str, ...], now: Instant) -> list[tuple[Instant, int, int]]:
        """What a page that had been open would have seen at these moments: revenue of their day so far, active users."""
        starts = {moment: self._calendar.start_of("day", moment) for moment in moments}
        with self._store.view():
            running = Running(self._store, (*starts, *starts.values()))
            self._audience.catch_up(self._store.generation(), self._store.newest_seq(), now)
            return [
                (
                    moment, additive(_REVENUE, running.over(Window(start, moment), origins)),
                    self._audience.users("active", active_window(moment), origins),
                )
                for moment, start in starts.items()
            ]  # fmt: skip

    def _period(self, name: str, now: Instant) -> _Period:
        compared = self._calendar.compared(name, now)
        return _Period(self._calendar.window(name, now), *(compared or (None, None)))

    def _figures(self, running: Running, window: Window, origins: tuple[str, ...]) -> Mapping[str, float | None]:
        """Every measure that a period shows, by name."""
        sums, ever = running.over(window, origins), running.before(window.end, origins)
        values: dict[str, int | None] = {}
        for measure in MEASURES:
            if measure.how is How.SUM:
                values[measure.name] = additive(measure, sums)
            elif measure.how is How.LEVEL:
                values[measure.name] = additive(measure, ever)
        values["buyers"] = self._audience.users("buyers", window, origins)
        values["active_users"] = self._audience.users("active", window, origins)
        return {**values, **{row.name: ratio(row, values) for row in RATIOS}}


class _Feed:
    """The latest events: once read, only what was appended since is looked at."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[tuple[str, ...], tuple[tuple[int, int], Sequence[Event]]] = {}

    def newest(self, origins: tuple[str, ...], state: tuple[int, int], now: Instant) -> Sequence[Event]:
        """The latest events before `now`, newest first. `state` is the store's generation and newest number."""
        before, events = self._kept.get(origins, ((-1, 0), ()))
        log = self._store.events
        if before[0] != state[0]:
            events = log.newest(_POOL, origins=origins)
        elif before != state:
            # The later one of two at the same instant is the newer, so what is new comes first.
            new = log.newest(_POOL, origins=origins, after_seq=before[1])
            events = sorted((*new, *events), key=lambda event: -event.at)[:_POOL]
        self._kept[origins] = (state, events)
        past = [event for event in events if event.at < now]
        if len(past) < RECENT and len(events) == _POOL:
            return log.newest(RECENT, origins=origins, before=now)
        return past[:RECENT]
