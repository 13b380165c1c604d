"""docs/records.md says what admission does: its tables are the shapes, its examples are taken or refused as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from metrics_core.ingest.admit import STEPS, Admission, Admitted
from metrics_core.ingest.shapes import SHAPES
from tests.given import NOON

TEXT = (Path(__file__).parents[2] / "docs" / "records.md").read_text(encoding="utf-8")
SHOWN, REFUSALS = TEXT.split("## Refusals")
TITLES = {
    "order": "Order", "sale": "Sale", "status": "Order status", "refund": "Refund", "event": "Event",
    "activity": "User activity",
}


def admit(said: object) -> Admitted:
    return Admission(2, "USD").admit([said], record=None, source="docs", origin="live", run_id=None, now=NOON)


def examples(text: str) -> list[str]:
    return re.findall(r"```json\n(.+?)```", text, re.DOTALL)


@pytest.mark.parametrize("example", examples(SHOWN))
def test_every_example_of_a_record_is_taken(example: str):
    assert admit(json.loads(example)).refused == []


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_the_table_of_a_record_lists_its_fields_and_their_spellings(name: str):
    section = re.split(r"^##+ ", SHOWN.split(f"\n## {TITLES[name]}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    written: dict[str, str] = {}
    needed = set()
    for field, also, required in re.findall(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|", section, re.MULTILINE):
        for spelling in (field, *re.findall(r"`(\w+)`", also)):
            written[spelling] = field
        if required.strip():
            needed.add(field)
    assert written == SHAPES[name].spellings
    for field in needed:
        said = {**json.loads(examples(section)[0]), "record": name}
        said = {spelling: value for spelling, value in said.items() if SHAPES[name].spellings.get(spelling) != field}
        assert [(refusal.step, refusal.field) for refusal in admit(said).refused] == [("has_what_it_needs", field)]


def test_every_step_is_shown_in_its_order():
    assert re.findall(r"^### (\w+)$", REFUSALS, re.MULTILINE) == list(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_refuses_its_example_in_the_words_shown(step: str):
    section = REFUSALS.split(f"### {step}\n")[1].split("### ")[0]
    [example] = examples(section)
    [refusal] = admit(json.loads(example)).refused
    assert refusal.step == step
    assert f"\n> {refusal.reason}\n" in section
    assert f"\n{STEPS[step]}\n" in section
