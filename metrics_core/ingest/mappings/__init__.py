"""Foreign shapes, one vendor a file: each a pure function from what the vendor sends to a record of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from metrics_core.errors import UnknownNameError
from metrics_core.ingest.mappings.google_analytics import google_analytics
from metrics_core.ingest.mappings.mixpanel import mixpanel

Mapping: TypeAlias = Callable[[dict[str, object]], dict[str, object]]
"""What the payload does not say stays unsaid, and what it says wrongly is passed on, so that admission names it."""

MAPPINGS: dict[str, Mapping] = {"google_analytics": google_analytics, "mixpanel": mixpanel}


def mapped(vendor: str, payloads: Iterable[object]) -> list[object]:
    """The activity records of a vendor's payloads; what is no object is left for admission to refuse."""
    if vendor not in MAPPINGS:
        raise UnknownNameError(what="mapping", name=vendor, known=MAPPINGS)
    mapping = MAPPINGS[vendor]
    return [mapping(payload) if isinstance(payload, dict) else payload for payload in payloads]
