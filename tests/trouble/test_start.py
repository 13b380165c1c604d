"""Starting on a server that cannot be used: a command says in one sentence what to do, with exit code 2 and no password."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.mongo import guarded, mongod
from tests.servers.postgres import binaries, postgres
from tests.sql.test_start import start

MONGODB = pytest.mark.skipif(mongod() is None and not os.environ.get("CI"), reason="MongoDB is not on this machine")
POSTGRESQL = pytest.mark.skipif(binaries() is None and not os.environ.get("CI"), reason="PostgreSQL is not on this machine")


def reader() -> str:
    """The URL of somebody who may log in, and no more."""
    server = postgres()
    if not server.sql("SELECT 1 FROM pg_roles WHERE rolname = 'reader'"):
        server.sql("CREATE ROLE reader LOGIN PASSWORD 'top@secret'")
        server.sql("CREATE DATABASE guarded")
        server.sql("REVOKE ALL ON SCHEMA public FROM PUBLIC", "guarded")
    return server.url("guarded", user="reader")


URLS: dict[str, tuple[Callable[[], str], str]] = {
    "PostgreSQL, wrong password": (lambda: postgres().url(password="wrong@secret"), "does not let the user postgres in"),
    "PostgreSQL, no rights": (reader, "reader"),
    "PostgreSQL, no such database": (lambda: postgres().url("nothing"), "nothing"),
    "MongoDB, wrong password": (lambda: guarded().url("shop", user="shop", password="wrong@secret"), "user shop in"),
    "MongoDB, no rights": (lambda: guarded().url("shop", user="reader"), "does not let the user reader do this"),
    "MongoDB, no user": (lambda: guarded().url("shop"), "wants a user and a password"),
}


@pytest.mark.servers
@pytest.mark.parametrize("what", [pytest.param(name, marks=POSTGRESQL if name[0] == "P" else MONGODB) for name in URLS])
def test_what_a_person_has_to_change_is_said_in_one_sentence(what: str, tmp_path: Path) -> None:
    url, says = URLS[what]
    code, told = start("a command", url(), tmp_path)
    assert code == 2
    assert len(told) == 1
    assert says in told[0]


@pytest.mark.servers
@MONGODB
def test_the_doors_do_not_open_either(tmp_path: Path) -> None:
    code, told = start("the doors", guarded().url("shop", user="reader"), tmp_path)
    assert code == 2
    assert len(told) == 1
    assert "does not let the user reader do this in the database shop" in told[0]


@pytest.mark.parametrize("url", ("postgresql://ann:secret@127.0.0.1:9/shop", "mongodb://ann:secret@127.0.0.1:9/shop"))
def test_a_server_that_is_away_is_said_with_what_to_do(url: str, tmp_path: Path) -> None:
    code, told = start("a command", url, tmp_path)
    assert code == 2
    assert len(told) == 1
    assert "start it, or correct DATABASE_URL" in told[0]
