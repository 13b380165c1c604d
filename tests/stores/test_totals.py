"""Totals and sets of users: what is added to them, what is read from them, and what is put in their place."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from metrics_core.model.event import LIVE, SIM, Line
from metrics_core.model.instant import DAY, HOUR, MINUTE
from metrics_core.model.window import Window
from metrics_core.rollup.fold import fold
from metrics_core.rollup.tile import tile
from metrics_core.rollup.totals import ROLLUPS, SET_GRAINS, SETS, Grain, Piece, RollupRow, SetRow
from metrics_core.store.protocols import Store
from tests import given
from tests.stores.contents import EVENTS, EVER, add, contents, days_of, expected, keep, put, summed
from tests.truth.world import AUTUMN, SPRING

NOON = given.NOON
BY = [rollup.by for rollup in ROLLUPS]
DAY_OF_NOON = Window(NOON - NOON % DAY, NOON - NOON % DAY + DAY)


def listed(found: dict[tuple[str, tuple[str | None, ...]], tuple[int, ...]]) -> dict[object, list[int]]:
    return {place: list(totals) for place, totals in found.items()}


# -------------------------------------------------------------------------------------------------------------- sums


@pytest.mark.parametrize("rollup", ROLLUPS, ids=lambda rollup: ",".join(rollup.by) or "all")
def test_pieces_of_every_grain_and_none_are_sums_of_their_events(filled: Store, rollup: tuple) -> None:  # type: ignore[type-arg]
    by, grains = rollup
    pieces = []
    for start, end in (SPRING, AUTUMN):
        for grain in grains:
            pieces += [Piece(grain, at, at + n * grain) for n, at in enumerate(range(start, end, 5 * DAY)) if not at % grain]
        pieces += [Piece(None, at + 1, at + HOUR + n) for n, at in enumerate(range(start, end, 2 * DAY))]
    assert [listed(found) for found in filled.totals.sums(by, pieces)] == [summed(EVENTS, by, piece) for piece in pieces]


@pytest.mark.parametrize("by", BY, ids=str)
def test_any_window_read_by_its_tiles_is_the_sum_of_its_events(filled: Store, by: tuple[str, ...]) -> None:
    chance = Random(8)
    grains = sorted(next(rollup.grains for rollup in ROLLUPS if rollup.by == by), reverse=True)
    for _ in range(12):
        start, end = sorted(chance.randrange(SPRING[0], AUTUMN[1]) for _ in range(2))
        read: dict[object, list[int]] = {}
        for part in filled.totals.sums(by, tile(Window(start, end), grains)):
            for place, totals in part.items():
                read[place] = [a + b for a, b in zip(read.get(place, [0] * len(totals)), totals, strict=True)]
        assert read == summed(EVENTS, by, Piece(None, start, end))


def test_no_piece_has_no_sums(filled: Store) -> None:
    assert filled.totals.sums((), []) == []


def test_an_empty_piece_has_no_sums(filled: Store) -> None:
    empty = [Piece(None, SPRING[0], SPRING[0]), Piece(Grain.DAY, 0, 0), Piece(Grain.HOUR, 0, DAY), Piece(None, 0, DAY)]
    assert filled.totals.sums((), empty) == [{}, {}, {}, {}]


def test_pieces_may_overlap_and_come_again(filled: Store) -> None:
    piece, wider = Piece(None, SPRING[0], SPRING[0] + 3 * DAY), Piece(Grain.DAY, SPRING[0], SPRING[0] + 9 * DAY)
    found = filled.totals.sums(("channel",), [piece, wider, piece])
    assert [listed(one) for one in found] == [summed(EVENTS, ("channel",), one) for one in (piece, wider, piece)]


def test_hundreds_of_pieces_are_read_at_once(filled: Store) -> None:
    pieces = [Piece(None if n % 3 else Grain.MINUTE, at, at + MINUTE)
              for n, at in enumerate(event.at - event.at % MINUTE for event in EVENTS[:700])]  # fmt: skip
    assert [listed(found) for found in filled.totals.sums((), pieces)] == [summed(EVENTS, (), piece) for piece in pieces]


def test_a_raw_piece_has_its_start_and_not_its_end(store: Store) -> None:
    put(store, *(given.viewed(at=at) for at in (NOON - 1, NOON, NOON + 1, NOON + 2)))
    (found,) = store.totals.sums((), [Piece(None, NOON, NOON + 2)])
    assert found[LIVE, ()][-1] == 2


def test_what_is_not_named_is_a_key_of_its_own(store: Store) -> None:
    put(store, given.viewed(channel=None), given.viewed(channel="online"), given.viewed(channel="None", origin=SIM))
    for grain in (None, Grain.HOUR, Grain.DAY):
        (found,) = store.totals.sums(("channel",), [Piece(grain, DAY_OF_NOON.start, DAY_OF_NOON.end)])
        assert {place: totals[-1] for place, totals in found.items()} == {
            (LIVE, (None,)): 1, (LIVE, ("online",)): 1, (SIM, ("None",)): 1,
        }  # fmt: skip


def test_keys_are_told_apart_to_the_letter(store: Store) -> None:
    names = ("online", "Online", "online ", "onliné", "online\u0301", "日本", "a,b", "'", "%")
    put(store, *(given.viewed(channel=name) for name in names))
    for grain in (None, Grain.DAY):
        (found,) = store.totals.sums(("channel",), [Piece(grain, DAY_OF_NOON.start, DAY_OF_NOON.end)])
        assert set(found) == {(LIVE, (name,)) for name in names}


def test_money_is_exact_beyond_what_a_float_can_hold(store: Store) -> None:
    amounts = (2**53 - 1, 2**53 + 1, 10**16 + 1, 3)
    for number, amount in enumerate(amounts):
        put(store, given.completed(lines=(Line("lamp", 1, amount),), at=NOON + number))
    for grain in (None, Grain.MINUTE, Grain.HOUR, Grain.DAY):
        (found,) = store.totals.sums((), [Piece(grain, DAY_OF_NOON.start, DAY_OF_NOON.end)])
        assert found[LIVE, ()][4] == sum(amounts)


# ------------------------------------------------------------------------------------------------------------- rows


def test_rows_are_those_whose_buckets_start_in_the_window_by_start(filled: Store) -> None:
    folded = fold(EVENTS).rows
    for rollup in ROLLUPS:
        for grain in rollup.grains:
            window = Window(SPRING[0] + 2 * DAY, SPRING[0] + 9 * DAY)
            rows = filled.totals.rows(rollup.by, grain, window)
            here = [row for row in folded if row[:2] == (rollup.by, grain) and window.start <= row.start < window.end]
            assert sorted(rows, key=repr) == sorted(here, key=repr)
            assert [row.start for row in rows] == sorted(row.start for row in rows)
            assert all(isinstance(row, RollupRow) and isinstance(row.grain, Grain) for row in rows)


def test_a_bucket_at_the_start_of_the_window_is_in_it_and_at_its_end_is_not(store: Store) -> None:
    put(store, *(given.viewed(at=NOON + hour * HOUR) for hour in range(4)))
    rows = store.totals.rows((), Grain.HOUR, Window(NOON + HOUR, NOON + 3 * HOUR))
    assert [row.start for row in rows] == [NOON + HOUR, NOON + 2 * HOUR]


def test_totals_are_added_to_those_that_are_there(store: Store) -> None:
    put(store, given.completed(lines=(Line("lamp", 1, 100),)))
    put(store, given.completed(lines=(Line("lamp", 2, 50),)), given.viewed(channel="online", count=5))
    (row,) = store.totals.rows((), Grain.DAY, DAY_OF_NOON)
    assert row.totals == (2, 2, 0, 3, 150, 0, 5, 3)
    (row,) = store.totals.rows(("channel",), Grain.DAY, DAY_OF_NOON)
    assert (row.key, row.totals) == (("online",), (2, 2, 0, 3, 150, 0, 5, 3))


def test_rows_of_one_place_in_one_merge_add_up(store: Store) -> None:
    orders = [given.completed(), given.completed()]
    with store.batch() as batch:
        assert batch.append(orders)
        batch.merge(
            [row for order in orders for row in fold([order]).rows], [row for order in orders for row in fold([order]).sets]
        )
    assert contents(store) == expected(orders)


# -------------------------------------------------------------------------------------------------------------- sets


def test_sets_of_users_are_those_of_the_window_by_start_and_origin(filled: Store) -> None:
    window = Window(AUTUMN[0], AUTUMN[0] + 20 * DAY)
    for name in SETS:
        for grain in SET_GRAINS:
            found = {
                place: set(filled.totals.names(users).values())
                for place, users in filled.totals.users(name, grain, window).items()
            }
            assert found == {
                (row.start, row.origin): set(row.users)
                for row in fold(EVENTS).sets
                if (row.name, row.grain) == (name, grain) and window.start <= row.start < window.end
            }


def test_users_join_the_sets_that_are_there(store: Store) -> None:
    put(store, given.seen("ann"), given.completed(user="bob"))
    put(store, given.seen("ann"), given.seen("cem"), given.completed(user="ann", origin=SIM))
    assert contents(store).sets == {
        (name, int(grain), NOON if grain == Grain.HOUR else DAY_OF_NOON.start, origin): users
        for grain in SET_GRAINS
        for name, origin, users in (
            ("active", LIVE, {"ann", "bob", "cem"}), ("buyers", LIVE, {"bob"}), ("active", SIM, {"ann"}),
            ("buyers", SIM, {"ann"}),
        )
    }  # fmt: skip


def test_numbers_in_sets_are_those_of_sightings(filled: Store) -> None:
    day = days_of(EVENTS)[5]
    seen = {row.user for row in filled.events.sightings(day, (LIVE,)) if row.active}
    assert set(filled.totals.users("active", Grain.DAY, day)[day.start, LIVE]) == seen


def test_names_are_told_for_numbers_that_are_known(filled: Store) -> None:
    rows = filled.events.sightings_since(0)
    names = filled.totals.names(row.user for row in rows)
    assert set(names) == {row.user for row in rows}
    assert set(names.values()) == {event.user for event in EVENTS if event.user is not None}
    assert filled.totals.names([10**9]) == {}
    assert filled.totals.names([]) == {}


def test_two_thousand_users_fit_in_a_set(store: Store) -> None:
    put(store, *(given.seen(f"user {number}") for number in range(2_000)))
    (users,) = store.totals.users("active", Grain.DAY, DAY_OF_NOON).values()
    assert set(store.totals.names(users).values()) == {f"user {number}" for number in range(2_000)}


# ----------------------------------------------------------------------------------------------------------- replace


def test_what_is_replaced_is_gone_and_what_is_beside_it_stays(store: Store) -> None:
    keep(store, EVENTS)
    days = days_of(EVENTS)
    window = Window(days[3].start, days[6].end)
    other = [given.completed(user="new", at=days[4].start + 7 * HOUR), given.viewed(user="ann", at=days[5].start)]
    store.totals.replace(window, *fold(other))
    outside = [event for event in EVENTS if not window.start <= event.at < window.end]
    assert contents(store)[1:] == expected([*outside, *other])[1:]
    assert contents(store).events == expected(EVENTS).events


def test_replacing_with_nothing_leaves_nothing(store: Store) -> None:
    keep(store, EVENTS[:100])
    store.totals.replace(EVER, [], [])
    assert contents(store)[1:] == ([], {})


def test_a_recount_put_in_place_of_wrong_totals_mends_them(store: Store) -> None:
    keep(store, EVENTS[:200])
    day = days_of(EVENTS[:200])[4]
    wrong = RollupRow((), Grain.HOUR, day.start, LIVE, (), (9,) * 8)
    with store.batch() as batch:
        batch.merge([wrong], [SetRow("buyers", Grain.HOUR, day.start, LIVE, frozenset({"nobody"}))])
    assert contents(store) != expected(EVENTS[:200])
    store.totals.replace(day, *fold(event for event in EVENTS[:200] if day.start <= event.at < day.end))
    assert contents(store) == expected(EVENTS[:200])


def test_replacing_is_noticed_as_a_change(store: Store) -> None:
    keep(store, EVENTS[:50])
    generation = store.generation()
    store.totals.replace(days_of(EVENTS)[0], [], [])
    assert store.generation() > generation


def test_totals_go_on_after_they_were_replaced(store: Store) -> None:
    put(store, *EVENTS[:100])
    store.totals.replace(EVER, *fold(EVENTS[:100]))
    put(store, *EVENTS[100:200])
    assert contents(store) == expected(EVENTS[:200])


def test_a_replacement_that_fails_changes_nothing(store: Store) -> None:
    put(store, given.completed(user="ann"))
    before, generation = contents(store), store.generation()

    def broken() -> Iterator[SetRow]:
        yield SetRow("active", Grain.DAY, DAY_OF_NOON.start, LIVE, frozenset({"ghost"}))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.totals.replace(EVER, fold([given.viewed()]).rows, broken())
    assert contents(store) == before
    assert store.generation() == generation
    other, ghost = given.seen("other", id="other"), given.seen("ghost", id="ghost")
    with store.batch() as batch:
        add(batch, [other])
    with store.batch() as batch:
        add(batch, [ghost])
    assert contents(store).sets["active", int(Grain.DAY), DAY_OF_NOON.start, LIVE] == {"ann", "other", "ghost"}
    assert [event.user for event in contents(store).events] == ["ann", "other", "ghost"]
