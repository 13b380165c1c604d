"""The colours: readable on their page, apart for every kind of sight, the same in Python, browser and Streamlit."""

from __future__ import annotations

import itertools
import json
import tomllib
from pathlib import Path

import pytest

from metrics_core.widgets import theme
from metrics_core.widgets.colours import Colours
from tests.widgets import write
from tests.widgets.sight import SIGHTS, contrast, distance

ROOT = Path(__file__).parents[2]
SCHEMES = tuple(theme.ROLES)
STREAMLIT = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_mark_stands_out_from_its_page(scheme: theme.Scheme) -> None:
    roles = theme.ROLES[scheme]
    marks = [name for name in roles if name.startswith(("series:", "status:")) or name in (
        "good", "warn", "bad", "other", "compare", "primary", "simulated", "paused", "none")]  # fmt: skip
    faint = [name for name in marks if contrast(roles[name], roles["page"]) < 3]
    assert not faint


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_can_be_read(scheme: theme.Scheme) -> None:
    roles = theme.ROLES[scheme]
    for name in ("text", "muted", "link"):
        assert contrast(roles[name], roles["page"]) >= 4.5
        assert contrast(roles[name], roles["surface"]) >= 4.5
    for name in ("good", "warn", "bad", "none", "simulated", "paused"):
        assert contrast(roles[f"{name}:text"], roles[f"{name}:tint"]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("sight", SIGHTS)
def test_series_are_told_apart_by_every_kind_of_sight(scheme: theme.Scheme, sight: str) -> None:
    roles = theme.ROLES[scheme]
    series = [roles[f"series:{place}"] for place in range(8)]
    assert min(distance(one, other, sight) for one, other in itertools.combinations(series, 2)) >= 8
    assert min(distance(one, other, sight) for one, other in itertools.combinations(series[:4], 2)) >= 9.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("sight", SIGHTS)
def test_states_are_told_apart_by_every_kind_of_sight(scheme: theme.Scheme, sight: str) -> None:
    roles = theme.ROLES[scheme]
    states = [roles[f"status:{name}"] for name in ("completed", "pending", "failed")]
    assert min(distance(one, other, sight) for one, other in itertools.combinations(states, 2)) >= 8


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_sequential_scale_only_moves_away_from_the_page(scheme: theme.Scheme) -> None:
    page = theme.ROLES[scheme]["page"]
    steps = [contrast(step, page) for step in theme.SCALES[scheme]["sequential"]]
    assert steps == sorted(steps)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_colours_are_those_of_the_pages(scheme: theme.Scheme) -> None:
    said, roles = STREAMLIT[scheme], theme.ROLES[scheme]
    assert said["chartCategoricalColors"] == [roles[f"series:{place}"] for place in range(8)]
    assert said["chartSequentialColors"] == list(theme.SCALES[scheme]["sequential"])
    assert said["chartDivergingColors"] == list(theme.SCALES[scheme]["diverging"])
    named = {"page": "backgroundColor", "surface": "secondaryBackgroundColor", "text": "textColor", "border": "borderColor",
             "primary": "primaryColor", "good": "greenColor", "good:text": "greenTextColor",
             "good:tint": "greenBackgroundColor", "warn": "orangeColor", "bad": "redColor",
             "simulated": "violetColor", "none": "grayColor"}  # fmt: skip
    assert {role: roles[role] for role in named} == {role: said[key] for role, key in named.items()}


def test_the_browser_has_the_same_colours() -> None:
    assert (ROOT / "assets" / "theme.json").read_text(encoding="utf-8") == theme.as_json(), write.HINT


def test_paint_becomes_colours_where_its_paths_lead() -> None:
    trace = {"line": {"width": 2}, "marker": {"colors": []}, "shapes": [{"line": {}}], "meta": {"paint": {
        "line.color": "series:0", "fillcolor": "series:0/0.1", "marker.colors": ["good", "other"],
        "colorscale": "sequential", "shapes.0.line.color": "target"}}}  # fmt: skip
    found = theme.painted(trace, "light")
    assert found["line"] == {"width": 2, "color": "#2660C6"}
    assert found["fillcolor"] == "rgba(38,96,198,0.1)"
    assert found["marker"] == {"colors": ["#118A6B", "#667085"]}
    assert found["shapes"] == [{"line": {"color": "#0E1420"}}]
    assert found["colorscale"][0] == [0.0, "#EDF4FF"]  # type: ignore[index]
    assert trace["line"] == {"width": 2}, "what was given stays as it was"
    assert json.loads(theme.as_json())["light"]["roles"]["series:0"] == "#2660C6"


# ---------------------------------------------------------------------------------------------------------- who has which


def test_a_name_keeps_its_colour_on_all_charts_of_a_dashboard() -> None:
    colours = Colours()
    first = dict(zip("abc", colours.of("region", ("a", "b", "c")), strict=True))
    assert colours.of("region", ("c", "d", "a")) == (first["c"], 3, first["a"])
    assert Colours(colours.kept()).of("region", ("d", "b")) == (3, first["b"])


def test_names_that_every_store_has_look_the_same_everywhere() -> None:
    assert Colours().of("channel", ("wholesale", "Retail", "online")) == (2, 1, 0)


def test_the_names_of_one_chart_differ_as_long_as_there_are_colours() -> None:
    colours = Colours()
    colours.of("product", tuple(f"p{number}" for number in range(30)))
    for start in range(0, 30, 5):
        places = colours.of("product", tuple(f"p{number}" for number in range(start, start + 6)))
        assert len(set(places)) == 6
