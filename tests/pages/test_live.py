"""The live page, without a browser: what it hands to its parts, and what its address says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
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


def take_away(house: Engine, path: Path) -> None:
    """Put a folder where the database was: it cannot be opened any more."""
    house.store.close()
    path.rename(path.with_suffix(".away"))
    path.mkdir()


def test_an_empty_store_opens_without_an_error(opened: Opened) -> None:
    at = opened()
    assert not at.exception
    assert at.title[0].value == "Live"


def test_the_first_paint_has_the_newest_figures(opened: Opened, house: Engine) -> None:
    house.accept([order_record("o1", ts=house.clock.now(), amount="12.34")], record="order")
    at = opened()
    assert handed(at, "top")["live"]["revenue"]["today"] == 12.34
    assert handed(at, "top")["curves"]["sparks"].keys() >= {"today", "1h", "24h", "7d", "30d"}


def test_a_later_run_hands_over_no_figures_the_browser_has_newer_ones(opened: Opened) -> None:
    at = opened()
    at.segmented_control(key="period").set_value("1h").run()
    assert handed(at, "top")["live"] is None
    at.segmented_control(key="origin").set_value("All").run()
    assert handed(at, "top")["live"]["origin"]["view"] == "all"


def test_with_the_database_away_a_first_visitor_still_sees_the_last_figures(
    opened: Opened, house: Engine, tmp_path: Path
) -> None:
    house.accept([order_record("o1", ts=house.clock.now(), amount="12.34")], record="order")
    house.live()
    take_away(house, tmp_path / "house.db")
    at = opened()
    assert not at.exception
    assert handed(at, "top")["live"]["revenue"]["today"] == 12.34
    assert handed(at, "top")["curves"] is None


def test_with_the_database_away_and_no_figures_yet_the_page_says_so(opened: Opened, house: Engine, tmp_path: Path) -> None:
    take_away(house, tmp_path / "house.db")
    at = opened()
    assert not at.exception
    assert at.title[0].value == "Live"
    assert any("The database does not answer" in line.value for line in at.markdown)


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
