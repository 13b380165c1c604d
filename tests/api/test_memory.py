"""Memory that was let go of goes back to the system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from metrics_core.api.memory import giver

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells what a process alone has in memory.")


def alone() -> int:
    """Bytes that are the process's alone."""
    told = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return int(next(line for line in told.splitlines() if line.startswith("Private_Dirty")).split()[1]) * 1024


def test_what_was_freed_between_what_is_kept_is_given_back() -> None:
    give_back = giver()
    assert give_back is not None, "the C library of this Linux gives nothing back by itself"
    blocks = [bytearray(8_000) for _ in range(8_000)]
    kept = blocks[::10]
    blocks.clear()
    before = alone()
    give_back()
    assert before - alone() > 20_000_000
    assert len(kept) == 800
