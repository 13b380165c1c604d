"""The live page, without a browser: what it hands to its parts, and what its address says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from metrics_core.engine import Engine
from tests.given import order_record

Opened = Callable[..., AppTest]


def handed(at: AppTest, part: str) -> dict[str, Any]:
    """What the page gives to one of its own parts."""
    found = [node.proto for node in at.get("bidi_component") if node.proto.component_name == f"pulseboard_{part}"]
    assert found, f"there is no {part} on this page"
    proto = found[0]
    given: dict[str, Any] = json.loads(proto.json)
    return given


def test_an_empty_store_opens_without_an_error(opened: Opened) -> None:
    at = opened()
    assert not at.exception
    assert at.title[0].value == "Live"


def test_the_first_paint_has_the_newest_figures(opened: Opened, house: Engine) -> None:
    house.accept([order_record("o1", ts=house.clock.now(), amount="12.34")], record="order")
    at = opened()
    assert handed(at, "top")["live"]["revenue"]["today"] == 12.34
    assert handed(at, "period")["curves"]["sparks"].keys() >= {"today", "1h", "24h", "7d", "30d"}


def test_the_address_says_period_origin_and_clock(opened: Opened) -> None:
    at = opened(period="7d", origin="All", zone="Asia/Tokyo")
    assert not at.exception
    assert [part.value for part in at.header] == ["Last 7 days"]
    assert handed(at, "period")["period"] == "7d"
    assert handed(at, "top")["view"]["origin"] == "all"
    assert handed(at, "top")["zone"] == "Asia/Tokyo"


def test_a_word_in_the_address_that_means_nothing_is_left_aside(opened: Opened) -> None:
    at = opened(period="fortnight", origin="nowhere", zone="Moon/Crater")
    assert not at.exception
    assert handed(at, "period")["period"] == "24h"
    assert handed(at, "top")["view"]["origin"] == "real"


def test_changing_the_period_changes_the_heading_and_the_figures(opened: Opened) -> None:
    at = opened()
    at.segmented_control(key="period").set_value("1h").run()
    assert not at.exception
    assert at.header[0].value == "Last hour"
    assert handed(at, "period")["period"] == "1h"


def test_all_parts_of_the_page_listen_to_the_same(opened: Opened) -> None:
    at = opened(origin="All")
    assert len({json.dumps(handed(at, part)["view"], sort_keys=True) for part in ("pill", "top", "period")}) == 1


def test_the_tables_are_made_only_while_they_are_open(opened: Opened, house: Engine) -> None:
    house.accept([order_record("o1", ts=house.clock.now(), amount="12.34")], record="order")
    at = opened()
    assert not at.dataframe
    at.session_state["tables"] = True
    at.run()
    assert not at.exception
    assert at.dataframe[0].value.loc["Revenue", "Today"] == 12.34


def test_the_foot_names_zone_currency_and_version(opened: Opened) -> None:
    at = opened()
    foot = at.sidebar.markdown[0].value
    assert "Europe/Berlin" in foot
    assert "USD" in foot
    assert "Pulseboard 0.1.0" in foot
