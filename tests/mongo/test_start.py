"""Starting on a MongoDB that cannot be used: one sentence that says what to do, and never a password."""

from __future__ import annotations

from contextlib import closing

import pytest

from metrics_core.errors import PulseboardError, SettingError, StoreAwayError
from metrics_core.store.connect import connect
from metrics_core.store.mongo.errors import too_old
from tests import given
from tests.mongo.hands import put
from tests.servers.mongo import guarded, mongod, standalone

servers = pytest.mark.servers
here = pytest.mark.skipif(mongod() is None, reason="MongoDB is not on this machine")


def said(url: str) -> PulseboardError:
    """What somebody is told who starts on this."""
    with pytest.raises(PulseboardError) as told, closing(connect(url)) as store:
        store.prepare()
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)
    return told.value


@pytest.mark.parametrize(
    ("url", "says"),
    (
        ("mongodb://ann:top@secret@db/shop", "cannot be read"),
        ("mongodb://ann:secret@db:fifty/shop", "cannot be read"),
        ("mongodb:/db", "cannot be read"),
        ("mongodb://", "cannot be read"),
        ("mongo://db", "Did you mean 'mongodb'?"),
    ),
)
def test_a_url_that_is_none_is_refused(url: str, says: str) -> None:
    told = said(url)
    assert isinstance(told, SettingError)
    assert says in str(told)


@pytest.mark.parametrize(
    ("url", "name"),
    (
        ("mongodb://ann:secret@db.example.org:27017/shop", "MongoDB, shop on db.example.org"),
        ("mongodb://db", "MongoDB, trendai on db"),
        ("mongodb://a:1,b:2,c:3/?replicaSet=rs", "MongoDB, trendai on a and 2 more"),
        ("mongodb+srv://ann:secret@cluster.example.org/", "MongoDB, trendai on cluster.example.org"),
    ),
)
def test_a_store_is_called_by_its_database_and_host(url: str, name: str) -> None:
    assert connect(url).name == name


def test_nobody_there_is_said_within_seconds() -> None:
    told = said("mongodb://ann:secret@127.0.0.1:1/?serverSelectionTimeoutMS=200")
    assert isinstance(told, StoreAwayError)
    assert "does not answer" in str(told)


def test_a_host_without_an_address_is_said() -> None:
    assert "no address" in str(said("mongodb://no-such-host.invalid/?serverSelectionTimeoutMS=300"))


def test_a_server_too_old_is_refused() -> None:
    too_old([5, 0, 0])
    with pytest.raises(SettingError, match=r"MongoDB 4\.4\.1 is too old"):
        too_old([4, 4, 1])


@servers
@here
@pytest.mark.parametrize(
    ("user", "password", "says"),
    (
        ("shop", "wrong@secret", "does not let the user shop in"),
        ("nobody", "top@secret", "does not let the user nobody in"),
        ("reader", "top@secret", "does not let the user reader do this in the database shop"),
        (None, "", "wants a user and a password"),
    ),
)
def test_who_is_kept_out_is_told_what_to_change(user: str | None, password: str, says: str) -> None:
    told = said(guarded().url("shop", user=user, password=password))
    assert isinstance(told, SettingError)
    assert says in str(told)


@servers
@here
def test_the_right_to_read_and_write_one_database_is_enough() -> None:
    store = connect(guarded().url("shop", user="shop"))
    store.prepare()
    put(store, given.viewed())
    store.events.forget()
    assert store.newest_seq() == 1
    assert store.name == "MongoDB 6.0.5, shop on 127.0.0.1"
    assert store.size() is not None
    store.close()


@servers
@here
def test_a_replica_set_that_is_not_there_is_said() -> None:
    url = standalone().url("shop", options="serverSelectionTimeoutMS=500&replicaSet=other")
    assert "correct the hosts and replicaSet" in str(said(url))
