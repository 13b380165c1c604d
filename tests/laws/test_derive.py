"""Laws of deriving: ratios are of sums, changes are never infinite, and the registry is whole."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_core.model.measure import MEASURES, RATIOS, REGISTRY, TOTALS, How, Measure, Ratio, Unit, parts
from metrics_core.rollup.derive import additive, change, ratio
from metrics_core.rollup.totals import SETS, Totals, add

totals = st.tuples(*(st.integers(0, 10**15) for _ in TOTALS))
figures = st.one_of(st.none(), st.integers(-(10**15), 10**15), st.floats(-1e12, 1e12).map(lambda value: round(value, 6)))
names = st.sampled_from(sorted(REGISTRY))
sums = st.sampled_from([row for row in MEASURES if row.how in {How.SUM, How.LEVEL}])


@given(sums, totals, totals)
def test_a_measure_of_a_union_is_the_sum_of_its_parts(measure: Measure, left: Totals, right: Totals) -> None:
    assert additive(measure, add(left, right)) == additive(measure, left) + additive(measure, right)


@given(st.sampled_from(RATIOS), st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_ratio_is_top_by_bottom_and_not_available_at_nothing(row: Ratio, top: int, bottom: int) -> None:
    value = ratio(row, {row.top: top, row.bottom: bottom})
    if bottom == 0:
        assert value is None
    else:
        assert value == pytest.approx(row.scale * top / bottom)


@given(names, figures, figures)
def test_a_change_is_a_finite_number_or_a_word(name: str, now: float | None, before: float | None) -> None:
    found = change(name, now, before)
    assert found.how in {"percent", "points", "flat", "new", "none"}
    assert (found.amount is None) == (found.how in {"new", "none"})
    if found.amount is not None:
        assert math.isfinite(found.amount)
        assert now is not None
        assert before is not None
        assert (found.amount > 0) == (now > before)


def test_a_rate_changes_in_percentage_points() -> None:
    assert change("conversion_rate", 4.5, 4.0).how == "points"
    assert change("conversion_rate", 4.5, 4.0).amount == pytest.approx(0.5)


def test_something_after_nothing_is_new() -> None:
    assert change("revenue", 5, 0).how == "new"
    assert change("revenue", 0, 0).how == "flat"


def test_five_thousand_purchases_in_a_hundred_thousand_views_come_out() -> None:
    row = REGISTRY["conversion_rate"]
    assert isinstance(row, Ratio)
    assert ratio(row, {"purchases": 5_380, "views": 125_000}) == pytest.approx(4.304)


def test_every_measure_is_made_of_totals_that_are_kept() -> None:
    for row in MEASURES:
        kept = TOTALS if row.how in {How.SUM, How.LEVEL} else SETS
        assert {term for term, _ in row.terms} <= set(kept), row.name
        assert parts(row.name) == (row,)


def test_every_ratio_is_made_of_measures_and_every_row_says_what_it_means() -> None:
    for row in RATIOS:
        assert len(parts(row.name)) == 2
    assert len(REGISTRY) == len(MEASURES) + len(RATIOS)
    for entry in REGISTRY.values():
        assert entry.definition.endswith(".")
        assert entry.label
        assert entry.formula
        assert entry.unit in Unit
        assert entry.good in {"up", "down", None}
