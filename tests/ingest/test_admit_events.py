"""Events and user activity become events with what they say, in the spellings their senders use."""

from __future__ import annotations

from typing import Any

import pytest

from metrics_core.ingest.admit import Admission
from metrics_core.model.event import ACTIVITY, VIEW, Event
from metrics_core.model.instant import HOUR, MINUTE
from tests.given import NOON, activity_record, event_record


def one(said: object, *, record: str | None = None, now: int = NOON) -> Event:
    admitted = Admission(2, "USD").admit([said], record=record, source="site", origin="live", run_id=None, now=now)
    assert admitted.refused == []
    return admitted.events[0]


# ------------------------------------------------------------------------------------------------------------- events


def test_an_event_says_what_happened_to_whom():
    event = one({
        "id": "e1", "type": "content_view", "userId": "ann", "sessionId": "s1", "contentId": "home", "feature": "Funnels",
        "count": 5, "properties": {"plan": "pro"}, "ts": "2026-11-19T11:00:00Z", "channel": "web", "region": "Asia",
        "company": "Acme", "staffId": "S7", "segment": "new",
    })
    assert event == Event(
        id="e1", digest=event.digest, kind=VIEW, at=NOON - HOUR, received_at=NOON, source="site", origin="live", user="ann",
        session="s1", count=5, channel="web", region="Asia", staff="S7", segment="new", content="home", feature="Funnels",
        company="Acme", payload={"plan": "pro"},
    )


def test_a_type_is_all_an_event_needs():
    event = one({"type": "backup finished"})
    assert (event.kind, event.count, event.user, event.payload, event.at) == ("backup finished", 1, None, None, NOON)


def test_what_an_event_says_besides_joins_its_properties():
    event = one(event_record(properties={"plan": "pro", "page": 2}, browser="Firefox", page=2))
    assert event.payload == {"browser": "Firefox", "plan": "pro", "page": 2}


def test_properties_say_the_same_in_any_order():
    one_way = one(event_record(properties={"a": {"x": 1, "y": 2}, "b": 3}))
    other_way = one(event_record(properties={"b": 3, "a": {"y": 2, "x": 1}}))
    assert (one_way.id, one_way.digest) == (other_way.id, other_way.digest)


def test_the_events_of_a_polled_service_are_taken_as_they_come():
    event = one({
        "type": "feature_used", "userId": "user123", "userName": "John Doe", "data": {"feature": "Revenue Analysis"},
        "timestamp": "2024-10-26T12:00:00Z",
    })
    assert (event.kind, event.user, event.feature) == ("feature_used", "user123", "Revenue Analysis")
    assert event.payload == {"userName": "John Doe", "feature": "Revenue Analysis"}


def test_a_feature_of_its_own_goes_before_one_among_the_properties():
    event = one(event_record(feature="Funnels", properties={"feature": "Revenue"}))
    assert event.feature == "Funnels"
    assert event.payload == {"feature": "Revenue"}


def test_a_date_of_an_event_is_a_property():
    event = one({"type": "booking", "date": "2026-12-24"})
    assert event.payload == {"date": "2026-12-24"}


# ----------------------------------------------------------------------------------------------------------- activity


def test_activity_keeps_every_field():
    said = activity_record(ts=NOON - HOUR)
    event = one(said)
    assert event.kind == ACTIVITY
    assert (event.user, event.at, event.feature, event.company) == ("ann", NOON - HOUR, "Revenue", "Acme Corp")
    assert event.payload == said


def test_activity_in_snake_case_is_the_same_activity():
    said = activity_record(id="a")
    snake = {"".join(f"_{c.lower()}" if c.isupper() else c for c in name): value for name, value in said.items()}
    assert "dashboards_viewed" in snake
    assert one(snake) == one(said)


def test_the_spellings_of_a_scraper_are_understood():
    event = one({
        "user_id": "u1", "name": "Test User", "company": "Test Co", "session_time_minutes": 15.5, "pages_viewed": 10,
        "current_feature": "Dashboard", "features_accessed": ["Dashboard", "Funnels"], "is_currently_active": True,
        "last_action": "Page navigation", "last_action_timestamp": "2026-11-19T11:59:00.000Z",
    }, record="activity")
    assert (event.user, event.feature, event.company, event.at) == ("u1", "Dashboard", "Test Co", NOON - MINUTE)
    assert event.payload == {
        "userId": "u1", "userName": "Test User", "company": "Test Co", "sessionDuration": 15.5, "pageViews": 10,
        "activeFeature": "Dashboard", "featuresUsed": ["Dashboard", "Funnels"], "isActive": True,
        "lastAction": "Page navigation", "lastActionTime": "2026-11-19T11:59:00.000Z",
    }


def test_the_body_sent_by_curl_is_understood():
    said = {
        "user_id": "test123", "name": "Test User", "email": "test@example.com", "company": "Test Co",
        "session_time_minutes": 15, "pages_viewed": 10, "current_feature": "Dashboard", "is_currently_active": True,
    }
    event = one(said)
    assert (event.kind, event.user, event.at) == (ACTIVITY, "test123", NOON)
    assert event.payload == {
        "userId": "test123", "userName": "Test User", "email": "test@example.com", "company": "Test Co",
        "sessionDuration": 15,
        "pageViews": 10, "activeFeature": "Dashboard", "isActive": True,
    }


def test_what_is_not_said_of_a_user_stays_unsaid():
    event = one({"userId": "u1", "pageViews": None, "email": "", "company": " "}, record="activity")
    assert event.payload == {"userId": "u1"}
    assert (event.feature, event.company) == (None, None)


def test_activity_happens_at_its_timestamp_before_its_last_action_before_its_arrival():
    both = {"userId": "u", "timestamp": NOON // 1_000_000 - 60, "lastActionTime": NOON // 1_000_000 - 120}
    assert one(both).at == NOON - MINUTE
    assert one({**both, "timestamp": None}).at == NOON - 2 * MINUTE
    assert one({"userId": "u", "pageViews": 1}).at == NOON
    assert one(both).payload == {
        "userId": "u", "timestamp": "2026-11-19T11:59:00.000Z", "lastActionTime": "2026-11-19T11:58:00.000Z",
    }


def test_a_user_may_say_where_they_are_and_more():
    event = one(activity_record(region="Asia", sessionId="s1", mood="fine", id="a1"))
    assert (event.id, event.region, event.session) == ("a1", "Asia", "s1")
    assert event.payload is not None
    assert event.payload["mood"] == "fine"


def test_text_that_is_a_number_counts_as_one():
    payload = one(activity_record(sessionDuration="12.5", pageViews="3", scrollDepth=" 80 ")).payload
    assert payload is not None
    assert (payload["sessionDuration"], payload["pageViews"], payload["scrollDepth"]) == (12.5, 3, 80)


@pytest.mark.parametrize("field", sorted(set(activity_record()) - {"userId"}))
def test_every_field_of_an_activity_is_part_of_what_was_said(field: str):
    said = activity_record()
    less = {name: value for name, value in said.items() if name != field}
    assert one(less).digest != one(said).digest


def test_digests_of_events_never_change_from_one_release_to_the_next():
    said: dict[str, Any] = {"type": "login", "userId": "ann", "ts": NOON, "properties": {"b": 1, "a": "x"}}
    assert one(said).digest == EVENT_DIGEST
    assert one(activity_record()).digest == ACTIVITY_DIGEST


EVENT_DIGEST = 5_912_373_766_854_053_403
ACTIVITY_DIGEST = 1_462_308_701_740_753_406
