"""Answers to senders, once what they sent is durable: a thread beside the writer, which writes the next batch meanwhile."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

Answer: TypeAlias = Callable[[Exception | None], object]
"""Called once: with nothing where what was written is durable, else with why that is not known."""


class Answers:
    """Makes what was written durable, for many at once, and then calls their answers, in their order."""

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._come = threading.Condition()
        self._waiting: deque[Answer] = deque()
        self._open = 0
        self._stopping = False
        self._thread: threading.Thread | None = None

    def give(self, answer: Answer, *, here: bool) -> None:
        """Have it called. `here`: by this thread, which has nothing else to do, unless others are before it."""
        with self._come:
            if not here or self._open:
                self._open += 1
                self._waiting.append(answer)
                self._start()
                self._come.notify()
                return
        answer(self._flushed())

    def stop(self) -> None:
        """Call those that wait, then end."""
        with self._come:
            self._stopping = True
            self._come.notify()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=30)

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._stopping = False
            self._thread = threading.Thread(target=self._run, name="answers", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._come:
                while not self._waiting:
                    if self._stopping:
                        return
                    self._come.wait()
                together = list(self._waiting)
                self._waiting.clear()
            why = self._flushed()
            for answer in together:
                answer(why)
            with self._come:
                self._open -= len(together)

    def _flushed(self) -> Exception | None:
        try:
            self._flush()
        except Exception as error:
            return error
        return None
