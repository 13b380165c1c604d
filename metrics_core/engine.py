"""The engine: builds every part from the settings, runs them, lets them go. The one place where parts meet."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any
from zoneinfo import ZoneInfo

from metrics_core.access.audit import Audit
from metrics_core.access.reception import Reception
from metrics_core.access.roles import require
from metrics_core.clock import Clock, SystemClock
from metrics_core.dashboards import rights
from metrics_core.dashboards.board import Boards, Looks
from metrics_core.dashboards.document import kept_document
from metrics_core.dashboards.links import Links
from metrics_core.dashboards.presets import Presets
from metrics_core.dashboards.sharing import Shares
from metrics_core.dashboards.shelf import Shelf
from metrics_core.dashboards.state import State
from metrics_core.errors import PulseboardError, StoreAwayError
from metrics_core.exports.board import Progress, board_of, nobody
from metrics_core.exports.formats import File, Wish, known_format, write
from metrics_core.feed.bodies import live_body, origin_body
from metrics_core.feed.hub import Hub
from metrics_core.feed.message import encode, metrics_of, part_of
from metrics_core.health import DEGRADED, DOWN, METERS, OK, Part, report_of
from metrics_core.ingest.admit import Admission
from metrics_core.ingest.files import ImportReport, import_file
from metrics_core.ingest.sources.generator import Generated, generate
from metrics_core.ingest.sources.simulator import Simulator, SimulatorSettings, SimulatorState
from metrics_core.ingest.writer import Writer
from metrics_core.jobs import verify as checks
from metrics_core.jobs.verify import Check as Check
from metrics_core.logs import log
from metrics_core.model.access import LOCAL, VISITOR, Principal
from metrics_core.model.event import ACTIVITY, LIVE, Receipt
from metrics_core.model.instant import MINUTE, SECOND, Instant, iso
from metrics_core.model.query import Query, Result
from metrics_core.model.snapshot import Snapshot
from metrics_core.model.window import Window
from metrics_core.reads.answer import answer
from metrics_core.reads.ask import VIEWS, read_question
from metrics_core.reads.curves import curves
from metrics_core.reads.explain import Asked, explain, facts_of, read_as_of, read_explain
from metrics_core.reads.explained import as_json, rows_json
from metrics_core.reads.names import known
from metrics_core.reads.narrow import Parts, kept_of
from metrics_core.reads.rows import Fact, every, rows
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
PART_SECONDS = 0.5
"""How often it is looked whether those who see a part of the data have something new to see."""
BUSY = 1_000
"""With more records than this waiting to be written, snapshots are taken less often."""
TRAIL = 20
TRAIL_STEP = int(TICK_SECONDS * SECOND)



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
        self.audit = Audit(catalog, self.clock)
        noted = self.audit.note
        self.shares = Shares(catalog, self.clock, noted=noted)
        self.reception = Reception(
            self.settings, catalog, self.clock, link=lambda link: self.shares.current(link).principal(), noted=noted
        )
        self.tickets = self.reception.tickets
        self.people = self.reception.people
        self.keys = self.reception.keys
        self.shelf = Shelf(catalog, self.clock, shares=self.shares, kinds=WIDGETS, zone=self.calendar.zone, noted=noted)
        self.links = Links(catalog, self.clock)
        self.presets = Presets(catalog, self.clock, noted=noted)
        looks = Looks(self.snapshot, origin_body, lambda: self._away_since)
        self.boards = Boards(self.store, looks, self.settings, self.clock, shares=self.shares, kinds=WIDGETS)
        self._lock = threading.RLock()
        self._seq = 0
        self._taken: dict[str, Snapshot] = {}
        self._curves: dict[str, tuple[Snapshot, dict[str, Any]]] = {}
        self._trails: dict[str, deque[tuple[Instant, int, int]]] = {}
        self._parts = Parts(self.store, self.calendar, self.clock, number=self._next_seq)
        self._said: dict[tuple[str, str], int] = {}
        """The number of the snapshot that was last published to those who see a part, by topic and channel."""
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
        require(who, "ask")
        return self.answer(self.read(question), who)

    def read(self, question: object) -> Query:
        """The Query a question means at this moment."""
        return read_question(question, calendar=self.calendar, now=self.clock.now(), shown=self.shown)

    def answer(self, query: Query, who: Principal = LOCAL) -> Result:
        """The answer to a Query, of the part of the data that is theirs to see who ask."""
        return answer(self.store, replace(query, where=(*query.where, *who.filters)), as_of=self.clock.now())

    def explain(self, question: object, who: Principal = LOCAL) -> dict[str, Any]:
        """What a figure is made of, what moved it, and the same counted again; as JSON. For analysts and above."""
        asked, snapshot, as_of = self._figure(question, who)
        found = explain(self.store, asked, who.filters, as_of=as_of)
        origin = origin_body(snapshot)
        through = snapshot.data_through
        instant = {
            "seq": snapshot.seq if as_of == snapshot.as_of else None, "asOf": iso(as_of),
            "dataThrough": None if through is None else iso(through), "zone": asked.query.zone.key,
            "computedAt": iso(self.clock.now()),
        }  # fmt: skip
        # How much there is of everything is nothing for those who see a part of it.
        told = {**origin, "counts": {}} if who.filters else origin
        return as_json(found, self.settings.currency_digits, told, instant)

    def explained_rows(
        self, question: object, who: Principal = LOCAL, *, search: str = "", after: str | None = None, limit: int = 50
    ) -> dict[str, Any]:
        """A page of the rows behind a figure, newest first; as JSON."""
        asked, _, as_of = self._figure(question, who)
        query = replace(asked.query, where=(*asked.query.where, *who.filters))
        with self.store.view():
            found = rows(self.store.events, facts_of(query), search=search, after=after, limit=limit)
        return {
            "rows": rows_json(found.facts, query, self.settings.currency_digits), "next": found.following,
            "looked": found.looked, "as_of": iso(as_of),
        }  # fmt: skip

    def explained_facts(self, question: object, who: Principal = LOCAL, *, search: str = "") -> tuple[Query, Iterator[Fact]]:
        """Every row behind a figure in the order of time, for a file, and the query they answer."""
        asked, _, _ = self._figure(question, who)
        query = replace(asked.query, where=(*asked.query.where, *who.filters))
        return query, every(self.store.events, facts_of(query), search=search)

    def _figure(self, question: object, who: Principal) -> tuple[Asked, Snapshot, Instant]:
        """Which figure a question is about, at the instant it names or that of the newest snapshot."""
        require(who, "explain")
        view = question.get("origin") if isinstance(question, dict) else None
        snapshot = self.snapshot(view if view in VIEWS else "real")
        said = read_as_of(question, calendar=self.calendar, now=self.clock.now())
        # Pages know the instant to the millisecond; the snapshot of that millisecond is the one they show.
        as_of = snapshot.as_of if said is None or iso(said) == iso(snapshot.as_of) else said
        return read_explain(question, calendar=self.calendar, now=as_of, shown=self.shown), snapshot, as_of

    def shown(self, view: str) -> tuple[str, ...]:
        """The origins a view shows: `real` is live and imported data, or whatever there is while there is none of it."""
        return origins_of(view, kept_events(self.store))

    def export(
        self, name: str, state: object, wish: Wish, who: Principal = LOCAL, progress: Progress | None = None
    ) -> File:
        """A dashboard, or one widget of it, as a file: the figures that those have who look at it now, or of the moment
        a frozen link was made."""
        known_format(wish)
        saved = self.shelf.read(name, who)
        share = None if who.link is None else self.shares.current(who.link)
        if share is None:
            require(who, "export")
        else:
            rights.require(share.export, "This link shows a dashboard and does not let it be exported.")
        dashboard = saved.dashboard
        if share is not None and share.frozen_at is not None:
            data = self.shares.frozen(share.id)
            dashboard = kept_document(data["document"])
        else:
            chosen = state if isinstance(state, State) else State.of(state, State.of(dashboard.state))
            # As somebody who looks again, so that it is the very page that the others are looking at.
            data = self.boards.data(dashboard, chosen, who, {"": ""}, name=name, version=saved.version)
        settings = self.settings
        board = board_of(
            dashboard, data, widget=wish.widget, own=who.filters, calendar=self.calendar, currency=settings.currency,
            digits=settings.currency_digits, frozen=share is not None and share.frozen_at is not None,
        )  # fmt: skip
        return write(board, wish, progress or nobody)

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

    def live(self, view: str = "real", who: Principal = LOCAL) -> dict[str, Any]:
        """The body of the `live` message of a view, of the part of it that is theirs to see who ask."""
        require(who, "look")
        if who.filters:
            snapshot, trail = self._parts.newest(view, who.filters)
        else:
            snapshot = self.snapshot(view)
            trail = tuple(self._trails.get(view, ()))
        stale = None if self._away_since is None else (self._away_since, "The database does not answer.")
        body = live_body(
            snapshot, trail=trail, currency=self.settings.currency, digits=self.settings.currency_digits,
            zone=self.calendar.zone.key, stale=stale,
        )  # fmt: skip
        return {**body, "origin": _narrowed(body["origin"])} if who.filters else body

    def origin(self, view: str = "real", who: Principal = LOCAL) -> dict[str, Any]:
        """Which data a view shows, as messages and answers say it."""
        body = origin_body(self.snapshot(view))
        return _narrowed(body) if who.filters or who.link else body

    def curves(self, view: str = "real", who: Principal = LOCAL) -> dict[str, Any]:
        """The body of the `curves` message of a view; it changes with every tick, not with every commit."""
        require(who, "look")
        if who.filters:
            return self._parts.curves(view, who.filters, 10**self.settings.currency_digits)
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

    def latest_users(self, who: Principal = LOCAL) -> list[dict[str, Any]]:
        """The latest activity of each user who was active within the threshold, newest first."""
        require(who, "ask")
        now = self.clock.now()
        threshold = Window(now - int(self.settings.active_threshold_minutes * MINUTE), now + 5 * MINUTE)
        latest: dict[str, dict[str, Any]] = {}
        for chunk in self.store.events.scan(threshold, kinds=(ACTIVITY,)):
            for event in chunk:
                if event.user is not None and kept_of(event, who.filters) is not None:
                    said = dict(event.payload or {})
                    latest[event.user] = {**said, "userId": event.user, "timestamp": iso(event.at), "origin": event.origin}
        return sorted(latest.values(), key=lambda row: str(row["timestamp"]), reverse=True)

    def _take(self, view: str) -> Snapshot:
        started = perf_counter()
        now = self.clock.now()
        self._fresh.add(view)
        snapshot = self._snapshots.take(view=view, seq=self._next_seq(), now=now)
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

    def rebuild(self, progress: Progress | None = None, *, who: Principal = LOCAL) -> None:
        """Count every total again from the events."""
        with self._deed(who, "data", "data.rebuild", "every total"):
            checks.rebuild(self.store, progress)
        self._on_commit()

    def forget(self, *, origins: Sequence[str] = (), run_id: str | None = None, who: Principal = LOCAL) -> Purge:
        """Remove made-up data (or clear everything), and prove that what stays did not move."""
        going = set(origins)
        what = f"run {run_id}" if run_id is not None else ", ".join(origins) or "everything"
        may, did = ("data", "data.clear") if run_id is None else ("simulate", "simulator.purge")
        # What arrives meanwhile would look as if it had moved what stays.
        with self._deed(who, may, did, what) as told, self._writer.paused():
            before = kept_events(self.store)
            removed = self.store.events.forget(origins=tuple(origins), run_id=run_id)
            told.append(f"{removed:,} records gone")
            after = kept_events(self.store)
        if run_id is not None:
            unchanged = sum(before.values()) - removed == sum(after.values())
        else:
            unchanged = all(after.get(name, 0) == number for name, number in before.items() if going and name not in going)
        self._on_commit()
        return Purge(removed, before, after, unchanged)

    def generate(
        self, days: int = 30, seed: int = 1, progress: Progress | None = None, *, who: Principal = LOCAL, **how: Any
    ) -> Generated:
        """Fill in demo data for the days up to now."""
        with self._deed(who, "data", "data.generate", f"{days} days of demo data, seed {seed}") as told:
            made = generate(
                self.accept, now=self.clock.now(), zone=self.settings.zone, digits=self.settings.currency_digits, days=days,
                seed=seed, progress=progress, **how,
            )  # fmt: skip
            told.append(f"{made.accepted:,} records added")
            return made

    def sample(self, *, who: Principal = LOCAL) -> Receipt:
        """A handful of demo records, now."""
        with self._deed(who, "data", "data.sample", "a quick sample") as told:
            records = sample(now=self.clock.now(), zone=self.settings.zone, digits=self.settings.currency_digits)
            receipt = self.accept(records, source="sample", origin="demo", run_id="sample")
            told.append(f"{receipt.accepted:,} records added")
            return receipt

    def import_file(
        self, path: Path | str, kind: str = "auto", mapping: dict[str, str] | None = None, zone: ZoneInfo | None = None,
        source: str = "import", shift_to_now: bool = False, progress: Progress | None = None, who: Principal = LOCAL,
    ) -> ImportReport:
        """Take in a file of orders, events or activity."""
        with self._deed(who, "data", "data.import", f"{Path(path).name} as {source}") as told:
            report = import_file(
                self.accept, Path(path), kind, mapping, zone=zone, source=source, shift_to_now=shift_to_now,
                now=self.clock.now(), catalog=self.store.catalog, progress=progress,
            )  # fmt: skip
            told.append(f"{report.added:,} added, {report.duplicates:,} here before, {report.refused:,} refused")
            return report

    def simulate(self, step: str, settings: SimulatorSettings | None = None, *, who: Principal = LOCAL) -> SimulatorState:
        """Move the simulator: start, stop, pause, resume or change (with settings)."""
        require(who, "simulate")
        simulator = self.simulator
        before = simulator.state()
        steps: dict[str, Callable[[], SimulatorState]] = {
            "start": lambda: simulator.start(settings, by=who.label), "stop": simulator.stop, "pause": simulator.pause,
            "resume": simulator.resume, "change": lambda: simulator.change(settings or before.settings),
        }  # fmt: skip
        after = steps[known("step of the simulator", step, steps)]()
        same = (before.run_id, before.running, before.paused, before.settings) == (
            after.run_id, after.running, after.paused, after.settings,
        )  # fmt: skip
        if not same:
            changed = step in ("start", "change")
            was, now = (_pace_of(state.settings) if changed else "" for state in (before, after))
            self.audit.note(who, f"simulator.{step}", f"run {after.run_id}" if after.run_id else "the next run", was, now)
        return after

    @contextmanager
    def _deed(self, who: Principal, permission: str, did: str, what: str) -> Iterator[list[str]]:
        """Something that changes things: refused to those who may not, and noted with what came of it, however it ends."""
        require(who, permission)
        told: list[str] = []
        try:
            yield told
        except BaseException as error:
            told.append(f"not finished: {error}" if isinstance(error, PulseboardError) else "not finished")
            raise
        finally:
            self.audit.note(who, did, what, after="; ".join(told) or "done")

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
        parts = asyncio.create_task(self._follow_parts())
        filling = asyncio.create_task(asyncio.to_thread(self._fill))
        try:
            while True:
                cost = await asyncio.to_thread(self._publish)
                self._ticked_at = self.clock.now()
                # Never more than a part of the machine for snapshots, however much arrives; less while others wait for it.
                await asyncio.sleep(max(0.02, (2 if self._writer.depth < BUSY else 10) * cost))
                try:
                    await asyncio.wait_for(arrived.wait(), TICK_SECONDS)
                except TimeoutError:
                    self._fresh.clear()
                arrived.clear()
        finally:
            self._wake = None
            others.cancel()
            parts.cancel()
            filling.cancel()

    async def _notice(self, arrived: asyncio.Event) -> None:
        """Notice what other processes wrote: what no snapshot has taken in by the second look. Our own is by then."""
        behind = False
        while True:
            was_behind = behind
            try:
                behind = await asyncio.to_thread(self.store.newest_seq) > self._snapshots.newest
            except StoreAwayError:
                behind = False
            if behind and was_behind:
                self._fresh.clear()
                arrived.set()
            await asyncio.sleep(NOTICE_SECONDS)

    def _fill(self) -> None:
        if self.settings.fills_demo and not self.store.events.count():
            self.generate()
        if self.settings.simulate:
            self.simulate("start", SimulatorSettings(), who=replace(LOCAL, label="the start-up setting"))

    def _publish(self) -> float:
        """Hand the newest of everything that is listened to to its readers; the processor time it took, in seconds."""
        started = thread_time()
        wanted = {row for row in self.hub.wanted() if not part_of(row[1])[1]} | {("live", "real")}
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
        return thread_time() - started

    async def _follow_parts(self) -> None:
        """Publish to those who see a part of the data, at a pace of its own: nobody else waits for what that takes."""
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            if any(part_of(channel)[1] for _, channel in self.hub.wanted()):
                await asyncio.to_thread(self._publish_parts)
            await asyncio.sleep(max(PART_SECONDS, 4 * (loop.time() - started)))

    def _publish_parts(self) -> None:
        wanted = self.hub.wanted()
        self._said = {row: seq for row, seq in self._said.items() if row in wanted}
        for topic, channel in sorted(wanted):
            view, part = part_of(channel)
            if not part:
                continue
            try:
                body = self.message(topic, view, replace(VISITOR, filters=part))
            except PulseboardError as error:
                log(__name__).warning("a part was not published", topic=topic, why=str(error))
                continue
            seq = body["seq"] if topic == "curves" else body["snapshot"]["seq"]
            if self._said.get((topic, channel)) != seq:
                self._said[topic, channel] = seq
                self.hub.publish(topic, channel, encode(topic, body))

    def message(self, topic: str, view: str, who: Principal = LOCAL) -> dict[str, Any]:
        """The body of a message of a topic, for somebody."""
        if topic == "curves":
            return self.curves(view, who)
        live = self.live(view, who)
        return metrics_of(live) if topic == "metrics" else live

    def _next_seq(self) -> int:
        with self._lock:
            self._seq += 1
            return self._seq

    def _on_commit(self) -> None:
        self._fresh.clear()
        wake = self._wake
        if wake is not None:
            wake()


def _narrowed(origin: dict[str, Any]) -> dict[str, Any]:
    """How much there is of everything is nothing for those who see a part of it."""
    return {**origin, "counts": {}}


def _pace_of(settings: SimulatorSettings) -> str:
    return f"{settings.rate:g} orders a tick, every {settings.pace:g} s, seed {settings.seed}"


_MADE: list[Engine] = []
_MAKING = threading.Lock()


def engine() -> Engine:
    """The engine of this process, made from the settings at the first call."""
    with _MAKING:
        if not _MADE:
            _MADE.append(Engine())
        return _MADE[0]


