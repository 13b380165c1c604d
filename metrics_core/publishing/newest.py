"""The newest snapshot of every view that somebody looks at, with the curves and points beside it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from time import monotonic, perf_counter
from typing import Any, Protocol

from metrics_core.access.roles import require
from metrics_core.clock import Clock
from metrics_core.errors import StoreAwayError
from metrics_core.feed.bodies import live_body, origin_body
from metrics_core.feed.message import metrics_of
from metrics_core.health import METERS
from metrics_core.model.access import LOCAL, Principal
from metrics_core.model.instant import SECOND, Instant
from metrics_core.model.snapshot import Snapshot
from metrics_core.model.window import Calendar
from metrics_core.publishing.carried import packed, unpacked
from metrics_core.reads.curves import curves
from metrics_core.reads.narrow import Parts
from metrics_core.reads.snapshot import Snapshots, moment_of
from metrics_core.store.protocols import Store

TICK_SECONDS = 2.5
"""A snapshot at least this often: windows move even when nothing arrives."""
STALE_SECONDS = 4.0
"""Who follows says that its figures are old when nothing newer came for so long."""
WAIT_SECONDS = 1.5
"""So long a first look at a view waits for the replica that computes it."""
RENEW_SECONDS = 0.06
"""So long whoever wants a newer one than we have waits for the replica that computes it."""
TRAIL = 20
TRAIL_STEP = int(TICK_SECONDS * SECOND)


UNNUMBERED = 0
"""Instead of a number, what no snapshot of all replicas has the figures of."""
CURVES = ".curves"
"""Ends the name of a letter with curves; the others are called as the view they hold."""


class Peers(Protocol):
    """The other replicas, as far as snapshots go."""

    @property
    def joined(self) -> bool:
        """Whether we are one of several: then one leads, and the others hand out what it computes."""
        ...

    @property
    def leads(self) -> bool: ...

    def number(self) -> int:
        """The number of the next snapshot of all replicas."""
        ...

    def post(self, name: str, letter: dict[str, Any]) -> None: ...

    def want(self) -> None:
        """Somebody looks here at what nobody looked at before."""
        ...


class Newest:
    """Takes snapshots when something changed, each once for everybody. Safe from several threads."""

    def __init__(
        self, store: Store, calendar: Calendar, clock: Clock, *, currency: str, digits: int, peers: Peers | None = None
    ) -> None:
        self._store = store
        self._calendar = calendar
        self._clock = clock
        self._currency = currency
        self._digits = digits
        self._snapshots = Snapshots(store, calendar)
        self._peers = peers
        self._lock = threading.RLock()
        self._came = threading.Condition(self._lock)
        self._fence = 0
        self._heard_at: Instant | None = None
        """When the last letter came, while we follow."""
        self._carried: set[str] = set()
        """The views whose newest snapshot has a number of all replicas: it came in a letter, or was sent in one."""
        self._alone: set[str] = set()
        """The views that were computed here while no letter of them came: without a number of their own."""
        self._looked: dict[str, Instant] = {}
        """The names of what was looked at here while we follow, and when."""
        self._asked: dict[str, float] = {}
        """The views that were asked for before any letter of them came, and since when."""
        self._seq = 0
        self._taken: dict[str, Snapshot] = {}
        self._curves: dict[str, tuple[Snapshot, dict[str, Any]]] = {}
        self._trails: dict[str, deque[tuple[Instant, int, int]]] = {}
        self._fresh: set[str] = set()
        """The views whose snapshot was taken since something changed."""
        self._parts = Parts(store, calendar, clock, whole=self.snapshot, number=self._next_seq, renew=self._awaited)
        self.away_since: Instant | None = None
        """Since when the database does not answer."""

    @property
    def through(self) -> int:
        """The number of the newest event that a snapshot has taken in."""
        return self._snapshots.newest

    @property
    def follows(self) -> bool:
        """Whether another replica computes what is handed out here."""
        return self._peers is not None and self._peers.joined and not self._peers.leads

    def has(self, view: str) -> bool:
        """Whether it can be handed out without waiting for another replica."""
        return not self.follows or view in self._taken

    @property
    def latest(self) -> Snapshot | None:
        """The newest snapshot of all views."""
        return max(self._taken.values(), key=lambda row: row.as_of, default=None)

    def changed(self) -> None:
        """What was taken by now is old."""
        self._fresh.clear()

    def renew(self) -> None:
        """Have the next snapshot taken anew; where another replica takes it, wait a moment for what it sends."""
        if not self.follows:
            self.changed()
            return
        with self._came:
            self._came.wait(RENEW_SECONDS)

    def store_answers(self, *, well: bool) -> bool:
        """Note whether the database answers, while nothing is computed here; whether that has changed."""
        was = self.away_since is None
        if well:
            self.away_since = None
        else:
            self.away_since = self.away_since or self._clock.now()
        return was != well

    def snapshot(self, view: str = "real") -> Snapshot:
        """The newest snapshot of a view. While the store is away it is the last one; StoreAwayError where there is none."""
        with self._lock:
            if self.follows and (found := self._following(view)) is not None:
                return found
            kept = self._taken.get(view)
            fresh = kept is not None and view in self._fresh and self._clock.now() - kept.as_of < 2 * TICK_SECONDS * SECOND
            if kept is not None and fresh:
                return kept
            try:
                return self._take(view)
            except StoreAwayError:
                self._fresh.discard(view)
                self.away_since = self.away_since or self._clock.now()
                if kept is None:
                    raise
                return kept

    def live(self, view: str = "real", who: Principal = LOCAL) -> dict[str, Any]:
        """The body of the `live` message of a view, of the part of it that is theirs to see who ask."""
        require(who, "look")
        if who.filters:
            snapshot, trail = self._parts.newest(view, who.filters)
        else:
            snapshot = self.snapshot(view)
            trail = tuple(self._trails.get(view, ()))
        body = live_body(
            snapshot, trail=trail, currency=self._currency, digits=self._digits, zone=self._calendar.zone.key,
            stale=self.stale(),
        )  # fmt: skip
        return {**body, "origin": _narrowed(body["origin"])} if who.filters else body

    def origin(self, view: str = "real", who: Principal = LOCAL) -> dict[str, Any]:
        """Which data a view shows, as messages and answers say it."""
        body = origin_body(self.snapshot(view))
        return _narrowed(body) if who.filters or who.link else body

    def curves(self, view: str = "real", who: Principal = LOCAL) -> dict[str, Any]:
        """The body of the `curves` message of a view; it changes with every tick, not with every commit."""
        require(who, "look")
        scale = 10**self._digits
        if who.filters:
            return self._parts.curves(view, who.filters, scale)
        with self._lock:
            snapshot = self.snapshot(view)
            kept = self._curves.get(view)
            good = (3 if self.follows else 1) * TICK_SECONDS * SECOND
            if self.follows:
                self._looked[view + CURVES] = self._clock.now()
            if kept is not None and snapshot.as_of - kept[0].as_of < good:
                return kept[1]
            body = curves(
                self._store, self._calendar, origins=snapshot.origins, seq=snapshot.seq, now=snapshot.as_of, scale=scale,
            )  # fmt: skip
            self._curves[view] = (snapshot, body)
            self._post(view + CURVES, {"seq": snapshot.seq, "view": view, "body": body})
            return body

    def message(self, topic: str, view: str, who: Principal = LOCAL) -> dict[str, Any]:
        """The body of a message of a topic, for somebody."""
        if topic == "curves":
            return self.curves(view, who)
        live = self.live(view, who)
        return metrics_of(live) if topic == "metrics" else live

    def stale(self) -> tuple[Instant, str] | None:
        """Since when the figures are old, and why; None while they are not."""
        if self.away_since is not None:
            return self.away_since, "The database does not answer."
        if self.follows and self._heard_at is not None and self._age(self._heard_at) > STALE_SECONDS * SECOND:
            return self._heard_at, "The replica that computes the figures has fallen silent; another one takes over."
        return None

    # -------------------------------------------------------------------------------------------------- other replicas

    def receive(self, name: str, letter: Mapping[str, Any]) -> bool:
        """Take in a letter of whoever leads; whether it brought something newer. What an earlier leader says is left."""
        view = str(letter["view"])
        with self._lock:
            kept = self._taken.get(view)
            if letter["fence"] < self._fence:
                return False
            self._fence, self._heard_at = letter["fence"], self._clock.now()
            if name.endswith(CURVES):
                if kept is not None:
                    self._curves[view] = (kept, dict(letter["body"]))
                return kept is not None
            if kept is not None and view in self._carried and letter["seq"] <= kept.seq:
                return False
            snapshot, trail = unpacked(letter)
            self._taken[view], self._trails[view] = snapshot, deque(trail, maxlen=TRAIL)
            self._carried.add(view)
            self._alone.discard(view)
            self._seq = max(self._seq, snapshot.seq)
            self._came.notify_all()
            return True

    def looked(self) -> set[str]:
        """The names of what was looked at here lately: of these we need letters."""
        with self._lock:
            self._looked = {name: at for name, at in self._looked.items() if self._age(at) < 30 * SECOND}
            return {*self._looked, "real"}

    def _following(self, view: str) -> Snapshot | None:
        """What the leader computed last; None where nothing comes and it has to be computed here, without telling others."""
        self._looked[view] = self._clock.now()
        if view not in self._taken and self._peers is not None:
            if view not in self._asked:
                self._asked[view] = monotonic()
                self._peers.want()
            left = self._asked[view] + WAIT_SECONDS - monotonic()
            self._came.wait_for(lambda: view in self._taken, max(0.0, left))
        kept = self._taken.get(view)
        if view in self._alone and kept is not None and self._age(kept.as_of) > TICK_SECONDS * SECOND:
            return None
        return kept

    def _post(self, name: str, letter: dict[str, Any]) -> None:
        if self._peers is not None and self._peers.leads:
            self._peers.post(name, letter)

    def _age(self, at: Instant) -> Instant:
        return self._clock.now() - at

    # ------------------------------------------------------------------------------------------------------------ taking

    def _take(self, view: str) -> Snapshot:
        started = perf_counter()
        now = moment_of(self._clock.now())
        self._fresh.add(view)
        numbered = self._peers is not None and self._peers.leads
        snapshot = self._snapshots.take(view=view, seq=self._next_seq(), now=now)
        METERS.snapshot_seconds.observe(perf_counter() - started)
        self.away_since = None
        kept = self._taken.get(view)
        self._taken[view] = snapshot
        # Who led may be shown its own letter again, which need not be the last: not all were written when it went.
        (self._carried.add if numbered else self._carried.discard)(view)
        (self._alone.add if self.follows and not numbered else self._alone.discard)(view)
        self._heard_at = None
        if view not in self._trails or (kept is not None and kept.origins != snapshot.origins):
            # Other data than a moment ago (the first real record came): points of the two are not one line.
            before = [now - number * TRAIL_STEP for number in range(TRAIL - 1, 0, -1)]
            self._trails[view] = deque(self._snapshots.trail(before, snapshot.origins, now), maxlen=TRAIL)
        trail = self._trails[view]
        point = (now, int(snapshot.periods["today"].figures["revenue"] or 0), snapshot.active_now)
        if not trail or trail[-1][1:] != point[1:] or now - trail[-1][0] >= SECOND:
            trail.append(point)
        self._post(view, packed(snapshot, trail))
        return snapshot

    def _next_seq(self) -> int:
        with self._lock:
            if self._peers is None or not self._peers.joined:
                self._seq += 1
            elif self._peers.leads:
                self._seq = max(self._seq + 1, self._peers.number())
            else:
                # Who follows and has to help itself gives no numbers: under one of the leader there are its figures only.
                return UNNUMBERED
            return self._seq

    def _awaited(self) -> bool:
        """Wait a moment for what the leader sends; whether there is anything to wait for."""
        if self.follows:
            self.renew()
        return self.follows


def _narrowed(origin: dict[str, Any]) -> dict[str, Any]:
    """How much there is of everything is nothing for those who see a part of it."""
    return {**origin, "counts": {}}
