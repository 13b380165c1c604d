"""Verify: hold what is kept against a recount from the events. Rebuild: put the recount in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyroaring import BitMap

from metrics_core.model.instant import DAY, Instant, iso
from metrics_core.model.measure import TOTALS
from metrics_core.model.window import Window
from metrics_core.rollup.fold import Folded, fold
from metrics_core.rollup.totals import ROLLUPS, SET_GRAINS, SETS, ZERO, Grain, Key, Totals
from metrics_core.store.protocols import Store

Progress = Callable[[int, int], None]
MEND = "python -m metrics_core verify --rebuild"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold: what was expected, what was found, and the command that mends it."""

    name: str
    expected: str
    found: str
    ok: bool
    mend: str | None = None


def verify(store: Store, progress: Progress | None = None) -> list[Check]:
    """Every kept total and set against a recount of the events of its day, and the invariants of the log."""
    wrong_totals = wrong_sets = totals = sets = events = 0
    example = ""
    pending = 0
    with store.view():
        days = _days(store)
        for done, day in enumerate(days):
            counted, number = _recount(store, day)
            events += number
            kept = kept_totals(store, day)
            right = {row[:5]: row.totals for row in counted.rows}
            totals += len(right)
            for place in kept.keys() | right.keys():
                if kept.get(place) != right.get(place):
                    wrong_totals += 1
                    example = example or f"{','.join(place[0]) or 'all'} {iso(place[2])} {place[3]}"
            pending += sum(
                row.totals[0] - row.totals[1] - row.totals[2] for row in counted.rows if row.by == () and row.grain == DAY
            )
            named = kept_sets(store, day)
            right_sets = {row[:4]: row.users for row in counted.sets}
            sets += len(right_sets)
            spots = named.keys() | right_sets.keys()
            wrong_sets += sum(named.get(spot) != right_sets.get(spot) for spot in spots)
            if progress is not None:
                progress(done + 1, len(days))
        logged = sum(number for number, _, _ in store.events.count().values())
        outside = _outside(store, days)
    return [
        Check("Events counted in totals are the events in the log", f"{events:,}", f"{logged:,}", events == logged, MEND),
        Check(
            "Every total equals a recount from its events", f"{totals:,} right",
            f"{totals:,} right" if not wrong_totals else f"{wrong_totals:,} wrong, such as {example}",
            not wrong_totals, MEND,
        ),
        Check(
            "Every set of users equals a recount from its events", f"{sets:,} right",
            f"{sets:,} right" if not wrong_sets else f"{wrong_sets:,} wrong", not wrong_sets, MEND,
        ),
        Check("No total stands on a day without events", "0", f"{outside:,}", not outside, MEND),
        Check("No more orders are settled than were placed", "0 or more pending", f"{pending:,} pending", pending >= 0),
    ]  # fmt: skip


def rebuild(store: Store, progress: Progress | None = None) -> None:
    """Fold every day again from its events and put that in the place of its totals and sets."""
    days = _days(store)
    if not days:
        store.totals.replace(Window(0, 1 << 62), (), ())
    for done, day in enumerate(days):
        counted, _ = _recount(store, day)
        store.totals.replace(day, counted.rows, counted.sets)
        if progress is not None:
            progress(done + 1, len(days))


def _days(store: Store) -> list[Window]:
    ends = [(first, last) for _, first, last in store.events.count().values()]
    if not ends:
        return []
    first, last = min(end[0] for end in ends), max(end[1] for end in ends)
    return [Window(day, day + DAY) for day in range(first - first % DAY, last + 1, DAY)]


def _recount(store: Store, day: Window) -> tuple[Folded, int]:
    events = [event for chunk in store.events.scan(day) for event in chunk]
    return fold(events), len(events)


def kept_totals(store: Store, day: Window) -> dict[tuple[tuple[str, ...], Grain, Instant, str, Key], Totals]:
    """Every total of the buckets that start on a day, by its place; those that come to nothing are left out."""
    rows = (row for rollup in ROLLUPS for grain in rollup.grains for row in store.totals.rows(rollup.by, grain, day))
    return {row[:5]: row.totals for row in rows if row.totals != ZERO}


def kept_sets(store: Store, day: Window) -> dict[tuple[str, Grain, Instant, str], frozenset[str]]:
    """Every set of users of the buckets that start on a day, by its place, with their names."""
    found: dict[tuple[str, Grain, Instant, str], frozenset[str]] = {}
    for name in SETS:
        for grain in SET_GRAINS:
            kept = store.totals.users(name, grain, day)
            names = store.totals.names(BitMap().union(*kept.values()))
            for (start, origin), users in kept.items():
                if users:
                    found[name, grain, start, origin] = frozenset(names[user] for user in users if user in names)
    return found


def _outside(store: Store, days: list[Window]) -> int:
    """Events that totals claim for days on which the log has none."""
    ends: tuple[Instant, Instant] = (days[0].start, days[-1].end) if days else (0, 0)
    around = (Window(0, ends[0]), Window(ends[1], 1 << 62))
    place = TOTALS.index("events")
    return sum(row.totals[place] for window in around for row in store.totals.rows((), DAY, window))


