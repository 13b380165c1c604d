"""`copy` as somebody types it: what it says, and how it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests import given
from tests.cli.test_commands import Terminal
from tests.stores.contents import EVENTS, EVER, contents, keep, put


def url(folder: Path, name: str) -> str:
    return f"sqlite:///{folder}/{name}.db"


@pytest.fixture
def source(tmp_path: Path) -> Store:
    """A shop that lives in the folder of the terminal."""
    made = connect(url(tmp_path, "shop"))
    made.prepare()
    keep(made, EVENTS)
    made.catalog.put("dashboards", "sales", {"title": "Sales"})
    return made


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, url(tmp_path, "shop"))


def target_of(terminal: Terminal) -> Store:
    made = connect(url(terminal.folder, "new"))
    made.prepare()
    return made


def test_a_database_is_copied_and_compared(terminal: Terminal, source: Store) -> None:
    done = terminal.type("copy", "--from", "sqlite:///shop.db", "--to", "sqlite:///new.db")
    assert done.code == 0, done.err
    assert f"{len(EVENTS):,} events copied." in done.out
    assert "4 checks, 4 right." in done.out
    assert contents(target_of(terminal)) == contents(source)
    put(source, given.viewed(id="new"))
    again = terminal.type("copy", "--from", "sqlite:///shop.db", "--to", "sqlite:///new.db")
    assert again.code == 0, again.err
    assert f"1 event copied, {len(EVENTS):,} were here before." in again.out
    assert contents(target_of(terminal)) == contents(source)


def test_a_difference_leaves_with_exit_code_1_and_says_what_to_do(terminal: Terminal, source: Store) -> None:
    source.totals.replace(EVER, (), ())
    done = terminal.type("copy", "--from", "sqlite:///shop.db", "--to", "sqlite:///new.db")
    assert done.code == 1
    assert "Every total is the same" in done.out
    assert "4 checks, 1 right." in done.out
    assert "The two are not equal. Check the source" in done.err


def test_a_target_with_other_things_is_left_as_it_is(terminal: Terminal, source: Store) -> None:
    put(target_of(terminal), given.viewed(id="theirs"))
    done = terminal.type("copy", "--from", "sqlite:///shop.db", "--to", "sqlite:///new.db")
    assert done.code == 2
    assert "new.db is not empty (events: 1, documents: 0)" in done.err
    assert len(contents(target_of(terminal)).events) == 1


@pytest.mark.parametrize(
    ("here", "there", "says"),
    (
        ("mysql://ann:secret@db/shop", "sqlite:///new.db", "No store speaks to 'mysql'."),
        ("sqlite:///shop.db", "postgresql://ann:secret@db:fifty/shop", "--to cannot be read."),
        ("sqlite:///shop.db", "postgresql://ann:secret@127.0.0.1:9/shop", "start it, or correct --to."),
        ("sqlite:///nothing.db", "sqlite:///new.db", "--from names nothing.db, which is not there."),
        ("sqlite:///shop.db", "sqlite:///../{folder}/shop.db", "--from and --to name the same database."),
        ("sqlite:///shop.db", "memory://", "--to names the memory of a process"),
        ("sqlite:///notes.txt", "sqlite:///new.db", "is not an SQLite database"),
        ("sqlite:///empty.db", "sqlite:///new.db", "There is nothing at"),
    ),
)
def test_what_cannot_be_copied_is_said_in_one_sentence(
    terminal: Terminal, source: Store, here: str, there: str, says: str
) -> None:
    (terminal.folder / "notes.txt").write_text("shopping list\n" * 100)
    connect(url(terminal.folder, "empty")).prepare()
    done = terminal.type("copy", "--from", here, "--to", there.format(folder=terminal.folder.name))
    assert done.code == 2
    assert [says in line for line in done.err.splitlines() if line.startswith("Error: ")] == [True]
    assert "secret" not in done.out + done.err
