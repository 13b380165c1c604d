"""The peak of a part of the data: the most of its users active at once at any whole minute of a day."""

from __future__ import annotations

from collections.abc import Iterator

from metrics_core.model.instant import MINUTE, Instant
from metrics_core.model.query import Filter, Value
from metrics_core.model.window import ALL_TIME_START
from metrics_core.reads import segments
from metrics_core.reads.peak import Peak, peak, peak_window
from metrics_core.store.protocols import Sighting, Store, Tally


def peak_of(store: Store, at: Instant, origins: tuple[str, ...], where: tuple[Filter, ...]) -> Peak:
    """The peak of the 24 hours up to a moment, of what the filters keep; call it inside `store.view()`.

    Cut a microsecond late, a minute of events is (m - 1 min, m]: all of them are active at the same marks, from m on. No
    filter may be of local time.
    """
    if not where:
        return peak(store.events.sightings(peak_window(at), origins), at)
    rows = segments.tally(
        store,
        Tally(peak_window(at), ("active",), ("user",), where, origins, "minute", shifts=((ALL_TIME_START, -1),)),
    )
    numbers: dict[Value, int] = {}

    def sightings() -> Iterator[Sighting]:
        for bucket, user, _ in rows:
            number = numbers.setdefault(user, len(numbers))
            yield Sighting(0, int(bucket or 0) - 1 + MINUTE, number, "", buyer=False, active=True)

    return peak(sightings(), at)
