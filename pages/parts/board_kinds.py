"""The kinds of widget as the grid offers them, and what a new one of each begins with."""

from __future__ import annotations

from typing import Any

from metrics_core.widgets.kind import WidgetKind
from metrics_core.widgets.kinds import WIDGETS

USUAL: dict[str, Any] = {
    "measure": "revenue", "measures": ["revenue"], "dimension": "channel", "dimensions": ["channel"], "number": 10_000,
    "text": "",
}  # fmt: skip
"""By the sort of option: what a widget cannot do without, until somebody says otherwise."""


def starter(kind: WidgetKind[Any]) -> dict[str, Any]:
    """The spec of a new widget: what is required, and for a table rows to look at."""
    schema = kind.Spec.model_json_schema()
    spec = {name: USUAL[schema["properties"][name]["ui"]] for name in schema.get("required", ())}
    return {**spec, "by": ["channel"]} if kind.name == "table" else spec


def offered() -> list[dict[str, Any]]:
    """Every kind, as the bar above the grid shows it."""
    return [
        {
            **{name: told for name, told in kind.described().items() if name != "schema"},
            "short": kind.label.removesuffix(" chart"), "starter": starter(kind),
        }
        for kind in WIDGETS.values()
    ]  # fmt: skip


def named() -> list[dict[str, str]]:
    """Every kind by its name."""
    return [{"name": kind.name, "label": kind.label} for kind in WIDGETS.values()]
