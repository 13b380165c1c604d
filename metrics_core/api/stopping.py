"""How the server stops: the live readers are let go first, and no wait has no end, however it was started."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable
from types import FrameType

import uvicorn
from anyio import CapacityLimiter, move_on_after, to_thread

from metrics_core.logs import log

GRACE_SECONDS = 5
"""So long a request that is under way may go on when the server is told to stop; then its connection is closed. Whoever sent
records and has no receipt sends them again."""

TASK_SECONDS = 5.0
LAST_SECONDS = 60.0
"""So long is waited for what waits to be written, and for the database to be let go."""


def on_signals(close: Callable[[], None]) -> Callable[[], None]:
    """Let the live readers go as soon as the server is told to stop: it would wait for them otherwise. In the main thread
    only; gives what takes it back."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for handler in before.values():
        _bound(getattr(handler, "__self__", None))

    def told(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(close)
        then = before[signal.Signals(number)]
        if callable(then):
            then(number, frame)

    for number in before:
        signal.signal(number, told)

    def restore() -> None:
        for number, handler in before.items():
            if signal.getsignal(number) is told:
                signal.signal(number, handler)

    return restore


async def ended(tasks: Iterable[asyncio.Task[None]], *, seconds: float = TASK_SECONDS) -> None:
    """Cancel these, and see that they end; what does not is named in the log, and left behind."""
    waiting = set(tasks)
    for _ in range(2):  # one that lost the first word hears the second
        for task in waiting:
            task.cancel()
        if waiting:
            _, waiting = await asyncio.wait(waiting, timeout=seconds)
    for task in waiting:
        log(__name__).error("a task does not end, and is left behind", task=task.get_name())


async def let_go(stop: Callable[[], None], *, seconds: float = LAST_SECONDS) -> None:
    """Do this last work on a thread of its own, however busy the others are, and wait for it as long as is sensible."""
    with move_on_after(seconds) as waited:
        await to_thread.run_sync(stop, abandon_on_cancel=True, limiter=CapacityLimiter(1))
    if waited.cancelled_caught:
        log(__name__).error("the database is not let go of, and is left behind", seconds=seconds)


def _bound(server: object) -> None:
    """uvicorn waits without end for a request whose rest never comes, and for a reader who takes nothing: unless it was
    told how long. Whoever starts it for us, such as Streamlit, does not tell it."""
    if isinstance(server, uvicorn.Server) and server.config.timeout_graceful_shutdown is None:
        server.config.timeout_graceful_shutdown = GRACE_SECONDS
