"""Large bodies, read and admitted in processes of their own: the interpreter that serves has no time for many at once."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import metrics_core
from metrics_core.ingest.admit import Admission
from metrics_core.ingest.helper import Asked, Read, decoded, read, receive, send
from metrics_core.logs import log

LARGE = 32 * 1024
"""Bytes of a body from which on it is worth another process, or at least another thread."""
IDLE_SECONDS = 60.0
PATIENCE_SECONDS = 2.0
"""How long a body waits for a helper that is busy before it is read here after all."""


def helpers_at_most() -> int:
    """One for every processor but ours, and few: what they read, one writer has to write."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(0, min(3, usable - 1))


class LargeBodies:
    """Reads bodies. While several large ones are at hand, helpers read them: processes that are started when they are
    first wanted, and end when nothing came for a while. Whatever a helper cannot do is done here."""

    def __init__(self, admission: Admission, *, most: int | None = None, idle: float = IDLE_SECONDS) -> None:
        self._admission = admission
        self._most = helpers_at_most() if most is None else most
        self._idle = idle
        self._lock = threading.Lock()
        self._at_hand = 0
        self._keepers: set[threading.Thread] = set()
        self._helpers: set[_Helper] = set()
        self._free: queue.LifoQueue[_Helper | None] = queue.LifoQueue()
        self._stopped = False

    def read(self, asked: Asked) -> Read:
        """The events of a body; MalformedError where it cannot be read at all."""
        if len(asked.body) <= LARGE:
            return read(self._admission, asked)
        with self._lock:
            self._at_hand += 1
            if self._at_hand > 1 and len(self._keepers) < min(self._most, self._at_hand - 1) and not self._stopped:
                keeper = threading.Thread(target=self._keep, name="helper", daemon=True)
                self._keepers.add(keeper)
                keeper.start()
        try:
            return self._read_beside(asked) or read(self._admission, asked)
        finally:
            with self._lock:
                self._at_hand -= 1

    def helpers(self) -> list[int]:
        """The process ids of the helpers there are."""
        with self._lock:
            return [helper.process.pid for helper in self._helpers]

    def stop(self) -> None:
        """End the helpers. What they were reading is read here."""
        with self._lock:
            self._stopped = True
            keepers, helpers = list(self._keepers), list(self._helpers)
        for helper in helpers:
            helper.process.terminate()
        for keeper in keepers:
            keeper.join(timeout=5)

    def start(self) -> None:
        """Let there be helpers again."""
        with self._lock:
            self._stopped = False

    def _read_beside(self, asked: Asked) -> Read | None:
        if not self._helpers:
            return None
        try:
            helper = self._free.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            return None
        if helper is None:  # one has ended: nobody waits for it
            return None
        try:
            found = helper.ask(asked)
        except (OSError, EOFError, ValueError):
            helper.process.kill()
            return None
        self._free.put(helper)
        return found

    def _keep(self) -> None:
        """Start a helper, and be there at its end."""
        helper = None
        try:
            helper = _Helper(self._admission, self._idle)
            helper.greet()
            with self._lock:
                self._helpers.add(helper)
                if self._stopped:
                    helper.process.terminate()
            self._free.put(helper)
            helper.process.wait()
        except (OSError, EOFError) as error:
            self._most = 0
            log(__name__).warning("large bodies are read without help: a process could not be started", why=str(error))
        finally:
            if helper is not None:
                helper.close()
            with self._lock:
                self._helpers -= {helper}
                self._keepers.discard(threading.current_thread())
            self._free.put(None)  # for one who waits for it


class _Helper:
    """One process, and the two pipes to it."""

    def __init__(self, admission: Admission, idle: float) -> None:
        root = str(Path(metrics_core.__file__).parent.parent)
        known = os.environ.get("PYTHONPATH")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "metrics_core.ingest.helper", str(admission.digits), admission.currency, str(idle)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root},
        )  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._to: BinaryIO = self.process.stdin  # type: ignore[assignment]
        self._from: BinaryIO = self.process.stdout  # type: ignore[assignment]

    def greet(self) -> None:
        """Wait until it is there; EOFError where it is not."""
        receive(self._from)

    def ask(self, asked: Asked) -> Read | None:
        """What it made of a body; None where it could not."""
        send(self._to, tuple(asked))
        return decoded(receive(self._from))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._from.close()
        with suppress(BrokenPipeError):  # of a body that it did not read to its end
            self._to.close()
