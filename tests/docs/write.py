"""The pages of docs/ that are written from tables of the product by `make docs`; a test holds them to the tables."""

from __future__ import annotations

from pathlib import Path

from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.measure import REGISTRY, How, Measure, Unit
from metrics_core.settings import described

DOCS = Path(__file__).parents[2] / "docs"

_HOW = {
    How.SUM: "Adds up over time.",
    How.DISTINCT: "Counted anew for every window; never a sum of smaller ones.",
    How.LEVEL: "A state at the end of the window.",
    How.PEAK: "A maximum over whole minutes, with the minute it happened.",
}
_UNIT = {Unit.MONEY: "money", Unit.COUNT: "count", Unit.PERCENT: "percent"}
_GOOD = {"up": "more is better", "down": "less is better", None: "neither more nor less is better"}


def pages() -> dict[str, str]:
    """The text of every written page, by file name."""
    written = {"measures.md": [*_head(), *_measures(), *_dimensions()], "settings.md": _settings()}
    return {name: "\n".join(lines) + "\n" for name, lines in written.items()}


def _head() -> list[str]:
    return [
        "# Measures and dimensions",
        "",
        "Every page, API answer and export reads these definitions from one registry, `metrics_core/model/measure.py`. This",
        "page is written from it by `make docs`; `GET /api/v1/measures` gives the same as JSON.",
        "",
        "Money goes in and out in major units of the reporting currency and is kept as an integer of minor units. n/a means",
        "there is nothing to divide by. Windows are half-open: the start belongs to them, the end does not.",
        "",
        "## Measures",
        "",
    ]


def _measures() -> list[str]:
    written: list[str] = []
    for row in REGISTRY.values():
        how = _HOW[row.how] if isinstance(row, Measure) else "Worked out from the sums of its window, never a mean of rates."
        written += [
            f"### {row.label}: `{row.name}`",
            "",
            row.definition,
            "",
            f"- Formula: `{row.formula}`",
            f"- Unit: {_UNIT[row.unit]}; {_GOOD[row.good]}",
            f"- {how}",
            "",
        ]
    return written


def _dimensions() -> list[str]:
    return [
        "## Dimensions",
        "",
        "What a measure can be split (`by`) and filtered (`where`) by. A value nobody named is `null`.",
        "",
        "| name | meaning |",
        "| --- | --- |",
        *(f"| `{row.name}` | {row.definition} |" for row in DIMENSIONS.values()),
    ]


def _settings() -> list[str]:
    written = [
        "# Settings",
        "",
        "Every setting is an environment variable, or a line in a file `.env` in the working directory; the environment",
        "wins. A value that cannot work stops the start with a sentence that says what is allowed. This page is written",
        "from `metrics_core/settings.py` by `make docs`.",
        "",
    ]
    for row in described():
        written += [
            f"## `{row.variable}`", "", row.description, "", f"- Default: `{row.default}`", f"- Allowed: {row.allowed}", "",
        ]
    return written[:-1]


if __name__ == "__main__":
    for name, page in pages().items():
        (DOCS / name).write_text(page, encoding="utf-8")
