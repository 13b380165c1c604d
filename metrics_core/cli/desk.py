"""The engine a command works with, and every way it can fail to be there, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from metrics_core.cli.advice import advice
from metrics_core.cli.console import fail
from metrics_core.engine import Engine, engine
from metrics_core.errors import PulseboardError, SettingError, StoreAwayError
from metrics_core.model.event import IMPORT, LIVE
from metrics_core.settings import Settings


@contextmanager
def desk() -> Iterator[Engine]:
    """The engine, ready to take in and to answer; everything it took in is on disk when the block ends."""
    try:
        ready = engine()
        ready.store.prepare()
        ready.store.ping()
    except SettingError as error:
        fail(str(error))
    except StoreAwayError as error:
        fail(" ".join((str(error), *advice(_url()))))
    except ImportError as error:
        fail(f"The driver of this database is not installed ({error.name}). Install it, or use SQLite: unset DATABASE_URL.")
    except SQLAlchemyError:
        fail(" ".join(("The database cannot be used as it is.", *advice(_url()))))
    try:
        ready.start()
        yield ready
    except StoreAwayError as error:
        fail(f"{error} Everything acknowledged until then is kept; run the command again once it answers.")
    except PulseboardError as error:
        fail(str(error))
    finally:
        ready.stop()


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
