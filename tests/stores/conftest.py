"""The stores that must keep the promises of `store/protocols.py`: a row for each, and how a difference is declared."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests.servers.chdb import chdb
from tests.servers.mongo import replica_set, standalone
from tests.servers.postgres import postgres
from tests.stores.contents import EVENTS, keep

Opened: TypeAlias = Callable[[], Store]


@dataclass(frozen=True)
class Row:
    """One store: where a fresh one can be had, and how it can be made unreachable."""

    name: str
    place: Callable[[Path], AbstractContextManager[str]]
    """A fresh and empty place as a DATABASE_URL, of its own for this test, which gives a folder; removed at the end."""
    gone: Callable[[str], AbstractContextManager[None]] | None = None
    """Inside, nothing can reach what is at this place; afterwards it is there again. None where that cannot be done."""
    server: str | None = None
    """The environment variable that says its server may be used; without it, its tests are skipped, and say so."""
    patience: int | None = None
    """Seconds a test may take, where it needs more than others: some databases flush several files for each batch."""


# ------------------------------------------------------------------------------------------------------------- the rows


@contextmanager
def _in_memory(_folder: Path) -> Iterator[str]:
    yield "memory://"


@contextmanager
def _on_sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'store.db'}"


@contextmanager
def _file_away(url: str) -> Iterator[None]:
    """Where the file was, there is a folder, which no SQLite can open."""
    file = Path(url.removeprefix("sqlite:///"))
    aside = file.with_name("aside")
    aside.mkdir()
    names = [found.name for found in file.parent.glob(file.name + "*")]
    for name in names:
        file.with_name(name).rename(aside / name)
    file.mkdir()
    yield
    file.rmdir()
    for name in names:
        (aside / name).rename(file.with_name(name))


@contextmanager
def _on_postgres(_folder: Path) -> Iterator[str]:
    with postgres().database() as url:
        yield url


@contextmanager
def _postgres_away(_url: str) -> Iterator[None]:
    with postgres().away():
        yield


@contextmanager
def _on_a_replica_set(_folder: Path) -> Iterator[str]:
    with replica_set().database() as url:
        yield url


@contextmanager
def _replica_set_away(_url: str) -> Iterator[None]:
    with replica_set().away():
        yield


@contextmanager
def _on_a_standalone_server(_folder: Path) -> Iterator[str]:
    with standalone().database() as url:
        yield url


@contextmanager
def _standalone_server_away(_url: str) -> Iterator[None]:
    with standalone().away():
        yield


@contextmanager
def _in_chdb(_folder: Path) -> Iterator[str]:
    with chdb().database() as url:
        yield url


@contextmanager
def _chdb_away(url: str) -> Iterator[None]:
    with chdb().away(url):
        yield


STORES: tuple[Row, ...] = (
    Row("memory", _in_memory),
    Row("sqlite", _on_sqlite, gone=_file_away),
    Row("postgres", _on_postgres, gone=_postgres_away, server="STORES"),
    Row("mongo", _on_a_replica_set, gone=_replica_set_away, server="STORES"),
    Row("mongo-standalone", _on_a_standalone_server, gone=_standalone_server_away, server="STORES"),
    Row("clickhouse", _in_chdb, gone=_chdb_away, server="STORES", patience=900),
)
"""A new store joins with one row here. What it cannot do yet is declared at the test: `@not_yet("name", because="...")`."""


# ---------------------------------------------------------------------------------------------------------- differences


def not_yet(*stores: str, because: str) -> pytest.MarkDecorator:
    """These stores are known not to keep this promise. Should one keep it after all, the test fails until this is gone."""
    return pytest.mark.not_yet(stores, because=because)


durable = not_yet("memory", because="What is kept in the memory of a process goes with it.")
"""For what only holds where a store outlives those who opened it."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    without_server: dict[str, list[pytest.Item]] = {}
    for item in items:
        row = item.callspec.params.get("row") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
        if isinstance(row, Row):
            for difference in item.iter_markers("not_yet"):
                if row.name in difference.args[0]:
                    item.add_marker(pytest.mark.xfail(strict=True, reason=f"{row.name}: {difference.kwargs['because']}"))
            if row.server is not None and not os.environ.get(row.server):
                without_server.setdefault(row.name, []).append(item)
    for name, some in without_server.items():
        # One of them stays, to say what is missing in one line.
        some[0].add_marker(pytest.mark.skip(reason=f"{name} needs a server, for {len(some)} tests: run `make stores`"))
        left_out = set(some[1:])
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=some[1:])


def _param(row: Row) -> Any:
    marks = [] if row.server is None else [pytest.mark.stores]
    if row.patience is not None:
        marks.append(pytest.mark.timeout(row.patience))
    return pytest.param(row, id=row.name, marks=marks)


# ------------------------------------------------------------------------------------------------------------- fixtures


@pytest.fixture(scope="session", params=[_param(row) for row in STORES])
def row(request: pytest.FixtureRequest) -> Row:
    """The store that is held to its promises."""
    found: Row = request.param
    return found


@pytest.fixture
def place(row: Row, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, empty place."""
    with row.place(tmp_path) as url:
        yield url


@pytest.fixture
def opened(place: str) -> Iterator[Opened]:
    """Opens the place; again, for a second store on the same database."""
    with ExitStack() as stack:

        def open_it() -> Store:
            store = connect(place)
            stack.callback(store.close)
            return store

        yield open_it


@pytest.fixture
def store(opened: Opened) -> Store:
    """A fresh, empty store."""
    made = opened()
    made.prepare()
    return made


@pytest.fixture(scope="module")
def filled(row: Row, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with all of EVENTS, for tests that only read."""
    with row.place(tmp_path_factory.mktemp("filled")) as url:
        made = connect(url)
        made.prepare()
        keep(made, EVENTS)
        yield made
        made.close()


@pytest.fixture
def gone(row: Row, place: str) -> Callable[[], AbstractContextManager[None]]:
    """Makes what is at the place unreachable."""
    away = row.gone
    if away is None:
        pytest.skip(f"{row.name}: nothing can come between this process and its own memory")
    return lambda: away(place)
