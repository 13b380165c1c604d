"""What ClickHouse's errors mean to the person who can act. No sentence holds a password."""

from __future__ import annotations

import re
from typing import NamedTuple

from metrics_core.errors import PulseboardError, SettingError, StoreAwayError
from metrics_core.store.clickhouse.address import Address

OLDEST = (24, 3)


class _Said(NamedTuple):
    kind: type[PulseboardError]
    sentence: str


_AGAIN = "Nothing was taken in; try again in a few seconds."
_KEPT_OUT = _Said(
    SettingError, "ClickHouse on {host} does not let the user {user} in. Correct user and password in DATABASE_URL (signs "
    "such as @ : / in a password are percent-encoded).",
)  # fmt: skip
_NO_RIGHTS = _Said(
    SettingError, "ClickHouse on {host} does not let the user {user} do this in the database {database}. Give the "
    "rights: GRANT SELECT, INSERT, ALTER, CREATE ON {database}.* TO {user}",
)  # fmt: skip
_READ_ONLY = _Said(
    SettingError, "The user {user} may only read on ClickHouse on {host}. Name a user in DATABASE_URL whose profile is not "
    "readonly.",
)  # fmt: skip
_GONE = _Said(
    StoreAwayError, "The database {database} is not there any more, or its tables are not. Bring it back, or start "
    "Pulseboard again to have it made.",
)  # fmt: skip
_DISK = _Said(StoreAwayError, "The disk of the database is full. Nothing was taken in; make room and try again.")
_MEMORY = _Said(StoreAwayError, f"The database has too little memory for this at the moment. {_AGAIN}")
_SLOW = _Said(StoreAwayError, f"The database took too long. {_AGAIN}")
_BUSY = _Said(StoreAwayError, f"The database is busy merging or with other queries. {_AGAIN}")
_SILENT = _Said(StoreAwayError, "The database does not answer: start it, or correct DATABASE_URL. Nothing was taken in.")
_NO_HOST = _Said(
    StoreAwayError, "The host of the database has no address at the moment: start it, or correct its name in DATABASE_URL."
)
_ENCRYPTION = _Said(
    SettingError, "ClickHouse on {host} and we do not agree on encryption. Correct the port and secure, verify or ca_cert "
    "in DATABASE_URL, such as :8443/{database}?secure=true",
)  # fmt: skip
_OTHER_PORT = _Said(
    SettingError, "What answers on {host} at this port is not the HTTP interface of ClickHouse. Name its HTTP port in "
    "DATABASE_URL: 8123, or 8443 with ?secure=true.",
)  # fmt: skip
_TOO_OLD = _Said(
    SettingError, f"The ClickHouse on {{host}} is too old: Pulseboard needs {OLDEST[0]}.{OLDEST[1]} or newer. Upgrade the "
    "server, or name another one.",
)  # fmt: skip
_HELD = _Said(
    SettingError, "Another process has this folder open: with chdb it is one process for a folder. End the other one, or "
    "name another folder in DATABASE_URL.",
)  # fmt: skip
_SECOND = _Said(
    SettingError, "This process has another chdb folder open already, and it can have one. Put both databases into one "
    "folder: chdb:///folder?database=name",
)  # fmt: skip
_FOLDER = _Said(
    SettingError, "The folder of the database cannot be used: let this user read and write it, or name another in "
    "DATABASE_URL.",
)  # fmt: skip

_BY_CODE: dict[int, _Said] = {
    192: _KEPT_OUT, 193: _KEPT_OUT, 194: _KEPT_OUT, 195: _KEPT_OUT, 516: _KEPT_OUT, 497: _NO_RIGHTS, 164: _READ_ONLY,
    60: _GONE, 81: _GONE, 243: _DISK, 241: _MEMORY, 159: _SLOW, 160: _SLOW, 209: _SLOW, 202: _BUSY, 252: _BUSY, 242: _BUSY,
    210: _SILENT, 999: _BUSY, 319: _SLOW, 285: _BUSY, 279: _BUSY, 394: _BUSY,
}  # fmt: skip
"""By the server's code."""

_BY_TEXT: tuple[tuple[str, _Said], ...] = (
    ("already initialized with path", _SECOND), ("cannot lock file|initializing embeddedserver", _HELD),
    ("permission denied|read-only file system|cannot_open_file|not a directory", _FOLDER),
    ("unknown identifier: readonly|unknown setting", _TOO_OLD),
    ("name or service not known|nodename nor servname|nameresolution|no address associated|failed to resolve", _NO_HOST),
    ("ssl|tls|certificate", _ENCRYPTION), ("wrong password|authentication failed", _KEPT_OUT),
    (r"you must use port|is for clickhouse-client|not http|badstatusline|http/0\.9|bad request", _OTHER_PORT),
    ("timed out|timeout", _SLOW),
    ("connection|remote end closed|refused|reset|max retries|broken pipe|protocol", _SILENT),
    ("http status 50[234]", _SILENT), ("http status 40[0-9]", _OTHER_PORT),
)  # fmt: skip
"""Where there is no code, by the driver's text."""

_PLAIN = re.compile(r"[\w.:,-]{1,100}")
_CODE = re.compile(r"\bCode: (\d+)")


def meaning(error: Exception, address: Address) -> PulseboardError | None:
    """SettingError where somebody has to change something, StoreAwayError where it may pass; None for a fault of ours."""
    said = _said(error)
    if said is None:
        return None
    shown = {"host": address.host or "this machine", "user": address.user, "database": address.database}
    plain = {name: part if _PLAIN.fullmatch(part) else "of DATABASE_URL" for name, part in shown.items()}
    return said.kind(said.sentence.format(**plain))


def too_old(version: str) -> None:
    """SettingError for a server before the oldest we can work with."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < OLDEST:
        msg = (
            f"ClickHouse {version} is too old: Pulseboard needs {OLDEST[0]}.{OLDEST[1]} or newer. Upgrade the server, or "
            "name another one."
        )
        raise SettingError(msg)


def _said(error: Exception) -> _Said | None:
    text = str(error).lower()
    found = _CODE.search(str(error))
    code = getattr(error, "code", None) or (int(found[1]) if found else None)
    if code is not None and code in _BY_CODE:
        return _BY_CODE[code]
    said = next((said for sign, said in _BY_TEXT if re.search(sign, text)), None)
    # A code that is not in the table is a statement of ours that it did not understand.
    return said if code is None or said in (_SECOND, _HELD, _FOLDER, _TOO_OLD) else None
