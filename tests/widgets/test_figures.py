"""Every number that a widget shows is what pandas finds on the same rows."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from metrics_core.model.event import REAL
from metrics_core.model.instant import Instant
from metrics_core.model.measure import REGISTRY, Unit
from metrics_core.model.query import Filter, Query, Value
from metrics_core.model.window import WEEKDAYS, Window
from metrics_core.widgets import words
from metrics_core.widgets.buckets import local_x
from tests.truth.frames import rows_of
from tests.widgets.conftest import CALENDAR, NOW, ZONE, Drawn

BERLIN = ZoneInfo(ZONE)
WEEK = CALENDAR.window("7d", NOW)
TODAY = CALENDAR.window("today", NOW)


class Truth:
    """Asks pandas."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._rows = rows

    def table(self, measure: str, window: Window, **more: Any) -> dict[tuple[Value, ...], float | None]:
        query = Query((measure,), window, zone=BERLIN, origins=REAL, **more)
        return {row[:-1]: major(measure, row[-1]) for row in rows_of(self._rows, query)}

    def figure(self, measure: str, window: Window, **more: Any) -> float | None:
        return self.table(measure, window, **more).get((), 0)


def major(measure: str, value: Value) -> float | None:
    if value is None:
        return None
    return float(value) / 100 if REGISTRY[measure].unit is Unit.MONEY else float(value)


@pytest.fixture(scope="module")
def truth(rows: pd.DataFrame) -> Truth:
    return Truth(rows)


def close(found: float | None, wanted: float | None) -> bool:
    return found == wanted if found is None or wanted is None else found == pytest.approx(wanted, abs=1e-9)


def series(drawing: Any) -> dict[str, dict[Value, float]]:
    """The marks of a figure by name and place; what is told twice is told the same."""
    found: dict[str, dict[Value, float]] = {}
    for trace in drawing.data:
        if trace.get("hoverinfo") == "skip":
            continue
        flat = trace.get("orientation") == "h"
        places, values = (trace["y"], trace["x"]) if flat else (trace["x"], trace["y"])
        told = found.setdefault(str(trace.get("legendgroup", trace["name"])), {})
        for place, value in zip(places, values, strict=True):
            if value is not None:
                assert told.setdefault(place, value) == value
    return found


def at(start: Value) -> str:
    assert isinstance(start, int)
    return local_x(start, BERLIN)


# -------------------------------------------------------------------------------------------------------- one figure


@pytest.mark.parametrize("measure", ("revenue", "buyers", "avg_order_value", "conversion_rate", "pending", "failed"))
@pytest.mark.parametrize("over", ("today", "7d", "month"))
def test_a_card_shows_the_figure_and_its_change(drawn: Drawn, truth: Truth, measure: str, over: str) -> None:
    card = drawn("metric_card", {"measure": measure}, over=over)
    now = truth.figure(measure, CALENDAR.window(over, NOW))
    compared = CALENDAR.compared(over, NOW)
    assert compared is not None
    before = truth.figure(measure, compared[0])
    assert close(card.value, now)
    assert card.delta.against == compared[1]
    if now is None or before is None:
        assert card.delta.text == "n/a"
    elif REGISTRY[measure].unit is Unit.PERCENT:
        assert card.delta.text in (f"{abs(now - before):.2f} pp", "no change")
    elif before:
        assert float(card.delta.text.rstrip("%").replace("no change", "0").replace(",", "")) == pytest.approx(
            abs(now / before - 1) * 100, abs=0.051)  # fmt: skip


def test_a_filter_of_the_widget_adds_to_those_of_the_dashboard(drawn: Drawn, truth: Truth) -> None:
    where = {"channel": ["online", None]}
    card = drawn("metric_card", {"measure": "revenue", "where": {"region": {"not": ["Asia"]}}}, over="7d", where=where)
    kept = (Filter("channel", ("online", None)), Filter("region", ("Asia",), negated=True))
    assert close(card.value, truth.figure("revenue", WEEK, where=kept))


def test_a_widget_may_pin_its_own_period_and_range(drawn: Drawn, truth: Truth) -> None:
    card = drawn("metric_card", {"measure": "orders", "over": "7d"}, over="today")
    assert close(card.value, truth.figure("orders", WEEK))
    span = {"start": "2026-10-10", "end": "2026-10-12"}
    pinned = drawn("metric_card", {"measure": "orders", "over": span})
    days = Window(CALENDAR.start_of("day", NOW - 15 * 86_400_000_000), CALENDAR.start_of("day", NOW - 13 * 86_400_000_000))
    assert close(pinned.value, truth.figure("orders", days))
    assert pinned.title == "Orders, 10 to 11 Oct 2026"


@pytest.mark.parametrize("kind", ("kpi_card", "sparkline"))
@pytest.mark.parametrize("measure", ("orders", "active_users", "conversion_rate"))
def test_the_small_line_has_the_figure_of_each_bucket(drawn: Drawn, truth: Truth, kind: str, measure: str) -> None:
    card = drawn(kind, {"measure": measure, "grain": "day"}, over="7d")
    wanted = truth.table(measure, WEEK, grain="day")
    assert [value is None for value in card.spark.values] == [wanted[key] is None for key in sorted(wanted)]
    assert all(close(found, wanted[key]) for found, key in zip(card.spark.values, sorted(wanted), strict=True))
    assert close(card.value, truth.figure(measure, WEEK))
    assert card.spark.unfinished
    assert len(card.spark.texts) == len(card.spark.values)


def test_gauge_and_progress_show_the_figure_and_its_part_of_the_target(drawn: Drawn, truth: Truth) -> None:
    revenue = truth.figure("revenue", WEEK)
    assert revenue is not None
    gauge = drawn("gauge", {"measure": "revenue", "target": 20_000, "high": 40_000}, over="7d")
    bar = drawn("progress_bar", {"measure": "revenue", "target": 2_000, "per": "day"}, over="7d")
    assert close(gauge.value, revenue)
    assert close(gauge.share, min(1, max(0, revenue / 40_000)))
    assert close(gauge.target.share, revenue / 20_000)
    assert close(bar.target.value, 14_000)
    assert close(bar.target.share, revenue / 14_000)


# ------------------------------------------------------------------------------------------------------------- charts


@pytest.mark.parametrize("kind", ("line_chart", "bar_chart"))
@pytest.mark.parametrize("measure", ("revenue", "avg_order_value", "buyers", "pending"))
@pytest.mark.parametrize(("over", "grain"), (("today", "hour"), ("7d", "day"), ("month", "week")))
def test_a_chart_over_time_shows_each_bucket(
    drawn: Drawn, truth: Truth, kind: str, measure: str, over: str, grain: str
) -> None:
    figure = drawn(kind, {"measures": [measure], "grain": grain, "compare": "off"}, over=over)
    wanted = truth.table(measure, CALENDAR.window(over, NOW), grain=grain)
    (found,) = series(figure).values()
    assert found.keys() == {at(key[0]) for key, value in wanted.items() if value is not None}
    for (start,), value in wanted.items():
        assert value is None or close(found[at(start)], value)


def test_the_hour_that_comes_twice_is_two_bars(drawn: Drawn, truth: Truth) -> None:
    figure = drawn("bar_chart", {"measures": ["events"], "grain": "hour", "compare": "off"})
    (found,) = series(figure).values()
    assert {"2026-10-25T02:00:00", "2026-10-25T02:30:00"} <= found.keys()
    assert sum(found.values()) == truth.figure("events", TODAY)


@pytest.mark.parametrize("measure", ("revenue", "buyers", "avg_order_value"))
def test_top_values_and_other_are_each_right(drawn: Drawn, truth: Truth, measure: str) -> None:
    figure = drawn("line_chart", {"measures": [measure], "split": "user", "top": 3, "grain": "day"}, over="7d")
    ranking = truth.table(measure, WEEK, by=("user",))
    found = series(figure)
    names = [name for name in found if name != "Other"]
    assert len(names) == 3
    users = [None if name == words.UNNAMED else name for name in names]
    shown = sorted((ranking[(user,)] or 0 for user in users), reverse=True)
    assert shown == sorted((value or 0 for value in ranking.values()), reverse=True)[:3]
    for name, user in zip(names, users, strict=True):
        wanted = truth.table(measure, WEEK, grain="day", where=(Filter("user", (user,)),))
        assert all(close(found[name].get(at(start)), value) for (start,), value in wanted.items() if value is not None)
    rest = truth.table(measure, WEEK, grain="day", where=(Filter("user", tuple(users), negated=True),))
    assert all(close(found["Other"].get(at(start)), value) for (start,), value in rest.items() if value is not None)
    assert figure.foot == f"Top 3 of {len(ranking)}, the rest as other"


def test_a_running_total_ends_at_the_figure_of_the_period(drawn: Drawn, truth: Truth) -> None:
    figure = drawn("line_chart", {"measures": ["revenue"], "cumulative": True}, over="month")
    found = series(figure)["This month"]
    assert close(found[max(found)], truth.figure("revenue", CALENDAR.window("month", NOW)))


def test_shares_make_a_hundred_and_tell_the_amount(drawn: Drawn, truth: Truth) -> None:
    spec = {"measures": ["orders"], "split": "region", "top": 2, "stack": "share", "grain": "day"}
    found = series(drawn("bar_chart", spec, over="7d"))
    wanted = truth.table("orders", WEEK, grain="day")
    for (start,), whole in wanted.items():
        parts = [row[at(start)] for row in found.values() if at(start) in row]
        assert not whole or sum(parts) == pytest.approx(100)
    some = truth.table("orders", WEEK, by=("region",), grain="day")
    for (start, region), orders in some.items():
        name = words.name("region", region)
        if name in found and orders:
            assert close(found[name][at(start)], 100 * orders / (wanted[(start,)] or 1))


def test_the_comparison_stands_where_its_clock_says(drawn: Drawn, truth: Truth) -> None:
    figure = drawn("line_chart", {"measures": ["orders"], "grain": "hour"})
    yesterday = Window(CALENDAR.start_of("day", TODAY.start - 1), TODAY.start)
    wanted = truth.table("orders", yesterday, grain="hour")
    found = series(figure)["Yesterday"]
    assert found == {at(start).replace("2026-10-24", "2026-10-25"): value for (start,), value in wanted.items()}
    assert len(found) == 24, "all of yesterday, beyond the hour it is now"


@pytest.mark.parametrize("measure", ("revenue", "orders", "buyers", "conversion_rate"))
@pytest.mark.parametrize("dimension", ("channel", "product", "content"))
def test_bars_across_a_dimension_and_their_rest(drawn: Drawn, truth: Truth, measure: str, dimension: str) -> None:
    figure = drawn("bar_chart", {"measures": [measure], "across": dimension, "bars": 3, "compare": "off"}, over="30d")
    window = CALENDAR.window("30d", NOW)
    wanted = {words.name(dimension, key[0]): value for key, value in truth.table(measure, window, by=(dimension,)).items()}
    (found,) = series(figure).values()
    shown = [name for name in found if name != "Other"]
    assert all(close(found[name], wanted[name]) for name in shown)
    if len(wanted) > 3:
        raw = tuple(None if name == words.UNNAMED else name.lower() if dimension == "channel" else name
                    for name in figure.layout["xaxis"]["categoryarray"][:3])  # fmt: skip
        rest = truth.figure(measure, window, where=(Filter(dimension, raw, negated=True),))
        assert close(found.get("Other"), rest)


def test_bars_of_the_hours_show_every_hour_the_period_has(drawn: Drawn, truth: Truth) -> None:
    week = drawn("bar_chart", {"measures": ["orders"], "across": "hour", "compare": "off"}, over="7d")
    wanted = truth.table("orders", WEEK, by=("hour",))
    (found,) = series(week).values()
    assert found == {f"{hour:02d}:00": wanted.get((hour,), 0) for hour in range(24)}
    (today,) = series(drawn("bar_chart", {"measures": ["orders"], "across": "hour", "compare": "off"})).values()
    assert list(today) == [f"{hour:02d}:00" for hour in range(15)], "what is still to come is no zero"


def test_bars_split_in_two_ways_hold_every_part_of_the_whole(drawn: Drawn, truth: Truth) -> None:
    spec = {"measures": ["revenue"], "across": "user", "bars": 2, "split": "region", "top": 2, "stack": "stacked"}
    found = series(drawn("bar_chart", spec, over="7d"))
    assert len(found) == 3
    whole = truth.figure("revenue", WEEK)
    assert sum(value for row in found.values() for value in row.values()) == pytest.approx(whole)
    cells = truth.table("revenue", WEEK, by=("user", "region"))
    for region, row in found.items():
        for user, value in row.items():
            if user != "Other" and region != "Other":
                key = tuple(None if name == words.UNNAMED else name for name in (user, region))
                assert close(value, cells.get(key, 0))


@pytest.mark.parametrize("measure", ("revenue", "buyers", "quantity"))
@pytest.mark.parametrize("dimension", ("channel", "user"))
def test_slices_and_their_rest_are_right(drawn: Drawn, truth: Truth, measure: str, dimension: str) -> None:
    figure = drawn("pie_chart", {"measure": measure, "by": dimension, "top": 2}, over="7d")
    (trace,) = figure.data
    found = dict(zip(trace["labels"], trace["values"], strict=True))
    wanted = truth.table(measure, WEEK, by=(dimension,))
    named = [key.value for key in figure.keys if key.picked]
    for value in named:
        assert close(found[words.name(dimension, value)], wanted[(value,)])
    assert close(found["Other"], truth.figure(measure, WEEK, where=(Filter(dimension, tuple(named), negated=True),)))
    shares = [float(key.share.rstrip("%")) for key in figure.keys]
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert shares[:2] == sorted(shares[:2], reverse=True)


def test_every_row_of_a_table_and_its_total_are_right(drawn: Drawn, truth: Truth) -> None:
    measures = ("revenue", "orders", "buyers", "avg_order_value", "conversion_rate")
    spec = {"measures": measures, "by": ["channel", "region"], "limit": 5, "change": "difference", "share": True}
    table = drawn("table", spec, over="7d")
    before = CALENDAR.compared("7d", NOW)
    assert before is not None
    names = [column.name for column in table.columns]
    for row in (*table.rows, table.total.row):
        key = row[:2] if row is not table.total.row else ()
        for measure in measures:
            by = ("channel", "region") if key else ()
            wanted = truth.table(measure, WEEK, by=by).get(key, 0)
            assert close(row[names.index(measure)], wanted)
            if measure == "revenue":
                then = truth.table(measure, before[0], by=by).get(key, 0)
                assert row[names.index("revenue:change")] == pytest.approx(wanted - then, abs=1e-6)
                assert row[names.index("revenue:share")] == pytest.approx(
                    100 * wanted / truth.figure("revenue", WEEK))  # fmt: skip
    revenue = [row[2] for row in table.rows]
    assert revenue == sorted(revenue, reverse=True)
    every = rows_of(truth._rows, Query(measures, WEEK, by=("channel", "region"), zone=BERLIN, origins=REAL))
    assert table.foot == f"5 of {len(every)}"


def test_a_table_by_time_has_a_row_for_each_bucket(drawn: Drawn, truth: Truth) -> None:
    table = drawn("table", {"measures": ["active_users", "revenue"], "grain": "day", "limit": 31}, over="month")
    month = CALENDAR.window("month", NOW)
    for measure, place in (("active_users", 1), ("revenue", 2)):
        wanted = truth.table(measure, month, grain="day")
        assert {row[0]: row[place] for row in table.rows} == {at(start): value for (start,), value in wanted.items()}
    assert table.texts[-1][0] == "25 Oct so far"


@pytest.mark.parametrize("measure", ("orders", "buyers", "conversion_rate"))
def test_cells_by_weekday_and_hour_are_right(drawn: Drawn, truth: Truth, measure: str) -> None:
    (trace,) = drawn("heatmap", {"measure": measure}, over="30d").data
    wanted = truth.table(measure, CALENDAR.window("30d", NOW), by=("weekday", "hour"))
    nothing = None if measure == "conversion_rate" else 0
    for day, line in enumerate(trace["z"]):
        for hour, value in enumerate(line):
            assert close(value, wanted.get((day, hour), nothing))
            assert trace["customdata"][day][hour] == [WEEKDAYS[day].title(), hour]


def test_cells_of_two_dimensions_and_of_time_are_right(drawn: Drawn, truth: Truth) -> None:
    figure = drawn("heatmap", {"measure": "revenue", "rows": "user", "columns": "region", "top": 4}, over="7d")
    (trace,) = figure.data
    wanted = truth.table("revenue", WEEK, by=("user", "region"))
    for line, custom in zip(trace["z"], trace["customdata"], strict=True):
        assert all(close(value, wanted.get(tuple(key), 0)) for value, key in zip(line, custom, strict=True))
    (days,) = drawn("heatmap", {"measure": "orders", "rows": "channel", "grain": "day"}, over="7d").data
    some = truth.table("orders", WEEK, by=("channel",), grain="day")
    starts = sorted(key[0] for key in truth.table("orders", WEEK, grain="day"))
    for line, custom in zip(days["z"], days["customdata"], strict=True):
        assert line == [some.get((start, custom[0][0]), 0) for start in starts]


def test_a_week_that_begins_on_sunday_begins_its_heatmap_there(drawn: Drawn) -> None:
    (trace,) = drawn("heatmap", {"measure": "orders"}, over="7d", week_start=6).data
    assert trace["y"][0] == "Sunday"
    assert trace["customdata"][0][0][0] == "Sunday"


def test_what_is_asked_for_is_the_time_of_the_dashboard(drawn: Drawn, truth: Truth) -> None:
    hour: Instant = 3_600_000_000
    span = {"start": "2026-10-20T10:00:00", "end": "2026-10-20T16:30:00"}
    figure = drawn("line_chart", {"measures": ["events"], "compare": "off"}, over=span)
    start = CALENDAR.start_of("day", NOW - 5 * 24 * hour) + 10 * hour
    wanted = truth.table("events", Window(start, start + 13 * hour // 2), grain="hour")
    assert next(iter(series(figure).values())) == {at(key[0]): value for key, value in wanted.items()}
