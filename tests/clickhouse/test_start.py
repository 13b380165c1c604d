"""Starting on a ClickHouse that cannot be used: one sentence that says what to do, and never a password."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from metrics_core.errors import PulseboardError, SettingError, StoreAwayError
from metrics_core.store.clickhouse.address import read
from metrics_core.store.clickhouse.errors import too_old
from metrics_core.store.connect import connect
from tests.servers.chdb import chdb, is_here
from tests.servers.clickhouse_old import old_server, program
from tests.stores.contents import EVENTS, put

ROOT = Path(__file__).parents[2]

servers = pytest.mark.servers
here = pytest.mark.skipif(not is_here(), reason="chdb is not installed")
over_http = pytest.mark.skipif(
    program() is None and not os.environ.get("CI"), reason="Debian's clickhouse-server is not installed"
)


def said(url: str, catalog: str | None = None) -> PulseboardError:
    """What somebody is told who starts on this."""
    with pytest.raises(PulseboardError) as told, closing(connect(url, catalog)) as store:
        store.prepare()
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)
    return told.value


def run(url: str, command: str = "verify", *, without: str = "") -> subprocess.CompletedProcess[str]:
    """What a command does that meets this database."""
    missing = f"import runpy, sys; sys.modules.update({{name: None for name in {without.split()!r}}}); "
    start = f"sys.argv = ['metrics_core', *{command.split()!r}]; runpy.run_module('metrics_core', run_name='__main__')"
    words = [sys.executable, "-c", missing + start]
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    return subprocess.run(words, env=environment, cwd=ROOT, check=False, timeout=100, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("url", "says"),
    (
        ("clickhouse://ann:top@secret@db:fifty/shop", "cannot be read"),
        ("clickhouse:///shop", "cannot be read"),
        ("clickhouse://db/shop/more", "cannot be read"),
        ("clickhouse://db/sh%20op", "Name it with letters"),
        ("clickhouse://db/shop?secure=perhaps", "secure is true or false"),
        ("clickhouse://db/shop?colour=red", "'colour' after its ?, and there are secure"),
        ("clickhouse://db/shop?cluster=a'b", "name it has in remote_servers"),
        ("chdb://", "chdb:///path/of/a/folder"),
        ("clickhose://db", "Did you mean 'clickhouse'?"),
    ),
)
def test_a_url_that_is_none_is_refused(url: str, says: str) -> None:
    told = said(url)
    assert isinstance(told, SettingError)
    assert says in str(told)


def test_a_url_says_where_it_is_and_where_its_companion_is() -> None:
    place = read("clickhouse://ann:top%40secret@db.example.org/shop?secure=true&cluster=main", None)
    assert (place.host, place.port, place.user, place.password) == ("db.example.org", 8443, "ann", "top@secret")
    assert (place.database, place.cluster, place.catalog) == ("shop", "main", "sqlite:///data/shop-catalog.db")
    assert "secret" not in repr(place)
    assert read("clickhouse://db", "postgresql://pg/small").catalog == "postgresql://pg/small"
    assert read("clickhouse://db?catalog=sqlite:///a.db", "postgresql://pg/small").catalog == "sqlite:///a.db"
    assert read("chdb:///var/lib/shop", None).catalog == "sqlite:////var/lib/shop/pulseboard-catalog.db"
    assert str(read("chdb:///var/lib/shop", None).folder) == "/var/lib/shop"


def test_a_store_is_called_by_its_database_and_host(tmp_path: Path) -> None:
    beside = f"sqlite:///{tmp_path / 'small.db'}"
    assert connect("clickhouse://ann:secret@db.example.org/shop", beside).name == "ClickHouse, shop on db.example.org"
    assert connect(f"chdb://{tmp_path}/data", beside).name == "chdb, pulseboard in data"


def test_a_companion_that_cannot_be_one_is_refused_by_its_name(tmp_path: Path) -> None:
    for catalog in ("mongodb://db", "sqlite:///", "postgresql://ann:secret@db:fifty/x"):
        assert "CATALOG_URL" in str(said(f"chdb://{tmp_path}/data", catalog))
    (tmp_path / "text.db").write_text("no database at all, but long enough to be looked at as one" * 20)
    assert "CATALOG_URL" in str(said(f"chdb://{tmp_path}/data", f"sqlite:///{tmp_path / 'text.db'}"))


def test_nobody_there_is_said_within_seconds(tmp_path: Path) -> None:
    told = said("clickhouse://ann:secret@127.0.0.1:1/shop", f"sqlite:///{tmp_path / 'small.db'}")
    assert isinstance(told, StoreAwayError)
    assert "does not answer" in str(told)


def test_a_host_without_an_address_is_said(tmp_path: Path) -> None:
    assert "no address" in str(said("clickhouse://no-such-host.invalid/", f"sqlite:///{tmp_path / 'small.db'}"))


def test_a_server_too_old_is_refused() -> None:
    too_old("24.3.1.2672")
    too_old("26.9.2.1")
    with pytest.raises(SettingError, match=r"ClickHouse 23\.8\.1\.1 is too old: Pulseboard needs 24\.3"):
        too_old("23.8.1.1")


@pytest.mark.parametrize(
    ("without", "url", "says"),
    (
        ("clickhouse_connect", "clickhouse://db/", "pip install clickhouse-connect"),
        ("chdb", "chdb://{folder}/data", "pip install chdb"),
    ),
)
def test_a_command_without_the_driver_says_how_to_get_it(without: str, url: str, says: str, tmp_path: Path) -> None:
    done = run(url.format(folder=tmp_path), without=without)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_setup_shows_no_password_of_the_companion_either() -> None:
    done = run("clickhouse://ann:secret@127.0.0.1:1/shop?catalog=postgresql://bob:secret@127.0.0.1:1/small", "setup --yes")
    assert done.returncode == 2
    assert "clickhouse://ann:***@127.0.0.1:1/shop" in done.stdout
    assert "CATALOG_URL" in done.stderr
    assert "secret" not in done.stdout + done.stderr


# ------------------------------------------------------------------------------------------------------- over HTTP


@servers
@over_http
@pytest.mark.parametrize(
    ("user", "says"),
    (
        ("shop:wrong%40secret", "does not let the user shop in"),
        ("nobody:top%40secret", "does not let the user nobody in"),
        ("shop:top%40secret", "is too old"),
    ),
)
def test_who_is_kept_out_is_told_what_to_change(user: str, says: str, tmp_path: Path) -> None:
    told = said(f"clickhouse://{user}@127.0.0.1:{old_server().http}/shop", f"sqlite:///{tmp_path / 'small.db'}")
    assert isinstance(told, SettingError)
    assert says in str(told)


@servers
@over_http
def test_the_port_of_the_other_protocol_is_told_apart(tmp_path: Path) -> None:
    url = f"clickhouse://shop:top%40secret@127.0.0.1:{old_server().tcp}/shop"
    assert "Name its HTTP port" in str(said(url, f"sqlite:///{tmp_path / 'small.db'}"))


# -------------------------------------------------------------------------------------------------- inside a process


@servers
@here
def test_a_folder_is_for_one_process(tmp_path: Path) -> None:
    done = run(f"chdb://{chdb().folder}", without="")
    assert done.returncode == 2
    assert "one process for a folder" in done.stderr
    assert "Traceback" not in done.stderr


@servers
@here
def test_a_process_has_one_folder(tmp_path: Path) -> None:
    chdb()
    assert "chdb:///folder?database=name" in str(said(f"chdb://{tmp_path}/other"))


@servers
@here
def test_a_companion_that_was_lost_or_is_another_ones_is_not_taken(url: str, tmp_path: Path) -> None:
    with closing(connect(url)) as store:
        store.prepare()
        put(store, *EVENTS[:10])
    assert "knows nothing of them" in str(said(url, f"sqlite:///{tmp_path / 'empty.db'}"))
    with chdb().database() as other, closing(connect(other)) as store:
        store.prepare()
        beside = chdb().folder / f"{other.rpartition('=')[2]}-catalog.db"
        assert "belongs to another" in str(said(url, f"sqlite:///{beside}"))


@servers
@here
def test_a_companion_older_than_the_facts_is_not_taken(url: str, tmp_path: Path) -> None:
    with closing(connect(url)) as store:
        store.prepare()
    (file,) = (file for file in chdb().companion(url.rpartition("=")[2]) if file.suffix == ".db")
    kept = file.read_bytes()
    with closing(connect(url)) as store:
        store.prepare()
        put(store, *EVENTS[:10])
    for left in chdb().companion(url.rpartition("=")[2]):
        left.unlink()
    file.write_bytes(kept)
    assert "older than what is in ClickHouse" in str(said(url))
