"""What axe finds wrong on a page that a person with a screen reader, a keyboard or weak eyes would stumble over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page

GRAVE = ("serious", "critical")
RUN = """(theirs) => axe.run({ exclude: theirs }, { resultTypes: ["violations"] })"""
THEIRS = ['[data-testid="stSidebarNavItems"]']
"""Streamlit's own, which no page can change: the list of its sidebar holds headings."""


def stumbles(page: Page) -> list[str]:
    """Every serious or critical finding, as one would look for it."""
    page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(RUN, THEIRS)
    return [
        f"{row['id']}: {row['nodes'][0]['html'][:200]} ({row['nodes'][0].get('failureSummary')})"
        for row in found["violations"]
        if row["impact"] in GRAVE
    ]
