"""SQLite beyond the suite of all stores: files that cannot be used, and how questions are read."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from metrics_core.errors import PulseboardError, SettingError, StoreAwayError
from metrics_core.model.instant import DAY, MINUTE
from metrics_core.rollup.fold import fold
from metrics_core.rollup.totals import Piece
from metrics_core.store.connect import connect
from metrics_core.store.sql.store import SqlStore
from tests import given


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that belongs to whoever `nobody_in_particular` is."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o777)
        yield Path(made)


@contextmanager
def nobody_in_particular() -> Iterator[None]:
    """Root may write anywhere; inside, we are somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def complaint(file: Path, of: type[PulseboardError]) -> str:
    store = connect(f"sqlite:///{file}")
    with pytest.raises(of) as told:
        store.prepare()
    store.close()
    return str(told.value)


def test_a_file_that_is_no_database_is_named(folder: Path) -> None:
    file = folder / "shop.db"
    file.write_text("shopping list\n" * 100)
    assert complaint(file, SettingError) == (
        f"{file} is not an SQLite database. Move it away, or name another file in DATABASE_URL."
    )
    assert file.read_text() == "shopping list\n" * 100


def test_a_damaged_database_is_named(folder: Path) -> None:
    file = folder / "shop.db"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE things (name TEXT)")
    made.close()
    whole = bytearray(file.read_bytes())
    whole[100:180] = os.urandom(80)
    file.write_bytes(whole)
    assert "is damaged. Put a backup in its place" in complaint(file, SettingError)


def test_a_folder_where_a_file_should_be_is_named(folder: Path) -> None:
    (folder / "shop.db").mkdir()
    assert f"The database {folder / 'shop.db'} cannot be opened" in complaint(folder / "shop.db", StoreAwayError)


def test_a_folder_that_may_only_be_read_is_named(folder: Path) -> None:
    folder.chmod(0o555)
    with nobody_in_particular():
        told = complaint(folder / "shop.db", StoreAwayError)
    assert told == (
        f"The database {folder / 'shop.db'} cannot be opened: let this user read and write it and its folder, or choose "
        "another in DATABASE_URL."
    )


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    folder.chmod(0o555)
    with nobody_in_particular(), pytest.raises(SettingError, match=r"The folder of the database, .*/deep, cannot be made"):
        connect(f"sqlite:///{folder}/deep/shop.db")


def test_a_file_that_may_only_be_read_is_named(folder: Path) -> None:
    file = folder / "shop.db"
    with nobody_in_particular():
        store = SqlStore(f"sqlite:///{file}")
        store.prepare()
        store.close()
    file.chmod(0o444)
    folder.chmod(0o555)
    with nobody_in_particular():
        assert f"The database {file} cannot be" in complaint(file, PulseboardError)


@pytest.mark.parametrize("analysed", (False, True), ids=("fresh", "analysed"))
def test_pieces_of_windows_are_read_through_their_index(tmp_path: Path, analysed: bool) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'plan.db'}")
    store.prepare()
    for day in range(10):
        with store.batch() as batch:
            events = [given.completed(at=given.NOON - day * DAY - number * MINUTE) for number in range(200)]
            assert batch.append(events)
            batch.merge(*fold(events))
    if analysed:
        with store._connections.write() as connection:
            connection.exec_driver_sql("ANALYZE")
    plans: list[str] = []

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if "facts" in statement:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in cursor.fetchall())

    event.listen(store._connections.engine, "before_cursor_execute", explain)
    for by in ((), ("channel",)):
        plans.clear()
        store.totals.sums(by, [Piece(None, given.NOON - day * DAY - MINUTE, given.NOON - day * DAY) for day in range(12)])
        assert "SEARCH t USING INDEX facts_at (at>? AND at<?)" in plans
    plans.clear()
    store.events.newest(12)
    assert "SCAN facts USING INDEX facts_at" in plans
    assert "SEARCH f USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in plans
    event.remove(store._connections.engine, "before_cursor_execute", explain)
    store.close()
