"""Connections to a SQL database: for writing, for reading, and one state for everything read together."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from metrics_core.errors import ContendedError, PulseboardError, SettingError, StoreAwayError, StorePlaceError
from metrics_core.logs import log
from metrics_core.store.sql.dialects import ALL
from metrics_core.store.sql.dialects.dialect import Dialect

Done = TypeVar("Done")

_AWAY = "The database did not answer. Nothing was taken in; try again in a few seconds."
_UNSURE = (
    "The database went away during a commit, so that nobody knows yet whether these records are kept. Send them again: what "
    "is kept already counts once."
)
_ALL_TAKEN = "Every connection to the database is in use. Nothing was taken in; try again in a few seconds."
_TRIES = 5


class Connections:
    """Hands out connections of one database. Whatever its driver raises becomes a sentence; see `Dialect.meaning`."""

    def __init__(self, url: str) -> None:
        parsed = _read(url)
        self.dialect: Dialect = ALL[parsed.get_backend_name()]
        self.engine = self.dialect.open(parsed)
        self.writer = self.dialect.writer(self.engine)
        self._errors: tuple[type[Exception], ...] = (SQLAlchemyError, *self.dialect.errors())
        self._writing = threading.RLock()
        self._views = threading.local()
        self._owed: Callable[[Connection], object] | None = None
        self._away_at = -1e9
        self._met = False  # whoever starts is told what to change; in the middle of work, everything may pass
        self._complained: str | None = None
        self.lost: Callable[[], None] = lambda: None
        """Called whenever the database went away: what was remembered of it may not hold where another took over."""

    def prepare(self, steps: Callable[[Connection], object]) -> None:
        """Have this done before anything else. Where the database is away now, it is done when it is back."""
        self._owed = steps
        try:
            self._settle(starts=True)
        finally:
            self._met = True

    @contextmanager
    def write(self, *, alone: bool = True, later: bool = False) -> Iterator[Connection]:
        """A transaction, committed at the end, durably; with `later`, at the latest by the next `flush`. While it is
        `alone`, no other that is, of this process or another, is anywhere between its begin and its commit."""
        self._settle()
        if not alone:
            with self._transaction(alone=False) as connection:
                yield connection
        else:
            with self._writing, self._transaction(alone=True) as connection:
                yield connection
        if not later:
            self.flush()

    def flush(self) -> None:
        """What was committed before is durable."""
        try:
            self.dialect.flush(self.engine)
        except OSError as error:
            raise StoreAwayError(_UNSURE) from error

    def change(self, work: Callable[[Connection], Done], *, alone: bool = True) -> Done:
        """A transaction of this work, tried again where others were in its way."""
        for tried in range(1, _TRIES + 1):
            try:
                with self.write(alone=alone) as connection:
                    return work(connection)
            except ContendedError:
                if tried == _TRIES:
                    raise
                time.sleep(random.uniform(0, 0.02 * 2**tried))
        raise AssertionError

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading one state: the one of this thread's view, if it is in one."""
        current: Connection | None = getattr(self._views, "connection", None)
        if current is not None:
            with self._sentences():
                yield current
            return
        self._settle()
        with self._sentences(), self.engine.connect() as connection, self.dialect.reading(connection).begin():
            self._has_answered()
            yield connection

    @contextmanager
    def view(self) -> Iterator[None]:
        """Everything this thread reads inside sees one state."""
        if getattr(self._views, "connection", None) is not None:
            yield
            return
        with self.read() as connection:
            self._views.connection = connection
            try:
                yield
            finally:
                self._views.connection = None

    def close(self) -> None:
        self.engine.dispose()
        self.writer.dispose()

    @contextmanager
    def _transaction(self, *, alone: bool) -> Iterator[Connection]:
        committing = False
        try:
            with self._sentences(), self.writer.connect() as connection, self.dialect.writing(connection).begin():
                self._has_answered()
                self.dialect.begin(connection, alone=alone)
                yield connection
                committing = True
        except StoreAwayError as error:
            if committing and getattr(error.__cause__, "connection_invalidated", False):
                raise StoreAwayError(_UNSURE) from error
            raise

    def _settle(self, *, starts: bool = False) -> None:
        if self._owed is not None:
            came = time.monotonic()
            with self._writing:
                self._do_what_is_owed(came, starts)

    def _do_what_is_owed(self, came: float, starts: bool) -> None:
        owed = self._owed
        if owed is None:
            return
        if self._away_at > came:
            raise StoreAwayError(_AWAY)  # as somebody else found while we waited: one after the other would wait
        try:
            with self._transaction(alone=True) as connection:
                owed(connection)
            self.flush()
        except SettingError as error:
            if starts:
                raise
            self._complain(error)
            raise StoreAwayError(_AWAY) from error
        except ContendedError:
            raise
        except StoreAwayError:
            self._away_at = time.monotonic()
            raise
        self._owed = None

    def _has_answered(self) -> None:
        self._met = self._met or self._owed is None
        self._complained = None

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            meaning = self._meaning(error)
            if meaning is None:
                raise
            raise meaning from error

    def _meaning(self, error: Exception) -> PulseboardError | None:
        if isinstance(error, PoolTimeoutError):
            return StoreAwayError(_ALL_TAKEN)
        if isinstance(error, PendingRollbackError):
            return StoreAwayError(_AWAY)  # somebody goes on in a view whose connection has broken off
        broken = isinstance(error, DBAPIError) and error.connection_invalidated
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        meaning = self.dialect.meaning(cause, self.engine.url)
        if meaning is None:
            meaning = StoreAwayError(_AWAY) if broken else None
        if meaning is None or isinstance(meaning, ContendedError):
            return meaning
        names_place = isinstance(meaning, (SettingError, StorePlaceError))
        if names_place and not self._met:
            return meaning
        self._complain(meaning)
        self._met = True
        self.lost()
        # Who asks meanwhile need not know users, hosts and files.
        return StoreAwayError(_AWAY) if names_place else meaning

    def _complain(self, error: PulseboardError) -> None:
        """Say it in the log, once."""
        if self._complained != str(error):
            self._complained = str(error)
            log(__name__).warning("the database cannot be used", why=str(error))


def _read(url: str) -> URL:
    try:
        return make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    except (ArgumentError, ValueError):
        msg = (
            "DATABASE_URL cannot be read. Write it as sqlite:///data/pulseboard.db or postgresql+psycopg://user:password@host:"
            "5432/database; in a password, signs such as @ : / # have to be percent-encoded."
        )
        raise SettingError(msg) from None
