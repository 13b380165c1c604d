"""A house in which people work, and one in which they sign in; its clock stands where it was put."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboards.conftest import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.engine.stop()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    """Where people sign in, and Mara is the first administrator."""
    found = House(tmp_path, sign_in=True, admin_emails=("mara@example.com",))
    yield found
    found.engine.stop()
