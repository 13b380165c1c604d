"""The simulator page: it starts, changes, stops and purges the one simulator of the process."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from metrics_core.engine import Engine

Opened = Callable[..., AppTest]


def test_it_opens_at_rest(opened: Opened) -> None:
    at = opened("simulator")
    assert not at.exception
    assert at.button(key="sim_start").label.endswith("Start")


def test_start_and_stop_move_the_one_simulator(opened: Opened, house: Engine) -> None:
    at = opened("simulator")
    at.number_input(key="sim_seed").set_value(77).run()
    at.button(key="sim_start").click().run()
    assert not at.exception
    state = house.simulator.state()
    assert state.running
    assert state.settings.seed == 77
    assert state.by == "Local administrator"
    at.button(key="sim_stop").click().run()
    assert not house.simulator.state().running


def test_a_second_visitor_sees_the_same_run_and_its_settings(opened: Opened, house: Engine) -> None:
    first, second = opened("simulator"), opened("simulator")
    first.slider(key="sim_rate").set_value(40).run()
    first.button(key="sim_start").click().run()
    second.run()
    assert not second.exception
    assert second.button(key="sim_stop")
    assert second.slider(key="sim_rate").value == 40


def test_starting_what_runs_already_is_told_in_words(opened: Opened, house: Engine) -> None:
    at = opened("simulator")
    house.simulator.start(by="somebody else")
    at.button(key="sim_start").click().run()
    assert not at.exception
    assert "running already" in at.warning[0].value


def test_pause_and_resume(opened: Opened, house: Engine) -> None:
    at = opened("simulator")
    at.button(key="sim_start").click().run()
    at.button(key="sim_pause").click().run()
    assert house.simulator.state().paused
    at.button(key="sim_resume").click().run()
    assert not house.simulator.state().paused


def test_intensity_is_sent_as_a_share(opened: Opened, house: Engine) -> None:
    at = opened("simulator")
    at.slider(key="sim_channel_retail").set_value(150).run()
    assert house.simulator.state().settings.channels["retail"] == 1.5


def test_a_run_is_purged_and_the_proof_is_shown(opened: Opened, house: Engine) -> None:
    house.simulator.start(by="a test", thread=False)
    house.simulator.tick(house.clock.now())
    run_id = house.simulator.stop().run_id
    at = opened("simulator")
    assert at.button(key=f"purge_{run_id}")
    at.session_state["simulator_purged"] = (run_id, house.forget(run_id=run_id).removed, True)
    at.run()
    assert any("every other total unchanged" in line.value for line in at.markdown)
    assert house.store.events.runs() == []
