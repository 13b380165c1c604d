"""Who was here: exact numbers of different users over moving windows, kept up to date as events arrive.

Bitmaps of what lies in whole minutes are kept for every window asked for, and follow the store by its newest events;
only the events of less than a minute at each end are looked at again. All of it can be thrown away at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant
from metrics_core.model.window import Window
from metrics_core.reads.peak import ACTIVE_FOR, Peak, peak_window
from metrics_core.rollup.tile import tile
from metrics_core.rollup.totals import Grain
from metrics_core.store.protocols import Sighting, Store

Ints: TypeAlias = npt.NDArray[np.int64]

_FORGET_AFTER = 10 * MINUTE
"""How long what nobody asked for is kept."""
_TOO_MANY = 300_000
"""So many new events at once are not followed one by one: everything is read again when it is asked for."""
_CHUNK = 50_000
_PARTS = 16
"""Pieces in which a minute is kept before they are put together."""
_BUYER, _ACTIVE, _CODES = 1, 2, 4
_FLAGS = {"buyers": _BUYER, "active": _ACTIVE}
_MARKS = ACTIVE_FOR // MINUTE


class _Seen:
    """Sightings side by side: when, by which user, and a tag of origin and flags."""

    __slots__ = ("at", "tag", "user")

    def __init__(self, at: Ints, user: Ints, tag: Ints) -> None:
        self.at, self.user, self.tag = at, user, tag

    def where(self, mask: npt.NDArray[np.bool_]) -> _Seen:
        return _Seen(self.at[mask], self.user[mask], self.tag[mask])

    def within(self, start: Instant, end: Instant) -> _Seen:
        return self.where((self.at >= start) & (self.at < end))

    def bitmap(self) -> BitMap:
        return BitMap(self.user.astype(np.uint32))

    def __len__(self) -> int:
        return len(self.at)


_Chosen: TypeAlias = tuple[str, tuple[str, ...]]
"""The name of a set, and the origins that count (none: all)."""


class Audience:
    """Different users over windows, as the store's state says at the last `catch_up`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._generation: int | None = None
        self._now: Instant = 0
        self._reset()

    def _reset(self) -> None:
        self._seq = -1
        self._codes: dict[str, int] = {}
        self._hours: dict[Instant, dict[Instant, list[_Seen]]] = {}
        self._unions: dict[tuple[_Chosen, Instant, Instant], BitMap] = {}
        self._marks: dict[tuple[str, ...], dict[Instant, BitMap]] = {}
        self._used: dict[object, Instant] = {}

    # ------------------------------------------------------------------------------------------------------- following

    def catch_up(self, now: Instant) -> None:
        """Take in what the store has now. Call it inside `store.view()`, and ask inside the same view."""
        generation, newest = self._store.generation(), self._store.newest_seq()
        if generation != self._generation or newest < self._seq or newest - self._seq > _TOO_MANY or now < self._now:
            self._reset()
            self._generation = generation
        self._now = now
        if self._seq < 0:
            self._seq = newest
        while self._seq < newest:
            new = self._store.events.sightings_since(self._seq, _CHUNK)
            if not new:
                break
            self._include(self._columns(new))
            self._seq = new[-1].seq
        self._seq = newest
        self._forget()

    def _include(self, new: _Seen) -> None:
        first, last = int(new.at.min()), int(new.at.max())
        for hour in np.unique(new.at // HOUR * HOUR).tolist():
            if hour in self._hours:
                _spread(self._hours[hour], new.within(hour, hour + HOUR))
        for (chosen, start, end), union in self._unions.items():
            if first < end and last >= start:
                union.update(self._of(new.within(start, end), chosen).bitmap())
        for origins, marks in self._marks.items():
            self._mark(self._of(new, ("active", origins)), marks)

    def _forget(self) -> None:
        old = [key for key, used in self._used.items() if used < self._now - _FORGET_AFTER]
        for key in old:
            del self._used[key]
            for kept in (self._hours, self._unions, self._marks):
                cast("dict[object, object]", kept).pop(key, None)
        since = self._now - 25 * HOUR
        for marks in self._marks.values():
            for mark in [mark for mark in marks if mark < since]:
                del marks[mark]

    # --------------------------------------------------------------------------------------------------------- answers

    def users(self, name: str, window: Window, origins: tuple[str, ...]) -> int:
        """Different users of a set (`buyers` or `active`) in a window, of these origins (none named: of all)."""
        chosen = (name, origins)
        start, end = -(-window.start // MINUTE) * MINUTE, window.end // MINUTE * MINUTE
        if start >= end:
            return len(self._detail(chosen, window.start, window.end))
        ends = self._detail(chosen, window.start, start) | self._detail(chosen, end, window.end)
        return int(self._minutes(chosen, start, end).union_cardinality(ends))

    def peak(self, at: Instant, origins: tuple[str, ...]) -> Peak:
        """The most users active at once at a minute mark in (at - 24 h, at], and the first such mark."""
        self._used[origins] = self._now
        if origins not in self._marks:
            marks = self._marks[origins] = {}
            window = peak_window(at)
            # Also what is dated a little ahead: its marks come with time, and it is not read again.
            for hour in range(window.start // HOUR * HOUR, window.end + HOUR, HOUR):
                cut = Window(max(hour, window.start), hour + HOUR)
                self._mark(self._of(self._columns(self._store.events.sightings(cut)), ("active", origins)), marks)
        best = Peak(0, None)
        for mark in range((at - DAY) // MINUTE * MINUTE + MINUTE, at + 1, MINUTE):
            there = self._marks[origins].get(mark)
            if there is not None and len(there) > best.users:
                best = Peak(len(there), mark)
        return best

    def _minutes(self, chosen: _Chosen, start: Instant, end: Instant) -> BitMap:
        """The users of whole minutes."""
        key = (chosen, start, end)
        if key not in self._unions:
            first, last = -(-start // HOUR) * HOUR, end // HOUR * HOUR
            if first < last:
                union = self._whole_hours(chosen, first, last).copy()
                union |= self._detail(chosen, start, first)
                union |= self._detail(chosen, last, end)
            else:
                union = self._detail(chosen, start, end)
            self._unions[key] = union
        self._used[key] = self._now
        return self._unions[key]

    def _whole_hours(self, chosen: _Chosen, start: Instant, end: Instant) -> BitMap:
        key = (chosen, start, end)
        if key not in self._unions:
            name, origins = chosen
            union = BitMap()
            for piece in tile(Window(start, end), (Grain.DAY, Grain.HOUR)):
                kept = self._store.totals.users(name, int(piece.grain or HOUR), Window(piece.start, piece.end))
                for (_, origin), users in kept.items():
                    if not origins or origin in origins:
                        union |= users
            self._unions[key] = union
        self._used[key] = self._now
        return self._unions[key]

    def _detail(self, chosen: _Chosen, start: Instant, end: Instant) -> BitMap:
        """The users of a stretch of less than some hours, from the sightings themselves."""
        users = BitMap()
        for hour in range(start // HOUR * HOUR, end, HOUR):
            if hour not in self._hours:
                kept: dict[Instant, list[_Seen]] = {}
                _spread(kept, self._columns(self._store.events.sightings(Window(hour, hour + HOUR))))
                self._hours[hour] = kept
            self._used[hour] = self._now
            minutes = self._hours[hour]
            first, last = max(hour, start) // MINUTE * MINUTE, min(hour + HOUR, end)
            for minute in range(first, last, MINUTE):
                for seen in minutes.get(minute, ()):
                    users |= self._of(seen.within(start, end), chosen).bitmap()
        return users

    # ----------------------------------------------------------------------------------------------------------- parts

    def _columns(self, sightings: Sequence[Sighting]) -> _Seen:
        tags = [
            self._codes.setdefault(row.origin, _CODES * (len(self._codes) + 1)) + row.buyer * _BUYER + row.active * _ACTIVE
            for row in sightings
        ]
        at = np.fromiter((row.at for row in sightings), np.int64, len(sightings))
        user = np.fromiter((row.user for row in sightings), np.int64, len(sightings))
        return _Seen(at, user, np.array(tags, np.int64))

    def _of(self, seen: _Seen, chosen: _Chosen) -> _Seen:
        """Those that belong to a set and to the origins that count."""
        name, origins = chosen
        mask = (seen.tag & _FLAGS[name]) > 0
        if origins:
            codes = [code for origin, code in self._codes.items() if origin in origins]
            mask &= np.isin(seen.tag // _CODES * _CODES, codes)
        return seen.where(mask)

    def _mark(self, seen: _Seen, marks: dict[Instant, BitMap]) -> None:
        """Make these users present at the marks m with m - 5 min < at <= m."""
        for minute, some in _by_minute(seen, -(-seen.at // MINUTE) * MINUTE):
            users = some.bitmap()
            for mark in range(minute, minute + _MARKS * MINUTE, MINUTE):
                marks.setdefault(mark, BitMap()).update(users)


def _spread(minutes: dict[Instant, list[_Seen]], seen: _Seen) -> None:
    for minute, some in _by_minute(seen, seen.at // MINUTE * MINUTE):
        there = minutes.setdefault(minute, [])
        there.append(some)
        if len(there) > _PARTS:
            there[:] = [_Seen(*(np.concatenate([getattr(part, name) for part in there]) for name in ("at", "user", "tag")))]


def _by_minute(seen: _Seen, minutes: Ints) -> Iterator[tuple[Instant, _Seen]]:
    """The sightings of each minute by itself."""
    if not len(seen):
        return
    order = np.argsort(minutes, kind="stable")
    at, user, tag, minutes = seen.at[order], seen.user[order], seen.tag[order], minutes[order]
    edges = [0, *(np.flatnonzero(np.diff(minutes)) + 1).tolist(), len(minutes)]
    for low, high in pairwise(edges):
        yield int(minutes[low]), _Seen(at[low:high], user[low:high], tag[low:high])
