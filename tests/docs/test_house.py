"""The house rules that no linter knows: subjects, floors of the pages, requirements that are pinned and complete."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = sorted([*ROOT.glob("app.py"), *(ROOT / "pages").rglob("*.py"), *(ROOT / "metrics_core").rglob("*.py")])
SCREENS = [path for path in PRODUCT if path.name == "app.py" or "pages" in path.relative_to(ROOT).parts]
BELOW_THE_SCREEN = ("store", "rollup", "ingest", "jobs")
_OURS = {"metrics_core", "pages", "app"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> set[str]:
    """Every module the file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def distributions(file: str) -> dict[str, str]:
    """The pins of a requirements file, by normalised name."""
    pins: dict[str, str] = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        wanted = line.split("#")[0].strip()
        if wanted and not wanted.startswith("-r"):
            name, _, version = wanted.partition("==")
            pins[_normal(name.split("[")[0])] = version
    return pins


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_a_file_says_its_subject_first(path: Path) -> None:
    assert (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").strip()


@pytest.mark.parametrize("path", SCREENS, ids=name_of)
def test_a_screen_asks_the_engine_and_nothing_below_it(path: Path) -> None:
    for module in imported(path):
        room = module.removeprefix("metrics_core.").split(".")[0]
        assert not (module.startswith("metrics_core.") and room in BELOW_THE_SCREEN), f"{name_of(path)} imports {module}"


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_no_path_of_a_machine_and_no_unfinished_word(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(?:home|root|Users)/", text)
    assert not re.search(r"\b(?:TODO|FIXME|XXX)\b", text)


@pytest.mark.parametrize("file", ("requirements.txt", "requirements-dev.txt"))
def test_every_requirement_is_pinned(file: str) -> None:
    assert [name for name, version in distributions(file).items() if not version] == []


def test_what_the_product_imports_is_required() -> None:
    required = set(distributions("requirements.txt"))
    owners = packages_distributions()
    missing: dict[str, str] = {}
    for path in PRODUCT:
        for module in imported(path):
            top = module.split(".")[0]
            if top in sys.stdlib_module_names or top in _OURS or top in _WITH_OTHERS:
                continue
            if not {_normal(name) for name in owners.get(top, [top])} & required:
                missing[top] = name_of(path)
    assert missing == {}


_WITH_OTHERS = {"numpy", "pyarrow", "anyio"}
"""They come with what is required, in the version that fits it and the Python that is running."""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
