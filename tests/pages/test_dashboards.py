"""The page of dashboards without a browser: what links say, what is kept, and that every option has a field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from metrics_core.dashboards.state import State
from metrics_core.engine import Engine
from metrics_core.model.access import LOCAL
from metrics_core.widgets.kinds import WIDGETS
from pages.parts.board_fields import _FIELDS
from pages.parts.board_kinds import offered, starter

Opened = Callable[..., AppTest]


def sell(house: Engine) -> None:
    line = {"productId": "lamp", "quantity": 1, "revenue": "10.00"}
    receipt = house.accept([{"orderId": "o1", "userId": "u1", "channel": "online", "lines": [line]}], record="order")
    assert receipt.accepted == 1


def linked(opened: Opened, **params: str) -> AppTest:
    """The page as a link opens it."""
    at = opened("dashboards")
    at.query_params.clear()
    for name, value in params.items():
        at.query_params[name] = value
    return at.run()


def test_the_usual_dashboard_opens_and_says_its_state_in_the_address(opened: Opened) -> None:
    at = opened("dashboards")
    assert not at.exception
    at.run()  # the controls of the page before have let go of the address
    assert at.title[0].value == "Overview"
    assert at.query_params["d"] == "overview"
    assert at.query_params["period"] == "24h"


def test_a_link_sets_every_control(opened: Opened) -> None:
    at = linked(opened, d="sales", period="30d", compare="off", zone="Asia/Tokyo", where="channel:online", refresh="30")
    assert at.title[0].value == "Sales"
    state = at.session_state["board_state"]
    assert (state.period, state.compare, state.zone, state.refresh) == ("30d", "off", "Asia/Tokyo", 30)
    assert dict(state.where) == {"channel": ("online",)}
    assert at.selectbox(key="board_compare").value == "off"
    assert at.selectbox(key="board_zone").value == "Asia/Tokyo"
    assert "online" in at.button(key="board_chip_channel").label


def test_a_link_that_cannot_be_read_is_said_in_a_sentence(opened: Opened) -> None:
    at = linked(opened, d="overview", period="fortnight")
    assert "fortnight" in at.warning[0].value
    assert at.title[0].value == "Overview"


def test_a_dashboard_that_is_not_there_leads_to_the_usual_one(opened: Opened) -> None:
    at = linked(opened, d="nowhere")
    assert "nowhere" in at.warning[0].value
    assert at.title[0].value == "Overview"


def test_a_chip_lets_its_filter_go_and_undo_brings_it_back(opened: Opened) -> None:
    at = linked(opened, d="overview", period="24h", where="channel:online;region:Asia")
    at.button(key="board_chip_channel").click().run()
    assert dict(at.session_state["board_state"].where) == {"region": ("Asia",)}
    assert at.query_params["where"] == "region:Asia"
    at.button(key="board_undo").click().run()
    assert at.query_params["where"] == "channel:online;region:Asia"


def test_what_was_chosen_is_there_again_after_another_page(opened: Opened) -> None:
    at = linked(opened, d="sales", period="7d", where="channel:online")
    at.switch_page("pages/data.py").run()
    at.query_params.clear()
    at.switch_page("pages/dashboards.py").run()
    assert at.title[0].value == "Sales"
    assert at.query_params["where"] == "channel:online"


def test_a_refresh_below_the_floor_is_raised_to_it(opened: Opened, house: Engine) -> None:
    at = linked(opened, d="overview", period="24h", refresh="2")
    assert at.session_state["board_state"].refresh == house.settings.dashboard_refresh_floor


def test_a_link_of_a_share_shows_what_it_lets_through(opened: Opened, house: Engine) -> None:
    sell(house)
    state = State(period="7d", where={"channel": ("online",)})
    _, token = house.shares.create("sales", LOCAL, state=state, free=("period",))
    at = linked(opened, s=token, period="30d", where="channel:retail", compare="off")
    seen = at.session_state["board_state"]
    assert (seen.period, seen.compare) == ("30d", "previous")
    assert dict(seen.where) == {"channel": ("online",)}
    assert not [button for button in at.button if button.key in ("board_arrange", "board_share")]


def test_a_revoked_link_says_so_and_shows_nothing(opened: Opened, house: Engine) -> None:
    share, token = house.shares.create("sales", LOCAL, state=State())
    house.shares.revoke("sales", share.id, LOCAL)
    at = linked(opened, s=token)
    assert not at.title
    assert any("revoked" in caption.value for caption in at.caption)


def test_a_link_with_a_password_asks_for_it(opened: Opened, house: Engine) -> None:
    _, token = house.shares.create("sales", LOCAL, state=State(), password="open sesame")
    at = linked(opened, s=token)
    assert not at.title
    at.text_input(key="board_password").set_value("open barley")
    at.button[0].click().run()
    assert any("not the password" in line.value for line in at.markdown)
    at.text_input(key="board_password").set_value("open sesame")
    at.button[0].click().run()
    assert at.title[0].value == "Sales"


def test_a_frozen_link_keeps_what_its_sender_saw(opened: Opened, house: Engine) -> None:
    saved = house.shelf.read("overview", LOCAL)
    kept = house.boards.freeze(saved.dashboard, State(), LOCAL, name="overview")
    _, token = house.shares.create("overview", LOCAL, state=State(), free=(), frozen=kept, frozen_at=kept["as_of"])
    sell(house)
    at = linked(opened, s=token)
    assert not at.exception
    assert any("Frozen" in markdown.value for markdown in at.markdown)


@pytest.mark.parametrize("kind", list(WIDGETS.values()), ids=lambda kind: kind.name)
def test_every_option_of_every_kind_has_a_field(kind: Any) -> None:
    for name, option in kind.Spec.model_json_schema()["properties"].items():
        assert option["ui"] in _FIELDS, name


@pytest.mark.parametrize("kind", list(WIDGETS.values()), ids=lambda kind: kind.name)
def test_a_new_widget_of_every_kind_is_whole(kind: Any) -> None:
    kind.read(starter(kind))


def test_the_gallery_offers_all_kinds() -> None:
    assert [row["name"] for row in offered()] == list(WIDGETS)


@pytest.mark.parametrize("kind", list(WIDGETS), ids=str)
def test_the_drawer_of_every_kind_opens_with_what_it_was_given(opened: Opened, kind: str) -> None:
    at = opened("dashboards")
    spec = starter(WIDGETS[kind])
    widget = {"id": "w1", "kind": kind, "title": "Mine", "spec": spec, "place": {"x": 0, "y": 0, "w": 3, "h": 2}}
    at.session_state["board_open"] = {"name": "settings", "number": 1, "widget": widget}
    at.run()
    assert not at.exception
    at.button(key="tune1_apply").click().run()
    assert at.session_state["board_order"]["widget"] == widget
