"""A user's session as Google Analytics reports it, as user activity."""

from __future__ import annotations

from metrics_core.ingest.mappings.fields import Row, first, minutes, picked

_FIELDS: dict[str, Row] = {
    "id": ("id",),
    "userId": ("userId", "user_id", "clientId"),
    "userName": ("userName",),
    "email": ("email",),
    "company": ("company",),
    "timestamp": ("timestamp",),
    "pageViews": ("pageviews", "pageViews"),
    "scrollDepth": ("maxScrollDepth",),
    "lastAction": ("lastEvent",),
    "lastActionTime": ("lastEventTime",),
    "isActive": ("isActive", "is_active"),
}

ENDINGS = frozenset({
    "app_background", "app_remove", "log_out", "logout", "page_hide", "page_unload", "session_end", "sign_out", "signout",
    "timeout", "window_close",
})
"""Last events after which nobody is there any more."""


def google_analytics(payload: dict[str, object]) -> dict[str, object]:
    """A session in seconds, its events and its page paths, as an activity record.

    The payload does not say whether its user is still there: unless it does say so, a user is active who is on a page, or
    did something last, that does not end a session. Where it names neither a page nor an event, that stays unsaid.
    """
    record = picked(payload, _FIELDS)
    duration = first(payload, "sessionDuration")
    if duration is not None:
        record["sessionDuration"] = minutes(duration)
    events = payload.get("events")
    if isinstance(events, list):
        record["clickCount"] = record["eventsTriggered"] = len(events)
    paths = payload.get("pagePaths")
    if isinstance(paths, list):
        record["featuresUsed"] = list(dict.fromkeys(_feature(path) for path in paths if isinstance(path, str) and path))
    page = first(payload, "currentPage")
    if page is not None:
        record["activeFeature"] = _feature(page) if isinstance(page, str) else page
    last = record.get("lastAction")
    if "isActive" not in record and (page is not None or last is not None):
        record["isActive"] = not (isinstance(last, str) and last.strip().lower().replace(" ", "_") in ENDINGS)
    return record


def _feature(page: str) -> str:
    """`/reports/monthly?year=2026` and `https://shop.example/reports` are both `reports`; the front page is `/`."""
    path = page.strip()
    if "://" in path:
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    if not path.startswith("/"):
        return path
    return path.partition("?")[0].partition("#")[0].split("/")[1] or "/"
