"""The documents keep to what the product does: measures, commands, settings, links."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from metrics_core import __version__
from tests.docs import write

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize(("name", "page"), tuple(write.pages().items()), ids=tuple(write.pages()))
def test_a_written_page_says_what_its_table_says(name: str, page: str) -> None:
    assert (write.DOCS / name).read_text(encoding="utf-8") == page, "Run `make docs`."


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_inside_the_repository_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text):
        assert (document.parent / target).exists(), f"{document.name} links to {target}, which is not there."


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_command_a_document_names_is_there(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rules = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", document.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= rules


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:metrics_core|pages|tests|benchmarks|docs)/[\w./-]+\.\w+)`", text):
        assert (ROOT / name).exists(), f"{document.name} names {name}, which is not there."


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    assert project["requires-python"] == ">=3.11"


def test_a_change_is_told_to_the_user() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = changes.split("## Unreleased", 1)[1].split("\n## ", 1)[0]
    assert re.search(r"^- \w.*\.$", unreleased, re.MULTILINE)
