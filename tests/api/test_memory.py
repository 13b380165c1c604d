"""Memory that was let go of goes back to the system."""

from __future__ import annotations

import sys
import weakref
from pathlib import Path

import pytest

from metrics_core.api.memory import give_back, trimmer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells what a process alone has in memory.")


def alone() -> int:
    """Bytes that are the process's alone."""
    told = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return int(next(line for line in told.splitlines() if line.startswith("Private_Dirty")).split()[1]) * 1024


def test_what_was_freed_between_what_is_kept_is_given_back() -> None:
    blocks = [bytearray(8_000) for _ in range(8_000)]
    kept = blocks[::10]
    blocks.clear()
    before = alone()
    give_back(trimmer())
    assert before - alone() > 20_000_000
    assert len(kept) == 800


def test_what_only_holds_on_to_itself_is_found() -> None:
    class Held:
        """Holds on to itself."""

    held = Held()
    held.myself = held  # type: ignore[attr-defined]
    seen = weakref.ref(held)
    del held
    give_back(trimmer())
    assert seen() is None
