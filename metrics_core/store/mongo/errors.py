"""What MongoDB's errors mean to the person who can act. No sentence holds a password."""

from __future__ import annotations

import re
from typing import NamedTuple

from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    InvalidURI,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

from metrics_core.errors import ContendedError, PulseboardError, SettingError, StoreAwayError

OLDEST = 5
TAKEN = 11_000
"""The code of a key that is there already."""
CONFLICTS = frozenset({112, 24, 246, 239, 251, 225, 290})
"""Write conflict, lock not had in time, state no longer kept, transaction given up by the server: the same again may do."""


class Place(NamedTuple):
    """What sentences may show of a URL."""

    host: str
    user: str
    database: str


class _Said(NamedTuple):
    kind: type[PulseboardError]
    sentence: str


_AGAIN = "Nothing was taken in; try again in a few seconds."
_CONTENDED = _Said(ContendedError, f"Others were writing to the database at the same time. {_AGAIN}")
_KEPT_OUT = _Said(
    SettingError, "MongoDB on {host} does not let the user {user} in. Correct user and password in DATABASE_URL (signs such "
    "as @ : / in a password are percent-encoded); a user made in another database needs ?authSource=admin.",
)  # fmt: skip
_NO_RIGHTS = _Said(
    SettingError, "MongoDB on {host} does not let the user {user} do this in the database {database}. Give the rights: "
    'db.grantRolesToUser("{user}", [{{role: "readWrite", db: "{database}"}}])',
)  # fmt: skip
_WANTS_USER = _Said(
    SettingError, "MongoDB on {host} wants a user and a password. Put them into DATABASE_URL: mongodb://user:password@host/"
    "{database}?authSource=admin",
)  # fmt: skip
_OPTIONS = _Said(SettingError, "DATABASE_URL has something that MongoDB cannot use. Look at its host and its options.")
_ENCRYPTION = _Said(
    SettingError, "MongoDB on {host} and we do not agree on encryption. Correct tls and tlsCAFile in DATABASE_URL, such as "
    "?tls=true",
)  # fmt: skip
_NO_PRIMARY = _Said(
    StoreAwayError, "The replica set of the database has no primary at the moment. Nothing was taken in; try again in a few "
    "seconds, and should it stay so, correct the hosts and replicaSet in DATABASE_URL.",
)  # fmt: skip
_NO_HOST = _Said(
    StoreAwayError, "The host of the database has no address at the moment: start it, or correct its name in DATABASE_URL."
)
_DISK = _Said(StoreAwayError, "The disk of the database is full. Nothing was taken in; make room and try again.")
_SLOW = _Said(StoreAwayError, f"The database took too long. {_AGAIN}")
_MOVING = _Said(StoreAwayError, f"The database has no primary at the moment, or is changing it. {_AGAIN}")
_SILENT = _Said(StoreAwayError, "The database does not answer: start it, or correct DATABASE_URL. Nothing was taken in.")

_BY_CODE: dict[int, _Said] = {
    18: _KEPT_OUT, 8000: _KEPT_OUT, 11: _KEPT_OUT, 13: _NO_RIGHTS, 50: _SLOW, 262: _SLOW, 14031: _DISK,
    91: _MOVING, 189: _MOVING, 10107: _MOVING, 11600: _MOVING, 11602: _MOVING, 13435: _MOVING, 13436: _MOVING,
    **dict.fromkeys(CONFLICTS, _CONTENDED),
}  # fmt: skip
"""By the server's code."""

_BY_TEXT: tuple[tuple[str, _Said], ...] = (
    ("authentication failed", _KEPT_OUT), ("requires authentication", _WANTS_USER),
    ("name or service not known|nodename nor servname|no address associated|name resolution|dns", _NO_HOST),
    ("ssl|tls|certificate", _ENCRYPTION), ("primary|no replica set members|replica set named|setname", _NO_PRIMARY),
)  # fmt: skip
"""Where there is no code, by the driver's text."""

_PLAIN = re.compile(r"[\w.:,-]{1,100}")


def meaning(error: PyMongoError, place: Place) -> PulseboardError | None:
    """SettingError where somebody has to change something, ContendedError where the same may go through now,
    StoreAwayError where it may pass; None for a fault of ours."""
    said = _said(error, place)
    return None if said is None else said.kind(said.sentence.format(**_shown(place)))


def code_of(error: PyMongoError) -> int | None:
    """The server's code, where it gave one."""
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        some = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
        return some[0].get("code") if some else None
    return error.code if isinstance(error, OperationFailure) else None


def too_old(version: list[int]) -> None:
    """SettingError for a server before the oldest we can work with."""
    if version[:1] < [OLDEST]:
        shown = ".".join(map(str, version[:3])) or "of unknown version"
        msg = f"MongoDB {shown} is too old: Pulseboard needs {OLDEST}.0 or newer. Upgrade the server, or name another one."
        raise SettingError(msg)


def _said(error: PyMongoError, place: Place) -> _Said | None:
    code, text = code_of(error), str(error).lower()
    if code == 13 and not place.user:
        return _WANTS_USER
    if code is not None and code in _BY_CODE:
        return _BY_CODE[code]
    if isinstance(error, (ServerSelectionTimeoutError, ConfigurationError, InvalidURI)) or code is None:
        found = next((said for sign, said in _BY_TEXT if re.search(sign, text)), None)
        if found is not None:
            return found
    if isinstance(error, (ConfigurationError, InvalidURI)):
        return _OPTIONS
    if isinstance(error, NotPrimaryError):
        return _MOVING
    if isinstance(error, (ExecutionTimeout, WTimeoutError)):
        return _SLOW
    if isinstance(error, (AutoReconnect, ConnectionFailure)):
        return _SILENT
    return _CONTENDED if error.has_error_label("TransientTransactionError") else None


def _shown(place: Place) -> dict[str, str]:
    """Where a password with signs in it has spilled into its neighbours, nothing is shown."""
    return {
        name: part if _PLAIN.fullmatch(part) else "of DATABASE_URL" for name, part in place._asdict().items()
    }
