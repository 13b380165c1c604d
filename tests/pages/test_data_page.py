"""The data page: set up, import, verify, clear."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from metrics_core.engine import Engine
from pages.parts import work
from tests.given import order_record

Opened = Callable[..., AppTest]

FILE = b"""household_id,store_id,basket_id,product_id,quantity,sales_value,transaction_timestamp
900,330,31198570044,1095275,1,0.50,2017-01-01T06:53:26Z
900,330,31198570044,9878513,1,0.99,2017-01-01T06:53:26Z
1228,406,31198655051,1041453,1,1.43,2017-01-01T07:26:30Z
"""


@pytest.fixture(autouse=True)
def _nothing_left_over() -> Iterator[None]:
    work.forget()
    yield
    done()
    work.forget()


def done() -> work.Work | None:
    """The long work, when it has ended."""
    until = time.monotonic() + 60
    while (now := work.current()) is not None and now.running and time.monotonic() < until:
        time.sleep(0.02)
    return now


def on(at: AppTest, tab: str) -> AppTest:
    at.session_state["tab"] = tab
    return at.run()


def test_an_empty_store_says_so_and_how_to_start(opened: Opened) -> None:
    at = opened("data")
    assert not at.exception
    assert any("Nothing is kept yet" in line.value for line in at.markdown)
    assert "/api/v1/orders" in at.code[0].value


def test_what_exists_is_listed_by_origin(opened: Opened, house: Engine) -> None:
    house.accept([order_record("o1", ts=house.clock.now())], record="order")
    at = opened("data")
    assert list(at.dataframe[0].value["Origin"]) == ["Live"]
    assert list(at.dataframe[0].value["Records"]) == [1]


def test_a_sample_is_added_in_the_background(opened: Opened, house: Engine) -> None:
    at = opened("data")
    at.button(key="fill_sample").click().run()
    assert not at.exception
    ended = done()
    assert ended is not None
    assert ended.error is None
    at.run()
    assert not at.exception
    assert set(house.store.events.count()) == {"demo"}


def test_verify_lists_its_checks(opened: Opened, house: Engine) -> None:
    house.accept([order_record("o1", ts=house.clock.now())], record="order")
    at = on(opened("data"), "Verify")
    at.button(key="verify_run").click().run()
    done()
    at.run()
    assert not at.exception
    assert set(at.dataframe[0].value["Result"]) == {"right"}


def test_clearing_asks_for_the_word(opened: Opened, house: Engine) -> None:
    house.sample()
    at = on(opened("data"), "Clear")
    assert at.button(key="clear_now").disabled
    at.text_input(key="clear_word").set_value("clear").run()
    assert not at.button(key="clear_now").disabled
    at.button(key="clear_now").click().run()
    done()
    at.run()
    assert not at.exception
    assert house.store.events.count() == {}


def test_clearing_demo_data_leaves_real_orders_alone(opened: Opened, house: Engine) -> None:
    house.sample()
    house.accept([order_record("o1", ts=house.clock.now(), amount="12.34")], record="order")
    at = on(opened("data"), "Clear")
    at.text_input(key="clear_word").set_value("clear").run()
    at.button(key="clear_now").click().run()
    ended = done()
    assert ended is not None
    assert ended.result[1], "every other total unchanged"
    assert set(house.store.events.count()) == {"live"}


def test_a_file_is_imported_with_its_columns_matched(opened: Opened, house: Engine) -> None:
    at = on(opened("data"), "Import")
    at.file_uploader(key="import_file").upload("shop.csv", FILE).run()
    assert not at.exception
    assert at.selectbox(key="import_map_orders_order_id").value == "basket_id"
    assert at.selectbox(key="import_map_orders_revenue").value == "sales_value"
    at.button(key="import_go").click().run()
    ended = done()
    assert ended is not None
    assert ended.error is None
    assert (ended.result.added, ended.result.refused) == (2, 0)
    day = {"start": "2017-01-01T00:00:00Z", "end": "2017-01-02T00:00:00Z"}
    answer = house.ask({"measures": ["revenue", "orders"], "over": day})
    assert house.store.events.count().keys() == {"import"}
    assert answer.rows[0] == (292, 2)


def test_importing_it_again_adds_nothing(opened: Opened, house: Engine) -> None:
    for added in (2, 0):
        at = on(opened("data"), "Import")
        at.file_uploader(key="import_file").upload("shop.csv", FILE).run()
        at.button(key="import_go").click().run()
        ended = done()
        assert ended is not None
        assert ended.result.added == added
        work.forget()


def test_a_file_that_is_none_is_refused_in_words(opened: Opened) -> None:
    at = on(opened("data"), "Import")
    at.file_uploader(key="import_file").upload("shop.parquet", b"not a table").run()
    assert not at.exception
    assert "cannot be read" in at.error[0].value


def test_where_changes_need_a_key_the_page_asks_for_it(
    opened: Opened, house: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "a-key-of-at-least-sixteen"
    keyed = Engine(house.settings.model_copy(update={"api_keys": (key,)}), store=house.store)
    monkeypatch.setattr("metrics_core.engine.engine", lambda: keyed)
    at = opened("data")
    assert at.button(key="fill_days").disabled
    at.text_input[0].set_value("wrong").run()
    at.form_submit_button[0].click().run()
    assert "not one of the keys" in at.error[0].value
    at.text_input[0].set_value(key)
    at.form_submit_button[0].click().run()
    assert not at.button(key="fill_days").disabled
