"""What Google Analytics and Mixpanel send becomes user activity, with nothing made up."""

from __future__ import annotations

from typing import Any

import pytest

from metrics_core.errors import UnknownNameError
from metrics_core.ingest.admit import Admission, Admitted
from metrics_core.ingest.mappings import MAPPINGS, mapped
from metrics_core.ingest.mappings.google_analytics import google_analytics
from metrics_core.ingest.mappings.mixpanel import mixpanel
from metrics_core.model.instant import MINUTE, SECOND
from tests.given import NOON

SESSION: dict[str, object] = {
    "userId": "u1", "userName": "Ann", "email": "ann@example.com", "company": "Acme", "sessionDuration": 1500,
    "pageviews": 42,
    "events": [{"name": "click"}, {"name": "scroll"}, {"name": "click"}], "maxScrollDepth": 75,
    "pagePaths": ["/dashboard", "/reports/monthly", "/reports/daily?year=2026", "/"], "currentPage": "/reports/monthly",
    "lastEvent": "report_opened",
}

ACTION: dict[str, Any] = {
    "distinct_id": "u2", "event_name": "Report opened", "event_count": 23,
    "properties": {
        "$name": "Bob", "$email": "bob@example.com", "company": "Bolt", "time": NOON // SECOND - 60, "session_length": 90,
        "page_view_count": 4, "click_count": 9, "scroll_depth": 50, "features_used": ["Funnels", "Revenue"],
        "current_screen": "Revenue", "time_per_feature": {"Funnels": 1.5}, "queries_run": 5, "reports_created": 2,
        "dashboards_viewed": 3, "is_active": True,
    },
}


def admit(*records: object) -> Admitted:
    return Admission(2, "USD").admit(records, record="activity", source="vendor", origin="live", run_id=None, now=NOON)


def test_a_session_of_google_analytics_is_user_activity():
    assert google_analytics(SESSION) == {
        "userId": "u1", "userName": "Ann", "email": "ann@example.com", "company": "Acme", "sessionDuration": 25,
        "pageViews": 42,
        "clickCount": 3, "eventsTriggered": 3, "scrollDepth": 75, "featuresUsed": ["dashboard", "reports", "/"],
        "activeFeature": "reports", "isActive": True, "lastAction": "report_opened",
    }


@pytest.mark.parametrize(
    ("said", "active"),
    (
        ({"currentPage": "/"}, True),
        ({"lastEvent": "click"}, True),
        ({"currentPage": "/", "lastEvent": "session_end"}, False),
        ({"lastEvent": "Sign out"}, False),
        ({"currentPage": "/", "isActive": False}, False),
        ({"lastEvent": "session_end", "isActive": True}, True),
        ({"pageviews": 3}, None),
    ),
)
def test_a_user_of_google_analytics_is_active_when_there_is_reason_to_say_so(said: dict[str, object], active: bool | None):
    assert google_analytics({"userId": "u", **said}).get("isActive") is active


@pytest.mark.parametrize(
    ("page", "feature"),
    (("/reports/a", "reports"), ("https://shop.example/reports?x=1", "reports"), ("https://shop.example", "/"),
    ("Dashboard", "Dashboard"),
     ("/#top", "/"), (" /a ", "a")),
)
def test_a_page_is_the_feature_it_belongs_to(page: str, feature: str):
    assert google_analytics({"currentPage": page})["activeFeature"] == feature


def test_an_action_of_mixpanel_is_user_activity():
    assert mixpanel(ACTION) == {
        "userId": "u2", "userName": "Bob", "email": "bob@example.com", "company": "Bolt", "timestamp": NOON // SECOND - 60,
        "sessionDuration": 1.5, "pageViews": 4, "clickCount": 9, "scrollDepth": 50, "featuresUsed": ["Funnels", "Revenue"],
        "activeFeature": "Revenue", "featureTime": {"Funnels": 1.5}, "eventsTriggered": 23, "queriesRun": 5,
        "reportsCreated": 2, "dashboardsViewed": 3, "isActive": True, "lastAction": "Report opened",
        "lastActionTime": NOON // SECOND - 60,
    }


def test_the_time_of_mixpanel_may_be_in_seconds_or_in_milliseconds():
    in_milliseconds = {**ACTION, "properties": {**ACTION["properties"], "time": (NOON // SECOND - 60) * 1_000}}
    events = admit(*mapped("mixpanel", [ACTION, in_milliseconds])).events
    assert [event.at for event in events] == [NOON - MINUTE] * 2
    assert events[0].id == events[1].id


def test_mixpanels_own_export_is_understood():
    record = mixpanel({"event": "Login", "properties": {"distinct_id": "u", "$insert_id": "i1", "time": 1_795_086_000}})
    assert record == {
        "id": "i1", "userId": "u", "timestamp": 1_795_086_000, "lastAction": "Login", "lastActionTime": 1_795_086_000,
    }


@pytest.mark.parametrize("vendor", sorted(MAPPINGS))
def test_what_a_vendor_does_not_say_stays_unsaid(vendor: str):
    assert MAPPINGS[vendor]({}) == {}
    assert MAPPINGS[vendor]({"properties": None, "events": None, "userName": "", "pagePaths": "x"}) == {}


@pytest.mark.parametrize(
    ("vendor", "said", "field"),
    (
        ("google_analytics", {"userId": "u", "sessionDuration": "long"}, "sessionDuration"),
        ("google_analytics", {"userId": "u", "sessionDuration": True}, "sessionDuration"),
        ("google_analytics", {"userId": "u", "sessionDuration": -60}, "sessionDuration"),
        ("google_analytics", {"userId": "u", "currentPage": ["/"]}, "activeFeature"),
        ("google_analytics", {"pageviews": 1}, "userId"),
        ("mixpanel", {"distinct_id": "u", "properties": {"session_length": "nan"}}, "sessionDuration"),
        ("mixpanel", {"distinct_id": "u", "properties": {"time": "soon"}}, "timestamp"),
        ("mixpanel", {"properties": {"time": 1_795_086_000}}, "userId"),
    ),
)
def test_what_a_vendor_says_wrongly_is_named_by_admission(vendor: str, said: dict[str, object], field: str):
    [refused] = admit(*mapped(vendor, [said])).refused
    assert refused.field == field


def test_seconds_as_text_are_minutes_all_the_same():
    assert google_analytics({"sessionDuration": "90"})["sessionDuration"] == 1.5


def test_a_payload_that_is_no_object_is_left_to_be_refused():
    admitted = admit(*mapped("mixpanel", [7, ACTION]))
    assert [refusal.step for refusal in admitted.refused] == ["is_an_object"]
    assert admitted.indexes == [1]


def test_an_unknown_vendor_is_named_with_the_one_that_was_meant():
    with pytest.raises(UnknownNameError, match="Did you mean 'mixpanel'"):
        mapped("mixpanl", [])
