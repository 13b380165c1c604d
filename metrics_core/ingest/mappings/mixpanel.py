"""What a user did last as Mixpanel reports it, as user activity."""

from __future__ import annotations

from metrics_core.ingest.mappings.fields import Row, first, minutes, picked

_TOP: dict[str, Row] = {
    "userId": ("distinct_id",),
    "eventsTriggered": ("event_count",),
    "lastAction": ("event_name", "event"),
}

_PROPERTIES: dict[str, Row] = {
    "id": ("$insert_id",),
    "userId": ("distinct_id", "$user_id"),
    "userName": ("$name",),
    "email": ("$email",),
    "company": ("company",),
    "timestamp": ("time",),
    "pageViews": ("page_view_count",),
    "clickCount": ("click_count",),
    "scrollDepth": ("scroll_depth",),
    "featuresUsed": ("features_used",),
    "activeFeature": ("current_screen",),
    "featureTime": ("time_per_feature",),
    "queriesRun": ("queries_run",),
    "reportsCreated": ("reports_created",),
    "dashboardsViewed": ("dashboards_viewed",),
    "isActive": ("is_active",),
}


def mixpanel(payload: dict[str, object]) -> dict[str, object]:
    """An event with its user's properties, as an activity record.

    `time` may be in seconds or in milliseconds; admission judges that by its size, as it does for every time. It is also
    when the user acted last.
    """
    properties = payload.get("properties")
    record = picked(properties, _PROPERTIES) if isinstance(properties, dict) else {}
    record |= picked(payload, _TOP)
    if isinstance(properties, dict):
        length = first(properties, "session_length")
        if length is not None:
            record["sessionDuration"] = minutes(length)
    if "timestamp" in record:
        record["lastActionTime"] = record["timestamp"]
    return record
