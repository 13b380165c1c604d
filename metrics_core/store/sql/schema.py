"""The tables: one flat table of facts, a row a line; totals and sets by bucket; documents; and what was applied when."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, SmallInteger, Table, Text, text

from metrics_core.model.instant import DAY

METADATA = MetaData()

LONG_BEFORE = 7 * 110_000 * DAY
"""Where time is divided it is counted from so long before 1970, in whole weeks, that no event is earlier: databases round
negative numbers towards zero."""

_BIG = BigInteger().with_variant(Integer, "sqlite")
# Sorted and compared by their bytes everywhere, so that every database gives every answer in the same order.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")

FACTS = Table(
    "facts",
    METADATA,
    # An event without lines is one row. An order is a row for each of its lines with consecutive numbers; the first
    # (line 0) stands for the order, and an event's own number is `seq - line`.
    Column("seq", _BIG, primary_key=True, autoincrement=False),
    Column("line", SmallInteger, nullable=False),
    Column("id", _TEXT),
    Column("digest", _BIG, nullable=False),
    Column("kind", _TEXT, nullable=False),
    Column("at", _BIG, nullable=False),
    Column("received_at", _BIG, nullable=False),
    Column("user", Integer),
    Column("session", _TEXT),
    Column("order_id", _TEXT),
    Column("placed", SmallInteger, nullable=False),
    Column("channel", _TEXT),
    Column("region", _TEXT),
    Column("staff", _TEXT),
    Column("segment", _TEXT),
    Column("content", _TEXT),
    Column("feature", _TEXT),
    Column("company", _TEXT),
    Column("product", _TEXT),
    Column("source", _TEXT, nullable=False),
    Column("origin", _TEXT, nullable=False),
    Column("run_id", _TEXT),
    Column("quantity", _BIG, nullable=False),
    Column("amount", _BIG, nullable=False),
    Column("count", _BIG, nullable=False),
    Column("payload", _TEXT),
)
Index("facts_id", FACTS.c.id, unique=True, sqlite_where=text("id IS NOT NULL"), postgresql_where=text("id IS NOT NULL"))
Index(
    "facts_order", FACTS.c.order_id, unique=True,
    sqlite_where=text("order_id IS NOT NULL AND placed = 1"), postgresql_where=text("order_id IS NOT NULL AND placed = 1"),
)
Index(
    "facts_followup", FACTS.c.order_id,
    sqlite_where=text("order_id IS NOT NULL AND placed = 0"), postgresql_where=text("order_id IS NOT NULL AND placed = 0"),
)
Index("facts_at", FACTS.c.at)
Index(
    "facts_run", FACTS.c.run_id,
    sqlite_where=text("run_id IS NOT NULL"), postgresql_where=text("run_id IS NOT NULL"),
)

USERS = Table(
    "users",
    METADATA,
    Column("no", Integer, primary_key=True),
    Column("name", _TEXT, nullable=False, unique=True),
)

TOTALS_TABLE = Table(
    "totals",
    METADATA,
    Column("rollup", _TEXT, primary_key=True),
    Column("grain", _BIG, primary_key=True),
    Column("start", _BIG, primary_key=True),
    Column("origin", _TEXT, primary_key=True),
    Column("key", _TEXT, primary_key=True),
    Column("placed", _BIG, nullable=False),
    Column("completed", _BIG, nullable=False),
    Column("failed", _BIG, nullable=False),
    Column("quantity", _BIG, nullable=False),
    Column("gross", _BIG, nullable=False),
    Column("refunds", _BIG, nullable=False),
    Column("views", _BIG, nullable=False),
    Column("events", _BIG, nullable=False),
    sqlite_with_rowid=False,
)

SETS_TABLE = Table(
    "sets",
    METADATA,
    Column("name", _TEXT, primary_key=True),
    Column("grain", _BIG, primary_key=True),
    Column("start", _BIG, primary_key=True),
    Column("origin", _TEXT, primary_key=True),
    Column("users", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

DOCUMENTS = Table(
    "documents",
    METADATA,
    Column("shelf", _TEXT, primary_key=True),
    Column("name", _TEXT, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("body", _TEXT, nullable=False),
)

META = Table(
    "meta",
    METADATA,
    Column("name", _TEXT, primary_key=True),
    Column("value", _BIG, nullable=False),
)
