"""The event log: what is in it, in which order, seen through each of its windows and filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import pytest

from metrics_core.model.event import DEMO, IMPORT, LIVE, ORDER_COMPLETED, ORDER_KINDS, SIM, Event, Line
from metrics_core.model.instant import DAY, HOUR, MINUTE
from metrics_core.model.window import Window
from metrics_core.rollup.fold import is_active, is_buyer
from metrics_core.store.protocols import Orders, Store
from tests import given
from tests.stores.contents import EVENTS, put, scanned, seen_of, sightings_in
from tests.truth.world import AUTUMN, SPRING

NOON = given.NOON
IN_ORDER = sorted(EVENTS, key=lambda event: event.at)
"""By time; the sort is stable, so that those of one instant stay in the order in which they were written."""


# ------------------------------------------------------------------------------------------------------- round trip

FULL = given.event(
    "note", id="full", at=NOON + 1, received_at=NOON + 987_654_321, source="till", origin=IMPORT, run_id="run 7", user="ann",
    session="s-1", count=12, channel="online", region="Europe", staff="sue", segment="vip", content="home",
    feature="search", company="Acme", payload={"b": [1, 2.5, None, True, {"deep": "x"}], "a": "ü\n\"'漢🙂", "": {}},
)  # fmt: skip
ROUND: dict[str, Event] = {
    "every field": FULL,
    "no field": Event("bare", 0, "login", NOON, NOON, "shop", LIVE),
    "an empty payload": FULL._replace(payload={}),
    "no payload": FULL._replace(payload=None),
    "any writing": FULL._replace(
        id="ид' OR 1=1 --", kind="тип", user="نادر", session="%_\\", channel="Ünlïne", region="日本", staff='"', segment="`",
        content="?:@$1", feature="\u200bzero\u200b", company="🧑‍🚀 & Söhne", source="ß", run_id="'); --",
    ),
    "long names": FULL._replace(user="u" * 200, channel="c" * 200, content="漢" * 200, kind="k" * 100),
    "an order of several lines": given.placed(
        "o1", lines=(Line("lamp", 2, 500), Line(None, 1, 99), Line("lamp", 0, 0), Line("ünï", 10**9, 2**53 - 1)),
        payload={"note": "gift", "lines": [{"colour": "red"}, {}]}, staff="sue", session="s", feature="f", segment="g",
    ),
    "an order of a thousand lines": given.completed("o2", lines=tuple(Line(f"p{n % 7}", n, n) for n in range(1_000))),
    "a completion": given.completed("o3", placed=False),
    "a failed order": given.failed("o4", lines=(Line("lamp", 1, 0),)),
    "a failure": given.failed("o5", placed=False),
    "a refund of a product": given.refunded("o6", 250, lines=(Line("lamp", 0, 250),), payload={"refundId": "r1"}),
    "a refund of an order": given.refunded("o7", 2**53 + 1),
    "money beyond the integers of a float": given.completed("o8", lines=(Line("a", 1, 2**53 + 1), Line("b", 1, 10**16 + 3))),
    "many views": given.viewed(count=10**9),
    "an activity": given.seen("ann", payload={"pageViews": 42, "featureTime": {"Dashboard": 10.25}, "isActive": False}),
    "the largest numbers": FULL._replace(digest=-(2**63), payload={"n": 2**63 - 1, "f": 1e300, "tiny": 5e-324}),
    "before 1970": FULL._replace(at=given.at("1969-07-20 20:17:40") + 1, received_at=-1),
    "the first instant": FULL._replace(at=0, received_at=0),
    "far ahead": FULL._replace(at=given.at("2999-12-31 23:59:59") + 999_999),
}  # fmt: skip


@pytest.mark.parametrize("event", ROUND.values(), ids=ROUND)
def test_every_field_of_an_event_comes_back(store: Store, event: Event) -> None:
    put(store, event)
    assert scanned(store) == [event]
    assert store.events.newest(1) == [event]


def test_events_come_back_whole_beside_others(store: Store) -> None:
    apart = [event._replace(id=f"{number}") for number, event in enumerate(ROUND.values())]
    put(store, *apart)
    assert sorted(scanned(store), key=lambda event: int(event.id)) == apart


# -------------------------------------------------------------------------------------------------------------- scan


def test_a_scan_goes_by_time_whatever_the_order_of_arrival(filled: Store) -> None:
    assert scanned(filled) == IN_ORDER


def test_events_of_one_instant_come_in_the_order_they_were_written(store: Store) -> None:
    names = [f"n{number}" for number in Random(3).sample(range(40), 40)]
    for name in names:
        put(store, given.event(id=name, at=NOON))
    assert [event.id for event in scanned(store)] == names


def test_a_window_has_its_start_and_not_its_end(store: Store) -> None:
    put(store, *(given.event(id=str(at), at=at) for at in (NOON - 1, NOON, NOON + 1, NOON + 2)))
    assert [event.at for event in scanned(store, Window(NOON, NOON + 2))] == [NOON, NOON + 1]
    assert scanned(store, Window(NOON, NOON)) == []


Holds = Callable[[Event], bool]
FILTERS: dict[str, tuple[dict[str, Any], Holds]] = {
    "a kind": ({"kinds": ("refund",)}, lambda event: event.kind == "refund"),
    "two kinds": ({"kinds": ("refund", "login")}, lambda event: event.kind in ("refund", "login")),
    "an unknown kind": ({"kinds": ("nothing",)}, lambda _: False),
    "an origin": ({"origins": (SIM,)}, lambda event: event.origin == SIM),
    "two origins": ({"origins": (LIVE, IMPORT)}, lambda event: event.origin in (LIVE, IMPORT)),
    "a run": ({"run_id": "run-1"}, lambda event: event.run_id == "run-1"),
    "a user": ({"user": "u7"}, lambda event: event.user == "u7"),
    "an unknown user": ({"user": "nobody"}, lambda _: False),
    "all of them": (
        {"kinds": ("order_completed",), "origins": (SIM,), "run_id": "run-2", "user": "u8"},
        lambda event: (event.kind, event.origin, event.run_id, event.user) == ("order_completed", SIM, "run-2", "u8"),
    ),
}


@pytest.mark.parametrize("window", (None, Window(*SPRING), Window(AUTUMN[0] + 3 * DAY, AUTUMN[1])), ids=str)
@pytest.mark.parametrize(("filters", "holds"), FILTERS.values(), ids=FILTERS)
def test_a_scan_has_what_its_filters_let_through(
    filled: Store, window: Window | None, filters: dict[str, Any], holds: Holds
) -> None:
    inside = [event for event in IN_ORDER if window is None or window.start <= event.at < window.end]
    assert scanned(filled, window, **filters) == [event for event in inside if holds(event)]


@pytest.mark.parametrize("chunk", (1, 7, 100_000))
def test_a_scan_comes_in_lists_of_at_most_so_many(filled: Store, chunk: int) -> None:
    lists = list(filled.events.scan(Window(*SPRING), chunk=chunk))
    assert [event for some in lists for event in some] == [event for event in IN_ORDER if event.at < SPRING[1]]
    assert all(0 < len(some) <= chunk for some in lists)


def test_a_scan_that_is_not_read_to_its_end_is_in_nobodys_way(store: Store) -> None:
    put(store, *EVENTS[:200])
    scan = store.events.scan(chunk=5)
    first = next(iter(scan))
    put(store, *EVENTS[200:300])
    assert first == sorted(EVENTS[:200], key=lambda event: event.at)[:5]
    del scan
    put(store, *EVENTS[300:400])
    assert len(scanned(store)) == 400


# ------------------------------------------------------------------------------------------------------------ newest


def test_the_newest_come_latest_first(filled: Store) -> None:
    assert filled.events.newest(25) == IN_ORDER[::-1][:25]
    assert filled.events.newest(100_000) == IN_ORDER[::-1]


def test_of_one_instant_the_last_written_is_the_newest(store: Store) -> None:
    put(store, *(given.event(id=str(number), at=NOON) for number in range(5)))
    assert [event.id for event in store.events.newest(3)] == ["4", "3", "2"]


@pytest.mark.parametrize("before", (SPRING[0], SPRING[1], IN_ORDER[400].at, IN_ORDER[400].at + 1, AUTUMN[1] + DAY))
@pytest.mark.parametrize("origins", ((), (LIVE,), (SIM, IMPORT), (DEMO,)), ids=str)
def test_the_newest_before_a_moment_leave_that_moment_out(filled: Store, before: int, origins: tuple[str, ...]) -> None:
    earlier = [event for event in IN_ORDER if event.at < before and (not origins or event.origin in origins)]
    assert filled.events.newest(9, before=before, origins=origins) == earlier[::-1][:9]


@pytest.mark.parametrize("origins", ((), (LIVE,)), ids=str)
def test_the_newest_among_those_written_after_a_number(store: Store, origins: tuple[str, ...]) -> None:
    put(store, *EVENTS[:200])
    seq = store.newest_seq()
    put(store, *EVENTS[200:260])
    late = sorted(EVENTS[200:260], key=lambda event: event.at)
    let_in = [event for event in late if not origins or event.origin in origins]
    assert store.events.newest(500, after_seq=seq, origins=origins) == let_in[::-1]
    middle = let_in[len(let_in) // 2].at
    earlier = [event for event in let_in if event.at < middle]
    assert store.events.newest(5, after_seq=seq, before=middle, origins=origins) == earlier[::-1][:5]
    assert store.events.newest(5, after_seq=store.newest_seq()) == []


def test_the_newest_of_old_times_are_found_too(store: Store) -> None:
    old = [given.event(id=str(at), at=at) for at in (-3 * DAY, -1, 0)]
    put(store, *old)
    assert store.events.newest(5, before=1) == old[::-1]
    assert store.events.newest(5, before=0) == old[1::-1]
    assert store.events.newest(5, before=-DAY) == old[:1]


# --------------------------------------------------------------------------------------------------------- sightings


@pytest.mark.parametrize("origins", ((), (LIVE, IMPORT), (SIM,)), ids=str)
@pytest.mark.parametrize("window", (Window(*SPRING), Window(AUTUMN[0], AUTUMN[0] + 9 * DAY), Window(0, HOUR)), ids=str)
def test_sightings_are_who_did_something_in_the_window(filled: Store, window: Window, origins: tuple[str, ...]) -> None:
    inside = [event for event in EVENTS if window.start <= event.at < window.end]
    let_in = [event for event in inside if not origins or event.origin in origins]
    assert sorted(seen_of(filled, filled.events.sightings(window, origins))) == sorted(sightings_in(let_in))


def test_a_sighting_says_who_bought_and_who_did_something(store: Store) -> None:
    events = {
        given.placed("a", user="placed"): (False, True),
        given.completed("b", user="bought"): (True, True),
        given.completed("a", user="got it later", placed=False): (True, True),
        given.failed("c", user="failed at once"): (False, True),
        given.failed("d", user="failed later", placed=False): (False, False),
        given.refunded("b", 5, user="got money back"): (False, False),
        given.viewed(user="looked"): (False, True),
        given.seen("seen"): (False, True),
        given.event("login", user="came"): (False, True),
    }
    put(store, *events, given.viewed(user=None))
    found = {seen.user: (seen.buyer, seen.active) for seen in seen_of(store, store.events.sightings(Window(0, NOON + 1)))}
    assert found == {event.user: told for event, told in events.items()}
    assert found == {event.user: (is_buyer(event), is_active(event)) for event in events}


def test_an_order_of_several_lines_is_one_sighting(store: Store) -> None:
    put(store, given.completed("o1", lines=given.LINES * 3))
    assert len(store.events.sightings(Window(NOON, NOON + 1))) == len(store.events.sightings_since(0)) == 1


def test_sightings_since_a_number_are_those_written_after_it_in_that_order(store: Store) -> None:
    assert store.events.sightings_since(0) == []
    put(store, *EVENTS[:150])
    seq = store.newest_seq()
    assert store.events.sightings_since(seq) == []
    put(store, *EVENTS[150:250])
    put(store, *EVENTS[250:300])
    found = store.events.sightings_since(seq)
    assert seen_of(store, found) == sightings_in(EVENTS[150:300])
    assert [row.seq for row in found] == sorted({row.seq for row in found})
    assert all(seq < row.seq <= store.newest_seq() for row in found)
    assert seen_of(store, store.events.sightings_since(0)) == sightings_in(EVENTS[:300])


def test_sightings_since_can_be_read_piece_by_piece(filled: Store) -> None:
    read = []
    seq = 0
    while rows := filled.events.sightings_since(seq, limit=37):
        assert len(rows) <= 37
        read += rows
        seq = rows[-1].seq
    assert read == filled.events.sightings_since(0)
    assert seen_of(filled, read) == sightings_in(EVENTS)


def orders_of(store: Store, parts: Iterable[Orders]) -> list[tuple[object, ...]]:
    """What was said of orders, in rows, with the names of users."""
    rows = [row for part in parts for row in zip(*part, strict=True)]
    names = store.totals.names({row[2] for row in rows})
    return [(number, at, names[user], origin, placed_at, bool(completed), bool(named))
            for number, at, user, origin, placed_at, completed, named in rows]  # fmt: skip


def orders_in(numbered: Iterable[tuple[int, Event]]) -> list[tuple[object, ...]]:
    placed = {event.order_id: event.at for event in EVENTS if event.placed}
    return [
        (number, event.at, event.user, event.origin, placed.get(event.order_id, event.at), event.kind == ORDER_COMPLETED,
         event.segment is not None)
        for number, event in numbered
        if event.kind in ORDER_KINDS and event.user is not None
    ]  # fmt: skip


@pytest.mark.parametrize("chunk", (7, 20_000))
@pytest.mark.parametrize("share", (0, 0.4, 1))
def test_orders_after_a_number_are_told_with_the_time_they_were_placed(filled: Store, share: float, chunk: int) -> None:
    numbered = filled.events.since(0, len(EVENTS))
    after = numbered[int((len(numbered) - 1) * share)][0] if share else 0
    parts = list(filled.events.orders(after=after, chunk=chunk))
    wanted = orders_in(row for row in numbered if row[0] > after)
    assert orders_of(filled, parts) == wanted
    assert all(0 < len(part.seq) <= chunk for part in parts)
    assert len(wanted) > 100 or share
    assert any(row[1] != row[4] for row in wanted) or share == 1


@pytest.mark.parametrize("chunk", (7, 20_000))
def test_orders_in_a_window_are_those_that_happened_in_it(filled: Store, chunk: int) -> None:
    times = sorted(event.at for event in EVENTS)
    window = Window(times[len(times) // 4], times[-len(times) // 4])
    found = orders_of(filled, filled.events.orders(window=window, chunk=chunk))
    wanted = orders_in(row for row in filled.events.since(0, len(EVENTS)) if window.start <= row[1].at < window.end)
    assert sorted(found, key=repr) == sorted(wanted, key=repr)
    assert len(wanted) > 50
    assert list(filled.events.orders(window=Window(0, 1))) == []


def test_many_orders_of_one_instant_are_each_told_once(store: Store) -> None:
    put(store, *(given.completed(f"o{number}", at=NOON) for number in range(20)))
    parts = list(store.events.orders(window=Window(NOON, NOON + 1), chunk=6))
    assert len({seq for part in parts for seq in part.seq}) == sum(len(part.seq) for part in parts) == 20


@pytest.mark.parametrize("limit", (1, 7, 100_000))
def test_events_since_a_number_come_whole_in_the_order_they_were_written(filled: Store, limit: int) -> None:
    wanted = 60 if limit == 1 else len(EVENTS)
    found: list[Event] = []
    seq = 0
    while len(found) < wanted and (some := filled.events.since(seq, limit)):
        numbers = [number for number, _ in some]
        assert len(some) <= limit
        assert numbers == sorted(set(numbers))
        assert numbers[0] > seq
        found += [event for _, event in some]
        seq = numbers[-1]
    assert found == EVENTS[:wanted]
    assert filled.events.since(filled.newest_seq(), limit) == []


def test_events_since_a_number_have_the_numbers_of_their_sightings(filled: Store) -> None:
    told = {number: event.user for number, event in filled.events.since(0, len(EVENTS)) if event.user is not None}
    names = filled.totals.names({sighting.user for sighting in filled.events.sightings_since(0)})
    assert {sighting.seq: names[sighting.user] for sighting in filled.events.sightings_since(0)} == told


def test_it_is_known_when_orders_were_placed(filled: Store) -> None:
    placed = {event.order_id: event.at for event in EVENTS if event.placed and event.order_id is not None}
    later = [event.order_id for event in EVENTS if not event.placed and event.order_id is not None]
    assert later, "some of them went on after they were placed"
    assert filled.events.placed_at([*placed, *later, "no such order"]) == placed
    assert filled.events.placed_at(later) == {order_id: placed[order_id] for order_id in later}
    assert filled.events.placed_at([]) == {}


def test_a_user_keeps_one_number(store: Store) -> None:
    put(store, given.seen("ann"), given.seen("bob"))
    put(store, given.seen("bob"), given.seen("Ann"), given.seen("ann"))
    numbers = [row.user for row in store.events.sightings_since(0)]
    assert (numbers[0], numbers[1]) == (numbers[4], numbers[2])
    assert store.totals.names(numbers) == {numbers[0]: "ann", numbers[1]: "bob", numbers[3]: "Ann"}


# ---------------------------------------------------------------------------------------------------- count and runs


def test_a_count_is_events_and_first_and_last_time_of_each_origin(filled: Store) -> None:
    expected = {}
    for origin in (LIVE, IMPORT, SIM):
        times = [event.at for event in EVENTS if event.origin == origin]
        expected[origin] = (len(times), min(times), max(times))
    assert filled.events.count() == expected


def test_an_empty_log_counts_nothing(store: Store) -> None:
    assert store.events.count() == {}
    assert store.events.runs() == []


def test_an_order_of_several_lines_counts_once(store: Store) -> None:
    put(store, given.completed(lines=given.LINES * 4, at=NOON), given.viewed(at=NOON - 3 * DAY - 1))
    assert store.events.count() == {LIVE: (2, NOON - 3 * DAY - 1, NOON)}


def test_runs_are_told_newest_first(store: Store) -> None:
    put(
        store,
        given.viewed(at=NOON, origin=SIM, run_id="first"),
        given.completed(at=NOON + HOUR, origin=SIM, run_id="first", lines=given.LINES * 3),
        given.viewed(at=NOON + MINUTE, origin=DEMO, run_id="second"),
        given.viewed(at=NOON + DAY),
    )
    assert store.events.runs() == [
        ("second", DEMO, 1, NOON + MINUTE, NOON + MINUTE), ("first", SIM, 2, NOON, NOON + HOUR),
    ]  # fmt: skip


def test_runs_of_a_full_log(filled: Store) -> None:
    expected = set()
    for run in ("run-0", "run-1", "run-2"):
        times = [event.at for event in EVENTS if event.run_id == run]
        expected.add((run, SIM, len(times), min(times), max(times)))
    assert set(filled.events.runs()) == expected
