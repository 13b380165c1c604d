"""What docs/deploy.md says of databases that somebody else runs: encryption, a pooler between, and how many connections."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from metrics_core.errors import SettingError, StoreAwayError
from metrics_core.store.connect import connect
from metrics_core.store.sql.store import SqlStore
from tests import given
from tests.deploy.house import ROOT, certificate
from tests.servers.mongo import mongod
from tests.servers.postgres import PASSWORD, Postgres, _end_with_us, _free_port, _unprivileged, binaries, postgres
from tests.sql.hands import engine_on, shop
from tests.trouble.hands import ids, put, wrong

servers = pytest.mark.servers
BOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@pytest.fixture
def server() -> Postgres:
    if binaries() is None and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not on this machine")
    return postgres()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that a server which runs as nobody in particular can read."""
    made = Path(tempfile.mkdtemp(prefix="pulseboard-deploy-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def give(folder: Path) -> dict[str, object]:
    """To whom a server runs as, with all that is in it; how to run as them."""
    run_as = _unprivileged(folder)
    for file in folder.iterdir():
        os.chown(file, folder.stat().st_uid, folder.stat().st_gid)
    return run_as


def test_a_process_opens_at_most_as_many_connections_as_the_page_says() -> None:
    store = SqlStore("postgresql://pulseboard:secret@127.0.0.1/pulseboard")
    pool = store._connections.engine.pool
    most = pool.size() + pool._max_overflow  # type: ignore[attr-defined]
    store.close()
    assert f"at most {most} connections" in (ROOT / "docs/deploy.md").read_text()


# ---------------------------------------------------------------------------------------------------------- encryption


@servers
def test_postgres_is_reached_by_tls_and_its_certificate_is_looked_at(server: Postgres, folder: Path) -> None:
    other = folder / "other"
    other.mkdir()
    certificate(other)
    certificate(folder)
    give(folder)
    for name, value in (("ssl_cert_file", "cert.pem"), ("ssl_key_file", "key.pem")):
        server.sql(f"ALTER SYSTEM SET {name} = '{folder / value}'")
    server.sql("ALTER SYSTEM SET ssl = on")
    server.sql("SELECT pg_reload_conf()")
    try:
        with server.database() as url:
            store = connect(f"{url}?sslmode=verify-full&sslrootcert={folder}/cert.pem")
            assert isinstance(store, SqlStore)
            store.prepare()
            put(store, given.viewed())
            with store._connections.read() as connection:
                assert connection.exec_driver_sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").scalar()
            store.close()
            fooled = connect(f"{url}?sslmode=verify-full&sslrootcert={other}/cert.pem")
            with pytest.raises(SettingError, match="do not agree on encryption"):
                fooled.prepare()
            fooled.close()
    finally:
        server.sql("ALTER SYSTEM RESET ALL")
        server.sql("SELECT pg_reload_conf()")


@servers
@pytest.mark.skipif(mongod() is None and not os.environ.get("CI"), reason="MongoDB is not on this machine")
def test_mongodb_is_reached_by_tls(folder: Path) -> None:
    certificate(folder)
    (folder / "both.pem").write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    (folder / "data").mkdir()
    port = _free_port()
    words = [
        mongod(), "--dbpath", folder / "data", "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket",
        "--tlsMode", "requireTLS", "--tlsCertificateKeyFile", folder / "both.pem",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(words, stdout=log, stderr=log, preexec_fn=_end_with_us)  # type: ignore[arg-type]
    url = f"mongodb://127.0.0.1:{port}/trendai?tls=true&tlsCAFile={folder}/cert.pem"
    try:
        until = time.monotonic() + 40
        while not answers(url):
            assert running.poll() is None, (folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, "MongoDB did not start"
        store = connect(url)
        store.prepare()
        put(store, given.viewed(id="seen"))
        assert ids(store) == ["seen"]
        store.close()
    finally:
        running.kill()
        running.wait(30)


def answers(url: str) -> bool:
    with suppress(PyMongoError), MongoClient(url, serverSelectionTimeoutMS=500) as client:
        return bool(client.admin.command("ping"))
    return False


# ------------------------------------------------------------------------------------------------------ a pooler between


@contextmanager
def bouncer(server: Postgres, folder: Path, *, mode: str, connections: int) -> Iterator[int]:
    """The port of a pgbouncer in front of it."""
    if BOUNCER is None and not os.environ.get("CI"):
        pytest.skip("pgbouncer is not on this machine")
    assert BOUNCER is not None, "pgbouncer is not here. On Debian: apt-get install pgbouncer"
    port = _free_port()
    (folder / "users").write_text(f'"postgres" "{PASSWORD}"\n')
    (folder / "ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {folder}/users\npool_mode = {mode}\n"
        f"default_pool_size = {connections}\nlogfile = {folder}/log\n"
    )
    running = subprocess.Popen(
        [BOUNCER, "-q", str(folder / "ini")], stderr=subprocess.DEVNULL, preexec_fn=_end_with_us,
        **give(folder),  # type: ignore[call-overload]
    )  # fmt: skip
    try:
        while True:
            assert running.poll() is None, (folder / "log").read_text()
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
        yield port
    finally:
        running.terminate()
        running.wait(30)


@servers
def test_through_a_pooler_that_keeps_sessions_everything_counts_once(server: Postgres, folder: Path) -> None:
    records = shop(40)
    with server.database() as url, bouncer(server, folder, mode="session", connections=40) as port:
        engine = engine_on(url.replace(f":{server.port}", f":{port}"))
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(lambda record: engine.accept([record]).accepted, records)) == len(records)
        assert wrong(engine) == []
        engine.stop()


@servers
def test_a_pooler_that_shares_connections_between_transactions_is_named_in_the_log(
    server: Postgres, folder: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    question = {"measures": ["revenue"], "over": "7d", "by": ["channel"]}
    with server.database() as url, bouncer(server, folder, mode="transaction", connections=2) as port:
        engine = engine_on(url.replace(f":{server.port}", f":{port}"))
        with ThreadPoolExecutor(12) as threads, pytest.raises(StoreAwayError):
            list(threads.map(lambda _: engine.ask(question), range(120)))
        engine.stop()
    # Whether logs were set up by then depends on the tests before.
    assert "set pool_mode = session" in caplog.text + capsys.readouterr().out
