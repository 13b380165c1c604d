"""What is written from the widgets: the colours for the browser, and the tables of docs/widgets.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from metrics_core.widgets import WIDGETS, theme
from metrics_core.widgets.spec import Spec

ROOT = Path(__file__).parents[2]
THEME = ROOT / "assets" / "theme.json"
PAGE = ROOT / "docs" / "widgets.md"
HINT = "Run `python -m tests.widgets.write`."

_MARK = re.compile(r"(<!-- options of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with the tables of options as they are."""
    return _MARK.sub(lambda found: f"{found[1]}\n{_table(found[2])}\n{found[3]}", text)


def _table(name: str) -> str:
    common = set(Spec.model_fields)
    spec = Spec if name == "all" else WIDGETS[name].Spec
    rows = ["| option | what it says | when left out |", "| --- | --- | --- |"]
    for option, field in spec.model_fields.items():
        if name == "all" or option not in common:
            default = "it is needed" if field.is_required() else f"`{_told(field.default)}`"
            rows.append(f"| `{option}` | {field.description} | {default} |")
    return "\n".join(rows) + "\n"


def _told(default: Any) -> str:
    if default is None or isinstance(default, bool):
        return {None: "null", True: "true", False: "false"}[default]
    return {(): "[]"}.get(default, str(default)) if not isinstance(default, dict) else "{}"


if __name__ == "__main__":
    THEME.write_text(theme.as_json(), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
