"""A spec is read back as it was saved; one that makes no sense is refused in a sentence that says what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from metrics_core.errors import BadRequestError, UnknownNameError
from metrics_core.model.measure import REGISTRY
from metrics_core.widgets import WIDGETS, known_kind
from metrics_core.widgets.frame import Frame
from tests import given

EXAMPLES: dict[str, dict[str, Any]] = {
    "metric_card": {"measure": "revenue", "over": "today", "compare": "previous", "thresholds": {"warn": 5, "bad": 3}},
    "kpi_card": {"measure": "orders", "target": 500, "per": "day", "where": {"channel": ["online", None]}},
    "line_chart": {"measures": ["revenue"], "split": "channel", "top": 3, "colours": {"online": "teal"}},
    "bar_chart": {"measures": ["orders"], "across": "product", "bars": 12, "horizontal": True, "split": "channel"},
    "pie_chart": {"measure": "buyers", "by": "segment", "other": False},
    "table": {"measures": ["revenue", "orders"], "by": ["staff"], "sort": "-orders", "bars": "revenue"},
    "gauge": {"measure": "conversion_rate", "low": 1, "high": 9, "thresholds": {"warn": 5, "bad": 3}},
    "progress_bar": {"measure": "refunds", "target": 100, "over": {"start": "2026-11-01", "end": "2026-12-01"}},
    "sparkline": {"measure": "active_users", "grain": "hour", "complete": True},
    "heatmap": {"measure": "revenue", "rows": "weekday", "columns": "channel", "palette": "diverging"},
}


def test_there_is_an_example_of_every_kind() -> None:
    assert EXAMPLES.keys() == WIDGETS.keys()
    assert all(name == kind.name for name, kind in WIDGETS.items())


@pytest.mark.parametrize("kind", tuple(EXAMPLES))
def test_a_spec_survives_being_saved(kind: str) -> None:
    spec = WIDGETS[kind].read(EXAMPLES[kind])
    saved = json.loads(json.dumps(spec.model_dump(mode="json", exclude_defaults=True)))
    assert WIDGETS[kind].read(saved) == spec
    assert WIDGETS[kind].read(json.loads(spec.model_dump_json())) == spec


@pytest.mark.parametrize("kind", tuple(EXAMPLES))
def test_the_drawer_can_be_made_from_the_schema(kind: str) -> None:
    described = json.loads(json.dumps(WIDGETS[kind].described()))
    for name, option in described["schema"]["properties"].items():
        assert option["title"], name
        assert option["description"].endswith("."), name
        assert option["ui"], name
        assert option["group"] in ("data", "look", "target", "time"), name
    assert described["smallest"]["w"] <= described["size"]["w"] <= 12


@pytest.mark.parametrize("kind", tuple(EXAMPLES))
def test_questions_carry_the_whole_frame(kind: str) -> None:
    frame = Frame(over="7d", now=given.NOON, zone="Asia/Kathmandu", origin="all", where={"company": ["acme"]})
    spec = WIDGETS[kind].read({name: value for name, value in EXAMPLES[kind].items() if name != "over"})
    asked = WIDGETS[kind].questions(spec, frame)
    assert asked
    for question in asked.values():
        assert question["zone"] == "Asia/Kathmandu"
        assert question["origin"] == "all"
        assert {"dimension": "company", "op": "in", "values": ["acme"]} in question["where"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    (
        ("metric_card", {"measure": "revenu"}, "Did you mean 'revenue'?"),
        ("metric_card", {}, "A metric needs a measure: give `measure`."),
        ("metric_card", {"mesure": "revenue"}, "No option of a metric is called 'mesure'. Did you mean 'measure'?"),
        ("metric_card", {"measure": 5}, "Measure (`measure`) is text; 5 is not."),
        ("metric_card", {"measure": "revenue", "over": "todya"}, "Did you mean 'today'?"),
        ("metric_card", {"measure": "revenue", "over": {"start": "2026-13-01"}}, '"2026-13-01" is not a time.'),
        ("metric_card", {"measure": "revenue", "decimals": 9}, "Decimals (`decimals`) must be at most 6; 9 is not."),
        ("metric_card", {"measure": "revenue", "where": {"chanel": "online"}}, "Did you mean 'channel'?"),
        ("metric_card", {"measure": "revenue", "where": {"weekday": "Mondy"}}, "Did you mean 'Monday'?"),
        ("metric_card", {"measure": "revenue", "where": {"hour": 25}}, "An hour is a whole number from 0 to 23"),
        ("metric_card", {"measure": "peak_24h", "where": {"weekday": "Monday"}}, "one figure of 24 h"),
        ("metric_card", {"measure": "orders", "thresholds": {"warn": 3, "bad": 5}}, "Swap them"),
        ("metric_card", {"measure": "failed", "thresholds": {"warn": 5, "bad": 3}}, "Swap them"),
        ("metric_card", {"measure": "orders", "thresholds": {"wran": 3}}, "is not an option"),
        ("sparkline", {"measure": "active_now"}, "figure of one moment"),
        ("kpi_card", {"measure": "buyers", "target": 5, "per": "day"}, "does not add up over time"),
        ("kpi_card", {"measure": "buyers", "target": -5}, "must be more than 0"),
        ("line_chart", {"measures": []}, "needs at least 1"),
        ("line_chart", {"measures": ["orders", "orders"]}, "named twice"),
        ("line_chart", {"measures": ["revenue", "orders"]}, "do not share an axis"),
        ("line_chart", {"measures": ["orders", "buyers"], "split": "channel"}, "not both"),
        ("line_chart", {"measures": ["buyers"], "cumulative": True}, "somebody who comes twice would count twice"),
        ("line_chart", {"measures": ["conversion_rate"], "cumulative": True}, "no running total"),
        ("line_chart", {"measures": ["pending"], "cumulative": True}, "a state of one moment"),
        ("line_chart", {"measures": ["avg_order_value"], "split": "channel", "stack": "share"}, "ratios of its parts"),
        ("line_chart", {"measures": ["buyers"], "split": "channel", "stack": "stacked"}, "would count twice"),
        ("line_chart", {"measures": ["orders"], "split": "product", "stack": "stacked"}, "two products counts for both"),
        ("line_chart", {"measures": ["orders", "views"], "stack": "stacked"}, "not parts of one another"),
        ("line_chart", {"measures": ["peak_24h"]}, "one figure of 24 h"),
        ("line_chart", {"measures": ["pending"], "split": "hour"}, "cannot be told by hour"),
        ("line_chart", {"measures": ["revenue"], "stack": "stakced"}, "is one of 'off', 'stacked' or 'share'"),
        ("line_chart", {"measures": ["revenue"], "top": "many"}, "is a whole number; 'many' is not"),
        ("line_chart", {"measures": ["revenue"], "target": float("nan")}, "is a number"),
        ("bar_chart", {"measures": ["revenue"], "across": "chanel"}, "Did you mean 'channel'?"),
        ("bar_chart", {"measures": ["revenue"], "across": "channel", "split": "channel"}, "across channel already"),
        ("bar_chart", {"measures": ["revenue"], "across": "channel", "cumulative": True}, "`cumulative` is for bars across"),
        ("bar_chart", {"measures": ["revenue"], "horizontal": True}, "Time runs from left to right"),
        ("pie_chart", {"measure": "conversion_rate", "by": "channel"}, "no parts that make a whole"),
        ("pie_chart", {"measure": "revenue", "by": "channel", "top": 20}, "must be at most 6; 20 is not"),
        ("table", {"measures": ["revenue"]}, "A table needs rows"),
        ("table", {"measures": ["revenue"], "by": ["staff"], "sort": "-order"}, "No column of this table is called 'order'"),
        ("table", {"measures": ["revenue"], "by": ["staff"], "bars": "orders"}, "No measure of this table"),
        ("table", {"measures": ["revenue"], "grain": "day", "change": "percent"}, "nothing to be compared with"),
        ("table", {"measures": ["buyers"], "by": ["staff"], "share": True}, "would count twice"),
        ("gauge", {"measure": "orders", "low": 5, "high": 5}, "must end (5) above where it begins (5)"),
        ("progress_bar", {"measure": "orders"}, "A progress needs a target: give `target`."),
        ("heatmap", {"measure": "orders", "rows": "hour"}, "Choose two different dimensions"),
        ("heatmap", {"measure": "pending"}, "cannot be told by hour"),
    ),
)
def test_what_makes_no_sense_is_refused_in_a_sentence(kind: str, spec: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        WIDGETS[kind].read(spec)
    sentence = str(refused.value)
    assert said in sentence
    assert sentence[0].isupper() or sentence[0] in "`'\""
    assert "pydantic" not in sentence
    assert "validation error" not in sentence


@pytest.mark.parametrize("kind", tuple(EXAMPLES))
@pytest.mark.parametrize("spec", (None, 5, "revenue", ["measure"], {"where": 5}, {"over": 5}, {"compare": []}, {"note": {}}))
def test_nonsense_never_gets_past_a_sentence(kind: str, spec: Any) -> None:
    with pytest.raises(BadRequestError):
        WIDGETS[kind].read(spec if not isinstance(spec, dict) else {**EXAMPLES[kind], **spec})


def test_an_unknown_kind_is_answered_with_what_was_meant() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'heatmap'"):
        known_kind("heat_map")


@pytest.mark.parametrize("measure", tuple(REGISTRY))
def test_every_measure_has_a_card(measure: str) -> None:
    assert WIDGETS["metric_card"].read({"measure": measure}).measure == measure
