"""What is wrong with a PostgreSQL or its URL, each in one sentence that says what to do; never with a password."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from metrics_core.errors import PulseboardError, SettingError, StoreAwayError
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from metrics_core.store.sql.dialects.postgres_errors import too_old
from tests import given
from tests.servers.postgres import PASSWORD, Postgres, binaries, postgres

servers = pytest.mark.servers
ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Postgres:
    if binaries() is None and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not on this machine")
    return postgres()


@pytest.fixture
def clerk(server: Postgres) -> Iterator[str]:
    """Somebody who may connect, and no more."""
    server.sql("CREATE USER clerk PASSWORD 'clerks@secret'")
    yield "clerk"
    server.sql("DROP USER clerk")


def complaint(url: str, of: type[PulseboardError]) -> str:
    """What whoever starts Pulseboard on this URL is told."""
    store = connect(url)
    with pytest.raises(of) as told:
        store.prepare()
    store.close()
    return str(told.value)


def put(store: Store, number: int) -> None:
    with store.batch() as batch:
        assert batch.append([given.seen() for _ in range(number)])


WRONG: dict[str, tuple[Callable[[Postgres], str], type[PulseboardError], str]] = {
    "a wrong password": (
        lambda server: server.url(password="wrong@secret"), SettingError,
        "PostgreSQL on 127.0.0.1 does not let the user postgres in. Correct user and password in DATABASE_URL",
    ),
    "no password": (
        lambda server: f"postgresql://postgres@127.0.0.1:{server.port}/postgres", SettingError,
        "wants a password for the user postgres. Put it into DATABASE_URL",
    ),
    "an unknown user": (
        lambda server: server.url(user="nobody"), SettingError, "does not let the user nobody in",
    ),
    "an unknown database": (
        lambda server: server.url("elsewhere"), SettingError,
        "has no database called elsewhere. Make it (createdb elsewhere), or correct DATABASE_URL.",
    ),
    "encryption the server does not have": (
        lambda server: server.url() + "?sslmode=require", SettingError, "Correct sslmode",
    ),
    "an option that is none": (
        lambda server: server.url() + "?colour=blue", SettingError, "Look at what stands behind its host.",
    ),
    "a port nobody listens on": (
        lambda server: "postgresql://postgres:top%40secret@127.0.0.1:9/shop", StoreAwayError,
        "The database does not answer: start it, or correct DATABASE_URL.",
    ),
    "a host without an address": (
        lambda server: "postgresql://postgres:top%40secret@nowhere.invalid/shop", StoreAwayError,
        "The host of the database has no address at the moment: start it, or correct its name in DATABASE_URL.",
    ),
}  # fmt: skip


@servers
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_the_url_is_said_at_the_start(server: Postgres, wrong: str) -> None:
    url, kind, says = WRONG[wrong]
    told = complaint(url(server), kind)
    assert says in told
    assert "secret" not in told


@servers
def test_missing_rights_are_named_with_the_statement_that_gives_them(server: Postgres, clerk: str) -> None:
    with server.database("ledger") as url:
        server.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC", "ledger")
        of_clerk = server.url("ledger", user=clerk, password="clerks@secret")
        told = complaint(of_clerk, SettingError)
        assert "does not let the user clerk do this in the database ledger" in told
        statement = "GRANT CREATE, USAGE ON SCHEMA public TO clerk"
        assert statement in told
        server.sql(statement, "ledger")
        made = connect(of_clerk)
        made.prepare()
        made.close()
        server.sql("DROP OWNED BY clerk", "ledger")

        ours = connect(url)
        ours.prepare()
        server.sql(statement, "ledger")
        assert "GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk" in complaint(of_clerk, SettingError)
        ours.close()
        server.sql("DROP OWNED BY clerk", "ledger")


@servers
def test_rights_that_go_amid_work_may_come_back(server: Postgres, clerk: str) -> None:
    with server.database("ledger") as url:
        ours = connect(url)
        ours.prepare()
        server.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk", "ledger")
        store = connect(server.url("ledger", user=clerk, password="clerks@secret"))
        store.prepare()
        server.sql("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM clerk", "ledger")
        with pytest.raises(StoreAwayError) as told:
            store.newest_seq()
        assert "clerk" not in str(told.value)
        server.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk", "ledger")
        assert store.newest_seq() == 0
        store.close()
        ours.close()
        server.sql("DROP OWNED BY clerk", "ledger")


@servers
def test_a_database_that_cannot_keep_every_name_is_refused(server: Postgres) -> None:
    with server.database("western", how="ENCODING LATIN1 LOCALE 'C' TEMPLATE template0") as url:
        assert "The database western keeps text as LATIN1" in complaint(url, SettingError)


@servers
def test_a_server_that_only_reads_at_the_moment_is_waited_for(server: Postgres) -> None:
    with server.database() as url:
        store = connect(url)
        store.prepare()
        name = url.rpartition("/")[2]
        server.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        for number in (1, 100):
            other = connect(url)
            with pytest.raises(StoreAwayError, match="The database only reads at the moment"):
                put(other, number)
            assert other.newest_seq() == 0
            other.close()
        server.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        put(store, 100)
        store.close()


@servers
def test_after_a_failover_no_connection_to_the_old_server_is_used_again(server: Postgres) -> None:
    with server.database() as url:
        name = url.rpartition("/")[2]
        store = connect(url)
        store.prepare()
        server.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        with server.away():
            pass
        with pytest.raises(StoreAwayError, match="The database only reads at the moment"):
            put(store, 1)
        server.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        put(store, 1)
        store.close()


@servers
def test_a_store_says_what_it_is_without_its_password(server: Postgres) -> None:
    with server.database("shop") as url:
        store = connect(url.replace("postgresql+psycopg", "postgres"))
        assert store.name == "PostgreSQL, shop on 127.0.0.1"
        store.prepare()
        version = server.sql("SHOW server_version")[0][0].split()[0]
        assert store.name == f"PostgreSQL {version}, shop on 127.0.0.1"
        assert PASSWORD not in store.name
        store.close()


@pytest.mark.parametrize("version", ((12, 22), (9, 6, 24), ()))
def test_a_server_that_is_too_old_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match="is too old: Pulseboard needs 13 or newer"):
        too_old(version)


def test_a_server_that_is_old_enough_is_taken() -> None:
    for version in ((13,), (13, 0), (18, 1)):
        too_old(version)


def test_without_the_driver_the_sentence_says_what_to_install() -> None:
    words = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from metrics_core.store.connect import connect\n"
        "try: connect('postgresql://postgres:secret@127.0.0.1/shop')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == (
        "SettingError The driver for PostgreSQL is not installed: pip install 'psycopg[binary]'"
    )  # fmt: skip
