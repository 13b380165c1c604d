"""docs/query.md keeps to what questions really take: its examples are asked, and its names are the names there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from metrics_core.model.event import REAL
from metrics_core.model.query import GRAINS
from metrics_core.model.window import PERIODS, Calendar
from metrics_core.reads.answer import answer
from metrics_core.reads.ask import FIELDS, VIEWS, read_question
from metrics_core.reads.where import NEGATED
from metrics_core.store.memory.store import MemoryStore
from tests import given

PAGE = (Path(__file__).parents[2] / "docs" / "query.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_can_be_asked(example: str) -> None:
    query = read_question(json.loads(example), calendar=Calendar(ZoneInfo("UTC")), now=given.NOON, shown=lambda _: REAL)
    assert answer(MemoryStore(), query).columns[-1] == query.measures[-1]


def test_short_and_long_filters_on_the_page_mean_the_same() -> None:
    short, long = (json.loads(example) for example in EXAMPLES if '"where"' in example)
    calendar = Calendar(ZoneInfo("UTC"))
    assert read_question(short, calendar=calendar, now=given.NOON, shown=lambda _: REAL) == read_question(
        long, calendar=calendar, now=given.NOON, shown=lambda _: REAL
    )


@pytest.mark.parametrize("name", (*FIELDS, *PERIODS, *GRAINS, *VIEWS, *(name for name in NEGATED if name != "not")))
def test_every_name_a_question_takes_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE or f'"{name}"' in PAGE
