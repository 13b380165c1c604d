"""Counts over the events themselves: for any split, filter and cut of time, what pandas counts."""

from __future__ import annotations

from functools import cache
from random import Random
from zoneinfo import ZoneInfo

import pytest

from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.event import IMPORT, LIVE, ORDER_COMPLETED, REFUND, SIM, Event, Line
from metrics_core.model.instant import DAY, HOUR, MINUTE, Instant
from metrics_core.model.measure import TOTALS
from metrics_core.model.query import Filter, Value
from metrics_core.model.window import Window
from metrics_core.reads.zones import shifts as shifts_of
from metrics_core.rollup.totals import SETS
from metrics_core.store.protocols import Signs, Store, Tally
from tests import given
from tests.stores.contents import EVENTS, put
from tests.stores.counted import Rows, counted, frame_of
from tests.truth.world import AUTUMN, SPRING

NOON = given.NOON
FRAME = frame_of(EVENTS)
TERMS = (*TOTALS, *SETS)
YEAR = Window(SPRING[0] - DAY, AUTUMN[1] + 9 * DAY)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")

VALUES: dict[str, tuple[Value, ...]] = {
    "channel": ("online", "nowhere", None), "region": ("Europe", "Asia"), "product": ("p1", "p2", None),
    "user": ("u1", "u2", "nobody", None), "staff": ("sue", None), "segment": (None,), "content": ("home", "blog"),
    "feature": ("cart",), "company": ("Acme", None), "kind": (REFUND, ORDER_COMPLETED), "source": ("till",),
    "origin": (SIM, LIVE), "hour": (0, 13, 23), "weekday": (0, 6),
}  # fmt: skip


def asked(store: Store, tally: Tally) -> Rows:
    rows = store.events.tally(tally)
    assert len(set(rows)) == len(rows)
    return set(rows)


@cache
def truth(tally: Tally) -> Rows:
    return counted(FRAME, tally)


def agrees(store: Store, tally: Tally) -> None:
    assert asked(store, tally) == truth(tally)


def in_zone(name: str, window: Window) -> tuple[tuple[Instant, Instant], ...]:
    return tuple(shifts_of(ZoneInfo(name), window))


def test_values_are_named_here_for_every_dimension() -> None:
    assert set(VALUES) == set(DIMENSIONS)


# ----------------------------------------------------------------------------------------------- splits and filters


@pytest.mark.parametrize("name", DIMENSIONS)
def test_every_term_by_every_dimension(filled: Store, name: str) -> None:
    agrees(filled, Tally(YEAR, TERMS, (name,)))


@pytest.mark.parametrize("negated", (False, True), ids=("having", "not having"))
@pytest.mark.parametrize("name", DIMENSIONS)
def test_every_term_where_any_dimension_has_or_has_not_some_values(filled: Store, name: str, negated: bool) -> None:
    values = VALUES[name]
    for some in (values, values[:1], values[-1:]):
        agrees(filled, Tally(YEAR, TERMS, where=(Filter(name, some, negated),)))


@pytest.mark.parametrize(
    "by", (("channel", "region"), ("product", "user"), ("weekday", "hour"), ("kind", "origin", "content")), ids=str
)
def test_several_dimensions_give_a_row_for_each_combination_there_is(filled: Store, by: tuple[str, ...]) -> None:
    agrees(filled, Tally(YEAR, TERMS, by))
    agrees(filled, Tally(YEAR, ("gross", "buyers"), by, where=(Filter("channel", ("online", None)),)))


def test_a_value_that_is_not_named_is_a_row_of_its_own(store: Store) -> None:
    put(store, given.completed(channel=None), given.completed(channel="online"), given.viewed(channel=None, user=None))
    rows = asked(store, Tally(Window(0, NOON + 1), ("completed", "views", "active"), ("channel",)))
    assert rows == {(None, 1, 1, 1), ("online", 1, 0, 1)}


def test_values_are_told_apart_to_the_letter(store: Store) -> None:
    names = ("online", "Online", "ONLINE", "online ", "onliné", "online\u0301", "0", "%")
    put(store, *(given.completed(channel=name) for name in names))
    ever = Window(0, NOON + 1)
    assert asked(store, Tally(ever, ("completed",), ("channel",))) == {(name, 1) for name in names}
    assert asked(store, Tally(ever, ("completed",), where=(Filter("channel", ("online", "%")),))) == {(2,)}


@pytest.mark.parametrize("origins", ((), (LIVE,), (LIVE, IMPORT), ("demo",)), ids=str)
def test_only_the_origins_asked_for_are_counted(filled: Store, origins: tuple[str, ...]) -> None:
    agrees(filled, Tally(YEAR, TERMS, ("source",), origins=origins))
    agrees(filled, Tally(YEAR, TERMS, origins=origins))


@pytest.mark.parametrize("term", TERMS)
def test_each_term_alone_is_what_it_is_beside_the_others(filled: Store, term: str) -> None:
    agrees(filled, Tally(YEAR, (term,)))
    agrees(filled, Tally(YEAR, (term,), ("channel",)))
    agrees(filled, Tally(YEAR, (term,), ("product",), (Filter("product", ("p3", None)),)))


def test_terms_and_dimensions_come_in_the_order_asked_for(store: Store) -> None:
    put(store, given.completed(lines=(Line("lamp", 2, 500),)))
    tally = Tally(Window(0, NOON + 1), ("gross", "completed", "quantity"), ("region", "channel"), grain="day")
    rows = store.events.tally(tally)
    assert rows == [(NOON // DAY, "Europe", "online", 500, 1, 2)]


def test_a_window_has_its_start_and_not_its_end(store: Store) -> None:
    put(store, *(given.viewed(at=at) for at in (NOON - 1, NOON, NOON + 1, NOON + 2)))
    assert store.events.tally(Tally(Window(NOON, NOON + 2), ("views",))) == [(2,)]


# ------------------------------------------------------------------------------------------------------ the one row


@pytest.mark.parametrize("window", (Window(0, 0), Window(0, HOUR), Window(NOON, NOON)), ids=str)
def test_without_grain_and_split_there_is_always_one_row(filled: Store, window: Window) -> None:
    for where in ((), (Filter("channel", ("nowhere",)),)):
        assert filled.events.tally(Tally(window, TERMS, where=where)) == [(0,) * len(TERMS)]


@pytest.mark.parametrize("fields", ({"by": ("channel",)}, {"grain": "day"}, {"grain": "hour", "by": ("product",)}), ids=str)
def test_with_a_grain_or_a_split_nothing_is_no_row(filled: Store, store: Store, fields: dict[str, object]) -> None:
    for window in (Window(0, 0), Window(0, HOUR)):
        assert filled.events.tally(Tally(window, TERMS, **fields)) == []  # type: ignore[arg-type]
    assert store.events.tally(Tally(YEAR, TERMS, **fields)) == []  # type: ignore[arg-type]


def test_an_empty_store_counts_nothing(store: Store) -> None:
    assert store.events.tally(Tally(YEAR, TERMS)) == [(0,) * len(TERMS)]


# --------------------------------------------------------------------------------------------------------- products

LINES = (Line("lamp", 1, 100), Line("desk", 1, 300), Line("lamp", 2, 50), Line(None, 1, 9))
"""A lamp twice, a desk, and a delivery fee."""
EVER = Window(0, NOON + 1)


def test_by_product_money_is_of_its_lines_and_an_order_counts_once_for_each(store: Store) -> None:
    put(store, given.completed(lines=LINES))
    rows = asked(store, Tally(EVER, ("placed", "completed", "events", "quantity", "gross", "buyers"), ("product",)))
    assert rows == {("lamp", 1, 1, 1, 3, 150, 1), ("desk", 1, 1, 1, 1, 300, 1), (None, 1, 1, 1, 1, 9, 1)}


def test_an_order_with_two_of_the_products_asked_for_counts_once(store: Store) -> None:
    put(store, given.completed(lines=LINES))
    wanted = (Filter("product", ("lamp", "desk")),)
    assert asked(store, Tally(EVER, ("completed", "events", "quantity", "gross"), where=wanted)) == {(1, 1, 4, 450)}
    others = (Filter("product", ("lamp",), True),)
    assert asked(store, Tally(EVER, ("completed", "quantity", "gross"), where=others)) == {(1, 2, 309)}
    assert asked(store, Tally(EVER, ("completed", "gross"), ("channel",), wanted)) == {("online", 1, 450)}


def test_a_refund_counts_for_its_product_where_it_has_one(store: Store) -> None:
    put(
        store, given.completed("o1"), given.refunded("o1", 70, lines=(Line("lamp", 0, 70),)), given.refunded("o1", 5),
    )  # fmt: skip
    rows = asked(store, Tally(EVER, ("refunds", "quantity"), ("product",)))
    assert rows == {("lamp", 70, 2), ("desk", 0, 1), (None, 5, 0)}
    assert asked(store, Tally(EVER, ("refunds",), where=(Filter("product", ("lamp",)),))) == {(70,)}
    assert asked(store, Tally(EVER, ("refunds",))) == {(75,)}


def test_what_has_no_lines_has_no_product(store: Store) -> None:
    put(store, given.viewed(count=5), given.completed(lines=(Line("lamp", 1, 1),)))
    assert asked(store, Tally(EVER, ("views", "events"), ("product",))) == {(None, 5, 1), ("lamp", 0, 1)}
    assert asked(store, Tally(EVER, ("views", "events"), where=(Filter("product", (None,)),))) == {(5, 1)}


# ------------------------------------------------------------------------------------------------------------- time


@pytest.mark.parametrize("grain", ("minute", "hour", "day", "week", "month"))
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("season", (SPRING, AUTUMN), ids=("spring", "autumn"))
def test_buckets_follow_the_clocks_of_a_zone_through_its_changes(
    filled: Store, grain: str, zone: str, season: tuple[Instant, Instant]
) -> None:
    window = Window(*season)
    agrees(filled, Tally(window, TERMS, grain=grain, shifts=in_zone(zone, window), week_start=0))


@pytest.mark.parametrize("week_start", range(7))
def test_weeks_start_on_any_day(filled: Store, week_start: int) -> None:
    window = Window(*AUTUMN)
    shifts = in_zone("Europe/Berlin", window)
    agrees(filled, Tally(window, ("gross", "active"), grain="week", shifts=shifts, week_start=week_start))


def test_buckets_are_numbered_as_promised(store: Store) -> None:
    at = given.at("2026-11-19 23:45:30")  # half past five on Friday morning in Kathmandu
    put(store, given.viewed(at=at))
    here = {"window": Window(at, at + 1), "terms": ("views",), "shifts": ((0, 5 * HOUR + 45 * MINUTE),)}
    numbers = {grain: store.events.tally(Tally(grain=grain, **here)) for grain in ("minute", "hour", "day", "week", "month")}
    friday = given.at("2026-11-20") // DAY
    assert numbers == {
        "minute": [(at - 30_000_000, 1)], "hour": [(given.at("2026-11-19 23:15"), 1)], "day": [(friday, 1)],
        "week": [(friday - 4, 1)], "month": [(2026 * 12 + 10, 1)],
    }  # fmt: skip
    assert store.events.tally(Tally(by=("hour", "weekday"), **here)) == [(5, 4, 1)]
    assert store.events.tally(Tally(grain="week", week_start=4, **here)) == [(friday, 1)]


def test_an_hour_that_a_change_of_clocks_cuts_starts_not_before_the_change(store: Store) -> None:
    change = NOON + 20 * MINUTE
    put(store, *(given.viewed(at=at) for at in (NOON, change - 1, change, NOON + 40 * MINUTE, NOON + 90 * MINUTE)))
    tally = Tally(Window(NOON, NOON + 2 * HOUR), ("views",), grain="hour", shifts=((0, 0), (change, 30 * MINUTE)))
    assert asked(store, tally) == {(NOON, 2), (change, 1), (NOON + 30 * MINUTE, 1), (NOON + 90 * MINUTE, 1)}


def test_times_before_1970_are_counted_and_cut(store: Store) -> None:
    put(store, given.viewed(at=-1), given.viewed(at=-DAY), given.viewed(at=-DAY - 1), given.viewed(at=0))
    old = Tally(Window(-9 * DAY, DAY), ("views",), shifts=((-(10**17), 0),))
    assert store.events.tally(old) == [(4,)]
    assert asked(store, old._replace(grain="day")) == {(-2, 1), (-1, 2), (0, 1)}
    assert asked(store, old._replace(grain="month")) == {(1969 * 12 + 11, 3), (1970 * 12, 1)}
    assert asked(store, old._replace(by=("hour", "weekday"))) == {(23, 2, 1), (0, 2, 1), (23, 1, 1), (0, 3, 1)}


# -------------------------------------------------------------------------------------------------- different users


def test_different_users_are_counted_once_however_often_and_wherever_they_were(store: Store) -> None:
    put(
        store,
        given.completed(user="ann", at=NOON - 2 * DAY), given.completed(user="ann"), given.completed(user="bob"),
        given.viewed(user="cem"), given.viewed(user=None), given.completed(user=None),
        given.refunded("x", 5, user="dee"), given.failed("y", user="eve", placed=False), given.failed("z", user="fay"),
    )  # fmt: skip
    assert store.events.tally(Tally(EVER, ("buyers", "active"))) == [(2, 4)]
    assert asked(store, Tally(EVER, ("buyers", "active"), grain="day")) == {(NOON // DAY - 2, 1, 1), (NOON // DAY, 2, 4)}
    assert asked(store, Tally(EVER, ("buyers", "active"), ("user",))) == {
        ("ann", 1, 1), ("bob", 1, 1), ("cem", 0, 1), ("fay", 0, 1),
    }  # fmt: skip


# --------------------------------------------------------------------------------------------------------- segments


def signed(store: Store, seed: int, first: int, last: int) -> tuple[Signs, list[Event]]:
    """Signs for the events numbered so, and all events as they are with them."""
    numbered = store.events.since(0, len(EVENTS))
    chance = Random(seed)
    signs = {number: chance.choice("012") for number, _ in numbered if first <= number <= last}
    names = ("new", "won back")
    told = [
        event._replace(segment=names[int(signs[number]) - 1])
        if event.segment is None and signs.get(number, "0") != "0" else event
        for number, event in numbered
    ]  # fmt: skip
    return Signs(first, "".join(signs.get(number, "2") for number in range(first, last + 1)).encode(), names), told


@pytest.mark.parametrize("share", ((0, 1), (0.3, 0.6)), ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_an_event_that_names_no_segment_counts_by_its_sign(filled: Store, seed: int, share: tuple[float, float]) -> None:
    """Also where only some have a sign, and where what is looked for is in them."""
    first, last = (round(1 + part * (filled.newest_seq() - 1)) for part in share)
    segments, told = signed(filled, seed, first, last)
    frame = frame_of(told)
    some = (("new",), ("won back", None), ("nobody",), (None,))
    chosen = [Filter("segment", values, negated) for values in some for negated in (False, True)]
    asked_for = [
        Tally(YEAR, TERMS, ("segment",), segments=segments),
        Tally(YEAR, ("gross", "buyers"), ("segment", "product"), grain="month", segments=segments),
        *(Tally(YEAR, TERMS, where=(row,), segments=segments) for row in chosen),
        Tally(YEAR, ("completed", "active"), ("channel",), (chosen[0], Filter("product", ("p1",))), segments=segments),
        *(tally._replace(segments=segments) for tally in questions(Random(seed), 5)),
    ]
    for tally in asked_for:
        assert asked(filled, tally) == counted(frame, tally)


def test_the_lines_of_an_order_have_the_sign_of_the_order(store: Store) -> None:
    put(store, given.viewed(), given.completed("o1", lines=LINES), given.completed("o2"))
    put(store, given.completed("o3", segment="vip"))
    numbers = [number for number, _ in store.events.since(0, 9)]
    signs = "".join(str(numbers.index(number)) if number in numbers else "0" for number in range(1, numbers[-1] + 1))
    segments = Signs(1, signs.encode(), ("one", "two", "three"))
    rows = asked(store, Tally(EVER, ("quantity", "completed"), ("segment", "product"), segments=segments))
    assert {row for row in rows if row[0] == "one"} == {("one", "lamp", 3, 1), ("one", "desk", 1, 1), ("one", None, 1, 1)}
    assert {row[0] for row in rows} == {"one", "two", "vip"}


# --------------------------------------------------------------------------------------------------------- anything


def questions(chance: Random, number: int) -> list[Tally]:
    """Any questions."""
    found = []
    for _ in range(number):
        start, end = chance.choice((SPRING, AUTUMN, (SPRING[0], AUTUMN[1])))
        ends = sorted(chance.choice((chance.randrange(start, end), chance.choice(EVENTS).at)) for _ in range(2))
        window = Window(ends[0], ends[1] + 1)
        where = tuple(
            Filter(name, tuple(chance.sample(VALUES[name], chance.randint(1, len(VALUES[name])))), chance.random() < 0.5)
            for name in chance.sample(list(VALUES), chance.choice((0, 0, 1, 2)))
        )
        found.append(Tally(
            window,
            tuple(chance.sample(TERMS, chance.randint(1, len(TERMS)))),
            tuple(chance.sample(list(DIMENSIONS), chance.choice((0, 1, 2)))),
            where,
            chance.choice(((), (LIVE,), (LIVE, SIM))),
            chance.choice((None, None, "minute", "hour", "day", "week", "month")),
            in_zone(chance.choice(ZONES), window),
            chance.randrange(7),
        ))  # fmt: skip
    return found


@pytest.mark.parametrize("seed", range(3))
def test_any_question_is_counted_as_pandas_counts_it(filled: Store, seed: int) -> None:
    for tally in questions(Random(seed), 20):
        agrees(filled, tally)
