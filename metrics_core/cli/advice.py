"""Why a database may not answer, and what to do about it, by the sort of database."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_START = {
    "postgresql": ("pg_isready -h {host} -p {port}", "sudo systemctl start postgresql", 5432),
    "postgres": ("pg_isready -h {host} -p {port}", "sudo systemctl start postgresql", 5432),
    "mongodb": ("mongosh --host {host} --port {port} --eval 'db.hello()'", "sudo systemctl start mongod", 27017),
    "clickhouse": ("curl http://{host}:{port}/ping", "sudo systemctl start clickhouse-server", 8123),
}


def advice(database_url: str) -> list[str]:
    """Sentences to somebody whose database does not answer; never with a password."""
    try:
        address = make_url(database_url)
    except ArgumentError:
        return ["DATABASE_URL is no address of a database. On this machine: DATABASE_URL=sqlite:///data/pulseboard.db"]
    sort = address.drivername.partition("+")[0]
    if sort == "sqlite":
        return _of_a_file(address)
    if sort == "chdb":
        return []  # it runs in this process, and what is wrong was said
    if sort not in _START:
        return [f"No database is called {sort!r}. There are: sqlite, {', '.join(_START)}."]
    look, start, port = _START[sort]
    where = {"host": address.host or "127.0.0.1", "port": address.port or port}
    return [
        f"Does it run? {look.format(**where)}",
        f"If it is on this machine and stopped: {start}",
        "If it runs: check the user, the password and the name of the database in DATABASE_URL.",
    ]


def _of_a_file(address: URL) -> list[str]:
    file = Path(address.database or "")
    folder = file.parent
    if not folder.exists():
        nearest = next((parent for parent in folder.parents if parent.exists()), Path())
        if not os.access(nearest, os.W_OK):
            return [f"The folder {folder} is not there and cannot be made. Choose another in DATABASE_URL."]
    elif not os.access(folder, os.W_OK):
        return [f"The folder {folder} cannot be written. Allow it (chmod u+w {folder}), or choose another in DATABASE_URL."]
    if file.is_dir():
        return [f"{file} is a folder. Name a file in DATABASE_URL."]
    if file.exists() and not os.access(file, os.R_OK | os.W_OK):
        return [f"The file {file} cannot be read and written by this user."]
    if file.exists() and file.stat().st_size and _start(file) != b"SQLite format 3":
        return [f"{file} is not an SQLite database. Move it away, or name another file in DATABASE_URL."]
    return [f"Another program may hold {file} for long. See which: fuser {file}"]


def _start(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(15)
