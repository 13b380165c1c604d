"""A machine without Chromium: the browser tests are left out, and the run says so and is no failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
ONE = "tests/pages/test_troubled_browser.py"


def run(*words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A run of the browser tests of one file, beside others as `make test` does it, where nothing is on the path."""
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "CHROMIUM")}
    environment |= {"PATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables}
    plugins = ("-p", "xdist", "-p", "pytest_timeout", "-p", "no:cacheprovider", "-n", "1")
    command = [sys.executable, "-m", "pytest", "-q", "-m", "browser", *plugins, *words, ONE]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_run_says_what_it_left_out_and_how_to_have_it(tmp_path: Path) -> None:
    done = run(folder=tmp_path)
    assert "tests need Chromium, and there is none. Install it (on Debian: apt-get install chromium)" in done.stdout
    assert done.returncode == 0, done.stdout


def test_where_everything_is_to_be_tried_they_fail_with_the_same_sentence(tmp_path: Path) -> None:
    done = run("-k", "link_that_ended", folder=tmp_path, CI="true")
    assert "This test needs Chromium, and there is none. Install it (on Debian: apt-get install chromium)" in done.stdout
    assert done.returncode == 1, done.stdout
