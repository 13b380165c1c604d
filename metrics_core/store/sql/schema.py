"""The tables: one flat table of facts, a row a line; totals and sets by bucket; documents; and what was applied when."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, SmallInteger, Table, Text, text

METADATA = MetaData()

_BIG = BigInteger().with_variant(Integer, "sqlite")

FACTS = Table(
    "facts",
    METADATA,
    # An event without lines is one row. An order is a row for each of its lines with consecutive numbers; the first
    # (line 0) stands for the order, and an event's own number is `seq - line`.
    Column("seq", _BIG, primary_key=True, autoincrement=False),
    Column("line", SmallInteger, nullable=False),
    Column("id", Text),
    Column("digest", _BIG, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", _BIG, nullable=False),
    Column("received_at", _BIG, nullable=False),
    Column("user", Integer),
    Column("session", Text),
    Column("order_id", Text),
    Column("placed", SmallInteger, nullable=False),
    Column("channel", Text),
    Column("region", Text),
    Column("staff", Text),
    Column("segment", Text),
    Column("content", Text),
    Column("feature", Text),
    Column("company", Text),
    Column("product", Text),
    Column("source", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("run_id", Text),
    Column("quantity", _BIG, nullable=False),
    Column("amount", _BIG, nullable=False),
    Column("count", _BIG, nullable=False),
    Column("payload", Text),
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
    Column("name", Text, nullable=False, unique=True),
)

TOTALS_TABLE = Table(
    "totals",
    METADATA,
    Column("rollup", Text, primary_key=True),
    Column("grain", _BIG, primary_key=True),
    Column("start", _BIG, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("key", Text, primary_key=True),
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
    Column("name", Text, primary_key=True),
    Column("grain", _BIG, primary_key=True),
    Column("start", _BIG, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("users", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

DOCUMENTS = Table(
    "documents",
    METADATA,
    Column("shelf", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
)

META = Table(
    "meta",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", _BIG, nullable=False),
)
