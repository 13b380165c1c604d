"""Answers are what pandas says of the same rows: every measure, split, cut of time, zone and filter, from every store."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from metrics_core.model.event import IMPORT, LIVE, SIM
from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant
from metrics_core.model.query import Filter, Query
from metrics_core.model.window import Window
from metrics_core.reads import cells
from metrics_core.reads.answer import answer
from metrics_core.store.memory.store import MemoryStore
from metrics_core.store.protocols import Store
from metrics_core.store.sql.store import SqlStore
from tests import given
from tests.truth.frames import Rows, frame_of, peak, rows_of
from tests.truth.world import AUTUMN, SPRING, keep, world

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
MEASURES = (
    "revenue", "gross_revenue", "refunds", "orders", "quantity", "transactions", "completed", "failed", "views", "purchases",
    "events", "buyers", "active_users", "avg_order_value", "conversion_rate", "visitor_conversion", "pending", "active_now",
)  # fmt: skip
SPLITS = ("channel", "region", "product", "user", "staff", "content", "kind", "source", "origin", "hour", "weekday")
FILTERS = {
    "channel": ("online", "retail", None), "region": ("Europe", "Mars", None), "product": ("p1", "p2", "p3", None),
    "user": ("u1", "u2", "nobody", None), "kind": ("refund", "content_view", "order_completed"), "origin": (LIVE, SIM),
    "hour": (0, 2, 15, 23), "weekday": (0, 6), "content": ("home", None), "feature": ("cart", None),
}  # fmt: skip
ELSEWHERE = {"kind", "source", "hour", "weekday"}


EVENTS = world(11, 900)
FRAME = frame_of(EVENTS)


@cache
def truth(query: Query) -> Rows:
    return rows_of(FRAME, query)


@pytest.fixture(scope="module", params=("memory", "sqlite"))
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("truth")
    made: Store = MemoryStore() if request.param == "memory" else SqlStore(f"sqlite:///{folder / 'truth.db'}")
    made.prepare()
    keep(made, EVENTS)
    yield made
    made.close()


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Inside a season, or across them; often cut at whole minutes, hours or days."""
    first, last = draw(st.sampled_from((SPRING, AUTUMN)))
    ends = []
    for _ in range(2):
        at: Instant = draw(st.integers(first - DAY, last + DAY))
        ends.append(at - at % draw(st.sampled_from((1, MINUTE, HOUR, DAY))))
    return Window(min(ends), max(ends) + draw(st.sampled_from((1, HOUR, 3 * DAY))))


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Any question that has an answer."""
    measures = draw(st.lists(st.sampled_from(MEASURES), min_size=1, max_size=4, unique=True))
    grain = draw(st.sampled_from((None, None, "hour", "day", "week", "month", "minute")))
    by = draw(st.lists(st.sampled_from(SPLITS), max_size=2, unique=True))
    named = draw(st.lists(st.sampled_from(tuple(FILTERS)), max_size=2, unique=True))
    if grain is not None:
        measures = [name for name in measures if name != "active_now"] or ["revenue"]
    if ELSEWHERE & {*by, *named}:
        measures = [name for name in measures if name != "pending"] or ["orders"]
    window = draw(windows())
    if grain == "minute" or (grain == "hour" and "pending" in measures):
        window = Window(window.start, min(window.end, window.start + 20 * HOUR))
    where = tuple(
        Filter(name, tuple(draw(st.lists(st.sampled_from(FILTERS[name]), min_size=1, unique=True))), draw(st.booleans()))
        for name in named
    )
    return Query(
        tuple(measures), window, tuple(by), grain, where,
        zone=ZoneInfo(draw(st.sampled_from(ZONES))), week_start=draw(st.sampled_from((0, 6))),
        origins=draw(st.sampled_from(((), (LIVE, IMPORT), (SIM,)))),
    )  # fmt: skip


def asked(store: Store, query: Query) -> Rows:
    rows = answer(store, query).rows
    assert len(set(rows)) == len(rows)
    return set(rows)


@settings(max_examples=120)
@examples(query=queries())
def test_any_question_is_answered_as_pandas_answers_it(query: Query, store: Store) -> None:
    assert asked(store, query) == truth(query)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("grain", ("hour", "day", "week", "month"))
@pytest.mark.parametrize("season", (SPRING, AUTUMN), ids=("spring", "autumn"))
def test_a_season_of_changing_clocks_is_cut_as_the_walls_say(
    store: Store, zone: str, grain: str, season: tuple[Instant, Instant]
) -> None:
    query = Query(("revenue", "orders", "quantity", "buyers"), Window(*season), grain=grain, zone=ZoneInfo(zone))
    assert asked(store, query) == truth(query)


@settings(max_examples=50)
@examples(query=queries())
def test_kept_totals_and_the_events_themselves_give_the_same_answer(query: Query, store: Store) -> None:
    kept = answer(store, query)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "ROLLUPS", ())
        patch.setattr(cells, "SET_GRAINS", ())
        assert answer(store, query) == kept


@pytest.mark.parametrize("at", ("2026-03-29 12:00:30", "2026-10-25 00:00", "2026-03-08 07:03"))
def test_the_peak_is_the_greatest_of_all_minute_marks(store: Store, at: str) -> None:
    end = given.at(at)
    query = Query(("peak_24h",), Window(end - HOUR, end), origins=(LIVE, IMPORT))
    assert answer(store, query).rows == ((peak(FRAME, end, (LIVE, IMPORT)),),)


@pytest.mark.parametrize("name", ("channel", "region", "product", "user", "kind", "content"))
@pytest.mark.parametrize("negated", (False, True))
def test_so_is_the_peak_of_a_part(store: Store, name: str, negated: bool) -> None:
    end = given.at("2026-03-29 12:00:30")
    values = FILTERS[name][:2]
    query = Query(("peak_24h",), Window(end - HOUR, end), where=(Filter(name, values, negated),), origins=(LIVE, IMPORT))
    part = FRAME[FRAME[name].isin(values) != negated]
    assert answer(store, query).rows == ((peak(part, end, (LIVE, IMPORT)),),)
