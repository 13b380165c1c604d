"""What the mappings share: picking fields, and seconds into minutes."""

from __future__ import annotations

from collections.abc import Mapping

Row = tuple[str, ...]


def picked(payload: Mapping[str, object], fields: Mapping[str, Row]) -> dict[str, object]:
    """Our fields from theirs: for each, the first of their names that says something. Empty text says nothing."""
    record: dict[str, object] = {}
    for name, theirs in fields.items():
        value = first(payload, *theirs)
        if value is not None:
            record[name] = value
    return record


def first(payload: Mapping[str, object], *names: str) -> object:
    for name in names:
        value = payload.get(name)
        if value is not None and value != "":
            return value
    return None


def minutes(seconds: object) -> object:
    """Seconds as minutes; what is no number is passed on as it is, for admission to name."""
    if isinstance(seconds, str):
        try:
            seconds = float(seconds)
        except ValueError:
            return seconds
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return seconds
    try:
        return seconds / 60
    except OverflowError:
        return seconds
