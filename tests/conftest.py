"""What every test stands on: Hypothesis profiles, the settings a test never inherits, and the browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from metrics_core.settings import described

_QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile("local", deadline=None, suppress_health_check=_QUIET)
settings.register_profile("ci", deadline=None, suppress_health_check=_QUIET, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

_SETTINGS = {row.variable for row in described()}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LEFT_OUT = pytest.StashKey[int]()


def chromium_path() -> str | None:
    """The Chromium to drive: the one named by CHROMIUM, or the first on the path."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in _BROWSERS if (found := shutil.which(name))), None)


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_this_machine() -> Iterator[None]:
    """A test says what it needs; nothing comes from the shell that started it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name in _SETTINGS or name.startswith(("PULSEBOARD_", "STREAMLIT_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the Chromium to drive."""
    path = chromium_path()
    assert path is not None, f"This test needs Chromium, and there is none. {_HOW_TO_INSTALL}"
    return path


@pytest.hookimpl(trylast=True)  # only those that are asked for count
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = {item for item in items if item.get_closest_marker("browser")}
    if not wanted or chromium_path() is not None or os.environ.get("CI"):
        return
    config.stash[_LEFT_OUT] = len(wanted)
    items[:] = [item for item in items if item not in wanted]
    config.hook.pytest_deselected(items=list(wanted))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Beside other processes each of them collects everything, and only the one that started them sums up."""
    node.config.stash[_LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    number = session.config.stash.get(_LEFT_OUT, 0)
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = number
    elif number and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        # A run of the browser tests alone has then nothing left to run; that is said, and is no failure.
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    number = config.stash.get(_LEFT_OUT, 0)
    if number:
        terminalreporter.section("browser tests left out", yellow=True)
        terminalreporter.line(f"{number} tests need Chromium, and there is none. {_HOW_TO_INSTALL}")


_HOW_TO_INSTALL = "Install it (on Debian: apt-get install chromium), or name one: CHROMIUM=/path/to/chrome make test"
