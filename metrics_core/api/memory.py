"""Memory back to the system: what is let go of stays with the process otherwise, in holes between what is kept."""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import Callable
from contextlib import suppress

EVERY_SECONDS = 60.0
_M_ARENA_MAX = -8
_ARENAS = 2
"""Heaps of the C library: by default up to eight a core, each of which grows to what the largest piece of work took."""


def few_heaps() -> None:
    """Let all threads share few heaps; before most of them begin. Where the C library is not glibc, it has one anyway."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def give_back(trim: Callable[[], object]) -> None:
    """Find what only holds on to itself, and return what is free."""
    # Collections are rare by our own setting, and every run of a page leaves some cycles behind.
    gc.collect()
    trim()


def trimmer() -> Callable[[], object]:
    """What returns free memory to the system; nothing where the C library (of macOS, musl, Windows) does so itself."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda: None
    return lambda: trim(ctypes.c_size_t(0))


async def give_back_memory() -> None:
    """Do so from time to time, until it is cancelled. What was loaded at the start is frozen: it takes milliseconds."""
    trim = trimmer()
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        await asyncio.to_thread(give_back, trim)
