"""The bare driver of ClickHouse, on the engine in this process: a client of one database, and an insertion into a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client


@contextmanager
def bare(url: str) -> Iterator[Client]:
    """A client of the database that this URL names, which is made where it is not there."""
    parts = urlsplit(url)
    database = dict(parse_qsl(parts.query))["database"]
    client = clickhouse_connect.get_client(dsn=f"chdb://{parts.path}", settings={"async_insert": 0})
    try:
        client.command(f"CREATE DATABASE IF NOT EXISTS {database}")
        client.database = database
        yield client
    finally:
        client.close()


def insert(client: Client, table: str, types: Mapping[str, str], columns: Sequence[Sequence[Any]]) -> None:
    """Rows, column by column, on disk when it returns, as the settings of the table say."""
    client.insert(table, columns, column_names=list(types), column_type_names=list(types.values()), column_oriented=True)
