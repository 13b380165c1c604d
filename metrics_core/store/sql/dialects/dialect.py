"""What a dialect has to say for itself; see `sqlite.py` and `postgres.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import URL, ColumnElement, Connection, Engine, Select, Table

from metrics_core.errors import PulseboardError


class Given(NamedTuple):
    """Rows handed to a statement: its text, to stand in `WITH name(columns) AS (...)`, and its parameters."""

    text: str
    parameters: tuple[Any, ...]


class Sum(NamedTuple):
    """A statement that adds up, for each given piece, the rows of a table that fall into it; see `Dialect.summed`."""

    columns: tuple[str, ...]
    """Of the given pieces; the first numbers them."""
    table: str
    """Called `t` in what follows."""
    where: str
    keys: tuple[str, ...]
    sums: str
    through: str
    """The index it has to be read through; empty where there is but one way."""


class Upkeep(Protocol):
    """Work beside the store, for as long as it is open."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def filled(columns: Sequence[str], values: Sequence[Sequence[Any]]) -> tuple[list[str], list[Sequence[Any]]]:
    """The columns that some row fills, and their values: to hand a value over costs more than to store it."""
    some = [place for place, each in enumerate(values) if each and (each[0] is not None or each.count(None) < len(each))]
    return [columns[place] for place in some], [values[place] for place in some]


class Dialect(Protocol):
    """One sort of database. It holds no state: whatever it needs is handed in."""

    mark: str
    """A parameter in a statement written as text."""
    at_once: int
    """Most values in one `among`, and most rows in one `given`."""
    groups_by_sorting: bool
    """It counts groups by sorting all rows, so that a long stretch is counted faster in slices."""

    def open(self, url: URL) -> Engine:
        """An engine with its pool; SettingError where the URL cannot be used. Nothing is connected yet."""
        ...

    def writer(self, engine: Engine) -> Engine:
        """The engine whose connections write: this one, or another for the same database."""
        ...

    def name(self, url: URL, version: tuple[int | str, ...] | None) -> str:
        """What it is, for people; never a password. The version is None until it has answered once."""
        ...

    def check(self, connection: Connection) -> None:
        """SettingError where the server cannot keep what we write: too old, or in the wrong encoding."""
        ...

    def reading(self, connection: Connection) -> Connection:
        """The connection, set to begin a transaction that only reads and sees one state throughout."""
        ...

    def writing(self, connection: Connection) -> Connection:
        """The connection, set to begin a transaction that writes."""
        ...

    def begin(self, connection: Connection, *, alone: bool) -> None:
        """The first thing in a transaction that writes. One that is to be `alone` waits until no other that is, of this
        process or any other, is between this call and its end."""
        ...

    def flush(self, engine: Engine) -> None:
        """Make durable what was committed before, where a commit does not wait for it; OSError where that fails."""
        ...

    def add(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]], by: str
    ) -> None:
        """Insert rows, of which each column's values are given. `by` is a column of text whose values come in no order, and
        which has an index: where that saves work, rows are written in its order."""
        ...

    def add_new(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]], by: str
    ) -> bool:
        """The same for rows that are new; False, and none of them is inserted, where one of them is there already."""
        ...

    def upsert(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], then: str
    ) -> None:
        """Insert rows of different keys; `then` is the ON CONFLICT clause."""
        ...

    def among(self, column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
        """The column is one of these values, at most `at_once`."""
        ...

    def all_rows(
        self, connection: Connection, statement: Select[Any], given: Mapping[str, int] | None
    ) -> Iterable[Sequence[Any]]:
        """The rows of a statement whose columns are numbers and texts, in its order, as cheaply as many can be had."""
        ...

    def all_columns(
        self, connection: Connection, statement: Select[Any], given: Mapping[str, int]
    ) -> Sequence[Sequence[Any]]:
        """The same, column by column; each is empty where there are no rows."""
        ...

    def given(self, types: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Given:
        """These rows, at most `at_once`, as a table; types are `bigint` and `text`."""
        ...

    def summed(self, given: str, summing: Sum) -> str:
        """The statement of a `Sum` over the pieces given: number, keys, sums; it never reads more than the pieces hold."""
        ...

    def size(self, connection: Connection) -> int | None:
        """Bytes kept."""
        ...

    def upkeep(self, engine: Engine) -> Iterable[Upkeep]:
        """Work this sort of database needs done beside it."""
        ...

    def errors(self) -> tuple[type[Exception], ...]:
        """What its driver raises."""
        ...

    def meaning(self, error: BaseException, url: URL) -> PulseboardError | None:
        """What an error of the driver means to people: SettingError where somebody has to change something,
        ContendedError where the same transaction may go through now, StoreAwayError where it may pass; None for a fault
        of ours."""
        ...
