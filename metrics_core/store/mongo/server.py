"""The way to one MongoDB: its client, what sort of server it is, and one state for everything read together."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import unquote

from pymongo import MongoClient, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.uri_parser import parse_uri

from metrics_core.errors import ContendedError, PulseboardError, SettingError, StoreAwayError
from metrics_core.logs import log
from metrics_core.store.mongo.errors import Place, meaning, too_old
from metrics_core.store.mongo.schema import LOG, META, Collections, Fields

DATABASE = "trendai"
"""Unless the URL names one."""

_AWAY = "The database did not answer. Nothing was taken in; try again in a few seconds."
_NOT_MADE = (
    "The collections of Pulseboard are not in this database. They are made at the start: start Pulseboard again."
)
_CONNECTING: dict[str, Any] = {
    "appname": "pulseboard", "serverSelectionTimeoutMS": 4_000, "connectTimeoutMS": 4_000, "socketTimeoutMS": 120_000,
    "retryWrites": True, "retryReads": True,
}  # fmt: skip
"""Unless the URL says otherwise."""
_LOOKED_BACK = 8
"""So many batches can be published on a standalone server while another process reads."""


class State(NamedTuple):
    """What a reader sees: the session of a snapshot, or on a standalone server everything up to what was published."""

    session: ClientSession | None
    seq: int | None
    batch: int | None

    def facts(self, after_seq: int = 0) -> list[Fields]:
        """The conditions that facts have to meet to be in this state."""
        found: list[Fields] = [{"_id": {"$gt": after_seq}}] if after_seq else []
        if self.seq is not None:
            found += [{"_id": {"$lte": self.seq}}, {"gone": {"$not": {"$lte": self.batch}}}]
        return found


class Server:
    """Hands out states to read. Whatever the driver raises becomes a sentence; see `errors.meaning`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.place, self._hosts, self._given = _read(url)
        self.writing = threading.RLock()
        self.lost: Callable[[], None] = lambda: None
        """Called whenever the database went away: what was remembered of it may not hold where another took over."""
        self.signed: set[bytes] = set()
        """Sessions of which the database knows that they are ours."""
        self.untidy: int | None = None
        """On a standalone server, the batch up to which there is something to clear away."""
        self._lock = threading.Lock()
        self._client: MongoClient[Fields] | None = None
        self._transactions: bool | None = None
        self._version = ""
        self._views = threading.local()
        self._reading: Counter[int] = Counter()
        self._owed: Callable[[], object] | None = None
        self._away_at = -1e9
        self._met = False  # whoever starts is told what to change; in the middle of work, everything may pass
        self._complained: str | None = None

    @property
    def name(self) -> str:
        return f"MongoDB{self._version}, {self.place.database} on {self._hosts}"

    @property
    def client(self) -> MongoClient[Fields]:
        with self._lock:
            if self._client is None:
                try:
                    given = {name: value for name, value in _CONNECTING.items() if name.lower() not in self._given}
                    self._client = MongoClient(self._url, **given)
                except (PyMongoError, ValueError, TypeError) as error:
                    raise _unreadable(error, self.place) from None
            return self._client

    @property
    def has_transactions(self) -> bool:
        """A replica set or a sharded cluster; else a standalone server."""
        if self._transactions is None:
            told = self.client.admin.command("hello")
            self._transactions = "setName" in told or told.get("msg") == "isdbgrid"
        return self._transactions

    @property
    def database(self) -> Collections:
        """For writing: what it has acknowledged is on disk, on a replica set on those of most members."""
        concern = WriteConcern("majority", j=True) if self.has_transactions else WriteConcern(1, j=True)
        return self.client.get_database(self.place.database, write_concern=concern)

    @property
    def plain(self) -> Collections:
        """For reading in a session, which brings its own concern, and on a standalone server."""
        return self.client.get_database(self.place.database)

    @property
    def settled(self) -> Collections:
        """For reading what nothing can take back any more."""
        concern = ReadConcern("majority") if self.has_transactions else ReadConcern("local")
        return self.client.get_database(self.place.database, read_concern=concern)

    def prepare(self, steps: Callable[[], object]) -> None:
        """Have this done before anything else. Where the database is away now, it is done when it is back."""
        self._owed = steps
        try:
            self.settle(starts=True)
        finally:
            self._met = True

    def settle(self, *, starts: bool = False) -> None:
        if self._owed is not None:
            came = monotonic()
            with self.writing:
                self._do_what_is_owed(came, starts)

    def _do_what_is_owed(self, came: float, starts: bool) -> None:
        owed = self._owed
        if owed is None:
            return
        if self._away_at > came:
            raise StoreAwayError(_AWAY)  # as somebody else found while we waited: one after the other would wait
        try:
            with self.sentences():
                self._check()
                owed()
        except SettingError as error:
            if starts:
                raise
            self._complain(error)
            raise StoreAwayError(_AWAY) from error
        except ContendedError:
            raise
        except StoreAwayError:
            self._away_at = monotonic()
            raise
        self._owed = None
        self._met = True

    @contextmanager
    def read(self) -> Iterator[State]:
        """One state: that of this thread's view, if it is in one."""
        current: State | None = getattr(self._views, "state", None)
        if current is not None:
            with self.sentences():
                yield current
            return
        self.settle()
        with self.sentences():
            if self.has_transactions:
                with self.client.start_session(snapshot=True) as session:
                    yield State(session, None, None)
            else:
                with self._published() as state:
                    yield state
            self._complained = None

    @contextmanager
    def view(self) -> Iterator[None]:
        """Everything this thread reads inside sees one state."""
        if getattr(self._views, "state", None) is not None:
            yield
            return
        with self.read() as state:
            self._views.state, self._views.log = state, None
            try:
                yield
            finally:
                self._views.state = self._views.log = None

    def log(self) -> Fields:
        """What was published last, as this thread sees it."""
        current: State | None = getattr(self._views, "state", None)
        if current is None:
            self.settle()
        with self.sentences():
            if current is None:
                return published(self.settled, None)
            if self._views.log is None:  # it stays as it is for as long as the view lasts
                self._views.log = published(self.plain, current.session)
                if current.seq is not None:
                    self._views.log.update(seq=current.seq, generation=self._views.generation)
            return dict(self._views.log)

    def end(self, state: State) -> tuple[int, int]:
        """The number of the last event of a state, and its generation."""
        if state.seq is not None:
            return state.seq, self._views.generation
        found = self.log() if state is getattr(self._views, "state", None) else published(self.plain, state.session)
        return int(found["seq"]), int(found["generation"])

    def oldest(self, batch: int) -> int:
        """What was published with this batch, and since, may still be looked at."""
        with self._lock:
            return min([batch - _LOOKED_BACK, *self._reading])

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
            self.signed = set()
            self._transactions = None
        if client is not None:
            client.close()

    @contextmanager
    def sentences(self) -> Iterator[None]:
        """Whatever the driver raises inside is told as a sentence."""
        try:
            yield
        except PyMongoError as error:
            told = self.meaning(error)
            if told is None:
                raise
            raise told from error

    def meaning(self, error: PyMongoError) -> PulseboardError | None:
        told = meaning(error, self.place)
        if told is None or isinstance(told, ContendedError):
            return told
        self._transactions = None
        self.signed = set()
        self.lost()
        if not self._met and isinstance(told, SettingError):
            return told
        self._complain(told)
        # Who asks meanwhile need not know users and hosts.
        return StoreAwayError(_AWAY) if isinstance(told, SettingError) else told

    def _complain(self, error: PulseboardError) -> None:
        """Say it in the log, once."""
        if self._complained != str(error):
            self._complained = str(error)
            log(__name__).warning("the database cannot be used", why=str(error))

    @contextmanager
    def _published(self) -> Iterator[State]:
        """All that was published, kept readable for as long as somebody is inside."""
        with self._lock:
            # Held before it is known, so that nothing is cleared away between asking and holding.
            self._reading[0] += 1
        held = 0
        try:
            found = published(self.plain, None)
            state = State(None, int(found["seq"]), int(found["batch"]))
            with self._lock:
                self._release(0)
                held = int(found["batch"])
                self._reading[held] += 1
            self._views.generation = int(found["generation"])
            yield state
        finally:
            with self._lock:
                self._release(held)

    def _release(self, batch: int) -> None:
        self._reading[batch] -= 1
        if not self._reading[batch]:
            del self._reading[batch]

    def _check(self) -> None:
        told = self.client.server_info()
        too_old(list(told.get("versionArray", ())))
        self._version = f" {told['version']}"


def published(database: Collections, session: ClientSession | None) -> Fields:
    """The `log` document."""
    found = database[META].find_one(LOG, session=session)
    if found is None:
        raise StoreAwayError(_NOT_MADE)
    return found


def all_of(conditions: Sequence[Fields]) -> Fields:
    """One condition of several."""
    return {"$and": list(conditions)} if conditions else {}


def _read(url: str) -> tuple[Place, str, set[str]]:
    """What may be shown of a URL: its place, its hosts, and the options it names. SettingError where it is none."""
    found = re.fullmatch(r"mongodb(\+srv)?://(?:(?P<user>[^/]*)@)?(?P<hosts>[^/?@]+)(?:/(?P<name>[^/?]*))?(?:\?(?P<more>.*))?",
                         url.strip(), re.DOTALL)  # fmt: skip
    if found is None:
        raise _unreadable(None, Place("DATABASE_URL", "", ""))
    if url.strip().startswith("mongodb://"):
        try:
            parse_uri(url.strip(), warn=False)
        except (PyMongoError, ValueError) as error:
            raise _unreadable(error, Place("DATABASE_URL", "", "")) from None
    hosts = [host.rpartition(":")[0] or host for host in found["hosts"].split(",")]
    user = unquote((found["user"] or "").partition(":")[0])
    more = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
    place = Place(hosts[0], user, unquote(found["name"] or "") or DATABASE)
    options = {option.partition("=")[0].lower() for option in re.split("[&;]", found["more"] or "")}
    return place, hosts[0] + more, options


def _unreadable(error: Exception | None, place: Place) -> PulseboardError:
    told = meaning(error, place) if isinstance(error, PyMongoError) and place.host != "DATABASE_URL" else None
    return told or SettingError(
        "DATABASE_URL cannot be read. Write it as mongodb://user:password@host:27017/trendai; in a password, signs such as "
        "@ : / have to be percent-encoded."
    )
