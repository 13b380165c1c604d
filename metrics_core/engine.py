"""The engine: builds every part from the settings, runs them, lets them go. The one place where parts meet."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from metrics_core.access.tickets import Tickets
from metrics_core.clock import Clock, SystemClock
from metrics_core.dashboards.board import Boards, Looks
from metrics_core.dashboards.links import Links
from metrics_core.dashboards.presets import Presets
from metrics_core.dashboards.sharing import Shares
from metrics_core.dashboards.shelf import Shelf
from metrics_core.errors import StoreAwayError
from metrics_core.feed.bodies import live_body, origin_body
from metrics_core.feed.hub import Hub
from metrics_core.feed.message import encode, metrics_of
from metrics_core.health import DEGRADED, DOWN, METERS, OK, Part, report_of
from metrics_core.ingest.admit import Admission
from metrics_core.ingest.files import ImportReport, import_file
from metrics_core.ingest.sources.generator import Generated, generate
from metrics_core.ingest.sources.simulator import Simulator, SimulatorSettings
from metrics_core.ingest.writer import Writer
from metrics_core.jobs import verify as checks
from metrics_core.jobs.verify import Check as Check
from metrics_core.logs import log
from metrics_core.model.access import LOCAL, Principal
from metrics_core.model.event import ACTIVITY, LIVE, Receipt
from metrics_core.model.instant import MINUTE, SECOND, Instant, iso
from metrics_core.model.query import Query, Result
from metrics_core.model.snapshot import Snapshot
from metrics_core.model.window import Window
from metrics_core.reads.answer import answer
from metrics_core.reads.ask import read_question
from metrics_core.reads.curves import curves
from metrics_core.reads.snapshot import Snapshots
from metrics_core.reads.views import kept_events, origins_of
from metrics_core.settings import Settings
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from metrics_core.synth.sample import sample
from metrics_core.widgets.kinds import WIDGETS

TICK_SECONDS = 2.5
"""A snapshot at least this often: windows move even when nothing arrives."""
NOTICE_SECONDS = 0.25
"""How often the store is asked whether another process wrote."""
BUSY = 1_000
"""With more records than this waiting to be written, snapshots are taken less often."""
TRAIL = 20
TRAIL_STEP = int(TICK_SECONDS * SECOND)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Purge:
    """What a purge removed, and the proof that what stayed did not move."""

    removed: int
    before: dict[str, int]
    """Events by origin that were to stay."""
    after: dict[str, int]
    unchanged: bool


class Engine:
    """Takes records in, answers questions, and keeps the newest snapshot of every view that somebody looks at."""

    def __init__(self, settings: Settings | None = None, *, clock: Clock | None = None, store: Store | None = None) -> None:
        self.settings = settings or Settings()
        self.clock = clock or SystemClock()
        self.calendar = self.settings.calendar
        self.store = store or connect(self.settings.database_url)
        self.hub = Hub(self.settings.websocket_max_connections)
        self._admission = Admission(self.settings.currency_digits, self.settings.currency)
        self._changed = threading.Event()
        self._wake: Callable[[], None] | None = None
        self._writer = Writer(self.store, limit=self.settings.inbox_limit, committed=self._on_commit)
        self.simulator = Simulator(
            self.accept, clock=self.clock, zone=self.settings.zone, digits=self.settings.currency_digits,
            next_number=self.next_run_number,
        )  # fmt: skip
        self._snapshots = Snapshots(self.store, self.calendar)
        catalog = self.store.catalog
        self.tickets = Tickets(catalog, self.clock)
        self.shares = Shares(catalog, self.clock)
        self.shelf = Shelf(catalog, self.clock, shares=self.shares, kinds=WIDGETS, zone=self.calendar.zone)
        self.links = Links(catalog, self.clock)
        self.presets = Presets(catalog, self.clock)
        looks = Looks(self.snapshot, origin_body, lambda: self._away_since)
        self.boards = Boards(self.store, looks, self.settings, self.clock, shares=self.shares, kinds=WIDGETS)
        self._lock = threading.RLock()
        self._seq = 0
        self._taken: dict[str, Snapshot] = {}
        self._curves: dict[str, tuple[Snapshot, dict[str, Any]]] = {}
        self._trails: dict[str, deque[tuple[Instant, int, int]]] = {}
        self._fresh: set[str] = set()
        """The views whose snapshot was taken since something changed."""
        self._away_since: Instant | None = None
        self._ticked_at: Instant | None = None

    # ---------------------------------------------------------------------------------------------------------- records

    def submit(
        self, records: Sequence[object], *, record: str | None = None, source: str = "api", origin: str = LIVE,
        run_id: str | None = None, zone: ZoneInfo | None = None,
    ) -> Future[Receipt]:
        """Admit these records now and answer once they are on disk. BusyError when the inbox is full."""
        admitted = self._admission.admit(
            records, record=record, source=source, origin=origin, run_id=run_id, now=self.clock.now(), zone=zone
        )
        for refusal in admitted.refused:
            METERS.refused.labels(refusal.step).inc()
        self._writer.start()
        return self._writer.submit(admitted.events, admitted.indexes, admitted.refused)

    def accept(
        self, records: Sequence[object], *, record: str | None = None, source: str = "api", origin: str = LIVE,
        run_id: str | None = None, zone: ZoneInfo | None = None,
    ) -> Receipt:
        """Take records in; the receipt comes after the commit that holds them."""
        return self.submit(records, record=record, source=source, origin=origin, run_id=run_id, zone=zone).result()

    async def accept_async(
        self, records: Sequence[object], *, record: str | None = None, source: str = "api", origin: str = LIVE,
        run_id: str | None = None, zone: ZoneInfo | None = None,
    ) -> Receipt:
        """`accept` for an event loop, which it does not hold up."""
        return await asyncio.wrap_future(
            self.submit(records, record=record, source=source, origin=origin, run_id=run_id, zone=zone)
        )

    # -------------------------------------------------------------------------------------------------------- questions

    def ask(self, question: object, who: Principal = LOCAL) -> Result:
        """The answer to a question as the API takes it. BadRequestError where it cannot be understood."""
        return self.answer(self.read(question), who)

    def read(self, question: object) -> Query:
        """The Query a question means at this moment."""
        return read_question(question, calendar=self.calendar, now=self.clock.now(), shown=self.shown)

    def answer(self, query: Query, who: Principal = LOCAL) -> Result:
        """The answer to a Query, of the part of the data that is theirs to see who ask."""
        return answer(self.store, replace(query, where=(*query.where, *who.filters)), as_of=self.clock.now())

    def shown(self, view: str) -> tuple[str, ...]:
        """The origins a view shows: `real` is live and imported data, or whatever there is while there is none of it."""
        return origins_of(view, kept_events(self.store))

    # --------------------------------------------------------------------------------------------------------- snapshot

    def snapshot(self, view: str = "real") -> Snapshot:
        """The newest snapshot of a view. While the store is away it is the last one; StoreAwayError where there is none."""
        with self._lock:
            kept = self._taken.get(view)
            fresh = kept is not None and view in self._fresh and self.clock.now() - kept.as_of < 2 * TICK_SECONDS * SECOND
            if kept is not None and fresh:
                return kept
            try:
                return self._take(view)
            except StoreAwayError:
                self._fresh.discard(view)
                self._away_since = self._away_since or self.clock.now()
                if kept is None:
                    raise
                return kept

    def live(self, view: str = "real") -> dict[str, Any]:
        """The body of the `live` message of a view."""
        snapshot = self.snapshot(view)
        stale = None if self._away_since is None else (self._away_since, "The database does not answer.")
        return live_body(
            snapshot, trail=tuple(self._trails.get(view, ())), currency=self.settings.currency,
            digits=self.settings.currency_digits, zone=self.calendar.zone.key, stale=stale,
        )  # fmt: skip

    def origin(self, view: str = "real") -> dict[str, Any]:
        """Which data a view shows, as messages and answers say it."""
        return origin_body(self.snapshot(view))

    def curves(self, view: str = "real") -> dict[str, Any]:
        """The body of the `curves` message of a view; it changes with every tick, not with every commit."""
        with self._lock:
            snapshot = self.snapshot(view)
            kept = self._curves.get(view)
            if kept is not None and snapshot.as_of - kept[0].as_of < TICK_SECONDS * SECOND:
                return kept[1]
            body = curves(
                self.store, self.calendar, origins=snapshot.origins, seq=snapshot.seq, now=snapshot.as_of,
                scale=10**self.settings.currency_digits,
            )  # fmt: skip
            self._curves[view] = (snapshot, body)
            return body

    def latest_users(self) -> list[dict[str, Any]]:
        """The latest activity of each user who was active within the threshold, newest first."""
        now = self.clock.now()
        threshold = Window(now - int(self.settings.active_threshold_minutes * MINUTE), now + 5 * MINUTE)
        latest: dict[str, dict[str, Any]] = {}
        for chunk in self.store.events.scan(threshold, kinds=(ACTIVITY,)):
            for event in chunk:
                if event.user is not None:
                    said = dict(event.payload or {})
                    latest[event.user] = {**said, "userId": event.user, "timestamp": iso(event.at), "origin": event.origin}
        return sorted(latest.values(), key=lambda row: str(row["timestamp"]), reverse=True)

    def _take(self, view: str) -> Snapshot:
        started = perf_counter()
        now = self.clock.now()
        self._fresh.add(view)
        self._seq += 1
        snapshot = self._snapshots.take(view=view, seq=self._seq, now=now)
        METERS.snapshot_seconds.observe(perf_counter() - started)
        self._away_since = None
        kept = self._taken.get(view)
        self._taken[view] = snapshot
        if view not in self._trails or (kept is not None and kept.origins != snapshot.origins):
            # Other data than a moment ago (the first real record came): points of the two are not one line.
            before = [now - number * TRAIL_STEP for number in range(TRAIL - 1, 0, -1)]
            self._trails[view] = deque(self._snapshots.trail(before, snapshot.origins, now), maxlen=TRAIL)
        trail = self._trails[view]
        point = (now, int(snapshot.periods["today"].figures["revenue"] or 0), snapshot.active_now)
        if not trail or trail[-1][1:] != point[1:] or now - trail[-1][0] >= SECOND:
            trail.append(point)
        return snapshot

    # ------------------------------------------------------------------------------------------------------------- work

    def verify(self, progress: Progress | None = None) -> list[Check]:
        """Everything that must hold, checked now against a recount from the events."""
        return checks.verify(self.store, progress)

    def rebuild(self, progress: Progress | None = None) -> None:
        """Count every total again from the events."""
        checks.rebuild(self.store, progress)
        self._on_commit()

    def forget(self, *, origins: Sequence[str] = (), run_id: str | None = None) -> Purge:
        """Remove made-up data (or clear everything), and prove that what stays did not move."""
        going = set(origins)
        before = kept_events(self.store)
        removed = self.store.events.forget(origins=tuple(origins), run_id=run_id)
        after = kept_events(self.store)
        if run_id is not None:
            unchanged = sum(before.values()) - removed == sum(after.values())
        else:
            unchanged = all(after.get(name, 0) == number for name, number in before.items() if going and name not in going)
        self._on_commit()
        return Purge(removed, before, after, unchanged)

    def generate(self, days: int = 30, seed: int = 1, progress: Progress | None = None, **how: Any) -> Generated:
        """Fill in demo data for the days up to now."""
        return generate(
            self.accept, now=self.clock.now(), zone=self.settings.zone, digits=self.settings.currency_digits, days=days,
            seed=seed, progress=progress, **how,
        )  # fmt: skip

    def sample(self) -> Receipt:
        """A handful of demo records, now."""
        records = sample(now=self.clock.now(), zone=self.settings.zone, digits=self.settings.currency_digits)
        return self.accept(records, source="sample", origin="demo", run_id="sample")

    def import_file(
        self, path: Path | str, kind: str = "auto", mapping: dict[str, str] | None = None, zone: ZoneInfo | None = None,
        source: str = "import", shift_to_now: bool = False, progress: Progress | None = None,
    ) -> ImportReport:
        """Take in a file of orders, events or activity."""
        return import_file(
            self.accept, Path(path), kind, mapping, zone=zone, source=source, shift_to_now=shift_to_now,
            now=self.clock.now(), catalog=self.store.catalog, progress=progress,
        )  # fmt: skip

    def next_run_number(self) -> int:
        """The number of the next simulated run, never given twice."""
        kept = self.store.catalog.get("numbers", "run")
        number = int(str(kept.body["number"])) + 1 if kept is not None else 1
        self.store.catalog.put("numbers", "run", {"number": number}, expecting=kept.version if kept is not None else 0)
        return number

    def report(self) -> dict[str, Any]:
        """The state of every part."""
        store = Part(OK, f"{self.store.name} answers.", essential=True, figures={"bytes": self.store.size()})
        counts: dict[str, Any] = {}
        try:
            self.store.ping()
            counts["events"] = kept_events(self.store)
        except StoreAwayError as error:
            store = Part(DOWN, str(error), essential=True)
        waiting = self._writer.depth
        full = waiting >= self.settings.inbox_limit * 0.9
        newest = max(self._taken.values(), key=lambda row: row.as_of, default=None)
        late = newest is not None and self._ticked_at is not None and self.clock.now() - self._ticked_at > 15 * SECOND
        parts = {
            "store": store,
            "inbox": Part(
                DEGRADED if full else OK, f"{waiting} of {self.settings.inbox_limit} places taken.",
                figures={"waiting": waiting},
            ),
            "snapshot": Part(
                DEGRADED if late or self._away_since is not None else OK,
                "None was taken yet." if newest is None else f"Snapshot {newest.seq} of {iso(newest.as_of)}.",
                figures={} if newest is None else {
                    "seq": newest.seq, "asOf": iso(newest.as_of),
                    "lag_seconds": round((self.clock.now() - newest.as_of) / SECOND, 3),
                },
            ),
            "feed": Part(OK, "Readers are served.", figures=self.hub.counts()),
            "simulator": Part(OK, "Running." if self.simulator.state().running else "Not running."),
        }  # fmt: skip
        return report_of(parts, counts)

    # ------------------------------------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Make ready. A database that is away does not stop it: everything recovers once it answers."""
        try:
            self.store.prepare()
        except StoreAwayError as error:
            self._away_since = self.clock.now()
            log(__name__).error("the database does not answer", why=str(error))
        self._writer.start()

    def stop(self) -> None:
        """Stop sending, write what waits, and let the store go."""
        self.simulator.stop()
        self._writer.stop()
        self.store.close()

    async def run(self) -> None:
        """Publish snapshots while the server lives: at once after a commit, and at least every few seconds."""
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()
        def wake() -> None:
            loop.call_soon_threadsafe(arrived.set)

        self._wake = wake
        others = asyncio.create_task(self._notice(arrived))
        filling = asyncio.create_task(asyncio.to_thread(self._fill))
        try:
            while True:
                started = loop.time()
                await asyncio.to_thread(self._publish)
                self._ticked_at = self.clock.now()
                # Never more than a part of the machine for snapshots, however much arrives; less while others wait for it.
                await asyncio.sleep(max(0.02, (2 if self._writer.depth < BUSY else 10) * (loop.time() - started)))
                try:
                    await asyncio.wait_for(arrived.wait(), TICK_SECONDS)
                except TimeoutError:
                    self._fresh.clear()
                arrived.clear()
        finally:
            self._wake = None
            others.cancel()
            filling.cancel()

    async def _notice(self, arrived: asyncio.Event) -> None:
        """Notice what other processes wrote."""
        seen = -1
        while True:
            try:
                newest = await asyncio.to_thread(self.store.newest_seq)
            except StoreAwayError:
                newest = seen
            if newest != seen:
                seen = newest
                self._fresh.clear()
                arrived.set()
            await asyncio.sleep(NOTICE_SECONDS)

    def _fill(self) -> None:
        if self.settings.fills_demo and not self.store.events.count():
            self.generate()
        if self.settings.simulate:
            self.simulator.start(SimulatorSettings(), "the start-up setting")

    def _publish(self) -> None:
        wanted = self.hub.wanted() | {("live", "real")}
        for view in {view for _, view in wanted}:
            try:
                body = self.live(view)
            except StoreAwayError:
                continue
            for topic in sorted(topic for topic, named in wanted if named == view):
                if topic == "live":
                    self.hub.publish(topic, view, encode(topic, body))
                elif topic == "metrics":
                    self.hub.publish(topic, view, encode(topic, metrics_of(body)))
                else:
                    self.hub.publish(topic, view, encode(topic, self.curves(view)))

    def _on_commit(self) -> None:
        self._fresh.clear()
        wake = self._wake
        if wake is not None:
            wake()


_MADE: list[Engine] = []
_MAKING = threading.Lock()


def engine() -> Engine:
    """The engine of this process, made from the settings at the first call."""
    with _MAKING:
        if not _MADE:
            _MADE.append(Engine())
        return _MADE[0]


