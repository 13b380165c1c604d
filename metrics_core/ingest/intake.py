"""The way in for everybody: records or bodies are admitted, wait for the writer, and are answered after their commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from zoneinfo import ZoneInfo

from metrics_core.clock import Clock
from metrics_core.health import METERS
from metrics_core.ingest.admit import Admission, Admitted
from metrics_core.ingest.helper import Asked
from metrics_core.ingest.large import LargeBodies
from metrics_core.ingest.records import Records
from metrics_core.ingest.writer import Writer
from metrics_core.model.event import LIVE, Receipt
from metrics_core.rollup.fold import Folded
from metrics_core.settings import Settings
from metrics_core.store.protocols import Store


class Intake:
    """Takes records in, from any thread."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, *, committed: Callable[[], None]) -> None:
        self._clock = clock
        self._admission = Admission(settings.currency_digits, settings.currency)
        self.bodies = LargeBodies(self._admission)
        self.writer = Writer(store, limit=settings.inbox_limit, committed=committed)
        self._stopped = False

    def submit(
        self, records: Sequence[object], *, record: str | None = None, source: str = "api", origin: str = LIVE,
        run_id: str | None = None, zone: ZoneInfo | None = None,
    ) -> Future[Receipt]:
        """Admit these records now and answer once they are on disk. BusyError when the inbox is full."""
        return self._submit(self._admission.admit(
            records, record=record, source=source, origin=origin, run_id=run_id, now=self._clock.now(), zone=zone
        ))  # fmt: skip

    def submit_body(self, asked: Asked) -> tuple[Records, Future[Receipt]]:
        """`submit` for the records of a body; MalformedError where it cannot be read at all."""
        records, admitted, folded = self.bodies.read(asked)
        return records, self._submit(admitted, folded)

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

    def start(self) -> None:
        self._stopped = False
        self.bodies.start()
        self.writer.start()

    def stop(self) -> None:
        """Write what waits, then end. What is sent from now on is refused as retryable."""
        self._stopped = True
        self.bodies.stop()
        self.writer.stop()

    def _submit(self, admitted: Admitted, folded: Folded | None = None) -> Future[Receipt]:
        for refusal in admitted.refused:
            METERS.refused.labels(refusal.step).inc()
        if not self._stopped:
            self.writer.start()
        return self.writer.submit(admitted.events, admitted.indexes, admitted.refused, folded)
