"""A database that a newer version made is refused at the start, and stays as it was."""

from __future__ import annotations

import pytest
from pymongo import MongoClient
from sqlalchemy import create_engine, text

from metrics_core import __version__
from metrics_core.engine import Engine
from metrics_core.errors import SettingError
from metrics_core.settings import Settings
from metrics_core.store.clickhouse.address import read
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests.stores.conftest import Opened, durable
from tests.stores.contents import EVENTS, contents, keep

FUTURE = 999


def applied(place: str, number: int | None = None) -> int:
    """The number of the last step that was applied there; with a number, as if that one had been, too."""
    if place.startswith("mongodb:"):
        with MongoClient(place) as client:
            meta = client.get_default_database()["pulseboard.meta"]
            if number is not None:
                meta.update_one({"_id": "schema"}, {"$set": {"value": number}})
            found = meta.find_one({"_id": "schema"})
            assert found is not None
            return int(found["value"])
    beside = place.startswith("chdb:")
    table = "clickhouse_progress" if beside else "meta"
    engine = create_engine(read(place, None).catalog if beside else place)
    with engine.begin() as connection:
        if number is not None:
            connection.execute(text(f"UPDATE {table} SET value = {number} WHERE name = 'schema'"))
        found_there = int(connection.execute(text(f"SELECT value FROM {table} WHERE name = 'schema'")).scalar_one())
    engine.dispose()
    return found_there


@durable
def test_a_database_of_a_newer_version_is_refused_and_stays_as_it_was(store: Store, opened: Opened, place: str) -> None:
    keep(store, EVENTS[:100])
    store.catalog.put("boards", "mine", {"a": 1})
    before, told = contents(store), (store.newest_seq(), store.generation())
    store.close()
    known = applied(place)
    applied(place, FUTURE)
    for _ in range(2):
        with pytest.raises(SettingError) as refused:
            opened().prepare()
        said = str(refused.value)
        assert f"at step {FUTURE}, and this version ({__version__}) knows the steps up to {known}." in said
        assert "Nothing was changed. Update Pulseboard, or name another database in DATABASE_URL." in said
    with pytest.raises(SettingError, match="A newer version of Pulseboard made this database"):
        Engine(Settings(_env_file=None, database_url=place), store=opened()).start()
    assert applied(place) == FUTURE
    applied(place, known)
    again = connect(place)
    again.prepare()
    assert contents(again) == before
    assert (again.newest_seq(), again.generation()) == told
    assert again.catalog.find("boards")[0].version == 1
    again.close()
