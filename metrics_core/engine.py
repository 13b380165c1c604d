"""The engine: builds every part from the settings, runs them, lets them go. The one place where parts meet."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import replace
from typing import Any

from metrics_core import condition
from metrics_core.access.audit import Audit
from metrics_core.access.reception import Reception
from metrics_core.clock import Clock, SystemClock
from metrics_core.coordination.backplane import NOT_SET, Backplane
from metrics_core.coordination.installation import installation, is_shared
from metrics_core.coordination.letters import Letter
from metrics_core.coordination.numbers import Numbers
from metrics_core.coordination.replica import Replica
from metrics_core.dashboards.board import Boards, Looks
from metrics_core.dashboards.links import Links
from metrics_core.dashboards.presets import Presets
from metrics_core.dashboards.sharing import Shares
from metrics_core.dashboards.shelf import Shelf
from metrics_core.deeds import Deeds
from metrics_core.deeds import Purge as Purge
from metrics_core.errors import ConflictError, StoreAwayError
from metrics_core.feed.bodies import origin_body
from metrics_core.feed.hub import Hub
from metrics_core.figures import Figures
from metrics_core.health import OK, Part
from metrics_core.ingest.intake import Intake
from metrics_core.ingest.sources.shared import SharedSimulator
from metrics_core.ingest.sources.simulator import Simulator, SimulatorSettings
from metrics_core.jobs.sharing import Others, Sharing
from metrics_core.jobs.verify import Check as Check
from metrics_core.logs import log
from metrics_core.model.access import LOCAL
from metrics_core.publishing.newest import Newest
from metrics_core.publishing.publisher import Publisher, wanted_of
from metrics_core.reads.segments import warm_up
from metrics_core.settings import Settings
from metrics_core.store.connect import connect
from metrics_core.store.foreign import shared
from metrics_core.store.protocols import Store
from metrics_core.widgets.kinds import WIDGETS


class Engine:
    """Takes records in, answers questions, and keeps the newest snapshot of every view that somebody looks at."""

    def __init__(self, settings: Settings | None = None, *, clock: Clock | None = None, store: Store | None = None) -> None:
        self.settings = settings or Settings()
        self.clock = clock or SystemClock()
        self.calendar = self.settings.calendar
        self.store = store or connect(self.settings.database_url, self.settings.catalog_url)
        self.hub = Hub(self.settings.websocket_max_connections)
        digits = self.settings.currency_digits
        self.intake = Intake(self.store, self.settings, self.clock, committed=self._changed)
        self.submit = self.intake.submit
        self.submit_body = self.intake.submit_body
        self.accept = self.intake.accept
        self.accept_async = self.intake.accept_async
        catalog = self.store.catalog
        self.next_run_number = Numbers(catalog, "run", block=1).next
        self._backplane: Backplane | None = None
        if self.settings.redis_url:
            self._backplane = Backplane(self.settings.redis_url, self.clock, heard=self._heard)
        self._replica: Replica | None = None
        if is_shared(self.settings.database_url):
            self._replica = Replica(
                catalog, self._backplane, received=self._received, told=self._told,
                wanted=lambda: wanted_of(self.hub) | self._newest.looked(),
            )  # fmt: skip
        self.simulator = self._simulator(self._replica)
        self._sharing = self._shared_with_others()

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

        newest = Newest(
            self.store, self.calendar, self.clock, currency=self.settings.currency, digits=digits, peers=self._replica
        )
        self._newest = newest
        self._publisher = Publisher(
            newest, self.hub, self.store, self.clock, waiting=lambda: self.intake.writer.depth,
            others=self._replica.wants if self._replica is not None else set,
        )  # fmt: skip
        self.snapshot = newest.snapshot
        self.live = newest.live
        self.origin = newest.origin
        self.curves = newest.curves
        self.message = newest.message

        looks = Looks(self.snapshot, origin_body, newest.stale, newest.renew)
        self.boards = Boards(
            self.store, looks, self.settings, self.clock, shares=self.shares, kinds=WIDGETS, shared=self._backplane
        )
        figures = Figures(
            self.store, self.settings, self.clock, snapshot=self.snapshot, shelf=self.shelf, shares=self.shares,
            boards=self.boards,
        )  # fmt: skip
        self.ask = figures.ask
        self.read = figures.read
        self.answer = figures.answer
        self.shown = figures.shown
        self.latest_users = figures.latest_users
        self.explain = figures.explain
        self.explained_rows = figures.explained_rows
        self.explained_facts = figures.explained_facts
        self.export = figures.export

        deeds = Deeds(
            self.store, self.settings, self.clock, audit=self.audit, accept=self.accept, writer=self.intake.writer,
            simulator=self.simulator, changed=self._changed_as_a_whole,
        )  # fmt: skip
        self.verify = deeds.verify
        self.rebuild = deeds.rebuild
        self.forget = deeds.forget
        self.adopt = deeds.adopt
        self.generate = deeds.generate
        self.sample = deeds.sample
        self.import_file = deeds.import_file
        self.simulate = deeds.simulate

    # -------------------------------------------------------------------------------------------------------- simulator

    def _simulator(self, replica: Replica | None) -> Simulator | SharedSimulator:
        clock, zone, digits = self.clock, self.settings.zone, self.settings.currency_digits
        if replica is None:
            return Simulator(self.accept, clock=clock, zone=zone, digits=digits, next_number=self.next_run_number)
        return SharedSimulator(
            self.accept, self.store.catalog, clock=clock, zone=zone, digits=digits, next_number=self.next_run_number,
            leads=lambda: replica.leads, tell=lambda: replica.tell("simulator"), owner=replica.name,
        )  # fmt: skip

    def _shared_with_others(self) -> Sharing | None:
        here, settings, replica = shared(self.store), self.settings, self._replica
        if here is None:
            return None
        return Sharing(
            self.store, here, self.accept, now=self.clock.now, calendar=self.calendar, digits=settings.currency_digits,
            leads=lambda: replica is None or replica.leads, follow=settings.follow_sales, write=settings.write_collections,
            waiting=lambda: self.intake.writer.depth,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------------------- life

    def report(self) -> dict[str, Any]:
        """The state of every part."""
        return condition.report(
            self.store, self.settings, self.clock, waiting=self.intake.writer.depth, newest=self._newest.latest,
            away_since=self._newest.away_since, ticked_at=self._publisher.ticked_at, readers=self.hub.counts(),
            others={
                "simulator": Part(OK, "Running." if self.simulator.state().running else "Not running."),
                "redis": NOT_SET if self._backplane is None else self._backplane.part(),
                **({} if self._sharing is None else {"sharing": self._sharing.part()}),
                **({} if self._replica is None or not self._replica.joined else {"replicas": self._replica.part()}),
            },
        )  # fmt: skip

    @property
    def is_shared(self) -> bool:
        """Whether other programs may keep something in our database."""
        return self._sharing is not None

    def others(self) -> Others | None:
        """What other programs keep in the database that we share with them; None where there is nothing of theirs."""
        return None if self._sharing is None else self._sharing.others()

    def start(self) -> None:
        """Make ready. A database that is away does not stop it: everything recovers once it answers."""
        try:
            self.store.prepare()
        except StoreAwayError as error:
            self._newest.away_since = self.clock.now()
            log(__name__).error("the database does not answer", why=str(error))
        self.intake.start()

    def stop(self) -> None:
        """Stop sending, write what waits, and let the store go. What is sent from now on is refused as retryable."""
        self.simulator.close()
        if self._sharing is not None:
            self._sharing.stop()
        self.intake.stop()
        if self._replica is not None:
            self._replica.stop()
        if self._backplane is not None:
            self._backplane.stop()
        self.store.close()

    async def run(self) -> None:
        """Publish snapshots while the server lives, as one of its replicas, and fill in what the settings ask for."""
        if self._backplane is not None:
            self._backplane.start(lambda: installation(self.store.catalog))
        if self._replica is not None:
            self._replica.start()
        if isinstance(self.simulator, SharedSimulator):
            self.simulator.open()
        if self._sharing is not None:
            self._sharing.start()
        threading.Thread(target=warm_up, args=(self.store,), name="segments", daemon=True).start()
        filling = asyncio.create_task(asyncio.to_thread(self._fill))
        try:
            await self._publisher.run()
        finally:
            filling.cancel()

    def _fill(self) -> None:
        if self.settings.fills_demo and not self.store.events.count():
            self.generate()
        if self.settings.simulate:
            with suppress(ConflictError):  # another replica was first
                self.simulate("start", SimulatorSettings(), who=replace(LOCAL, label="the start-up setting"))

    # ---------------------------------------------------------------------------------------------------- other replicas

    def _changed(self) -> None:
        """Something was written here."""
        self._publisher.changed()
        if self._replica is not None and not self._replica.leads:
            self._replica.tell("commits")

    def _changed_as_a_whole(self) -> None:
        """Something was removed, or counted again."""
        self.boards.forget()
        if self._sharing is not None:
            self._sharing.look_again()
        self._changed()

    def _heard(self, topic: str, data: bytes) -> None:
        if self._replica is not None:
            self._replica.heard(topic, data)

    def _received(self, name: str, letter: Letter) -> None:
        if self._newest.receive(name, letter):
            self._publisher.came()

    def _told(self, topic: str) -> None:
        """Something happened at another replica, or we lead from now on."""
        if topic == "simulator" or topic == "lease":
            self._moved()
        if topic != "simulator" and self._replica is not None and self._replica.leads:
            self._publisher.changed()

    def _moved(self) -> None:
        if isinstance(self.simulator, SharedSimulator):
            self.simulator.moved()


_MADE: list[Engine] = []
_MAKING = threading.Lock()


def engine() -> Engine:
    """The engine of this process, made from the settings at the first call."""
    with _MAKING:
        if not _MADE:
            _MADE.append(Engine())
        return _MADE[0]
