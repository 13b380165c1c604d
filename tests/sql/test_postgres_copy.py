"""Rows that come in by COPY are on the server what they were here, whatever their texts hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as any_of

from metrics_core.model.event import Line
from metrics_core.model.instant import DAY
from metrics_core.store.sql.dialects.postgres_copy import copied
from metrics_core.store.sql.store import SqlStore
from tests import given as some
from tests.servers.postgres import binaries, postgres
from tests.trouble.hands import ids, put

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(binaries() is None and not os.environ.get("CI"), reason="PostgreSQL is not on this machine"),
]

TYPES = ("bigint", "smallint", "text", "text", "bytea")
NASTY = (
    "\\", "\\N", "\\.", "\\n", "\t", "\n", "\r", "\r\n", "null", "None", "", " ", "'", '"', ",", "{}", "\x1f", "\x7f",
    "é", "💶",
)  # fmt: skip

texts = any_of.lists(any_of.sampled_from(NASTY) | any_of.characters(exclude_characters="\0", codec="utf-8")).map("".join)
rows = any_of.lists(
    any_of.tuples(
        any_of.none() | any_of.integers(-(2**63), 2**63 - 1), any_of.none() | any_of.integers(-(2**15), 2**15 - 1),
        any_of.none() | texts, texts, any_of.none() | any_of.binary(max_size=20),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    server = postgres()
    with server.database() as url, psycopg.connect(url.replace("+psycopg", "")) as made:
        made.execute("CREATE TABLE kept (number bigint, small smallint, text text, name text, bytes bytea)")
        yield made
        made.rollback()


def there(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT * FROM kept ORDER BY ctid").fetchall()


@example([(None, None, None, "", None)])
@example([(1, 1, text, text, text.encode()) for text in NASTY])
@example([(1, 1, None, "plain", b"")] * 1_201)
@given(rows)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_is_what_was_given(connection: psycopg.Connection[Any], given: list[tuple[Any, ...]]) -> None:
    connection.execute("DELETE FROM kept")
    with connection.cursor().copy("COPY kept FROM STDIN") as copy:
        for piece in copied(TYPES, list(zip(*given, strict=True))):
            copy.write(piece)
    assert there(connection) == given


def test_ranges_and_lists_are_columns_too(connection: psycopg.Connection[Any]) -> None:
    connection.execute("DELETE FROM kept")
    with connection.cursor().copy("COPY kept (number, small, text) FROM STDIN") as copy:
        for piece in copied(TYPES[:3], [range(1, 1_002), [0] * 1_001, ["a"] * 1_001]):
            copy.write(piece)
    assert connection.execute("SELECT count(*), sum(number) FROM kept").fetchone() == (1_001, 501_501)


@pytest.fixture
def store() -> Iterator[SqlStore]:
    with postgres().database() as url:
        made = SqlStore(url)
        made.prepare()
        yield made
        made.close()


def test_many_events_in_one_batch_are_read_as_they_were_written(store: SqlStore) -> None:
    written = [some.event(at=some.NOON + 1, id="no user", user=None, payload=None)]
    for number, text in enumerate(NASTY * 10):
        written.append(some.event(
            at=some.NOON + 2 + number, id=f"{number} {text}", user=f"u{text}", session=text, content=text or None,
            channel=text or None,
            payload={"said": text, "again": {text: [text, None, number]}},
        )._replace(digest=(-1) ** number * (2**63 - 1 - number)))  # fmt: skip
    lines = tuple(Line(f"p{text}", number, number) for number, text in enumerate(NASTY))
    written.append(some.completed("o\\1", at=some.NOON + DAY, id="o\\1", lines=lines, payload={"note": "\\\t"}))
    put(store, *written)
    assert [event for chunk in store.events.scan() for event in chunk] == written


@pytest.mark.parametrize("again", ("id", "order"))
def test_of_many_events_none_is_taken_if_one_is_there_and_the_batch_goes_on(store: SqlStore, again: str) -> None:
    def orders(prefix: str, number: int = 100) -> list[Any]:
        return [some.completed(f"{prefix}{one}", id=f"{prefix}{one}", user=f"{prefix}{one}") for one in range(number)]

    put(store, *orders("a"))
    known = some.seen(id="a7") if again == "id" else some.completed("a7", id="x7")
    with store.batch() as batch:
        assert batch.append(orders("b"))
        assert not batch.append([*orders("c"), known])
        assert batch.append(orders("d"))
        assert not batch.append([known])
        assert batch.append(orders("e", 1))
    assert ids(store) == sorted(event.id for prefix, number in (("a", 100), ("b", 100), ("d", 100), ("e", 1))
                                for event in orders(prefix, number))  # fmt: skip
    put(store, *orders("c"))
    names = [event.user for chunk in store.events.scan() for event in chunk]
    assert names == [event.user for prefix, number in (("a", 100), ("b", 100), ("d", 100), ("e", 1), ("c", 100))
                     for event in orders(prefix, number)]  # fmt: skip
