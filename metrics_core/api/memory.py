"""Memory back to the system: what C libraries let go of stays with the process otherwise, in holes between what is kept."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable

EVERY_SECONDS = 60.0


def giver() -> Callable[[], None] | None:
    """What gives free memory back; None where the C library (that of macOS, musl or Windows) does it its own way."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None

    def give_back() -> None:
        trim(ctypes.c_size_t(0))

    return give_back


async def give_back_memory() -> None:
    """Do so from time to time, until it is cancelled. It takes a few milliseconds, in a thread, without the interpreter."""
    give_back = giver()
    while give_back is not None:
        await asyncio.sleep(EVERY_SECONDS)
        await asyncio.to_thread(give_back)
