"""DATABASE_URL: what is understood, and what is said of the rest; never a password."""

from __future__ import annotations

import pytest

from metrics_core.errors import SettingError
from metrics_core.store.connect import connect


@pytest.mark.parametrize("url", (
    "postgresql+psycopg://ann:secret@db.example:5433/shop", "postgresql://ann:secret@db.example:5433/shop",
    "postgres://ann:secret@db.example:5433/shop",
))  # fmt: skip
def test_postgresql_may_be_spelled_in_three_ways(url: str) -> None:
    store = connect(url)
    assert store.name == "PostgreSQL, shop on db.example"
    store.close()


@pytest.mark.parametrize(
    ("url", "says"),
    (
        ("mysql://ann:secret@db/shop", "No store speaks to 'mysql'."),
        ("postgrse://ann:secret@db/shop", "Did you mean 'postgres'?"),
        ("secret@db/shop", "No store speaks to what DATABASE_URL begins with."),
        ("", "No store speaks to what DATABASE_URL begins with."),
        ("postgresql://ann:secret@db:fifty/shop", "DATABASE_URL cannot be read."),
        ("postgresql", "DATABASE_URL cannot be read."),
        ("postgresql+asyncpg://ann:secret@db/shop", "through psycopg, not asyncpg. Write postgresql+psycopg://"),
        ("sqlite+aiosqlite:///shop.db", "without a driver"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ),
)  # fmt: skip
def test_a_url_that_cannot_be_used_is_answered_in_a_sentence(url: str, says: str) -> None:
    with pytest.raises(SettingError) as told:
        connect(url)
    assert says in str(told.value)
    assert "secret" not in str(told.value)
