"""Who was here: exact numbers of different users over moving windows, kept up to date as events arrive.

Bitmaps of what lies in whole minutes are kept for every window asked for, and follow the store by its newest events;
only the events of less than a minute at each end are looked at again. All of it can be thrown away at any time.
"""

from __future__ import annotations

from array import array
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
Users: TypeAlias = npt.NDArray[np.uint32]

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

    def __init__(self, at: Ints, user: Users, tag: Ints) -> None:
        self.at, self.user, self.tag = at, user, tag

    def where(self, mask: npt.NDArray[np.bool_]) -> _Seen:
        return _Seen(self.at[mask], self.user[mask], self.tag[mask])

    def within(self, start: Instant, end: Instant) -> _Seen:
        return self.where((self.at >= start) & (self.at < end))

    def bitmap(self) -> BitMap:
        return BitMap(array("I", self.user.tobytes()))

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
        self._counted: dict[_Chosen, npt.NDArray[np.bool_]] = {}
        self._hours: dict[Instant, dict[Instant, list[_Seen]]] = {}
        self._unions: dict[tuple[_Chosen, Instant, Instant], BitMap] = {}
        self._marks: dict[tuple[str, ...], _Marks] = {}
        self._used: dict[object, Instant] = {}

    # ------------------------------------------------------------------------------------------------------- following

    def catch_up(self, generation: int, newest: int, now: Instant) -> None:
        """Take in what the store has now, up to its newest event. Call it and ask inside one `store.view()`."""
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
            marks.include(self._of(new, ("active", origins)))

    def _forget(self) -> None:
        old = [key for key, used in self._used.items() if used < self._now - _FORGET_AFTER]
        for key in old:
            del self._used[key]
            for kept in (self._hours, self._unions, self._marks):
                cast("dict[object, object]", kept).pop(key, None)
        for marks in self._marks.values():
            marks.forget(self._now - DAY)

    # --------------------------------------------------------------------------------------------------------- answers

    def users(self, name: str, window: Window, origins: tuple[str, ...]) -> int:
        """Different users of a set (`buyers` or `active`) in a window, of these origins (none named: of all)."""
        chosen = (name, origins)
        start, end = -(-window.start // MINUTE) * MINUTE, window.end // MINUTE * MINUTE
        if start >= end:
            return len(self._detail(chosen, window.start, window.end))
        whole = self._minutes(chosen, start, end)
        ends = self._detail(chosen, window.start, start) | self._detail(chosen, end, window.end)
        return int(whole.union_cardinality(ends)) if ends else len(whole)

    def peak(self, at: Instant, origins: tuple[str, ...]) -> Peak:
        """The most users active at once at a minute mark in (at - 24 h, at], and the first such mark."""
        self._used[origins] = self._now
        if origins not in self._marks:
            marks = self._marks[origins] = _Marks()
            window = peak_window(at)
            # Also what is dated a little ahead: its marks come with time, and it is not read again.
            for hour in range(window.start // HOUR * HOUR, window.end + HOUR, HOUR):
                cut = Window(max(hour, window.start), hour + HOUR)
                marks.include(self._of(self._columns(self._store.events.sightings(cut)), ("active", origins)))
        return self._marks[origins].best(at - DAY, at)

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
        """The users of a stretch of some minutes, from the sightings themselves."""
        parts = []
        for minute in range(start // MINUTE * MINUTE, end, MINUTE):
            seen = self._minute(minute)
            if seen is not None:
                parts.append(seen if start <= minute and minute + MINUTE <= end else seen.within(start, end))
        return self._of(_together(parts), chosen).bitmap() if parts else BitMap()

    def _minute(self, minute: Instant) -> _Seen | None:
        hour = minute // HOUR * HOUR
        if hour not in self._hours:
            kept: dict[Instant, list[_Seen]] = {}
            _spread(kept, self._columns(self._store.events.sightings(Window(hour, hour + HOUR))))
            self._hours[hour] = kept
        self._used[hour] = self._now
        parts = self._hours[hour].get(minute)
        if parts is None:
            return None
        if len(parts) > 1:
            parts[:] = [_together(parts)]
        return parts[0]

    # ----------------------------------------------------------------------------------------------------------- parts

    def _columns(self, sightings: Sequence[Sighting]) -> _Seen:
        if not sightings:
            return _Seen(np.empty(0, np.int64), np.empty(0, np.uint32), np.empty(0, np.int64))
        _, at, user, origin, buyer, active = zip(*sightings, strict=True)
        for one in set(origin) - set(self._codes):
            self._codes[one] = _CODES * len(self._codes)
        code = np.array([self._codes[one] for one in origin], np.int64)
        tag = code + np.array(buyer, np.int64) * _BUYER + np.array(active, np.int64) * _ACTIVE
        return _Seen(np.array(at, np.int64), np.array(user, np.uint32), tag)

    def _of(self, seen: _Seen, chosen: _Chosen) -> _Seen:
        """Those that belong to a set and to the origins that count."""
        return seen.where(self._counts(chosen)[seen.tag])

    def _counts(self, chosen: _Chosen) -> npt.NDArray[np.bool_]:
        """For each tag, whether it belongs."""
        size = _CODES * len(self._codes)
        if chosen not in self._counted or len(self._counted[chosen]) < size:
            name, origins = chosen
            table = np.zeros(size, np.bool_)
            for origin, code in self._codes.items():
                for flags in range(_CODES):
                    table[code + flags] = bool(flags & _FLAGS[name]) and (not origins or origin in origins)
            self._counted[chosen] = table
        return self._counted[chosen]


class _Marks:
    """Who was active at each whole minute."""

    def __init__(self) -> None:
        self._users: dict[Instant, BitMap] = {}
        self._sizes: dict[Instant, int] = {}

    def include(self, seen: _Seen) -> None:
        """Make these users present at the marks m with m - 5 min < at <= m."""
        for minute, some in _by_minute(seen, -(-seen.at // MINUTE) * MINUTE):
            users = some.bitmap()
            for mark in range(minute, minute + _MARKS * MINUTE, MINUTE):
                there = self._users.setdefault(mark, BitMap())
                there |= users
                self._sizes[mark] = len(there)

    def best(self, after: Instant, until: Instant) -> Peak:
        """The most users at a mark in (after, until], and the first such mark."""
        there = [(-users, mark) for mark, users in self._sizes.items() if after < mark <= until]
        if not there:
            return Peak(0, None)
        users, mark = min(there)
        return Peak(-users, mark)

    def forget(self, until: Instant) -> None:
        for mark in [mark for mark in self._sizes if mark <= until]:
            del self._users[mark], self._sizes[mark]


def _spread(minutes: dict[Instant, list[_Seen]], seen: _Seen) -> None:
    for minute, some in _by_minute(seen, seen.at // MINUTE * MINUTE):
        there = minutes.setdefault(minute, [])
        there.append(some)
        if len(there) > _PARTS:
            there[:] = [_together(there)]


def _together(parts: Sequence[_Seen]) -> _Seen:
    if len(parts) == 1:
        return parts[0]
    return _Seen(
        np.concatenate([part.at for part in parts]), np.concatenate([part.user for part in parts]),
        np.concatenate([part.tag for part in parts]),
    )  # fmt: skip


def _by_minute(seen: _Seen, minutes: Ints) -> Iterator[tuple[Instant, _Seen]]:
    """The sightings of each minute by itself."""
    if not len(seen):
        return
    order = np.argsort(minutes, kind="stable")
    at, user, tag, minutes = seen.at[order], seen.user[order], seen.tag[order], minutes[order]
    edges = [0, *(np.flatnonzero(np.diff(minutes)) + 1).tolist(), len(minutes)]
    for low, high in pairwise(edges):
        yield int(minutes[low]), _Seen(at[low:high], user[low:high], tag[low:high])
