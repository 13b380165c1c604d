"""What is drawn says when it is not over, what it leaves out, and what is missing; it reads well, aloud too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from metrics_core.engine import Engine
from metrics_core.model.event import VIEW, Event
from metrics_core.model.instant import DAY, HOUR
from metrics_core.widgets import theme
from metrics_core.widgets.drawing import Drawing
from tests import given
from tests.widgets.conftest import NOW, Drawn, drawn_by, house
from tests.widgets.test_specs import EXAMPLES

SCREEN: tuple[tuple[str, dict[str, Any]], ...] = (
    *EXAMPLES.items(),
    ("line_chart", {"measures": ["completed", "failed", "pending"], "area": False}),
    ("line_chart", {"measures": ["revenue"], "cumulative": True, "target": 5_000, "thresholds": {"warn": 900, "bad": 500}}),
    ("line_chart", {"measures": ["orders"], "split": "region", "stack": "stacked"}),
    ("bar_chart", {"measures": ["orders"], "split": "channel", "stack": "share"}),
    ("bar_chart", {"measures": ["revenue"], "across": "region", "split": "channel", "stack": "stacked"}),
    ("bar_chart", {"measures": ["conversion_rate"], "across": "content"}),
    ("table", {"measures": ["orders"], "grain": "auto"}),
    ("heatmap", {"measure": "conversion_rate", "rows": "content", "columns": "channel", "labels": True}),
    ("heatmap", {"measure": "orders", "rows": "hour", "grain": "day"}),
)


@pytest.fixture(scope="module")
def quiet() -> Engine:
    """A shop that never sold anything."""
    return house([])


def trace(figure: Any, name: str) -> dict[str, Any]:
    return next(row for row in figure.data if row.get("name") == name)


def texts(thing: object) -> Iterator[str]:
    if isinstance(thing, str):
        yield thing
    for part in thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list) else ():
        yield from texts(part)


# --------------------------------------------------------------------------------------------------------------- all


@pytest.mark.parametrize(("kind", "spec"), SCREEN)
@pytest.mark.parametrize("over", ("today", "24h", "7d", "all_time"))
def test_a_drawing_is_plain_json_with_a_title_and_a_text_and_roles_for_colours(
    drawn: Drawn, kind: str, spec: dict[str, Any], over: str
) -> None:
    drawing = drawn(kind, spec, over=over, since=NOW - 30 * DAY)
    sent = drawing.model_dump(mode="json")
    body = json.dumps(sent, allow_nan=False)
    assert TypeAdapter(Drawing).validate_json(body) == drawing
    assert drawing.title
    assert drawing.alt.endswith(".")
    assert not re.search(r"#[0-9a-fA-F]{6}\b|rgba?\(", body), "colours are named by role"
    assert not {letter for text in texts(sent) for letter in text} & set("→←▲≤≥∞"), "the font has no such sign"
    if drawing.form == "figure" and drawing.empty is None:
        for scheme in theme.ROLES:
            painted = theme.themed(drawing.data, drawing.layout, scheme)
            assert json.dumps(painted, allow_nan=False)


@pytest.mark.parametrize(("kind", "spec"), SCREEN)
def test_the_same_answers_make_the_same_drawing(drawn: Drawn, kind: str, spec: dict[str, Any]) -> None:
    assert drawn(kind, spec, over="7d") == drawn(kind, spec, over="7d")


@pytest.mark.parametrize(("kind", "spec"), SCREEN)
@pytest.mark.parametrize("over", ("today", "1h", "all_time"))
def test_a_store_without_anything_is_drawn_too(quiet: Engine, kind: str, spec: dict[str, Any], over: str) -> None:
    drawing = drawn_by(quiet, kind, spec, over=over)
    assert "inf" not in drawing.model_dump_json().replace("infer", "").replace("info", "")
    if drawing.empty is not None:
        assert drawing.empty.what
        assert drawing.empty.step.endswith(".")
        assert drawing.empty.what in drawing.alt


# ------------------------------------------------------------------------------------------------------------- empty


def test_a_ranking_of_nobody_says_what_to_send(quiet: Engine) -> None:
    table = drawn_by(quiet, "table", {"measures": ["revenue"], "by": ["staff"]})
    assert table.empty.what == "No order names a staff member today"
    assert "`staffId`" in table.empty.step


def test_what_nobody_named_is_no_ranking() -> None:
    events = [given.event("order_completed", at=NOW - HOUR, placed=True, lines=given.LINES, channel="online")]
    table = drawn_by(house(events), "table", {"measures": ["revenue"], "by": ["staff"]})
    assert table.empty is not None
    known = drawn_by(house(events), "table", {"measures": ["revenue"], "by": ["channel"]})
    assert known.texts == (("Online", "$250.50"),)


def test_a_rate_of_nothing_is_na_with_a_reason_and_zero_is_drawn_as_zero(quiet: Engine) -> None:
    card = drawn_by(quiet, "metric_card", {"measure": "conversion_rate"})
    assert (card.value, card.figure, card.why) == (None, "n/a", "No content views today to divide by.")
    chart = drawn_by(quiet, "line_chart", {"measures": ["conversion_rate"]})
    assert chart.empty.what == "No content views today"
    nothing = drawn_by(quiet, "line_chart", {"measures": ["revenue"]})
    assert nothing.empty is None
    assert [value for value in trace(nothing, "Today")["y"] if value is not None] == [0] * 15, "the hours of a day of 25"
    zero = drawn_by(quiet, "metric_card", {"measure": "revenue"})
    assert (zero.figure, zero.delta.text, zero.delta.direction) == ("$0.00", "no change", "flat")


def test_from_nothing_to_something_is_new() -> None:
    events = [given.event("order_completed", at=NOW - HOUR, placed=True, lines=given.LINES)]
    card = drawn_by(house(events), "metric_card", {"measure": "revenue"})
    assert (card.delta.text, card.delta.good) == ("new", None)
    table = drawn_by(house(events), "table", {"measures": ["revenue"], "by": ["kind"], "change": "percent"})
    assert table.texts[0][2] == "new"


# -------------------------------------------------------------------------------------------------------- unfinished


def test_a_line_ends_in_a_dotted_stretch_and_a_ring(drawn: Drawn) -> None:
    figure = drawn("line_chart", {"measures": ["events"]})
    solid, dotted, ring = (row for row in figure.data if row["name"] == "Today")
    assert solid["y"][-1] is None
    assert dotted["line"]["dash"] == "dot"
    assert [value is not None for value in dotted["y"][-3:]] == [False, True, True]
    assert [value for value in ring["y"] if value is not None] == [dotted["y"][-1]]
    assert ring["meta"]["paint"]["marker.color"] == "page", "hollow"
    assert ring["text"][-1].endswith(" so far")
    assert trace(figure, "Hour not finished")["y"] == [None], "an entry of the legend hides nothing"
    assert figure.layout["annotations"][-1]["text"] == "14:00 so far"
    assert figure.layout["xaxis"]["range"][1].startswith("2026-10-26T00:00")


def test_bars_that_are_not_over_are_hatched(drawn: Drawn) -> None:
    figure = drawn("bar_chart", {"measures": ["events"], "grain": "day", "compare": "off"}, over="7d")
    whole, cut = (row for row in figure.data if row["name"] == "Events")
    assert "pattern" not in whole["marker"]
    assert cut["marker"]["pattern"]["shape"] == "/"
    assert [value is not None for value in cut["y"]] == [True, *[False] * 6, True], "the period cuts the first day too"
    assert cut["text"][0].endswith("cut by the period")
    assert cut["text"][-1].endswith("so far")


@pytest.mark.parametrize("kind", ("line_chart", "bar_chart"))
def test_complete_periods_only_leaves_them_out(drawn: Drawn, kind: str) -> None:
    spec = {"measures": ["events"], "grain": "day", "compare": "off", "complete": True}
    figure = drawn(kind, spec, over="7d")
    assert len(figure.data) == 1
    assert len(figure.data[0]["x"]) == 6
    early = drawn(kind, {**spec, "grain": "month"})
    assert early.empty.what == "No month is complete yet"
    spark = drawn("sparkline", {"measure": "events", "grain": "day", "complete": True}, over="7d").spark
    assert (len(spark.values), spark.unfinished) == (6, False)


def test_a_day_that_is_over_has_nothing_unfinished(drawn: Drawn) -> None:
    figure = drawn("line_chart", {"measures": ["events"], "compare": "off"},
                   over={"start": "2026-10-20", "end": "2026-10-21"})  # fmt: skip
    assert [row["name"] for row in figure.data] == ["Events"]
    assert figure.subtitle == "20 Oct 2026"


# ---------------------------------------------------------------------------------------------------- series and axes


def test_the_comparison_is_dashed_and_grey_and_said(drawn: Drawn) -> None:
    figure = drawn("line_chart", {"measures": ["revenue"]})
    before = trace(figure, "Yesterday")
    assert before["line"]["dash"]
    assert before["meta"]["role"] == "compare"
    assert figure.subtitle == "today against yesterday"
    assert "vs yesterday by 15:32" in figure.alt or "vs yesterday by 14:32" in figure.alt
    alone = drawn("line_chart", {"measures": ["revenue"], "compare": "off"})
    assert all(row["meta"]["role"] != "compare" for row in alone.data)


def test_other_is_grey_has_no_value_to_filter_by_and_can_be_left_out(drawn: Drawn) -> None:
    figure = drawn("line_chart", {"measures": ["events"], "split": "user", "top": 2}, over="7d")
    other = trace(figure, "Other")
    assert other["meta"]["role"] == "other"
    assert "customdata" not in other
    named = [row for row in figure.data if row["meta"]["role"].startswith("series:")]
    assert all(len(row["customdata"]) == len(row["x"]) for row in named)
    assert figure.picks.dimension == "user"
    without = drawn("line_chart", {"measures": ["events"], "split": "user", "top": 2, "other": False}, over="7d")
    assert all(row["meta"]["role"] != "other" for row in without.data)


def test_a_click_on_a_weekday_filters_by_its_name(drawn: Drawn) -> None:
    figure = drawn("bar_chart", {"measures": ["orders"], "across": "weekday", "compare": "off"}, over="7d")
    assert figure.data[0]["customdata"][0] == ["Monday"]
    card = drawn("metric_card", {"measure": "orders", "compare": "off"}, over="7d", where={"weekday": ["Monday"]})
    assert card.value == figure.data[0]["y"][0]


def test_states_have_their_own_colours_and_a_person_may_choose(drawn: Drawn) -> None:
    figure = drawn("line_chart", {"measures": ["completed", "failed"], "colours": {"failed": "violet"}})
    assert trace(figure, "Completed")["meta"]["role"] == "status:completed"
    assert trace(figure, "Failed")["meta"]["role"] == "series:6"


def test_a_gap_stays_a_gap_if_a_person_wants_it() -> None:
    engine = house([given.event(VIEW, at=NOW - 3 * HOUR, user="ann"), given.event(VIEW, at=NOW - 5 * HOUR, user="ann")])
    drawn = drawn_by(engine, "line_chart", {"measures": ["views"], "zeros": "gap", "compare": "off"})
    assert [value for value in drawn.data[0]["y"] if value is not None] == [1, 1]
    assert drawn.data[0]["mode"] == "lines+markers", "a point without neighbours would not be seen"
    zeros = drawn_by(engine, "line_chart", {"measures": ["views"], "compare": "off"})
    assert [value for value in zeros.data[0]["y"] if value is not None].count(0) == 13


@pytest.mark.parametrize("over", ("today", "24h", "7d", "30d", "month"))
@pytest.mark.parametrize("measure", ("revenue", "orders", "conversion_rate", "refunds"))
def test_an_axis_has_at_most_five_lines_and_reaches_everything(drawn: Drawn, over: str, measure: str) -> None:
    axis = drawn("bar_chart", {"measures": [measure]}, over=over).layout["yaxis"]
    assert len(axis["tickvals"]) <= 6
    assert len(set(axis["ticktext"])) == len(axis["ticktext"])
    assert axis["range"][0] <= 0, "zero is in sight"


def test_names_are_shown_and_never_read_as_markup() -> None:
    name = '<a href="https://example.org">x</a> & co'
    engine = house([given.event(VIEW, at=NOW - HOUR, user="ann", content=name)])
    figure = drawn_by(engine, "bar_chart", {"measures": ["views"], "across": "content", "compare": "off"})
    assert figure.data[0]["x"] == ['&lt;a href="https://example.org"&gt;x&lt;/a&gt; &amp; co']
    assert figure.data[0]["customdata"] == [[name]]
    table = drawn_by(engine, "table", {"measures": ["views"], "by": ["content"]})
    assert table.texts == ((name, "1"),)


# ------------------------------------------------------------------------------------------- targets and thresholds


@pytest.mark.parametrize(
    ("measure", "thresholds", "states"),
    (
        ("orders", {"warn": 5, "bad": 3}, {2: "bad", 3: "warn", 4: "warn", 5: "good", 9: "good"}),
        ("failed", {"warn": 3, "bad": 5}, {2: "good", 3: "good", 4: "warn", 5: "warn", 6: "bad"}),
        ("events", {"warn": 5, "bad": 3}, {2: "bad", 5: "good"}),
        ("events", {"warn": 3, "better": "less"}, {3: "good", 4: "warn"}),
    ),
)
def test_thresholds_know_which_side_is_bad(measure: str, thresholds: dict[str, Any], states: dict[int, str]) -> None:
    from metrics_core.widgets.one_figure import state
    from metrics_core.widgets.options import Thresholds

    assert {value: state(measure, value, Thresholds(**thresholds)) for value in states} == states


def test_a_gauge_is_cut_at_its_thresholds(drawn: Drawn) -> None:
    gauge = drawn("gauge", {"measure": "conversion_rate", "high": 10, "thresholds": {"warn": 5, "bad": 3}}, over="7d")
    assert [(band.start, band.end, band.state) for band in gauge.bands] == [(0, 3, "bad"), (3, 5, "warn"), (5, 10, "good")]
    assert gauge.ends == ("0.00%", "10.00%")


def test_a_target_says_how_far_and_is_never_reached_too_early(quiet: Engine) -> None:
    bar = drawn_by(quiet, "progress_bar", {"measure": "revenue", "target": 98_000})
    assert bar.target.text == "0.0% of $98,000 target"
    assert bar.elapsed == pytest.approx(15.535 / 25, abs=0.001), "a day of 25 hours"
    events = [given.event("order_completed", at=NOW - HOUR, placed=True, lines=given.LINES)]
    near = drawn_by(house(events), "kpi_card", {"measure": "revenue", "target": 250.55})
    assert near.target.text == "99.9% of $250.55 target"
    assert near.target.state is None
    assert drawn_by(house(events), "kpi_card", {"measure": "revenue", "target": 250.5}).target.state == "good"


def test_a_limit_is_bad_once_it_is_passed() -> None:
    events: list[Event] = [given.event("order_failed", at=NOW - HOUR, placed=True) for _ in range(3)]
    bar = drawn_by(house(events), "progress_bar", {"measure": "failed", "target": 2})
    assert bar.target.text == "150.0% of 2 limit"
    assert bar.state == "bad"


# -------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("kind", "spec", "over", "title", "subtitle"),
    (
        ("metric_card", {"measure": "revenue"}, "today", "Revenue today", ""),
        ("metric_card", {"measure": "revenue"}, "24h", "Revenue, last 24 h", ""),
        ("metric_card", {"measure": "active_now"}, "today", "Active users now", ""),
        ("metric_card", {"measure": "revenue", "note": "net of refunds"}, "week", "Revenue this week", "net of refunds"),
        ("line_chart", {"measures": ["orders"], "split": "channel"}, "7d", "Orders by day", "last 7 days, by channel"),
        ("bar_chart", {"measures": ["orders"], "across": "region"}, "24h", "Orders by region",
         "last 24 h against the 24 h before"),
        ("pie_chart", {"measure": "buyers", "by": "channel"}, "all_time", "Buyers by channel", "all time"),
        ("table", {"measures": ["orders"], "by": ["staff", "user"]}, "30d", "Orders by staff and user", "last 30 days"),
        ("heatmap", {"measure": "orders"}, "7d", "Orders by weekday and hour of day", "last 7 days"),
    ),
)  # fmt: skip
def test_a_widget_names_itself(
    drawn: Drawn, kind: str, spec: dict[str, Any], over: str, title: str, subtitle: str
) -> None:
    drawing = drawn(kind, spec, over=over)
    assert (drawing.title, drawing.subtitle) == (title, subtitle)


def test_the_text_of_a_chart_has_first_last_highest_and_lowest(drawn: Drawn) -> None:
    alt = drawn("line_chart", {"measures": ["events"]}).alt
    assert re.fullmatch(
        r"Events by hour, today against yesterday\. First \d+ at 00:00, last \d+ at 14:00 so far\. "
        r"Highest \d+ at [\d:a-z ]+, lowest \d+ at [\d:a-z ]+\. (Up|Down|No change) .*vs yesterday by .*\.",
        alt)  # fmt: skip


def test_the_text_of_a_card_is_its_figure_and_its_change(drawn: Drawn) -> None:
    card = drawn("metric_card", {"measure": "events"}, over="7d")
    assert card.alt.startswith(f"Events, last 7 days, {card.figure}, ")
    assert card.alt.endswith("vs the 7 days before.")
