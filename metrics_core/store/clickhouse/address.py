"""What a URL of ClickHouse says: a server over HTTP, or a folder in which the engine runs inside this process."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from metrics_core.errors import SettingError

DATABASE = "pulseboard"
"""Unless the URL names one."""

_OPTIONS = {"clickhouse": ("secure", "verify", "ca_cert", "cluster", "catalog"), "chdb": ("database", "catalog")}
_CHDB = "chdb"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_WRITTEN = {
    "clickhouse": "Write it as clickhouse://user:password@host:8123/database; in a password, signs such as @ : / have to be "
    "percent-encoded.",
    "chdb": "Write it as chdb:///path/of/a/folder.",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where ClickHouse is, and where its companion is."""

    database: str
    catalog: str
    """The URL of the companion."""
    folder: Path | None = None
    """The engine runs in this process, on this folder; else it is a server."""
    host: str = ""
    port: int = 0
    user: str = "default"
    password: str = field(default="", repr=False)
    secure: bool = False
    verify: bool = True
    ca_cert: str | None = None
    cluster: str | None = None

    @property
    def shown(self) -> str:
        """For people."""
        return f"{self.database} on {self.host}" if self.folder is None else f"{self.database} in {self.folder.name}"


def read(url: str, catalog: str | None) -> Address:
    """The address of a DATABASE_URL, with what CATALOG_URL says of the companion; SettingError where it is none."""
    scheme = url.partition(":")[0].strip().lower()
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True) if parts.query else []
    except ValueError:
        raise _unreadable(scheme) from None
    options = dict(pairs)
    for name in options:
        if name not in _OPTIONS[scheme]:
            shown = repr(name) if _NAME.fullmatch(name) else "something"
            msg = f"DATABASE_URL has {shown} after its ?, and there are {', '.join(_OPTIONS[scheme])}."
            raise SettingError(msg)
    if scheme == _CHDB:
        return _folder(parts.netloc + unquote(parts.path), options, catalog)
    if not parts.hostname or parts.fragment or parts.path.count("/") > 1:
        raise _unreadable(scheme)
    secure = _yes(options.get("secure", "false"), "secure")
    database = _database(unquote(parts.path.strip("/")))
    return Address(
        database=database, catalog=options.get("catalog") or catalog or f"sqlite:///data/{database}-catalog.db",
        host=parts.hostname, port=port or (8443 if secure else 8123), user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""), secure=secure, verify=_yes(options.get("verify", "true"), "verify"),
        ca_cert=options.get("ca_cert"), cluster=_cluster(options.get("cluster")),
    )  # fmt: skip


def _folder(path: str, options: dict[str, str], catalog: str | None) -> Address:
    if not path.strip("/") or "@" in path:
        raise _unreadable(_CHDB)
    folder = Path(path).absolute()
    database = _database(options.get("database", ""))
    beside = f"sqlite:///{folder / f'{database}-catalog.db'}"
    return Address(database=database, catalog=options.get("catalog") or catalog or beside, folder=folder)


def _database(name: str) -> str:
    name = name or DATABASE
    if _NAME.fullmatch(name) is None or name.lower() in ("system", "information_schema"):
        msg = "The database in DATABASE_URL cannot be used. Name it with letters, digits and _, such as pulseboard."
        raise SettingError(msg)
    return name


def _cluster(name: str | None) -> str | None:
    if name is not None and re.fullmatch(r"[\w{}.-]+", name) is None:
        msg = "The cluster in DATABASE_URL cannot be used. Give the name it has in remote_servers, such as ?cluster=main."
        raise SettingError(msg)
    return name


def _yes(value: str, name: str) -> bool:
    if value.lower() not in ("true", "false"):
        msg = f"In DATABASE_URL {name} is true or false, such as ?{name}=true."
        raise SettingError(msg)
    return value.lower() == "true"


def _unreadable(scheme: str) -> SettingError:
    return SettingError(f"DATABASE_URL cannot be read. {_WRITTEN[scheme]}")
