"""Admission: records in; events, and refusals that name step, field and reason, out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from metrics_core.ingest.activity import activity
from metrics_core.ingest.alike import FROM, orders_alike
from metrics_core.ingest.arrival import Arrival
from metrics_core.ingest.events import event
from metrics_core.ingest.money import Money
from metrics_core.ingest.orders import order, refund, sale, status
from metrics_core.ingest.shapes import ORDER, Extra, Fields, has_a_known_shape, shape_named
from metrics_core.ingest.steps import has_an_id
from metrics_core.ingest.unfit import Unfit, quoted, refuse
from metrics_core.model.event import Event, Refusal
from metrics_core.model.instant import Instant


class Admitted(NamedTuple):
    """What came of some records. `indexes[i]` is where the record of `events[i]` stood."""

    events: Sequence[Event]
    indexes: list[int]
    refused: list[Refusal]


class Admission:
    """The way in for everybody: one currency, one set of steps."""

    def __init__(self, currency_digits: int = 2, currency: str = "USD") -> None:
        self.currency, self.digits = currency, currency_digits
        self._money = Money(currency, currency_digits)

    def admit(
        self,
        records: Sequence[object],
        *,
        record: str | None,
        source: str,
        origin: str,
        run_id: str | None,
        now: Instant,
        zone: ZoneInfo | None = None,
    ) -> Admitted:
        """Judge every record by itself: each becomes one event or one refusal, and no bad one spoils another.

        `record` is what the door takes, None where it takes anything. Naive times are read in `zone`.
        """
        door = None if record is None else shape_named(record)
        arrival = Arrival(now, source, origin, run_id, zone, self._money)
        if len(records) >= FROM and (door is None or door is ORDER):
            alike = orders_alike(records, arrival)
            if alike is not None:
                return Admitted(alike, list(range(len(alike))), [])
        events: list[Event] = []
        indexes: list[int] = []
        refused: list[Refusal] = []
        for index, said in enumerate(records):
            try:
                if not isinstance(said, dict):
                    refuse("is_an_object", None, f"The record is {quoted(said)}. Send a JSON object with named fields.")
                if door is None or "record" in said or (door is ORDER and said.get("lines") is None):
                    shape = has_a_known_shape(said, door)
                else:
                    shape = door
                fields, extra = shape.read(said)
                events.append(MAKERS[shape.name](fields, extra, arrival))
                indexes.append(index)
            except Unfit as unfit:
                refused.append(Refusal(index, _id_of(said), unfit.step, unfit.field, unfit.reason))
        return Admitted(events, indexes, refused)


Maker: TypeAlias = Callable[[Fields, Extra, Arrival], Event]

MAKERS: dict[str, Maker] = {
    "order": order, "sale": sale, "status": status, "refund": refund, "event": event, "activity": activity,
}
"""How a record of each shape becomes an event."""

STEPS: dict[str, str] = {
    "is_an_object": "A record is a JSON object.",
    "has_a_known_shape": "It is clear what sort of record it is, and its door takes that sort.",
    "says_it_once": "A field that is given in two spellings says the same in both.",
    "has_what_it_needs": "Every required field is there.",
    "has_an_id": "Ids are text of 1 to 200 printable characters, or whole numbers.",
    "has_clean_text": "Names are text of at most 200 printable characters, or numbers.",
    "has_a_time": "Times are ISO 8601 or epoch numbers.",
    "has_a_zone": "Times have an offset, unless their source declares its zone.",
    "is_not_from_the_future": "Nothing happened more than five minutes from now.",
    "is_not_too_old": "Nothing happened before 1990.",
    "has_lines": "An order has 1 to 1,000 lines, each an object.",
    "has_whole_numbers": "Quantities and counts are whole numbers within their bounds.",
    "has_exact_money": "Amounts are plain numbers without more decimals than the currency has.",
    "is_not_negative": "No amount is negative.",
    "is_above_zero": "A refund gives something back.",
    "is_within_bounds": "No amount, and no whole order, exceeds 10^12 major units.",
    "is_in_currency": "Amounts are in the reporting currency.",
    "has_a_known_status": "A status is pending, completed or failed; an order moves on to completed or failed.",
    "has_a_type": "An event says what happened in 1 to 100 characters.",
    "is_not_reserved": "An event does not take the name of what only orders, refunds and activity make.",
    "has_plain_properties": "Properties, and whatever else a record says, are plain JSON.",
    "is_small_enough": "They are at most 64 KiB, and at most 20 objects and lists deep.",
    "has_fitting_numbers": "Measures of an activity are numbers within their bounds.",
    "has_fitting_activity": "Its other fields are of their type.",
}
"""Every step a record passes on its way in, and what it demands."""


def _id_of(said: object) -> str | None:
    given = said.get("id") if isinstance(said, dict) else None
    try:
        return None if given is None else has_an_id(given, "id")
    except Unfit:
        return None
