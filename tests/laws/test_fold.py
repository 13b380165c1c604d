"""Laws of folding: totals of parts add up to the totals of the whole, and each total is what a plain count gives."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW, Event
from metrics_core.model.measure import TOTALS
from metrics_core.rollup.fold import Folded, contribution, fold, is_active, is_buyer, merge
from metrics_core.rollup.totals import ROLLUPS, SET_GRAINS, SETS, Grain, RollupRow, SetRow
from tests import given as made_by
from tests.laws.made import many

cuts = st.lists(st.integers(0, 40), max_size=5)


def as_one(*parts: Folded) -> tuple[set[RollupRow], set[SetRow]]:
    """What a store keeps of these: rows added up, sets united."""
    united: dict[tuple[object, ...], frozenset[str]] = {}
    for part in parts:
        for row in part.sets:
            united[row[:4]] = united.get(row[:4], frozenset()) | row.users
    rows = merge([row for part in parts for row in part.rows])
    kept = set(rows)
    assert len(kept) == len(rows)
    return kept, {SetRow(*place, users) for place, users in united.items()}


@given(many, cuts)
def test_folding_in_parts_is_folding_at_once(events: list[Event], cuts: list[int]) -> None:
    edges = sorted({0, len(events), *(cut for cut in cuts if cut < len(events))})
    parts = [fold(events[start:end]) for start, end in pairwise(edges)]
    assert as_one(*parts) == as_one(fold(events))


@given(many, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(events: list[Event], random: Random) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    assert as_one(fold(shuffled)) == as_one(fold(events))


@given(many)
def test_merging_again_changes_nothing(events: list[Event]) -> None:
    once = merge(fold(events).rows)
    assert merge(once) == once


@given(many)
def test_every_rollup_at_every_grain_sums_to_the_same_totals(events: list[Event]) -> None:
    everything = [sum(column) for column in zip(*(contribution(event) for event in events), strict=True)]
    folded = fold(events)
    for rollup in ROLLUPS:
        for grain in rollup.grains:
            rows = [row.totals for row in folded.rows if row.by == rollup.by and row.grain == grain]
            assert [sum(column) for column in zip(*rows, strict=True)] == everything


@given(many)
def test_a_row_holds_what_a_plain_count_of_its_events_gives(events: list[Event]) -> None:
    for row in fold(events).rows:
        inside = [
            event for event in events
            if row.start <= event.at < row.start + row.grain
            and event.origin == row.origin
            and tuple(getattr(event, name) for name in row.by) == row.key
        ]
        done = [event for event in inside if event.kind == ORDER_COMPLETED]
        counted = {
            "placed": sum(event.placed for event in inside),
            "completed": len(done),
            "failed": sum(event.kind == ORDER_FAILED for event in inside),
            "quantity": sum(line.quantity for event in done for line in event.lines),
            "gross": sum(line.amount for event in done for line in event.lines),
            "refunds": sum(event.amount for event in inside if event.kind == REFUND),
            "views": sum(event.count for event in inside if event.kind == VIEW),
            "events": len(inside),
        }
        assert row.start % row.grain == 0
        assert dict(zip(TOTALS, row.totals, strict=True)) == counted
        assert inside


@given(many)
def test_the_sets_hold_each_user_once_and_nobody_else(events: list[Event]) -> None:
    tests = {"buyers": is_buyer, "active": is_active}
    rows = fold(events).sets
    assert max(Counter(row[:4] for row in rows).values(), default=1) == 1
    kept = {(row.name, row.grain, row.start, row.origin): set(row.users) for row in rows}
    counted: dict[tuple[str, Grain, int, str], set[str]] = {}
    for name in SETS:
        for grain in SET_GRAINS:
            for event in events:
                if event.user is not None and tests[name](event):
                    place = (name, grain, event.at - event.at % grain, event.origin)
                    counted.setdefault(place, set()).add(event.user)
    assert kept == counted


def test_no_events_make_no_totals() -> None:
    assert fold([]) == Folded([], [])


def test_what_came_to_nothing_is_left_out() -> None:
    row = fold([made_by.completed()]).rows[0]
    assert merge([row, row._replace(totals=tuple(-total for total in row.totals))]) == []


def test_a_refund_and_a_failure_are_done_to_a_user() -> None:
    assert not is_active(made_by.refunded("o", 5, user="ann"))
    assert not is_active(made_by.failed("o", user="ann", placed=False))
    assert is_active(made_by.failed("o", user="ann"))
    assert not is_active(made_by.seen("ann")._replace(user=None))
