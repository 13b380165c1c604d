"""Counting in SQL gives what counting a list of events in plain Python gives, whatever is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from metrics_core.model.event import ORDER_COMPLETED, Line
from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant
from metrics_core.model.measure import TOTALS
from metrics_core.model.query import Filter, Value
from metrics_core.model.window import Window
from metrics_core.rollup.totals import SETS
from metrics_core.store.memory.tally import tally
from metrics_core.store.protocols import Tally
from metrics_core.store.sql import tally as sql
from metrics_core.store.sql.store import SqlStore
from tests import given
from tests.truth.world import AUTUMN, SPRING, keep, world

EVENTS = world(5, 700)
TERMS = (*TOTALS, *SETS)
SPLITS = ("channel", "product", "user", "kind", "origin", "hour", "weekday")
VALUES: dict[str, tuple[Value, ...]] = {
    "channel": ("online", "retail", "nowhere", None), "product": ("p1", "p2", "p3", None), "user": ("u1", "nobody", None),
    "weekday": (0, 3, 6), "hour": (0, 12, 23), "kind": ("refund", ORDER_COMPLETED),
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    made = SqlStore(f"sqlite:///{tmp_path_factory.mktemp('tally') / 'tally.db'}")
    made.prepare()
    keep(made, EVENTS)
    yield made
    made.close()


instants = st.one_of(
    st.integers(SPRING[0], SPRING[1]),
    st.integers(AUTUMN[0], AUTUMN[1]),
    st.sampled_from(EVENTS).map(lambda event: event.at),
)


@st.composite
def shifts(draw: st.DrawFn) -> tuple[tuple[Instant, Instant], ...]:
    """Offsets like those of real zones, and stranger ones: changing at any moment, by any amount."""
    starts = sorted({0, *draw(st.lists(instants, max_size=4))})
    offsets = st.one_of(st.integers(-14 * 4, 14 * 4).map(lambda quarters: quarters * 15 * MINUTE), st.integers(-DAY, DAY))
    return tuple((start, draw(offsets)) for start in starts)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    ends = sorted((draw(instants), draw(instants)))
    where = tuple(
        Filter(name, tuple(draw(st.lists(st.sampled_from(VALUES[name]), min_size=1, unique=True))), draw(st.booleans()))
        for name in draw(st.lists(st.sampled_from(tuple(VALUES)), max_size=2))
    )
    return Tally(
        Window(ends[0], ends[1] + draw(st.integers(0, 1))),
        tuple(draw(st.lists(st.sampled_from(TERMS), min_size=1, unique=True))),
        tuple(draw(st.lists(st.sampled_from(SPLITS), max_size=2, unique=True))),
        where,
        draw(st.sampled_from(((), ("live",), ("live", "sim")))),
        draw(st.sampled_from((None, "minute", "hour", "day", "week", "month"))),
        draw(shifts()),
        draw(st.integers(0, 6)),
    )


def in_order(rows: list[tuple[Value, ...]]) -> list[tuple[Value, ...]]:
    return sorted(rows, key=repr)


@settings(max_examples=150)
@examples(question=tallies())
def test_sql_counts_as_plain_python_does(question: Tally, store: SqlStore) -> None:
    assert in_order(store.events.tally(question)) == in_order(tally(EVENTS, question))


@pytest.mark.parametrize("size", (5, 40))
@settings(max_examples=40)
@examples(question=tallies())
def test_a_window_counted_slice_by_slice_gives_the_same(size: int, question: Tally, store: SqlStore) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql, "_SLICE", size)
        assert in_order(store.events.tally(question)) == in_order(tally(EVENTS, question))


def test_an_order_with_a_product_twice_counts_once_for_it() -> None:
    order = given.completed(lines=(Line("lamp", 1, 100), Line("desk", 1, 200), Line("lamp", 2, 50)))
    by_product = Tally(Window(0, given.NOON + 1), ("completed", "quantity", "gross"), ("product",))
    assert in_order(tally([order], by_product)) == [("desk", 1, 1, 200), ("lamp", 1, 3, 150)]
    either = by_product._replace(by=(), where=(Filter("product", ("lamp", "desk")),))
    assert tally([order], either) == [(1, 4, 350)]


def test_nothing_to_count_is_one_row_of_zeros_in_total_and_none_in_splits(store: SqlStore) -> None:
    total = Tally(Window(0, HOUR), TERMS)
    assert store.events.tally(total) == tally(EVENTS, total) == [(0,) * len(TERMS)]
    split = total._replace(by=("channel",))
    assert store.events.tally(split) == tally(EVENTS, split) == []


@pytest.mark.parametrize(
    "question",
    (
        Tally(Window(SPRING[0], SPRING[0] + DAY), ("gross",), ("channel",)),
        Tally(Window(SPRING[0], SPRING[0] + HOUR), ("completed", "gross"), ("product",), grain="hour"),
        Tally(Window(SPRING[0], SPRING[0] + HOUR), ("buyers",), where=(Filter("user", ("u1",)), Filter("product", ("p1",)))),
        Tally(Window(SPRING[0], SPRING[0] + HOUR), ("events",), origins=("live",)),
    ),
    ids=("a day by channel", "an hour by product", "one buyer", "one origin"),
)
@pytest.mark.parametrize("analysed", (False, True), ids=("fresh", "analysed"))
def test_a_narrow_window_is_read_through_the_index_on_time(tmp_path: Path, question: Tally, analysed: bool) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'plan.db'}")
    store.prepare()
    keep(store, EVENTS)
    ask = sql.statement(question).params(window_start=question.window.start, window_end=question.window.end)
    with store._connections.write() as connection:
        if analysed:
            connection.exec_driver_sql("ANALYZE")
        text = str(ask.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    store.close()
    assert "SEARCH facts USING INDEX facts_at (at>? AND at<?)" in plan
