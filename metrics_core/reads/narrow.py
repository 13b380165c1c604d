"""Live figures of a part of the data, for those who see no more: counted by the exact path, and only while they look."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter
from typing import Any, TypeAlias

from metrics_core.cache import Flights, Kept
from metrics_core.clock import Clock
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.event import Event
from metrics_core.model.instant import MINUTE, SECOND, Instant
from metrics_core.model.measure import MEASURES, RATIOS, TOTALS, How
from metrics_core.model.query import Filter, Query, Value
from metrics_core.model.snapshot import PeriodFigures, Snapshot
from metrics_core.model.window import ALL_TIME_START, Calendar, Window
from metrics_core.reads.cells import count
from metrics_core.reads.curves import curves
from metrics_core.reads.peak import active_window
from metrics_core.reads.peaks import peak_of
from metrics_core.reads.running import Running
from metrics_core.reads.segments import names_segment, segments_of
from metrics_core.reads.snapshot import RECENT, SHOWN_PERIODS, moment_of
from metrics_core.reads.views import kept_events, origins_of
from metrics_core.rollup.derive import additive, ratio
from metrics_core.rollup.totals import ZERO, Totals, add
from metrics_core.store.protocols import Store

Where: TypeAlias = tuple[Filter, ...]
Key: TypeAlias = tuple[str, Where]
"""A view of the data, and the filters that narrow it."""

FRESH_SECONDS = 2.5
CURVES_SECONDS = 10.0
KEPT_SECONDS = 600.0
MOST_PARTS = 200
TRAIL = 20
TRAIL_STEP: Instant = int(2.5 * SECOND)
TRIES = 3
"""So often is waited for a snapshot of the state that the store is in."""
LOOKED_THROUGH = 20_000
"""The latest events of a part are looked for among so many of the latest of all."""
_PAGE = 2_000


@dataclass(slots=True)
class _Part:
    """What is kept of one part: the newest snapshot, and what it took."""

    snapshot: Snapshot
    state: tuple[int, int]
    took: float
    trail: deque[tuple[Instant, int, int]]
    pool: list[Event]
    drawn: tuple[Instant, float, dict[str, Any]] | None = field(default=None)


class Parts:
    """The newest snapshots of parts of the data. One is taken again when the store moved or windows did, and never
    oftener than leaves the machine to others."""

    def __init__(
        self, store: Store, calendar: Calendar, clock: Clock, *, whole: Callable[[str], Snapshot], number: Callable[[], int],
        renew: Callable[[], bool],
    ) -> None:  # fmt: skip
        """`whole` is the newest snapshot of everything, whose instant and number its parts share; `number` numbers those
        that were taken of another state of the store. `renew` waits a moment where another replica takes the next one."""
        self._store = store
        self._calendar = calendar
        self._clock = clock
        self._whole = whole
        self._number = number
        self._renew = renew
        self._kept: Kept[Key, _Part] = Kept(clock, most=MOST_PARTS)
        self._flights: Flights[Key, _Part] = Flights()

    def newest(self, view: str, where: Where) -> tuple[Snapshot, tuple[tuple[Instant, int, int], ...]]:
        """The newest snapshot of a part, and the points of revenue today and active users up to it."""
        part = self._newest(view, where)
        return part.snapshot, tuple(part.trail)

    def curves(self, view: str, where: Where, scale: int) -> dict[str, Any]:
        """The body of a `curves` message of this part."""
        part = self._newest(view, where)
        now = part.snapshot.as_of
        if part.drawn is None or now - part.drawn[0] >= max(CURVES_SECONDS, 4 * part.drawn[1]) * SECOND:
            started = perf_counter()
            body = curves(
                self._store, self._calendar, origins=part.snapshot.origins, seq=part.snapshot.seq, now=now, scale=scale,
                where=where, totals=lambda moments: PartRunning(self._store, moments, part.snapshot.origins, where),
            )  # fmt: skip
            part.drawn = (now, perf_counter() - started, body)
        return part.drawn[2]

    def _newest(self, view: str, where: Where) -> _Part:
        key = (view, where)
        part = self._kept.get(key)
        if part is not None and self._is_fresh(part):
            return part
        return self._flights.once(key, lambda: self._taken(key))

    def _is_fresh(self, part: _Part) -> bool:
        age = moment_of(self._clock.now()) - part.snapshot.as_of
        if 0 <= age < 4 * part.took * SECOND:
            return True
        return 0 <= age < FRESH_SECONDS * SECOND and part.state == (self._store.generation(), self._store.newest_seq())

    def _taken(self, key: Key) -> _Part:
        before = self._kept.get(key)
        if before is not None and self._is_fresh(before):
            return before  # somebody else took it just before
        view, where = key
        whole = self._caught_up(view)
        started = perf_counter()
        with self._store.view():
            state = (self._store.generation(), self._store.newest_seq())
            same = whole.newest_seq == state[1]
            if same and before is not None and (before.snapshot.seq, before.state) == (whole.seq, state):
                return before
            now = whole.as_of if same else moment_of(self._clock.now())
            counts = kept_events(self._store)
            origins = origins_of(view, counts)
            known = before if before is not None and before.snapshot.origins == origins else None
            pool = _latest(self._store, origins, where, now, known, state)
            snapshot = take(
                self._store, self._calendar, view=view, origins=origins, where=where, now=now,
                seq=whole.seq if same else self._number(),
                counts=counts, recent=[event for event in pool if event.at < now][:RECENT], newest_seq=state[1],
            )  # fmt: skip
            trail = known.trail if known is not None else self._trail(now, origins, where)
        point = (now, int(snapshot.periods["today"].figures["revenue"] or 0), snapshot.active_now)
        if not trail or trail[-1][1:] != point[1:] or now - trail[-1][0] >= SECOND:
            trail.append(point)
        part = _Part(snapshot, state, perf_counter() - started, trail, pool, known.drawn if known is not None else None)
        return self._kept.put(key, part, seconds=KEPT_SECONDS)

    def _caught_up(self, view: str) -> Snapshot:
        """The newest snapshot of everything, of the state that the store is in where it comes within a moment."""
        whole = self._whole(view)
        for _ in range(TRIES):
            if whole.newest_seq >= self._store.newest_seq() or not self._renew():
                break
            whole = self._whole(view)
        return whole

    def _trail(self, now: Instant, origins: tuple[str, ...], where: Where) -> deque[tuple[Instant, int, int]]:
        """What a page that had been open would have seen."""
        found: deque[tuple[Instant, int, int]] = deque(maxlen=TRAIL)
        revenue = next(measure for measure in MEASURES if measure.name == "revenue")
        moments = [now - number * TRAIL_STEP for number in range(TRAIL - 1, 0, -1)]
        starts = {moment: self._calendar.start_of("day", moment) for moment in moments}
        running = PartRunning(self._store, (*moments, *starts.values()), origins, where)
        for moment, start in starts.items():
            users = _users(self._store, active_window(moment), origins, where)["active"]
            found.append((moment, additive(revenue, running.over(Window(start, moment), origins)), users))
        return found


class PartRunning(Running):
    """Running totals of a part, counted from one named moment to the next."""

    def __init__(self, store: Store, moments: Iterable[Instant], origins: tuple[str, ...], where: Where) -> None:
        edges = sorted({ALL_TIME_START, *(max(moment, ALL_TIME_START) for moment in moments)})
        total = ZERO
        self._by = {ALL_TIME_START: total}
        for start, end in pairwise(edges):
            window = Window(start, end)
            cells = count(store, Query((), window, where=where, origins=origins), window, TOTALS, None)
            found = cells.get((None, ()), {})
            total = add(total, tuple(found.get(name, 0) for name in TOTALS))
            self._by[end] = total

    def before(self, moment: Instant, origins: Sequence[str]) -> Totals:
        return self._by[max(moment, ALL_TIME_START)]


def take(
    store: Store, calendar: Calendar, *, view: str, origins: tuple[str, ...], where: Where, seq: int, now: Instant,
    counts: Mapping[str, int], recent: Sequence[Event], newest_seq: int = 0,
) -> Snapshot:
    """Every measure over every period at `now`, of the part that the filters keep. Call it inside one `store.view()`."""
    compared = {name: calendar.compared(name, now) for name in SHOWN_PERIODS}
    windows = {name: calendar.window(name, now) for name in SHOWN_PERIODS}
    every = dict.fromkeys((*windows.values(), *(row[0] for row in compared.values() if row is not None)))
    edges = (now - MINUTE, *(edge for window in every for edge in (window.start, window.end)))
    running = PartRunning(store, edges, origins, where)
    figures = {window: _figures(store, running, window, origins, where) for window in every}
    top = peak_of(store, now, origins, where)
    periods: dict[str, PeriodFigures] = {}
    for name, window in windows.items():
        against = compared[name]
        periods[name] = PeriodFigures(
            window, figures[window], None if against is None else against[0], None if against is None else against[1],
            None if against is None else figures[against[0]],
        )  # fmt: skip
    return Snapshot(
        seq, view, origins, now, now, recent[0].at if recent else None, periods,
        active_now=_users(store, active_window(now), origins, where)["active"], peak=top.users, peak_at=top.at,
        recent=tuple(recent), per_minute=running.over(Window(now - MINUTE, now), origins)[TOTALS.index("events")],
        counts=counts, newest_seq=newest_seq,
    )  # fmt: skip


def kept_of(event: Event, where: Where) -> Event | None:
    """What somebody sees of an event: all of it, the lines of their products, or nothing."""
    for row in where:
        if row.dimension == "product":
            continue
        value: Value = getattr(event, DIMENSIONS[row.dimension].column)
        if (value in row.values) == row.negated:
            return None
    products = [row for row in where if row.dimension == "product"]
    if not products:
        return event
    lines = tuple(line for line in event.lines if all((line.product in row.values) != row.negated for row in products))
    if event.lines:
        return event._replace(lines=lines) if lines else None
    return event if all((None in row.values) != row.negated for row in products) else None


# --------------------------------------------------------------------------------------------------------------- inside


def _figures(
    store: Store, running: Running, window: Window, origins: tuple[str, ...], where: Where
) -> Mapping[str, float | None]:
    """Every measure that a period shows, by name."""
    sums, ever = running.over(window, origins), running.before(window.end, origins)
    values: dict[str, int | None] = {}
    for measure in MEASURES:
        if measure.how is How.SUM:
            values[measure.name] = additive(measure, sums)
        elif measure.how is How.LEVEL:
            values[measure.name] = additive(measure, ever)
    users = _users(store, window, origins, where)
    values["buyers"], values["active_users"] = users["buyers"], users["active"]
    return {**values, **{row.name: ratio(row, values) for row in RATIOS}}


def _users(store: Store, window: Window, origins: tuple[str, ...], where: Where) -> dict[str, int]:
    cells = count(store, Query((), window, where=where, origins=origins), window, ("buyers", "active"), None)
    return {"buyers": 0, "active": 0} | cells.get((None, ()), {})


def _latest(
    store: Store, origins: tuple[str, ...], where: Where, now: Instant, before: _Part | None, state: tuple[int, int]
) -> list[Event]:
    """The latest events of the part, newest first, some of which may be dated a little ahead."""
    log = store.events
    named: Callable[[Sequence[Event]], Sequence[Event]] = segments_of(store).named if names_segment((), where) else list
    if before is not None and before.state[0] == state[0]:
        if before.state == state:
            return before.pool
        new = log.newest(_PAGE, origins=origins, after_seq=before.state[1])
        if len(new) < _PAGE:
            seen = [kept for event in named(new) if (kept := kept_of(event, where)) is not None]
            return sorted((*seen, *before.pool), key=lambda event: -event.at)[: 2 * RECENT]
    found: dict[str, Event] = {}
    until: Instant | None = None
    for _ in range(LOOKED_THROUGH // _PAGE):
        page = log.newest(_PAGE, origins=origins, before=until)
        found |= {kept.id: kept for event in named(page) if (kept := kept_of(event, where)) is not None}
        if len(found) >= 2 * RECENT or len(page) < _PAGE:
            break
        # The page may have ended within an instant: the rest of it comes with the next, unless that is all there was.
        until = page[-1].at + (page[-1].at + 1 != until)
    return list(found.values())[: 2 * RECENT]
