"""What an answer holds, in which order, and what it refuses: small shops whose figures are plain to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest

from metrics_core.errors import BadRequestError
from metrics_core.model.event import DEMO, SIM, Event, Line
from metrics_core.model.instant import DAY, HOUR, MINUTE, SECOND
from metrics_core.model.query import Filter, Query, Result
from metrics_core.model.window import Window
from metrics_core.reads import answer as answers
from metrics_core.reads.answer import answer
from metrics_core.reads.body import as_json
from metrics_core.store.memory.store import MemoryStore
from metrics_core.store.protocols import Store
from metrics_core.store.sql.store import SqlStore
from tests import given
from tests.truth.world import keep

NOON = given.NOON
LAST_DAY = Window(NOON - DAY, NOON)
BERLIN = ZoneInfo("Europe/Berlin")

Shop: TypeAlias = Callable[..., Result]


@pytest.fixture(params=("memory", "sqlite"))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else SqlStore(f"sqlite:///{tmp_path / 'answers.db'}")
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def ask(store: Store) -> Shop:
    """`ask(events, "revenue", by=("channel",))`: the answer of a shop where just this happened."""

    def asked(events: Sequence[Event], *measures: str, window: Window = LAST_DAY, **fields: Any) -> Result:
        keep(store, events)
        return answer(store, Query(measures, window, **fields))

    return asked


def sold(amount: int, ago: int = HOUR, **fields: Any) -> Event:
    return given.completed(at=NOON - ago, lines=(Line("lamp", 1, amount),), **fields)


def test_a_grand_total_is_one_row_even_of_nothing(ask: Shop) -> None:
    measures = ("revenue", "orders", "avg_order_value", "conversion_rate", "buyers", "pending", "active_now", "peak_24h")
    assert ask([], *measures).rows == ((0, 0, None, None, 0, 0, 0, 0),)


def test_columns_are_start_then_dimensions_then_measures(ask: Shop) -> None:
    result = ask([sold(100)], "revenue", "orders", by=("channel", "hour"), grain="day", zone=BERLIN)
    assert result.columns == ("start", "channel", "hour", "revenue", "orders")
    assert result.rows == ((given.at("2026-11-18 23:00"), "online", 12, 100, 1),)


def test_buckets_without_events_are_rows_of_zeros(ask: Shop) -> None:
    result = ask([sold(100, ago=90 * MINUTE)], "revenue", window=Window(NOON - 4 * HOUR, NOON), grain="hour")
    assert result.rows == tuple((NOON - ago * HOUR, 100 if ago == 2 else 0) for ago in (4, 3, 2, 1))


def test_a_split_has_the_combinations_that_have_something_to_count_and_no_others(ask: Shop) -> None:
    events = [sold(100), sold(0, channel="retail"), given.viewed(at=NOON - HOUR, channel="kiosk")]
    assert ask(events, "revenue", by=("channel",)).rows == (("online", 100), ("retail", 0))


def test_all_of_time_is_cut_from_the_first_event_on(ask: Shop) -> None:
    events = [sold(100, ago=3 * DAY), sold(50)]
    result = ask(events, "revenue", window=Window(0, NOON), grain="day")
    assert [row[1] for row in result.rows] == [100, 0, 0, 50]
    assert result.window == Window(0, NOON)


def test_all_of_time_without_events_has_no_buckets(ask: Shop) -> None:
    assert ask([], "revenue", window=Window(0, NOON), grain="day").rows == ()


def test_a_ratio_of_a_union_is_sum_by_sum(ask: Shop) -> None:
    events = [sold(300, channel="a"), sold(100, channel="b"), sold(200, channel="b"), given.viewed(at=NOON - HOUR, count=50)]
    assert ask(events, "avg_order_value", "conversion_rate").rows == ((200.0, 6.0),)


def test_a_product_twice_in_an_order_is_one_order_for_it(ask: Shop) -> None:
    lines = (Line("lamp", 1, 100), Line("desk", 1, 300), Line("lamp", 1, 50))
    result = ask([given.completed(at=NOON - HOUR, lines=lines)], "revenue", "orders", "quantity", by=("product",))
    assert result.rows == (("desk", 300, 1, 1), ("lamp", 150, 1, 2))


def test_an_order_of_two_chosen_products_is_one_order(ask: Shop) -> None:
    where = (Filter("product", ("lamp", "desk")),)
    assert ask([given.completed(at=NOON - HOUR)], "orders", "revenue", where=where).rows == ((1, 25_050),)


def test_what_is_not_online_includes_what_has_no_channel(ask: Shop) -> None:
    events = [sold(1), sold(2, channel="retail"), sold(4, channel=None)]
    assert ask(events, "revenue", where=(Filter("channel", ("online",), True),)).rows == ((6,),)


def test_only_the_origins_asked_for_are_counted(ask: Shop) -> None:
    events = [sold(1), sold(2, origin=SIM), sold(4, origin=DEMO)]
    assert ask(events, "revenue", "buyers", origins=(SIM, DEMO)).rows == ((6, 1),)


def test_origins_can_be_told_apart(ask: Shop) -> None:
    events = [sold(1, user="ann"), sold(2, origin=SIM, user="ann"), sold(4, origin=SIM, user="bob")]
    assert ask(events, "revenue", "buyers", by=("origin",)).rows == ((SIM, 6, 2), ("live", 1, 1))


# --------------------------------------------------------------------------------------------------------------- order


def test_rows_come_by_start_then_the_greatest_first_then_by_name(ask: Shop) -> None:
    events = [sold(1, region="c"), sold(5, region="b"), sold(1, region="a"), sold(9, ago=3 * HOUR, region="a")]
    result = ask(events, "revenue", by=("region",), grain="hour")
    assert [row[1:] for row in result.rows] == [("a", 9), ("b", 5), ("a", 1), ("c", 1)]


def test_rows_come_in_the_order_asked_for_and_none_comes_last(ask: Shop) -> None:
    events = [sold(1, region="b"), sold(5, region=None), sold(3, region="a")]
    assert [row[0] for row in ask(events, "revenue", by=("region",), order_by=(("region", False),)).rows] == ["a", "b", None]
    descending = answer_again(ask, "revenue", by=("region",), order_by=(("region", True),))
    assert [row[0] for row in descending.rows] == ["b", "a", None]


def answer_again(ask: Shop, *measures: str, **fields: Any) -> Result:
    return ask([], *measures, **fields)


def test_a_limit_keeps_the_first_of_the_order(ask: Shop) -> None:
    events = [sold(amount, region=f"r{amount}") for amount in (3, 9, 5)]
    assert ask(events, "revenue", by=("region",), limit=2).rows == (("r9", 9), ("r5", 5))


# ---------------------------------------------------------------------------------------------------------- comparison


def test_a_comparison_answers_the_same_question_of_another_window(ask: Shop) -> None:
    events = [sold(100), sold(40, ago=30 * HOUR), sold(2, ago=30 * HOUR)]
    before = Window(NOON - 2 * DAY, NOON - DAY)
    result = ask(events, "revenue", "orders", compared=before, compared_note="vs the 24 h before")
    assert result.rows == ((100, 1),)
    assert result.compared == Result(result.columns, ((42, 2),), before, before.end, None, "vs the 24 h before")


def test_the_top_rows_are_compared_with_the_same_ones_before(ask: Shop) -> None:
    events = [
        sold(9, region="a"), sold(5, region="b"), sold(1, region="c"),
        sold(1, ago=30 * HOUR, region="a"), sold(70, ago=30 * HOUR, region="c"),
    ]  # fmt: skip
    result = ask(events, "revenue", by=("region",), limit=2, compared=Window(NOON - 2 * DAY, NOON - DAY))
    assert result.compared is not None
    assert result.compared.rows == (("a", 1),)


# ------------------------------------------------------------------------------------------------- states of one moment


def test_pending_counts_what_waits_at_the_end_whenever_it_was_placed(ask: Shop) -> None:
    events = [
        given.placed("old", at=NOON - 9 * DAY), given.placed("new", at=NOON - 3 * HOUR),
        given.completed("new", at=NOON - HOUR, placed=False),
    ]  # fmt: skip
    window = Window(NOON - 4 * HOUR, NOON)
    assert ask(events, "pending", "transactions", window=window).rows == ((1, 1),)
    hours = answer_again(ask, "pending", window=window, grain="hour")
    assert [row[1] for row in hours.rows] == [1, 2, 2, 1]


def test_a_channel_where_an_order_waits_has_a_row_though_nothing_happened_in_it(ask: Shop) -> None:
    result = ask([given.placed(at=NOON - 9 * DAY, channel="retail"), sold(7)], "revenue", "pending", by=("channel",))
    assert result.rows == (("online", 7, 0), ("retail", 0, 1))


@pytest.mark.parametrize("name", ("hour", "weekday", "kind", "source"))
def test_pending_is_not_told_by_what_an_order_changes(ask: Shop, name: str) -> None:
    with pytest.raises(BadRequestError, match=f"cannot be told by {name}"):
        ask([], "pending", by=(name,))


def test_active_now_are_the_users_of_five_minutes_with_the_end_and_without_the_start(ask: Shop) -> None:
    ago = {"exactly": 0, "lately": 5 * MINUTE - SECOND, "just gone": 5 * MINUTE, "later": -SECOND}
    events = [given.seen(user, at=NOON - away) for user, away in ago.items()]
    assert ask(events, "active_now", window=Window(NOON - HOUR, NOON)).rows == ((2,),)


def test_the_peak_looks_back_a_day_from_the_end(ask: Shop) -> None:
    events = [given.seen(user, at=NOON - 20 * HOUR) for user in ("ann", "bob", "cem")]
    events += [given.seen("dee", at=NOON), *(given.seen(f"u{number}", at=NOON - 25 * HOUR) for number in range(9))]
    assert ask(events, "peak_24h", "active_now", window=Window(NOON - HOUR, NOON)).rows == ((3, 1),)


@pytest.mark.parametrize(
    ("measure", "fields"),
    (
        ("peak_24h", {"by": ("channel",)}), ("peak_24h", {"grain": "day"}), ("active_now", {"grain": "minute"}),
        ("peak_24h", {"where": (Filter("hour", (3,)),)}),
    ),
    ids=str,
)  # fmt: skip
def test_a_state_of_one_moment_is_refused_where_it_makes_no_sense(ask: Shop, measure: str, fields: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match=r"ask for active_users"):
        ask([], measure, **fields)


# ---------------------------------------------------------------------------------------------------------------- size


def test_too_many_buckets_are_refused_with_what_to_do(ask: Shop) -> None:
    with pytest.raises(BadRequestError, match=r"525,600 buckets of a minute.*coarser grain"):
        ask([], "revenue", window=Window(NOON - 365 * DAY, NOON), grain="minute")


def test_too_many_rows_are_refused_unless_a_limit_is_set(ask: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_ROWS", 2)
    with pytest.raises(BadRequestError, match="Set a limit"):
        ask([sold(number, region=f"r{number}") for number in range(3)], "revenue", by=("region",))
    assert len(answer_again(ask, "revenue", by=("region",), limit=2).rows) == 2


# ---------------------------------------------------------------------------------------------------------------- JSON


def test_json_has_major_units_local_times_and_names_of_weekdays(store: Store) -> None:
    keep(store, [sold(12_345), sold(1, region=None)])
    query = Query(("revenue", "avg_order_value", "orders", "conversion_rate"), LAST_DAY, ("weekday", "region"), "day",
                  zone=BERLIN, origins=("live",), limit=1, compared=Window(0, 1), compared_note="vs nothing")  # fmt: skip
    assert as_json(answer(store, query), query, 2) == {
        "columns": ["start", "weekday", "region", "revenue", "avg_order_value", "orders", "conversion_rate"],
        "rows": [["2026-11-19T00:00:00+01:00", "Thursday", "Europe", 123.45, 123.45, 1, None]],
        "window": {"start": "2026-11-18T13:00:00+01:00", "end": "2026-11-19T13:00:00+01:00"},
        "as_of": "2026-11-19T13:00:00+01:00",
        "compared": {
            "columns": ["start", "weekday", "region", "revenue", "avg_order_value", "orders", "conversion_rate"],
            "rows": [],
            "window": {"start": "1970-01-01T01:00:00+01:00", "end": "1970-01-01T01:00:00.000+01:00"},
            "note": "vs nothing",
        },
        "origin": {"shown": ["live"]},
    }


def test_json_of_a_currency_without_decimals_has_whole_numbers(store: Store) -> None:
    keep(store, [sold(12_345)])
    query = Query(("revenue",), LAST_DAY)
    assert as_json(answer(store, query), query, 0)["rows"] == [[12_345]]


def test_an_answer_says_as_of_when_it_is(store: Store) -> None:
    assert answer(store, Query(("orders",), LAST_DAY), as_of=NOON + HOUR).as_of == NOON + HOUR
