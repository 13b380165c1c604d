"""What one user is doing now, told in the fields of a tracker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from metrics_core.ingest.arrival import Arrival
from metrics_core.ingest.identity import identity
from metrics_core.ingest.shapes import Extra, Fields
from metrics_core.ingest.steps import (
    has_an_id,
    has_an_id_or_none,
    has_clean_text,
    has_fitting_numbers,
    has_plain_properties,
    has_whole_numbers,
)
from metrics_core.ingest.times import has_a_time
from metrics_core.ingest.unfit import missing, quoted, refuse
from metrics_core.model.event import ACTIVITY, Event
from metrics_core.model.instant import Instant, iso

LONGEST_ACTION: Final = 1_000


def activity(fields: Fields, extra: Extra, arrival: Arrival) -> Event:
    """A user was seen: at `timestamp`, else at `lastActionTime`, else on arrival. Its fields are kept as they were given."""
    get = fields.get
    said = get("userId")
    user = has_an_id(said, "userId") if said is not None else missing("userId", extra)
    said = get("id")
    given = has_an_id(said, "id") if said is not None else None
    seen: dict[str, object] = {"userId": user}
    for name, check in FIELDS.items():
        value = get(name)
        if value is not None and (fit := check(value, name)) is not None:
            seen[name] = fit
    times: list[Instant] = []
    for name in TIMES:
        value = get(name)
        if value is not None:
            times.append(has_a_time(value, name, arrival.now, arrival.zone))
            seen[name] = iso(times[-1])
    at = times[0] if times else None
    session = has_an_id_or_none(get("sessionId"), "sessionId")
    content = has_clean_text(get("contentId"), "contentId")
    channel = has_clean_text(get("channel"), "channel")
    region = has_clean_text(get("region"), "region")
    segment = has_clean_text(get("segment"), "segment")
    payload = {**extra, **seen}
    encoded = has_plain_properties(payload, None)
    id, digest = identity(given, arrival.source, (ACTIVITY, at, session, content, channel, region, segment), encoded)
    feature, company = seen.get("activeFeature"), seen.get("company")
    return Event(
        id, digest, ACTIVITY, arrival.now if at is None else at, arrival.now, arrival.source, arrival.origin, arrival.run_id,
        user, session, None, False, (), 0, 1, channel, region, None, segment, content,
        feature if isinstance(feature, str) else None, company if isinstance(company, str) else None, payload,
    )


def has_a_fitting_email(value: object, field: str) -> str | None:
    text = has_clean_text(value, field) if isinstance(value, str) else None
    if not isinstance(value, str) or (text is not None and "@" not in text):
        refuse("has_fitting_activity", field, f"{field} is {quoted(value)}, no e-mail address. Send one with an @, or none.")
    return text


def is_true_or_false(value: object, field: str) -> bool:
    if not isinstance(value, bool):
        refuse("has_fitting_activity", field, f"{field} is {quoted(value)}. Send true or false.")
    return value


def has_a_list_of_names(value: object, field: str) -> list[str]:
    if not isinstance(value, list):
        refuse("has_fitting_activity", field, f'{field} is {quoted(value)}. Send a list of names, like ["Dashboard"].')
    for name in value:
        if not isinstance(name, str):
            refuse("has_fitting_activity", field, f"{field} holds {quoted(name)}. Send a list of names, all of them text.")
    return [text for name in value if (text := has_clean_text(name, field)) is not None]


def has_numbers_by_name(value: object, field: str) -> dict[str, int | float]:
    if not isinstance(value, dict):
        refuse("has_fitting_activity", field, f'{field} is {quoted(value)}. Send minutes by name, like {{"Dashboard": 10}}.')
    numbers: dict[str, int | float] = {}
    for name, number in value.items():
        if not isinstance(name, str):
            refuse("has_fitting_activity", field, f"{field} has the key {quoted(name)}. Send minutes by name.")
        numbers[name] = has_fitting_numbers(number, f"{field}[{quoted(name)}]")
    return numbers


FIELDS: dict[str, Callable[[object, str], object]] = {
    "userName": has_clean_text,
    "email": has_a_fitting_email,
    "company": has_clean_text,
    "sessionDuration": has_fitting_numbers,
    "pageViews": has_whole_numbers,
    "clickCount": has_whole_numbers,
    "scrollDepth": partial(has_fitting_numbers, most=100),
    "featuresUsed": has_a_list_of_names,
    "activeFeature": has_clean_text,
    "featureTime": has_numbers_by_name,
    "eventsTriggered": has_whole_numbers,
    "queriesRun": has_whole_numbers,
    "reportsCreated": has_whole_numbers,
    "dashboardsViewed": has_whole_numbers,
    "isActive": is_true_or_false,
    "lastAction": partial(has_clean_text, longest=LONGEST_ACTION),
}
"""What each field must be, apart from the user and the times."""

TIMES = ("timestamp", "lastActionTime")
