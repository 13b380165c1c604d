"""Long work that goes on while people look elsewhere: one at a time, with its progress, and a way to stop it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any, Literal

from metrics_core.errors import PulseboardError

Progress = Callable[[int, int], None]

KEPT = "What was written until then stays; starting again adds only what is missing."

log = logging.getLogger(__name__)


Mood = Literal["well", "partly", "badly"]
"""How what came of a work is marked."""


class StoppedError(Exception):
    """Somebody pressed Stop."""


@dataclass
class Work:
    """One piece of long work: what it is, how far it is, and what came of it."""

    kind: str
    title: str
    by: str
    done: int = 0
    total: int = 0
    began: float = field(default_factory=time.monotonic)
    took: float | None = None
    result: Any = None
    error: str | None = None
    stopping: bool = False
    stopped: bool = False

    @property
    def running(self) -> bool:
        return self.took is None

    @property
    def seconds(self) -> float:
        return self.took if self.took is not None else time.monotonic() - self.began

    @property
    def rate(self) -> float:
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds left at the rate so far, once there is one."""
        return (self.total - self.done) / self.rate if self.rate > 0 and self.total and self.seconds > 1 else None

    def tell(self, done: int, total: int) -> None:
        """What the work calls as it goes on; StoppedError once it is to stop."""
        self.done, self.total = done, total
        if self.stopping:
            raise StoppedError

    def stop(self) -> None:
        self.stopping = True


_lock = Lock()
_current: Work | None = None


def current() -> Work | None:
    """The work that is being done, or the last one that was."""
    return _current


def begin(kind: str, title: str, by: str, do: Callable[[Progress], Any]) -> Work:
    """Start it in the background; the work already running where there is one."""
    global _current
    with _lock:
        if _current is not None and _current.running:
            return _current
        _current = work = Work(kind, title, by)
    Thread(target=_run, args=(work, do), name=f"work-{kind}", daemon=True).start()
    return work


def forget() -> None:
    """Leave the last result behind."""
    global _current
    with _lock:
        if _current is not None and not _current.running:
            _current = None


def _run(work: Work, do: Callable[[Progress], Any]) -> None:
    try:
        work.result = do(work.tell)
    except StoppedError:
        work.stopped = True
        work.error = "Stopped." if work.kind == "verify" else f"Stopped. {KEPT}"
    except PulseboardError as error:
        work.error = str(error)
    except Exception:
        log.exception("long work failed: %s", work.title)
        work.error = "It failed for a reason this page cannot show. The server's log has it."
    finally:
        work.took = time.monotonic() - work.began
