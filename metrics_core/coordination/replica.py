"""One replica among those of a store: whether it leads, what it tells the others, and what it hears from them."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

import orjson

from metrics_core.coordination.backplane import Backplane
from metrics_core.coordination.lease import Lease
from metrics_core.coordination.letters import Letter, Letters
from metrics_core.coordination.numbers import Numbers
from metrics_core.errors import ConflictError, StoreAwayError
from metrics_core.health import DEGRADED, METERS, OK, Part
from metrics_core.logs import log
from metrics_core.store.protocols import Catalog

LEASE_SECONDS = 4.0
BEAT_SECONDS = 0.25
"""How often the store is looked into while Redis says nothing."""
ROW_SECONDS = 3.0
"""How often a replica says that it is there, and for what its readers came."""
GONE_SECONDS = 12.0
QUIET_SECONDS = 3.0
"""Without a word through Redis for so long, the store is looked into all the same."""
STOP_SECONDS = 5.0
"""So long is waited for what is written at this moment when a replica leaves; hardly at all while the store is away."""
ROWS = "replicas"


class Replica:
    """Leads or follows, on threads of its own. Everything it needs to be certain of is in the store; Redis makes it fast."""

    def __init__(
        self, catalog: Catalog, backplane: Backplane | None, *, received: Callable[[str, Letter], None],
        wanted: Callable[[], set[str]], told: Callable[[str], None],
    ) -> None:  # fmt: skip
        """`received` is given the leader's letters by name, `wanted` says of which names our readers need one, and `told`
        is called with the topic of whatever happened elsewhere: commits, wants, lease or simulator."""
        self.name = f"{socket.gethostname()}:{os.getpid()}-{secrets.token_hex(2)}"
        self._catalog = catalog
        self._backplane = backplane
        self._received = received
        self._wanted = wanted
        self._told = told
        self._lease = Lease(catalog, "leader", self.name, seconds=LEASE_SECONDS)
        self._numbers = Numbers(catalog, "snapshot")
        self._letters = Letters(catalog)
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        """Something happened to the lease."""
        self._turn = threading.Event()
        """Something is to be written or looked for."""
        self._threads: list[threading.Thread] = []
        self._led = 0
        self._lock = threading.Lock()
        self._wants: dict[str, tuple[set[str], float, int]] = {}
        """Of each other replica: what it wants, and when its row changed last to which version."""
        self._row: tuple[set[str], float] = (set(), -1e9)
        self._heard_at = -1e9
        self._answers = False
        """Whether the store did, when it was asked last."""

    # ---------------------------------------------------------------------------------------------------------- for all

    @property
    def joined(self) -> bool:
        """Whether it is one of them at this moment: then one leads, and the others follow."""
        return bool(self._threads)

    @property
    def leads(self) -> bool:
        return self._lease.held and self._led == self._lease.fence

    @property
    def fence(self) -> int:
        """The number of the leader that was seen last."""
        return self._lease.fence

    @property
    def leader(self) -> str | None:
        return self._lease.holder

    @property
    def others(self) -> int:
        """How many other replicas were heard of lately, as far as the leader knows."""
        return len(self._wants)

    def part(self) -> Part:
        """Its condition, for the report."""
        figures = {"name": self.name, "leader": self.leader, "fence": self.fence, "leads": self.leads}
        if self.leads:
            count = self.others
            return Part(OK, f"This replica leads; {count or 'no'} other{'s' * (count != 1)} heard of.", figures=figures)
        if self.leader is None or self.leader == self.name:
            return Part(DEGRADED, "No replica leads at this moment; one takes over in a few seconds.", figures=figures)
        return Part(OK, f"This replica follows {self.leader}.", figures=figures)

    def start(self) -> None:
        """Join the others."""
        if self._threads:
            return
        self._stopping.clear()
        works = (("lease", self._hold), ("letters", self._exchange))
        self._threads = [threading.Thread(target=work, name=name, daemon=True) for name, work in works]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Leave them; who led lets another one lead at once. While the store is away nobody can be told: whoever is not
        heard of is taken for gone in a few seconds."""
        threads, self._threads = self._threads, []
        self._stopping.set()
        self._hurry.set()
        self._turn.set()
        until = monotonic() + (STOP_SECONDS if self._answers else STOP_SECONDS / 10)
        for thread in threads:
            thread.join(timeout=max(0.0, until - monotonic()))
        if not threads or not self._answers or any(thread.is_alive() for thread in threads):
            return
        led = self.leads
        self._lease.release()
        try:
            self._catalog.drop(ROWS, self.name)
        except StoreAwayError:
            return  # it is taken for gone in a few seconds
        if led:
            self.tell("lease")

    def tell(self, topic: str) -> None:
        """Let the others know that something happened, if they can be reached at once; otherwise they look."""
        if self._backplane is not None:
            self._backplane.say(topic, self.name, orjson.dumps({"from": self.name}))

    # ---------------------------------------------------------------------------------------------------- for the leader

    def number(self) -> int:
        """The number of the next snapshot."""
        return self._numbers.next()

    def wants(self) -> set[str]:
        """The names of which readers of the other replicas need a letter."""
        with self._lock:
            return set().union(*(row[0] for row in self._wants.values()))

    def post(self, name: str, letter: dict[str, Any]) -> None:
        """Send it to all others: the newest of a name is what they get."""
        signed = {**letter, "fence": self._led}
        if self._backplane is not None and self._backplane.up:
            self._backplane.say("letters", name, orjson.dumps({"from": self.name, "name": name, "letter": signed}))
        self._letters.post(name, signed)
        self._turn.set()

    # -------------------------------------------------------------------------------------------------- for the followers

    def want(self) -> None:
        """What our readers need has changed: say so now."""
        self._row = (self._row[0], -1e9)
        self._turn.set()

    # --------------------------------------------------------------------------------------------------------- what comes

    def heard(self, topic: str, data: bytes) -> None:
        """A message of the backplane."""
        said = orjson.loads(data)
        if said["from"] == self.name:
            return
        if topic == "letters":
            self._heard_at = monotonic()
            if not self.leads:
                self._received(said["name"], said["letter"])
        elif topic == "wants":
            if self.leads:
                self._note(said["from"], set(said["wants"]), None)
                self._told("wants")
        else:
            if topic == "lease":
                self._hurry.set()
            self._told(topic)

    # ------------------------------------------------------------------------------------------------------- its threads

    def _hold(self) -> None:
        while not self._stopping.is_set():
            self._hurry.clear()
            try:
                leads, self._answers = self._lease.step(), True
            except StoreAwayError:
                leads = self._answers = False
            except Exception as error:
                leads = self._stumbled(error)
            if leads and self._led != self.fence:
                self._led = self.fence
                self._numbers.forget()
                self._letters.forget()
                log(__name__).info("this replica leads from now on", fence=self.fence)
                self.tell("lease")
                self._told("lease")
            self._hurry.wait(LEASE_SECONDS / 4)

    def _exchange(self) -> None:
        looked_at = -1e9
        while not self._stopping.is_set():
            self._turn.clear()
            heard = self._backplane is not None and self._backplane.up
            try:
                if self.leads:
                    self._letters.write(spacing=ROW_SECONDS / 2 if heard else BEAT_SECONDS)
                elif not heard or monotonic() - self._heard_at > QUIET_SECONDS:
                    for name, letter in self._letters.read(self._wanted()).items():
                        self._received(name, letter)
                if monotonic() - looked_at >= 4 * BEAT_SECONDS:
                    looked_at = monotonic()
                    self._say_row()
                    if self.leads:
                        self._read_rows()
            except (StoreAwayError, ConflictError):
                self._stopping.wait(BEAT_SECONDS)
            except Exception as error:
                self._stumbled(error)
            self._turn.wait(BEAT_SECONDS / 5 if self._letters.waiting else BEAT_SECONDS)

    def _stumbled(self, error: Exception) -> bool:
        """A fault of ours must not leave the replicas without one that leads: it is logged, and tried again."""
        METERS.faults.labels("replica").inc()
        log(__name__).error("a replica stumbled", exc_info=error)
        self._stopping.wait(LEASE_SECONDS / 4)
        return False

    def _say_row(self) -> None:
        wants, (before, said_at) = self._wanted(), self._row
        if wants == before and monotonic() - said_at < ROW_SECONDS:
            return
        self._row = (wants, monotonic())
        self._catalog.put(ROWS, self.name, {"wants": sorted(wants)})
        if wants != before and self._backplane is not None:
            self._backplane.say("wants", self.name, orjson.dumps({"from": self.name, "wants": sorted(wants)}))

    def _read_rows(self) -> None:
        rows = self._catalog.find(ROWS)
        for row in rows:
            if row.name != self.name:
                self._note(row.name, set(_list(row.body["wants"])), row.version)
        with self._lock:
            here = {row.name for row in rows}
            gone = [name for name, (_, at, _) in self._wants.items() if monotonic() - at > GONE_SECONDS or name not in here]
            for name in gone:
                del self._wants[name]
        for name in gone:
            self._catalog.drop(ROWS, name)

    def _note(self, name: str, wants: set[str], version: int | None) -> None:
        with self._lock:
            _, at, before = self._wants.get(name, (set(), 0.0, -1))
            moved = version is None or version != before
            self._wants[name] = (wants, monotonic() if moved else at, before if version is None else version)


def _list(value: object) -> list[str]:
    return [str(row) for row in value] if isinstance(value, list) else []
