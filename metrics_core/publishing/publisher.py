"""Publishing while the server lives: at once after a commit, whoever made it, and at least every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from time import thread_time

from metrics_core.clock import Clock
from metrics_core.errors import PulseboardError, StoreAwayError
from metrics_core.feed.hub import Hub
from metrics_core.feed.message import encode, metrics_of, part_of
from metrics_core.logs import log
from metrics_core.model.access import VISITOR
from metrics_core.model.instant import Instant
from metrics_core.publishing.newest import CURVES, TICK_SECONDS, Newest
from metrics_core.store.protocols import Store

NOTICE_SECONDS = 0.25
"""How often the store is asked whether another process wrote."""
PART_SECONDS = 0.5
"""How often it is looked whether those who see a part of the data have something new to see."""
UNHEARD_SECONDS, UNHEARD_AND_BUSY_SECONDS = 0.25, 1.0
"""Between two snapshots while nobody listens: who comes then, and whoever asks, gets one of that moment."""
BUSY = 1_000
"""With more records than this waiting to be written, snapshots are taken less often."""


class Publisher:
    """Hands the newest of everything that is listened to, to those who listen."""

    def __init__(
        self, newest: Newest, hub: Hub, store: Store, clock: Clock, *, waiting: Callable[[], int],
        others: Callable[[], set[str]] = set,
    ) -> None:  # fmt: skip
        """`waiting` tells how many records wait to be written, `others` the names of the letters that others want."""
        self._newest = newest
        self._hub = hub
        self._store = store
        self._clock = clock
        self._waiting = waiting
        self._others = others
        self._wake: Callable[[], None] | None = None
        self._said: dict[tuple[str, str], tuple[int, str]] = {}
        """Number and instant of what was last published to those who see a part, by topic and channel."""
        self.ticked_at: Instant | None = None

    def changed(self) -> None:
        """Something was written: from any thread."""
        self._newest.changed()
        self.came()

    def came(self) -> None:
        """There is something newer to hand out: from any thread."""
        wake = self._wake
        if wake is not None:
            wake()

    async def run(self) -> None:
        """Publish, until it is cancelled."""
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(arrived.set)

        self._wake = wake
        beside = [asyncio.create_task(self._notice(arrived)), asyncio.create_task(self._follow_parts())]
        try:
            while True:
                cost = await asyncio.to_thread(self._publish)
                self.ticked_at = self._clock.now()
                # Never more than a part of the machine for snapshots, however much arrives; less while others wait for it.
                busy = self._waiting() >= BUSY
                unheard = UNHEARD_AND_BUSY_SECONDS if busy else UNHEARD_SECONDS
                least = 0.02 if self._hub.wanted() or self._others() else unheard
                await asyncio.sleep(max(least, (10 if busy else 2) * cost))
                try:
                    # Not `wait_for`: before Python 3.12 a cancellation is lost that comes with what it waits for.
                    async with asyncio.timeout(TICK_SECONDS):
                        await arrived.wait()
                except TimeoutError:
                    self._newest.changed()
                arrived.clear()
        finally:
            self._wake = None
            for task in beside:
                task.cancel()

    async def _notice(self, arrived: asyncio.Event) -> None:
        """Notice what other processes wrote: what no snapshot has taken in by the second look. Our own is by then."""
        behind = False
        while True:
            was_behind = behind
            follows = self._newest.follows
            try:
                behind = await asyncio.to_thread(self._store.newest_seq) > self._newest.through and not follows
                well = True
            except StoreAwayError:
                behind = well = False
            if follows and self._newest.store_answers(well=well):
                arrived.set()
            if behind and was_behind:
                self._newest.changed()
                arrived.set()
            await asyncio.sleep(NOTICE_SECONDS)

    def _publish(self) -> float:
        """Hand the newest of everything that is listened to to its readers; the processor time it took, in seconds."""
        started = thread_time()
        wanted = {row for row in self._hub.wanted() if not part_of(row[1])[1]} | {("live", "real")}
        if not self._newest.follows:
            wanted |= {_row(name) for name in self._others()}
        for view in {view for _, view in wanted}:
            if not self._newest.has(view):
                continue  # whoever reads it gets it with the first letter
            try:
                body = self._newest.live(view)
            except StoreAwayError:
                continue
            for topic in sorted(topic for topic, named in wanted if named == view):
                if topic == "live":
                    self._hub.publish(topic, view, encode(topic, body))
                elif topic == "metrics":
                    self._hub.publish(topic, view, encode(topic, metrics_of(body)))
                else:
                    self._hub.publish(topic, view, encode(topic, self._newest.curves(view)))
        return thread_time() - started

    async def _follow_parts(self) -> None:
        """Publish to those who see a part of the data, at a pace of its own: nobody else waits for what that takes."""
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            if any(part_of(channel)[1] for _, channel in self._hub.wanted()):
                await asyncio.to_thread(self._publish_parts)
            await asyncio.sleep(max(PART_SECONDS, 4 * (loop.time() - started)))

    def _publish_parts(self) -> None:
        wanted = self._hub.wanted()
        self._said = {row: said for row, said in self._said.items() if row in wanted}
        for topic, channel in sorted(wanted):
            view, part = part_of(channel)
            if not part:
                continue
            try:
                body = self._newest.message(topic, view, replace(VISITOR, filters=part))
            except PulseboardError as error:
                log(__name__).warning("a part was not published", topic=topic, why=str(error))
                continue
            # Where another replica gives the numbers, a part may be counted again, without one, before the next comes.
            snapshot = body if topic == "curves" else body["snapshot"]
            now = (snapshot["seq"], str(snapshot.get("asOf") or snapshot["seq"] or body))
            if self._said.get((topic, channel)) != now:
                self._said[topic, channel] = now
                self._hub.publish(topic, channel, encode(topic, body))


def wanted_of(hub: Hub) -> set[str]:
    """The names of the letters that the readers of a hub need."""
    return {view + CURVES if topic == "curves" else view for topic, view in hub.wanted() if not part_of(view)[1]}


def _row(name: str) -> tuple[str, str]:
    """Of which topic and view a letter is."""
    return ("curves", name.removesuffix(CURVES)) if name.endswith(CURVES) else ("live", name)
