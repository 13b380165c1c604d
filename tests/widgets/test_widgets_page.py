"""docs/widgets.md keeps to the kinds there are, and its kind of one's own works as it stands there."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from metrics_core.model.event import Event
from metrics_core.model.measure import REGISTRY
from metrics_core.widgets import WIDGETS
from metrics_core.widgets.kinds import known_kind
from tests.widgets import write
from tests.widgets.conftest import Drawn, drawn_by, house

TEXT = write.PAGE.read_text(encoding="utf-8")


def test_the_tables_of_options_are_those_of_the_code() -> None:
    assert write.page(TEXT) == TEXT, write.HINT
    for name in WIDGETS:
        assert f"<!-- options of {name} -->" in TEXT


def test_the_example_is_a_widget() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    said = json.loads(example)
    known_kind(said["kind"]).read(said["spec"])


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The file of the page, beside the product."""
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "best_day.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import best_day  # type: ignore[import-not-found]

    yield best_day
    sys.modules.pop("best_day")


def test_a_kind_of_ones_own_is_one_file_and_one_row(
    own: ModuleType, shop: list[Event], drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WIDGETS, own.KIND.name, own.KIND)
    card = drawn_by(house(shop), "best_day", {"measure": "revenue", "where": {"channel": "online"}}, over="month")
    line = drawn("sparkline", {"measure": "revenue", "grain": "day", "where": {"channel": "online"}}, over="month")
    assert card.value == max(line.spark.values)
    assert card.title == "Best day, this month"
    described = own.KIND.described()
    assert described["schema"]["properties"]["measure"]["ui"] == "measure"
    assert set(described["schema"]["properties"]["measure"]["enum"]) == set(REGISTRY)
