"""Made-up events for the laws: any kind, any time, few names, so that much falls into the same buckets."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, ORDER_PLACED, ORIGINS, REFUND, Event, Line
from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant
from tests import given

EARLY: Instant = given.NOON - 3 * DAY
LATE: Instant = given.NOON + 3 * DAY

instants = st.one_of(
    st.integers(EARLY, LATE),
    st.integers(EARLY // HOUR, LATE // HOUR).map(lambda hour: hour * HOUR),  # on the very edge of buckets
    st.integers(given.NOON, given.NOON + 5 * MINUTE),  # close together
)
users = st.one_of(st.none(), st.sampled_from(("ann", "bob", "cem", "dee")))
lines = st.lists(
    st.builds(Line, st.one_of(st.none(), st.sampled_from(("lamp", "desk"))), st.integers(0, 9), st.integers(0, 10**12)),
    max_size=3,
).map(tuple)


_numbers = itertools.count(1)


@st.composite
def events(draw: st.DrawFn) -> Event:
    """One event; it need not make sense beside the others."""
    kind = draw(st.sampled_from((ORDER_PLACED, ORDER_COMPLETED, ORDER_FAILED, REFUND, "content_view", "activity", "login")))
    order = kind in {ORDER_PLACED, ORDER_COMPLETED, ORDER_FAILED}
    name = f"e{next(_numbers)}"
    return given.event(
        kind,
        id=name,
        order_id=f"order of {name}" if order else None,
        at=draw(instants),
        user=draw(users),
        origin=draw(st.sampled_from(ORIGINS)),
        channel=draw(st.sampled_from((None, "online", "retail"))),
        region=draw(st.sampled_from((None, "Europe", "Asia"))),
        content=draw(st.sampled_from((None, "home", "pricing"))),
        placed=kind == ORDER_PLACED or (order and draw(st.booleans())),
        lines=draw(lines) if order else (),
        amount=draw(st.integers(0, 10**9)) if kind == REFUND else 0,
        count=draw(st.integers(1, 50)) if kind == "content_view" else 1,
    )


many = st.lists(events(), max_size=40)
