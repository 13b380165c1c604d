"""A companion on PostgreSQL, as replicas share one: several writers, and a companion that goes away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from metrics_core.errors import StoreAwayError
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests import given
from tests.servers.chdb import chdb, is_here
from tests.servers.postgres import binaries, postgres
from tests.stores.contents import EVENTS, contents, expected, keep, put
from tests.stores.test_batches import write_together

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not is_here(), reason="chdb is not installed"),
    pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not on this machine"),
]


@pytest.fixture
def stores() -> Iterator[list[Store]]:
    """Three stores on one ClickHouse and one companion, as three replicas have them."""
    with ExitStack() as stack:
        url = stack.enter_context(chdb().database())
        companion = stack.enter_context(postgres().database())
        made = [stack.enter_context(closing(connect(url, companion))) for _ in range(3)]
        for store in made:
            store.prepare()
        yield made


@pytest.mark.timeout(300)
def test_replicas_that_write_at_once_lose_nothing_and_double_nothing(stores: list[Store]) -> None:
    write_together(stores)


def test_documents_do_not_wait_for_those_who_write_events(stores: list[Store]) -> None:
    first, second, _ = stores
    with first.batch() as batch:
        assert batch.append([given.seen("ann")])
        assert second.catalog.put("leases", "jobs", {"until": 1}).version == 1


def test_a_companion_that_goes_away_takes_nothing_with_it(stores: list[Store]) -> None:
    first, second, _ = stores
    keep(first, EVENTS[:40])
    with postgres().away():
        for store in (first, second):
            with pytest.raises(StoreAwayError):
                put(store, *EVENTS[40:60])
    assert contents(second) == expected(EVENTS[:40])
    put(second, *EVENTS[40:60])
    assert contents(first) == expected(EVENTS[:60])
