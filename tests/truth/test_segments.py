"""The segment of a buyer is what pandas says of the same rows: for every measure, split and cut, in any order of arrival."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from zlib import crc32
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from metrics_core.model.event import IMPORT, LIVE, SIM, Event
from metrics_core.model.instant import DAY, HOUR
from metrics_core.model.query import Filter, Query, Value
from metrics_core.model.window import ALL_TIME_START, Window
from metrics_core.reads import buyers, segments
from metrics_core.reads.answer import answer
from metrics_core.store.memory.store import MemoryStore
from metrics_core.store.protocols import Store, Tally
from metrics_core.store.sql.store import SqlStore
from tests.truth.frames import Rows, frame_of, rows_of
from tests.truth.segments import some_named, with_segments
from tests.truth.test_answers import ELSEWHERE, FILTERS, MEASURES, SPLITS, ZONES, windows
from tests.truth.world import AUTUMN, SPRING, keep

EVENTS = some_named(23, 700)
FRAME = with_segments(frame_of(EVENTS))
VALUES = ("new", "won back", "loyal", "returning", "vip", None)
YEAR = Window(SPRING[0] - DAY, AUTUMN[1] + DAY)


@pytest.fixture(scope="module", params=(60, 50_000), ids=("kept by stretches", "counted at once"), autouse=True)
def few(request: pytest.FixtureRequest) -> Iterator[None]:
    """Of how many events nothing is kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "_FEW", request.param)
        yield


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


def in_any_order(chance: random.Random) -> list[Event]:
    """The events, but orders before what belongs to them."""
    groups: dict[str, list[int]] = {}
    for number, event in enumerate(EVENTS):
        groups.setdefault(event.order_id or event.id, []).append(number)
    order = sorted((chance.random(), row, number) for rows in groups.values() for row, number in enumerate(rows))
    return [EVENTS[number] for _, _, number in sorted(order, key=lambda row: (row[0] + row[1], row[2]))]


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Any question that depends on segments."""
    measures = draw(st.lists(st.sampled_from(MEASURES), min_size=1, max_size=3, unique=True))
    grain = draw(st.sampled_from((None, None, "hour", "day", "week", "month", "minute")))
    split = draw(st.booleans())
    by = [*(["segment"] if split else []), *draw(st.lists(st.sampled_from(SPLITS), max_size=1))]
    named = draw(st.lists(st.sampled_from(tuple(FILTERS)), max_size=1))
    if grain is not None:
        measures = [name for name in measures if name != "active_now"] or ["revenue"]
    if grain in ("minute", "hour") or ELSEWHERE & {*by, *named}:
        measures = [name for name in measures if name != "pending"] or ["orders"]
    window = draw(windows())
    if grain == "minute":
        window = Window(window.start, min(window.end, window.start + 20 * HOUR))
    where = [
        Filter(name, tuple(draw(st.lists(st.sampled_from(FILTERS[name]), min_size=1, unique=True))), draw(st.booleans()))
        for name in named
    ]
    if not split or draw(st.booleans()):
        chosen = draw(st.lists(st.sampled_from(VALUES), min_size=1, unique=True))
        where.append(Filter("segment", tuple(chosen), draw(st.booleans())))
    return Query(
        tuple(measures), window, tuple(by), grain, tuple(where),
        zone=ZoneInfo(draw(st.sampled_from(ZONES))), week_start=draw(st.sampled_from((0, 6))),
        origins=draw(st.sampled_from(((), (LIVE, IMPORT), (SIM,)))),
    )  # fmt: skip


@settings(max_examples=30)
@examples(query=queries())
def test_any_question_by_segment_is_answered_as_pandas_answers_it(query: Query, store: Store) -> None:
    rows = answer(store, query).rows
    assert len(set(rows)) == len(rows)
    assert set(rows) == truth(query)


def test_every_segment_there_is_occurs_in_what_is_asked() -> None:
    assert {row[0] for row in truth(Query(("orders",), YEAR, by=("segment",)))} >= {*VALUES}


def test_the_segments_of_a_figure_add_up_to_it(store: Store) -> None:
    whole = answer(store, Query(("revenue", "orders", "pending"), YEAR)).rows[0]
    parts = answer(store, Query(("revenue", "orders", "pending"), YEAR, by=("segment",))).rows
    assert tuple(sum(int(row[place] or 0) for row in parts) for place in (1, 2, 3)) == whole


@pytest.mark.parametrize(("seed", "journal", "piece"), ((1, 20_000, 20_000), (2, 20_000, 60), (3, 100, 7)))
def test_segments_are_the_same_in_whatever_order_things_arrive_and_however_often_somebody_looks(
    seed: int, journal: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked after every batch, so that all that is kept has to follow; orders before what belongs to them, as always."""
    monkeypatch.setattr(buyers, "_JOURNAL", journal)
    monkeypatch.setattr(buyers, "_PIECE", piece)
    shuffled = in_any_order(random.Random(seed))
    questions = (
        Query(("revenue", "buyers", "events"), YEAR, by=("segment",)),
        Query(("orders",), YEAR, grain="day", where=(Filter("segment", ("new",)),)),
        Query(("pending",), Window(ALL_TIME_START, YEAR.end), by=("segment",)),
    )
    made = MemoryStore()
    for first in range(0, len(shuffled), 400):
        arrived = shuffled[first : first + 400]
        keep(made, arrived)
        so_far = with_segments(frame_of(shuffled[: first + 400]))
        for query in questions:
            assert set(answer(made, query).rows) == rows_of(so_far, query)
    assert set(answer(made, questions[0]).rows) == truth(questions[0])


@pytest.mark.parametrize(("journal", "piece"), ((1, 20_000), (50, 30)))
@settings(max_examples=15)
@examples(query=queries())
def test_whoever_begins_anew_knows_what_who_followed_all_along_knows(
    query: Query, store: Store, journal: int, piece: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buyers, "_JOURNAL", journal)
        patch.setattr(buyers, "_PIECE", piece)
        segments._KEPT.clear()
        assert set(answer(store, query).rows) == truth(query)


def test_who_still_looks_at_an_earlier_state_is_answered_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the buyers were first read of a later state, so that there is no way back."""
    monkeypatch.setattr(buyers, "_JOURNAL", 20)
    query = Query(("revenue", "buyers"), Window(ALL_TIME_START, YEAR.end), by=("segment",))
    made = SqlStore(f"sqlite:///{tmp_path / 'shop.db'}")
    made.prepare()
    late = [event for event in EVENTS if event.order_id is None or crc32(event.order_id.encode()) % 2]
    early = [event for event in EVENTS if event not in late]
    keep(made, early)
    with ThreadPoolExecutor(1) as other, made.view():
        assert made.newest_seq()
        other.submit(keep, made, late).result()
        assert set(other.submit(answer, made, query).result().rows) == rows_of(with_segments(frame_of(early + late)), query)
        assert set(answer(made, query).rows) == rows_of(with_segments(frame_of(early)), query)
    assert set(answer(made, query).rows) == rows_of(with_segments(frame_of(early + late)), query)
    made.close()


@pytest.mark.parametrize(("seed", "journal"), ((1, 20_000), (2, 150)))
def test_those_who_look_at_different_states_in_turns_each_see_their_own(
    tmp_path: Path, seed: int, journal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buyers, "_JOURNAL", journal)
    chance = random.Random(seed)
    arriving = in_any_order(chance)
    query = Query(("revenue", "orders"), YEAR, by=("segment",))
    made = SqlStore(f"sqlite:///{tmp_path / 'shop.db'}")
    made.prepare()
    with ExitStack() as stack:
        states = []
        for first in range(0, len(arriving), len(arriving) // 4):
            keep(made, arriving[first : first + len(arriving) // 4])
            there = rows_of(with_segments(frame_of(arriving[: first + len(arriving) // 4])), query)
            looker, view = stack.enter_context(ThreadPoolExecutor(1)), made.view()
            looker.submit(view.__enter__).result()
            stack.callback(looker.submit, view.__exit__, None, None, None)
            assert looker.submit(made.newest_seq).result()
            states.append((looker, there))
        for looker, there in chance.choices(states, k=16):
            assert set(looker.submit(answer, made, query).result().rows) == there
    made.close()


def test_who_asked_of_many_events_once_finds_them_read_at_the_next_start(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = Query(("orders",), YEAR, by=("segment",))
    monkeypatch.setattr(segments, "SMALL", 100)
    store.catalog.drop(*segments._ASKED)
    segments._KEPT.clear()
    segments.warm_up(store)
    assert not segments.segments_of(store).is_at_hand()
    answer(store, query)
    segments._KEPT.clear()
    segments.warm_up(store)
    assert segments.segments_of(store).is_at_hand()
    assert set(answer(store, query).rows) == truth(query)


def test_where_every_order_names_its_segment_no_history_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = MemoryStore()
    keep(made, [event._replace(segment="vip") if event.segment is None else event for event in EVENTS])
    assert len(answer(made, Query(("orders",), YEAR, by=("segment",))).rows) > 1
    assert segments.segments_of(made)._buyers.knows_nothing


def test_users_of_a_split_by_user_are_counted_once_each(store: Store) -> None:
    query = Query(("active_users", "buyers"), YEAR, by=("user",), where=(Filter("segment", ("new",), negated=True),))
    segments._KEPT.clear()
    rows = answer(store, query).rows
    assert set(rows) == truth(query)
    assert max(row[1] or 0 for row in rows) == 1


def test_what_is_kept_of_stretches_of_time_is_what_a_fresh_count_says(store: Store) -> None:
    query = Query(("revenue", "buyers"), YEAR, by=("segment", "product"))
    first = answer(store, query)
    assert answer(store, query) == first
    segments._KEPT.clear()
    assert answer(store, query) == first


def test_what_was_counted_is_counted_again_only_where_something_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "_FEW", 100)
    made = MemoryStore()
    keep(made, EVENTS)
    counted: list[Window] = []
    tally = made.events.tally

    def noted(question: Tally) -> list[tuple[Value, ...]]:
        counted.append(question.window)
        return tally(question)

    monkeypatch.setattr(made.events, "tally", noted)
    query = Query(("revenue", "orders"), Window(YEAR.start + 1, YEAR.end - 1), by=("segment",))
    answer(made, query)
    assert len(counted) > 20
    counted.clear()
    answer(made, query)
    assert all(window.length < HOUR for window in counted)
    bought = [event for event in EVENTS if event.kind == "order_completed" and event.user is not None and event.placed]
    late = bought[0]._replace(id="late", order_id="late", at=YEAR.start + 40 * DAY, segment=None)
    nobody = bought[0]._replace(id="no", order_id="no", at=YEAR.start + 90 * DAY, user=None, segment=None)
    for event in (nobody, late):
        keep(made, [event])
        counted.clear()
        answer(made, query)
        again = [window for window in counted if window.length >= HOUR]
        assert any(window.start <= event.at < window.end for window in again)
        assert len(again) == 1 or event is late
        assert all(window.end > event.at for window in again)
    assert set(answer(made, query).rows) == rows_of(with_segments(frame_of([*EVENTS, nobody, late])), query)
