"""The tables in ClickHouse: facts a row a line, totals and sets a row a batch, all with the number of their batch."""

from __future__ import annotations

from typing import NamedTuple

from metrics_core.model.measure import TOTALS
from metrics_core.store.sql.rows import COLUMNS

FACTS = "facts"
TOTALS_NAME = "totals"
SETS = "sets"
IDENTITY = "identity"
"""One row: by which its companion knows this database."""

_WORD = "LowCardinality(String)"
_NUMBER = "Int64"
_SPECIAL = {
    "line": "UInt16", "placed": "UInt8", "user": "UInt32", "id": "String", "session": "String", "order_id": "String",
    "payload": "String", **dict.fromkeys(("seq", "digest", "at", "received_at", "quantity", "amount", "count"), _NUMBER),
}  # fmt: skip
FACT_TYPES: dict[str, str] = {name: _SPECIAL.get(name, _WORD) for name in COLUMNS} | {"name": "String", "batch": _NUMBER}
"""Columns of the facts, as in the SQL stores; what is not named is the empty text, and nobody is user 0. `name` is the
user's, so that no question needs a join."""
TOTAL_TYPES: dict[str, str] = {
    "rollup": _WORD, "grain": _NUMBER, "start": _NUMBER, "origin": _WORD, "key": "String",
    **dict.fromkeys(TOTALS, _NUMBER), "batch": _NUMBER,
}  # fmt: skip
SET_TYPES: dict[str, str] = {
    "name": _WORD, "grain": _NUMBER, "start": _NUMBER, "origin": _WORD, "numbers": "Array(UInt32)", "batch": _NUMBER,
}  # fmt: skip


class Table(NamedTuple):
    """One table: what is in it, how it is kept, and on a cluster, which rows lie together."""

    name: str
    columns: str
    engine: str
    order: str
    sharded: str


def _columns(types: dict[str, str]) -> str:
    return ", ".join(f"`{name}` {type}" for name, type in types.items())


TABLES: tuple[Table, ...] = (
    Table(
        FACTS,
        _columns(FACT_TYPES) + ", INDEX facts_seq seq TYPE minmax GRANULARITY 1, "
        "PROJECTION facts_id (SELECT id, digest, seq, line, origin, run_id, batch ORDER BY id), "
        "PROJECTION facts_order "
        "(SELECT order_id, placed, seq, line, kind, at, amount, origin, run_id, batch ORDER BY order_id)",
        "MergeTree", "at, seq",
        # What belongs to an order lies beside it.
        "cityHash64(if(order_id = '', id, order_id))",
    ),
    Table(
        TOTALS_NAME, _columns(TOTAL_TYPES), f"SummingMergeTree(({', '.join(TOTALS)}))",
        "rollup, grain, start, origin, key, batch", "cityHash64(rollup, grain, start, origin, key)",
    ),
    Table(
        SETS,
        _columns({name: f"{type} EPHEMERAL" if name == "numbers" else type for name, type in SET_TYPES.items()})
        + ", users AggregateFunction(groupBitmap, UInt32) DEFAULT bitmapBuild(numbers)",
        "AggregatingMergeTree", "name, grain, start, origin, batch", "cityHash64(name, grain, start, origin)",
    ),
    Table(IDENTITY, "name String", "MergeTree", "name", "1"),
)  # fmt: skip

_ON_DISK = "fsync_after_insert = 1, fsync_part_directory = 1"
"""What was acknowledged survives the loss of power."""
_ONCE = "non_replicated_deduplication_window = 1000"
"""An insertion whose answer got lost may be sent again: it carries a token. Replicated tables know tokens by themselves."""


def local(name: str, cluster: str | None) -> str:
    """The table that has the rows: on a cluster, the part of it that lies on each shard."""
    return name if cluster is None else f"{name}_local"


def statements(database: str, cluster: str | None) -> list[str]:
    """What makes the tables where they are not there."""
    on = "" if cluster is None else f" ON CLUSTER '{cluster}'"
    made: list[str] = []
    for table in TABLES:
        here = f"`{database}`.`{local(table.name, cluster)}`"
        engine = table.engine if cluster is None else f"Replicated{table.engine}"
        settings = _ON_DISK if cluster is not None else f"{_ON_DISK}, {_ONCE}"
        made.append(
            f"CREATE TABLE IF NOT EXISTS {here}{on} ({table.columns}) ENGINE = {engine} ORDER BY ({table.order}) "
            f"SETTINGS {settings}"
        )
        if cluster is not None:
            made.append(
                f"CREATE TABLE IF NOT EXISTS `{database}`.`{table.name}`{on} AS {here} "
                f"ENGINE = Distributed('{cluster}', '{database}', '{table.name}_local', {table.sharded})"
            )
    return made
