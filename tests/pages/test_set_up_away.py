"""Set up, on a server that does not answer: the page says what the commands say, and never a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from metrics_core.engine import Engine
from metrics_core.errors import StoreAwayError
from metrics_core.settings import Settings
from metrics_core.store.connect import connect

ROOT = Path(__file__).resolve().parents[2]
AWAY = {
    "PostgreSQL": "postgresql://ann:topsecret@127.0.0.1:9/shop",
    "MongoDB": "mongodb://ann:topsecret@127.0.0.1:9/shop?serverSelectionTimeoutMS=200",
}


@pytest.fixture(params=AWAY)
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database that is away from the start, and the engine that the pages find on it."""
    found: str = AWAY[request.param]
    engine = Engine(Settings(_env_file=None, database_url=found))
    engine.start()
    monkeypatch.setattr("metrics_core.engine.engine", lambda: engine)
    yield found
    engine.stop()


def test_the_wizard_says_what_the_commands_say(url: str) -> None:
    with closing(connect(url)) as store, pytest.raises(StoreAwayError) as told:
        store.prepare()
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.run()
    at.switch_page("pages/data.py").run()
    assert not at.exception
    shown = "\n".join(line.value for line in at.markdown)
    assert "start it, or correct DATABASE_URL" in str(told.value)
    assert str(told.value) in shown
    assert "topsecret" not in shown
