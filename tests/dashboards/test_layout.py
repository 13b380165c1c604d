"""Widgets sit beside each other, within the grid, and close together; a place that cannot be is refused with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from metrics_core.dashboards import layout
from metrics_core.dashboards.default import DEFAULT, TEMPLATES
from metrics_core.dashboards.document import body_of, read_document
from metrics_core.errors import BadRequestError
from metrics_core.model.dashboard import COLUMNS, Dashboard, Place, Widget
from metrics_core.widgets.kinds import WIDGETS

SIZES = st.lists(st.tuples(st.integers(1, COLUMNS), st.integers(1, 6)), max_size=12)


def widget(place: Place, name: str = "w1") -> Widget:
    return Widget(name, "table", "", {}, place)


def placed(sizes: list[tuple[int, int]]) -> tuple[Widget, ...]:
    found: tuple[Widget, ...] = ()
    for number, (w, h) in enumerate(sizes):
        found = (*found, widget(layout.free_place(found, w, h), f"w{number}"))
    return found


@for_all(sizes=SIZES)
def test_what_is_added_finds_a_place_of_its_own(sizes: list[tuple[int, int]]) -> None:
    layout.check(placed(sizes), {})


@for_all(sizes=SIZES, gap=st.integers(0, 5))
def test_nothing_hangs_in_the_air_and_nothing_changes_its_turn(sizes: list[tuple[int, int]], gap: int) -> None:
    before = tuple(
        widget(Place(row.place.x, row.place.y * (gap + 1), row.place.w, row.place.h), row.id) for row in placed(sizes)
    )
    after = layout.compact(before)
    layout.check(after, {})
    assert layout.compact(after) == after
    assert [row.id for row in after] == [row.id for row in before]
    if after:
        assert min(row.place.y for row in after) == 0


@pytest.mark.parametrize(
    ("widgets", "says"),
    (
        ((widget(Place(0, 0, 4, 4)), widget(Place(3, 3, 4, 4), "w2")), "overlap"),
        ((widget(Place(9, 0, 4, 4)),), "the grid has 12"),
        ((widget(Place(-1, 0, 4, 4)),), "the grid has 12"),
        ((widget(Place(0, 0, 2, 4)),), "at least 3 columns"),
        ((widget(Place(0, 999, 4, 4)),), "has the rows 0 to 1000"),
    ),
)
def test_a_place_that_cannot_be_is_refused(widgets: tuple[Widget, ...], says: str) -> None:
    with pytest.raises(BadRequestError, match=says):
        layout.check(widgets, {"table": (3, 3)})


def test_a_phone_shows_them_as_one_reads() -> None:
    rows = (widget(Place(0, 2, 8, 4), "chart"), widget(Place(3, 0, 3, 2), "b"), widget(Place(0, 0, 3, 2), "a"))
    assert layout.phone_order(rows) == ("a", "b", "chart")


@pytest.mark.parametrize("dashboard", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_is_a_dashboard_like_any_other(dashboard: Dashboard) -> None:
    assert read_document(body_of(dashboard), WIDGETS, owner=dashboard.owner) == dashboard
    assert layout.compact(dashboard.widgets) == dashboard.widgets


def test_the_default_layout_is_the_one_of_the_guide() -> None:
    rows = TEMPLATES[DEFAULT].widgets
    assert [row.spec.get("measure") for row in rows if row.kind == "metric_card"] == [
        "revenue", "orders", "buyers", "avg_order_value",
    ]
    # The trend names itself: by hour for a day, by day for a month.
    assert {row.title: row.kind for row in rows[4:]} == {
        "": "line_chart", "Top staff": "table", "Orders by hour": "bar_chart", "Customer segments": "pie_chart",
    }


def test_the_templates_use_every_kind_of_widget() -> None:
    assert {row.kind for dashboard in TEMPLATES.values() for row in dashboard.widgets} == set(WIDGETS)
