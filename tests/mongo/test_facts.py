"""Events as documents: of many at once as of each by itself, and back."""

from __future__ import annotations

from metrics_core.model.event import Event
from metrics_core.model.events import Events, columns_of
from metrics_core.rollup import fold
from metrics_core.store.mongo.facts import documents_of, event_of, is_active
from metrics_core.store.mongo.recent import short, sightings
from tests import given
from tests.stores.contents import EVENTS

USERS = {name: number for number, name in enumerate(sorted({event.user for event in EVENTS if event.user}), start=1)}
NAMES = {number: name for name, number in USERS.items()}
ORDERS = [given.completed(f"o{number}", user="ann") for number in range(3)]
"""All alike."""


def test_an_event_has_the_same_document_alone_as_among_others() -> None:
    alone = [documents_of([event], seq, USERS)[0] for seq, event in enumerate(EVENTS, start=7)]
    assert documents_of(EVENTS, 7, USERS) == alone
    assert documents_of(Events(columns_of(EVENTS)), 7, USERS) == alone


def test_events_come_back_from_their_documents() -> None:
    assert [event_of(document, NAMES) for document in documents_of(EVENTS, 1, USERS)] == list(EVENTS)


def test_a_document_has_only_what_its_event_names() -> None:
    (document,) = documents_of([Event("bare", 0, "login", 5, 6, "shop", "live")], 3, {})
    assert document == {
        "_id": 3, "kept": True, "id": "bare", "digest": 0, "kind": "login", "at": 5, "received_at": 6, "source": "shop",
        "origin": "live", "count": 1,
    }  # fmt: skip
    assert [set(one) for one in documents_of(ORDERS, 1, {"ann": 1})] == [set(documents_of(ORDERS[:1], 1, {"ann": 1})[0])] * 3


def test_no_events_are_no_documents() -> None:
    assert documents_of([], 1, {}) == []


def test_who_was_seen_is_said_in_short_as_by_the_fold() -> None:
    documents = {document["_id"]: document for document in documents_of(EVENTS, 1, USERS)}
    seen = sightings(short(EVENTS, 1, USERS), len(EVENTS))
    assert [row.seq for row in seen] == [seq for seq, event in enumerate(EVENTS, start=1) if event.user is not None]
    for row in seen:
        event, document = EVENTS[row.seq - 1], documents[row.seq]
        assert (row.at, NAMES[row.user], row.origin) == (event.at, event.user, event.origin)
        assert (row.buyer, row.active) == (fold.is_buyer(event), fold.is_active(event)) == (row.buyer, is_active(document))
    assert sightings(short(EVENTS, 1, USERS), 5) == seen[:5]
