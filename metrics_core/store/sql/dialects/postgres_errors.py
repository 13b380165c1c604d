"""What PostgreSQL's errors mean to the person who can act. No sentence holds a password."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy import URL

from metrics_core.errors import ContendedError, PulseboardError, SettingError, StoreAwayError

OLDEST = 13
STANDBY = "25006"


class _Said(NamedTuple):
    """A meaning: what sort of error it is to us, and its sentence."""

    kind: type[PulseboardError]
    sentence: str


_AGAIN = "Nothing was taken in; try again in a few seconds."
_CONTENDED = _Said(ContendedError, f"Others were writing the same rows of the database. {_AGAIN}")
_KEPT_OUT = _Said(
    SettingError, "PostgreSQL on {host} does not let the user {user} in. Correct user and password in DATABASE_URL (signs "
    "such as @ : / in a password are percent-encoded), or allow it in pg_hba.conf.",
)  # fmt: skip
_NO_PASSWORD = _Said(
    SettingError, "PostgreSQL on {host} wants a password for the user {user}. Put it into DATABASE_URL: "
    "postgresql://user:password@host/database",
)  # fmt: skip
_NO_DATABASE = _Said(
    SettingError, "PostgreSQL on {host} has no database called {database}. Make it (createdb {database}), or correct "
    "DATABASE_URL.",
)  # fmt: skip
_NO_RIGHTS = _Said(
    SettingError, "PostgreSQL does not let the user {user} do this in the database {database}. Give the rights: GRANT "
    "CREATE, USAGE ON SCHEMA public TO {user}; where the tables are there already, also GRANT ALL ON ALL TABLES IN SCHEMA "
    "public TO {user}",
)  # fmt: skip
_NO_TABLES = _Said(
    StoreAwayError, "The tables of Pulseboard are not in this database. They are made at the start: start Pulseboard again."
)
_ENCRYPTION = _Said(
    SettingError, "PostgreSQL on {host} and we do not agree on encryption. Correct sslmode and sslrootcert in DATABASE_URL, "
    "such as ?sslmode=require",
)  # fmt: skip
_POOLED = _Said(
    SettingError, "Another client's statements come through our connection to PostgreSQL on {host}. Where pgbouncer stands "
    "between, set pool_mode = session for this database.",
)  # fmt: skip
_OPTION = _Said(
    SettingError, "DATABASE_URL has a port or an option that PostgreSQL cannot use. Look at what stands behind its host."
)
_NO_HOST = _Said(
    StoreAwayError, "The host of the database has no address at the moment: start it, or correct its name in DATABASE_URL."
)
_ONLY_READS = _Said(StoreAwayError, f"The database only reads at the moment; it may be a standby. {_AGAIN}")
_NO_CONNECTION = _Said(
    StoreAwayError, "The database has no connection left for us: raise max_connections of PostgreSQL, or run fewer programs "
    f"on it. {_AGAIN}",
)  # fmt: skip
_DISK = _Said(StoreAwayError, "The disk of the database is full. Nothing was taken in; make room and try again.")
_KEPT_LONG = _Said(StoreAwayError, f"Another replica or program kept the database for too long. {_AGAIN}")
_MOVING = _Said(StoreAwayError, f"The database is stopping or starting. {_AGAIN}")
_TROUBLE = _Said(StoreAwayError, f"The database has trouble; its log says which. {_AGAIN}")
_SILENT = _Said(StoreAwayError, "The database does not answer: start it, or correct DATABASE_URL. Nothing was taken in.")

_BY_CODE: tuple[tuple[str, _Said], ...] = (
    ("40001", _CONTENDED), ("40P01", _CONTENDED),
    ("28", _KEPT_OUT), ("3D", _NO_DATABASE), ("3F000", _NO_RIGHTS), ("42501", _NO_RIGHTS), ("42P01", _NO_TABLES),
    ("42P05", _POOLED), ("26000", _POOLED),
    (STANDBY, _ONLY_READS), ("25P03", _KEPT_LONG), ("55P03", _KEPT_LONG), ("55000", _MOVING),
    ("53100", _DISK), ("53300", _NO_CONNECTION), ("53", _TROUBLE), ("57", _MOVING), ("58", _TROUBLE), ("08", _SILENT),
)  # fmt: skip
"""By how the code begins (see the appendix "PostgreSQL Error Codes")."""

_BY_TEXT: tuple[tuple[str, _Said], ...] = (
    ("no password supplied", _NO_PASSWORD), ("authentication failed", _KEPT_OUT), ("no pg_hba.conf entry", _KEPT_OUT),
    (r'role ".*" (does not exist|is not permitted)', _KEPT_OUT), (r'database ".*" does not exist', _NO_DATABASE),
    ("permission denied for database", _NO_RIGHTS), ("connection slots|too many (clients|connections)", _NO_CONNECTION),
    ("support ssl|ssl (error|connection)|certificate", _ENCRYPTION),
    ("starting up|shutting down|not currently accepting", _MOVING), ("read-only", _ONLY_READS),
    ("resolve host|translate host name", _NO_HOST),
    ("invalid (connection option|port|integer|.* value)", _OPTION),
)  # fmt: skip
"""While connecting there is no code, only the server's or the driver's text."""

_PLAIN = re.compile(r"[\w.:,-]{1,100}")


def meaning(error: BaseException, url: URL) -> PulseboardError | None:
    """See `Dialect.meaning`."""
    code, text = getattr(error, "sqlstate", None), str(error).lower()
    if code is not None:
        said = next((said for sign, said in _BY_CODE if code.startswith(sign)), None)
    else:
        said = next((said for sign, said in _BY_TEXT if re.search(sign, text)), None)
        if said is None and type(error).__name__ in ("OperationalError", "ConnectionTimeout"):
            said = _SILENT  # refused, timed out, broken off
    return None if said is None else said.kind(said.sentence.format(**_parts(url)))


def spelling(url: URL) -> URL:
    """The URL as the driver's; SettingError where it asks for another."""
    _, _, driver = url.drivername.partition("+")
    if driver not in ("", "psycopg"):
        msg = f"Pulseboard speaks to PostgreSQL through psycopg, not {driver}. Write postgresql+psycopg:// in DATABASE_URL."
        raise SettingError(msg)
    return url.set(drivername="postgresql+psycopg")


def too_old(version: tuple[int | str, ...]) -> None:
    """SettingError for a server before the oldest we can work with."""
    if version < (OLDEST,):
        shown = ".".join(map(str, version)) or "of unknown version"
        msg = f"PostgreSQL {shown} is too old: Pulseboard needs {OLDEST} or newer. Upgrade the server, or name another one."
        raise SettingError(msg)


def wrong_encoding(encoding: str, url: URL) -> None:
    """SettingError for a database that cannot keep every name there is."""
    if encoding != "UTF8":
        msg = (
            f"The database {_parts(url)['database']} keeps text as {encoding}, which has no room for every name. Make one "
            "that has: createdb --encoding=UTF8 --template=template0 pulseboard"
        )
        raise SettingError(msg)


def _parts(url: URL) -> dict[str, str]:
    """What sentences may show of a URL. Where a password with signs in it has spilled into its neighbours, nothing is."""
    parts = {"host": url.host or "localhost", "user": url.username or "", "database": url.database or url.username or ""}
    return {name: part if _PLAIN.fullmatch(part) else "of DATABASE_URL" for name, part in parts.items()}
