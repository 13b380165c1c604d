"""The doors of a house of one's own: a real engine on an embedded database, and a client that walks in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from metrics_core.api.server import build_parts
from metrics_core.engine import Engine
from metrics_core.settings import Settings

Open: TypeAlias = Callable[..., TestClient]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens the doors with these settings: `opened(api_keys=("...",))`. The client calls from this machine."""
    with ExitStack() as stack:

        def start(base_url: str = "http://127.0.0.1:8501", **settings: Any) -> TestClient:
            settings.setdefault("database_url", f"sqlite:///{tmp_path / 'house.db'}")
            engine = Engine(Settings(_env_file=None, **settings))
            app = Starlette(**build_parts(engine=engine))
            app.state.engine = engine
            return stack.enter_context(TestClient(app, base_url=base_url))

        yield start


@pytest.fixture
def client(opened: Open) -> TestClient:
    return opened()


@pytest.fixture
def engine(client: TestClient) -> Engine:
    """The engine behind `client`."""
    found: Engine = client.app.state.engine  # type: ignore[attr-defined]
    return found
