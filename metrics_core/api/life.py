"""The life of the engine within the server: started with it, kept going, and stopped with it."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from anyio import to_thread

from metrics_core.api.at_once import answers_at_once
from metrics_core.api.desk import Desk
from metrics_core.api.faults import accident
from metrics_core.api.memory import few_heaps, give_back_memory
from metrics_core.api.stopping import ended, let_go, on_signals
from metrics_core.errors import SettingError
from metrics_core.logs import log, set_up_logs

WRONG_SETTING = 2
"""Exit code where a person has to change a setting first."""


def give_up(error: SettingError) -> NoReturn:
    """End the program before it serves: with the one sentence that says what to change."""
    _say(error)
    raise SystemExit(WRONG_SETTING)


@asynccontextmanager
async def lifetime(desk: Desk, app: Any) -> AsyncIterator[None]:
    """The engine lives as long as the server does."""
    few_heaps()
    answers_at_once(asyncio.get_running_loop())
    try:
        engine = await to_thread.run_sync(lambda: desk.engine)
        set_up_logs(engine.settings.log_level)
        engine.hub.open()
        await to_thread.run_sync(engine.start)
    except SettingError as error:
        if threading.current_thread() is not threading.main_thread():
            raise
        # A server would put a stack trace around it, and leave with a code of its own.
        _say(error)
        os._exit(WRONG_SETTING)
    tasks = [
        asyncio.create_task(supervised(name, work), name=name)
        for name, work in (("engine", engine.run), ("feed", engine.hub.run), ("memory", give_back_memory))
    ]
    restore = _settle(engine.hub.close)
    for sentence in desk.guard.opening():
        log(__name__).info(sentence)
    try:
        yield
    finally:
        restore()
        engine.hub.close()
        await ended(tasks)
        await let_go(engine.stop)


_COLLECT = (20_000, 20, 50)
"""A request of a thousand records makes tens of thousands of objects and no cycles: with the usual thresholds, looking for
some takes a third of the time of admission."""

_TURN_SECONDS = 0.0005
"""How long a thread keeps the interpreter while another wants it. A commit is some thirty steps of the driver, each of which
lets go of it: with the usual 5 ms, the writer waits longer for its turns than it works."""


async def supervised(name: str, work: Callable[[], Awaitable[None]], *, first: float = 0.05, most: float = 30.0) -> None:
    """Run until it ends by itself; after an error, again and again, each time a little later."""
    delay = first
    while True:
        try:
            await work()
        except Exception as error:
            accident(error, name)
        else:
            return
        await asyncio.sleep(delay * random.uniform(0.8, 1.2))
        delay = min(most, delay * 2)


def _say(error: SettingError) -> None:
    sys.stderr.write(f"Error: {error}\n")
    sys.stderr.flush()


def _settle(close: Callable[[], None]) -> Callable[[], None]:
    """Where the process is ours: freeze what is loaded, and hear the signals. Gives what takes both back."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None  # a test, or another program that serves us
    gc.collect()
    gc.freeze()  # what is loaded by now stays: later collections need not look at it again
    thresholds, turn = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(*_COLLECT)
    sys.setswitchinterval(_TURN_SECONDS)
    restore = on_signals(close)

    def unsettle() -> None:
        restore()
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(turn)
        gc.unfreeze()

    return unsettle
