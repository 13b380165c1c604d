"""The engine a command works with, and every way it can fail to be there, in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from sqlalchemy.exc import SQLAlchemyError

from metrics_core.cli.advice import advice
from metrics_core.cli.console import fail
from metrics_core.cli.sharing import others_told
from metrics_core.engine import Engine, engine
from metrics_core.errors import PulseboardError, SettingError, StoreAwayError
from metrics_core.model.event import IMPORT, LIVE
from metrics_core.settings import Settings
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store


@contextmanager
def desk() -> Iterator[Engine]:
    """The engine, ready to take in and to answer; everything it took in is on disk when the block ends."""
    with _reaching(_url):
        ready = engine()
        ready.store.prepare()
        ready.store.ping()
    try:
        ready.start()
        with others_told(ready):
            yield ready
    except StoreAwayError as error:
        fail(f"{error} Everything acknowledged until then is kept; run the command again once it answers.")
    except PulseboardError as error:
        fail(str(error))
    finally:
        ready.stop()


@contextmanager
def opened(url: str, option: str) -> Iterator[Store]:
    """The store of a URL that an option names, prepared."""
    with _reaching(lambda: url, called=option):
        store = connect(url, Settings().catalog_url)
        store.prepare()
        store.ping()
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _reaching(url: Callable[[], str], called: str = "DATABASE_URL") -> Iterator[None]:
    """Whatever keeps a database from being used, in a sentence that speaks of what names it."""

    def out(*sentences: str) -> NoReturn:
        fail(" ".join(sentences).replace("DATABASE_URL", called))

    try:
        yield
    except SettingError as error:
        out(str(error))
    except StoreAwayError as error:
        out(str(error), *advice(url()))
    except ImportError as error:
        out(f"The driver of this database is not installed ({error.name}). Install it, or use SQLite: unset DATABASE_URL.")
    except SQLAlchemyError:
        out("The database cannot be used as it is.", *advice(url()))


def _url() -> str:
    try:
        return Settings().database_url
    except SettingError as error:
        fail(str(error))


def real_origins(ready: Engine) -> tuple[str, ...]:
    """What views show by default: live and imported data; while there is none, all there is."""
    present = ready.store.events.count()
    real = tuple(origin for origin in (LIVE, IMPORT) if origin in present)
    return real or tuple(present)
