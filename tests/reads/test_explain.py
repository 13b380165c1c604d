"""Explanations: the figure, its terms, its parts and its rows say the same, and the second count is a count of its own."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from metrics_core.errors import BadRequestError, UnknownNameError
from metrics_core.model.event import IMPORT, LIVE, SIM
from metrics_core.model.instant import DAY, HOUR, MINUTE, SECOND
from metrics_core.model.measure import REGISTRY, How, Measure, Ratio
from metrics_core.model.query import Filter, Query
from metrics_core.model.window import Calendar, Window
from metrics_core.reads import explain as explaining
from metrics_core.reads.answer import answer
from metrics_core.reads.explain import Asked, Explanation, explain, facts_of, read_as_of, read_explain
from metrics_core.reads.explained import as_json, rows_json
from metrics_core.reads.recount import recount
from metrics_core.reads.rows import every, rows
from metrics_core.rollup.totals import ROLLUPS, ZERO, Piece, RollupRow
from metrics_core.store.memory.store import MemoryStore
from metrics_core.store.protocols import Store
from metrics_core.store.sql.store import SqlStore
from tests import given
from tests.truth.segments import some_named
from tests.truth.world import AUTUMN, SPRING, keep

EVENTS = some_named(23, 500)
SPLIT_ELSEWHERE = {"kind", "source", "hour", "weekday"}
FILTERS = {
    "channel": ("online", "retail", None), "region": ("Europe", "Mars", None), "product": ("p1", "p2", "p3", None),
    "user": ("u1", "u2", "nobody", None), "kind": ("refund", "content_view", "order_completed"), "origin": (LIVE, SIM),
    "hour": (0, 2, 15, 23), "weekday": (0, 6), "content": ("home", None), "feature": ("cart", None),
    "segment": ("new", "returning", "loyal", "won back", "vip", None),
}  # fmt: skip
CALENDAR = Calendar(ZoneInfo("Europe/Berlin"))


@pytest.fixture(scope="module", params=("memory", "sqlite"))
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("explained")
    made: Store = MemoryStore() if request.param == "memory" else SqlStore(f"sqlite:///{folder / 'explained.db'}")
    made.prepare()
    keep(made, EVENTS)
    yield made
    made.close()


def asked(measure: str, window: Window, compared: Window | None = None, **fields: Any) -> Asked:
    return Asked(Query((measure,), window, compared=compared, **fields), "all", None)


def explained(store: Store, figure: Asked, own: tuple[Filter, ...] = ()) -> Explanation:
    return explain(store, figure, own, as_of=figure.query.window.end)


@st.composite
def figures(draw: st.DrawFn) -> Asked:
    """Any figure of the world, over any stretch of it, filtered in any way that has a meaning."""
    name = draw(st.sampled_from(sorted(REGISTRY)))
    start = draw(st.sampled_from((SPRING, AUTUMN)))
    low = draw(st.integers(start[0], start[1] - HOUR))
    length = draw(st.sampled_from((MINUTE, HOUR, 5 * HOUR, DAY, 9 * DAY, 300 * DAY)))
    window = Window(low, low + length)
    names = draw(st.lists(st.sampled_from(sorted(FILTERS)), max_size=2, unique=True))
    where = tuple(
        Filter(dimension, tuple(draw(st.sets(st.sampled_from(FILTERS[dimension]), min_size=1))), draw(st.booleans()))
        for dimension in names
        if (name != "pending" or dimension not in SPLIT_ELSEWHERE)
        and (name != "peak_24h" or dimension not in ("hour", "weekday"))
    )
    return asked(
        name, window, Window(low - length, low) if draw(st.booleans()) else None, where=where,
        zone=ZoneInfo(draw(st.sampled_from(("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe")))),
        origins=draw(st.sampled_from(((), (LIVE, IMPORT), (SIM,)))),
    )  # fmt: skip


@settings(max_examples=120)
@examples(figure=figures())
def test_every_figure_is_the_same_when_it_is_counted_again(store: Store, figure: Asked) -> None:
    found = explained(store, figure)
    assert found.check.ok is True, found.check
    assert found.value == answer(store, figure.query).rows[0][0]
    assert found.exact
    assert found.rows == sum(found.by_origin.values())
    _adds_up(found)


def _adds_up(found: Explanation) -> None:
    row = found.asked.measure
    terms = found.terms
    if isinstance(row, Ratio):
        top, bottom = (term.value for term in terms)
        assert found.value == (row.scale * top / bottom if bottom and top is not None else None)
    elif terms:
        assert found.value == sum((-1 if term.operator == "-" else 1) * (term.value or 0) for term in terms)
    for split in found.contributions:
        parts = [*split.shares, *([split.others] if split.others else [])]
        if split.adds_up:
            assert sum(part.now or 0 for part in parts) == found.value
        if split.adds_up and found.asked.query.compared is not None:
            assert sum(part.before or 0 for part in parts) == found.before
            assert all(part.moved == (part.now or 0) - (part.before or 0) for part in parts)
        if split.moves_add_up:
            moved = sum(Fraction(part.moved or 0) for part in parts)
            assert float(moved) == pytest.approx((found.value or 0) - (found.before or 0), abs=1e-6)
        assert split.adds_up or split.why
    if found.moves is not None:
        assert (found.moves.came + found.moves.stayed, found.moves.stayed + found.moves.went) == (found.value, found.before)


@settings(max_examples=60)
@examples(figure=figures(), limit=st.integers(1, 40), search=st.sampled_from(("", "online", "EUROPE", "p1", "o23-1", "?")))
def test_the_pages_of_rows_are_all_rows_once_newest_first(store: Store, figure: Asked, limit: int, search: str) -> None:
    facts = facts_of(figure.query, store)
    found: list[str] = []
    after = None
    for _ in range(100_000):
        page = rows(store.events, facts, search=search, after=after, limit=limit)
        assert len(page.facts) <= limit
        found += [fact.event.id for fact in page.facts]
        after = page.following
        if after is None:
            break
    whole = [fact.event for fact in every(store.events, facts, search=search)]
    assert found == [event.id for event in reversed(whole)]
    assert [event.at for event in whole] == sorted(event.at for event in whole)
    if not search:
        assert len(found) == recount(store.events, facts, ()).rows


def test_a_wrong_total_is_found_out(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'wrong.db'}")
    store.prepare()
    at = given.NOON - 3 * HOUR
    keep(store, [given.completed(at=at), given.viewed(at=at)])
    day = at // DAY * DAY
    figure = asked("gross_revenue", Window(day, day + DAY))
    assert explained(store, figure).check.ok is True
    kept = store.totals.rows((), DAY, Window(day, day + DAY))[0]
    wrong = (*ZERO[:4], 12_345, *ZERO[5:])
    with store.batch() as batch:
        batch.merge([RollupRow((), grain, kept.start, kept.origin, (), wrong) for grain in ROLLUPS[0].grains], [])
    check = explained(store, figure).check
    assert (check.ok, check.first, check.second) == (False, 25_050 + 12_345, 25_050)
    assert store.totals.sums((), [Piece(ROLLUPS[0].grains[-1], day, day + DAY)])
    store.close()


def test_too_many_events_are_not_read_one_by_one_and_it_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "MOST_RECOUNTED", 10)
    monkeypatch.setattr(explaining, "MOST_SPLIT", 10)
    found = explained(store, asked("revenue", Window(SPRING[0], AUTUMN[1])))
    assert (found.check.ok, found.check.second, found.exact) == (None, None, False)
    assert "more than 10" in (found.check.why or "")
    assert found.rows > 10
    assert [split.dimension for split in found.contributions] == ["channel", "region", "content", "origin"]
    assert "product" in found.unsplit
    only = explain(store, Asked(found.asked.query, "all", ("product",)), (), as_of=0)
    assert [split.dimension for split in only.contributions] == ["product"]


def test_nobody_sees_more_than_their_own_filters_keep(store: Store) -> None:
    own = (Filter("region", ("Europe",)),)
    window = Window(SPRING[0], SPRING[1])
    found = explained(store, asked("revenue", window), own)
    narrowed = asked("revenue", window, where=own)
    assert found.value == explained(store, narrowed).value
    assert found.own == own
    assert all(split.dimension != "region" for split in found.contributions)
    assert {fact.event.region for fact in every(store.events, facts_of(found.asked.query, store))} == {"Europe"}
    wider = asked("revenue", window, where=(Filter("region", ("Asia",)),))
    assert (explained(store, wider, own).value, explained(store, wider, own).rows) == (0, 0)


def test_what_a_ratio_moved_by_is_told_for_each_part_exactly() -> None:
    store = MemoryStore()
    store.prepare()
    before, now = given.NOON - 36 * HOUR, given.NOON - 12 * HOUR
    keep(store, [
        *(given.completed(at=before, channel="online") for _ in range(4)),
        given.viewed(at=before, count=100, channel="online"),
        *(given.completed(at=now, channel="online") for _ in range(3)), given.viewed(at=now, count=50, channel="online"),
        given.completed(at=now, channel="retail"),
    ])  # fmt: skip
    noon = given.NOON
    found = explained(store, asked("conversion_rate", Window(noon - DAY, noon), Window(noon - 2 * DAY, noon - DAY)))
    (split,) = [row for row in found.contributions if row.dimension == "channel"]
    parts = {share.value: share for share in split.shares}
    assert (found.value, found.before) == (8.0, 4.0)
    assert (parts["online"].now, parts["online"].before, parts["retail"].now) == (6.0, 4.0, None)
    # One purchase fewer at the mean of 1/50 and 1/100, and fifty views fewer: 100 x (-1 x 0.015 + 50 x 4 / 5000) = 2.5.
    assert (parts["online"].moved, parts["retail"].moved) == (pytest.approx(2.5), pytest.approx(1.5))


def test_what_came_late_is_told_of_live_rows_only() -> None:
    store = MemoryStore()
    store.prepare()
    at = given.NOON - HOUR
    keep(store, [
        given.completed(at=at, received_at=at + 41 * SECOND), given.completed(at=at, received_at=at + SECOND),
        given.completed(at=at, received_at=at + DAY, origin=IMPORT),
    ])  # fmt: skip
    found = explained(store, asked("orders", Window(at, at + HOUR)))
    assert found.recount is not None
    assert (found.rows, found.recount.late, found.recount.latest_by) == (3, 1, 41 * SECOND)
    assert found.by_origin == {LIVE: 2, IMPORT: 1}


def test_a_question_is_read_name_by_name() -> None:
    def read(question: object) -> Asked:
        return read_explain(question, calendar=CALENDAR, now=given.NOON, shown=lambda _: (LIVE,))

    figure = read({"measure": "revenue", "by": {"channel": "online", "hour": 8}, "where": {"region": "Europe"}})
    assert figure.query.where == (Filter("region", ("Europe",)), Filter("channel", ("online",)), Filter("hour", (8,)))
    assert figure.query.compared_note == "vs yesterday by 13:00"
    assert figure.query.origins == (LIVE,)
    for question, words in (
        ({"measure": "revenu"}, "revenue"), ({"measures": ["revenue"]}, "measure"), ({"measure": None}, "measure"),
        ({"measure": "revenue", "by": ["channel"]}, "by"), ({"measure": "revenue", "dimensions": ["chanel"]}, "channel"),
        ({"measure": "revenue", "dimensions": "channel"}, "list"), ([], "object"),
    ):  # fmt: skip
        with pytest.raises((BadRequestError, UnknownNameError), match=words):
            read(question)
    assert read_as_of({"as_of": "2026-11-19T13:00:00+01:00"}, calendar=CALENDAR, now=given.NOON) == given.NOON
    with pytest.raises(BadRequestError, match="still to come"):
        read_as_of({"as_of": "2026-11-19T13:00:01+01:00"}, calendar=CALENDAR, now=given.NOON)


def test_a_split_that_makes_no_sense_is_refused_with_those_that_do(store: Store) -> None:
    figure = Asked(Query(("pending",), Window(*SPRING)), "all", ("hour",))
    with pytest.raises(BadRequestError, match="channel, region"):
        explained(store, figure)


@pytest.mark.parametrize("after", ("x", "1.5", "-4", "9" * 40))
def test_a_place_that_is_none_is_refused(store: Store, after: str) -> None:
    with pytest.raises(BadRequestError, match="no place in these rows"):
        rows(store.events, facts_of(Query(("revenue",), Window(*SPRING)), store), after=after)


@pytest.mark.parametrize("name", tuple(REGISTRY))
def test_every_measure_is_told_as_json_in_major_units(store: Store, name: str) -> None:
    figure = asked(name, Window(SPRING[0], SPRING[0] + 9 * DAY), Window(SPRING[0] - DAY, SPRING[0]))
    found = explained(store, figure)
    body: dict[str, Any] = as_json(found, 2, {"watermark": None}, {"seq": 1})
    row = REGISTRY[name]
    money = row.unit.value == "money"
    assert body["value"] == (found.value / 100 if money and found.value is not None else found.value)
    assert body["measure"]["definition"] == row.definition
    assert body["check"]["ok"] is True
    assert body["reaches"]["end_utc"].endswith("Z")
    if isinstance(row, Measure) and row.how is How.PEAK:
        assert body["peak_at"]
    page = rows(store.events, facts_of(found.asked.query, store), limit=5)
    told = rows_json(page.facts, found.asked.query, 2)
    assert len(told) == min(5, found.rows)
    assert all(set(row) == set(told[0]) for row in told)


def test_the_rows_of_revenue_come_to_it(store: Store) -> None:
    query = Query(("revenue",), Window(*AUTUMN), where=(Filter("product", ("p1", "p2")),))
    told = rows_json(every(store.events, facts_of(query, store)), query, 2)
    amounts = [round(float(str(row["amount"])) * 100) for row in told]
    assert sum(amounts) == explained(store, Asked(query, "all", None)).value
