"""What the tests of SQL stores share: a writer in a process of its own, and a wire that can be cut."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from metrics_core.engine import Engine
from metrics_core.model.instant import MINUTE
from metrics_core.settings import Settings
from tests import given


def engine_on(url: str) -> Engine:
    """An engine whose writer is running."""
    made = Engine(Settings(_env_file=None, database_url=url))
    made.start()
    return made


def shop(number: int) -> list[dict[str, Any]]:
    """A shop's records: orders by some users, their completions, and what was looked at; each with an id."""
    chance = random.Random(number)
    records: list[dict[str, Any]] = []
    for order in range(number):
        user = f"u{chance.randrange(40)}"
        ts = given.NOON - chance.randrange(3 * 24 * 60) * MINUTE
        records.append(given.order_record(f"o{order}", ts=ts, amount=chance.randrange(1, 90), userId=user))
        records.append(given.event_record(ts=ts, userId=user, contentId=f"c{chance.randrange(5)}"))
    return given.numbered(records, prefix="shop")


def send_all(url: str, seed: int, size: int) -> tuple[int, int]:
    """Send the whole shop in this process's own order and pieces, every tenth record twice; accepted and duplicates."""
    chance = random.Random(seed)
    records = shop(size)
    records += chance.sample(records, len(records) // 10)
    chance.shuffle(records)
    engine = engine_on(url)
    accepted = duplicates = 0
    while records:
        piece = [records.pop() for _ in range(min(len(records), chance.randrange(1, 40)))]
        receipt = engine.accept(piece)
        accepted, duplicates = accepted + receipt.accepted, duplicates + receipt.duplicates
    engine.stop()
    return accepted, duplicates


class Wire:
    """A connection to a server that can be cut at a chosen moment."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._cut: Callable[[bytes], bool] = lambda said: False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut_after(self, word: bytes) -> None:
        """Once: the next message to the server with this word arrives there and is answered, but the answer gets lost."""

        def cut(said: bytes) -> bool:
            found = word in said
            if found:
                self._cut = lambda said: False
            return found

        self._cut = cut

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as far:
            answers = threading.Event()
            answers.set()
            back = threading.Thread(target=_bring_back, args=(far, near, answers), daemon=True)
            back.start()
            while said := near.recv(65536):
                if self._cut(said):
                    answers.clear()
                    far.sendall(said)
                    back.join(timeout=5)
                    return
                far.sendall(said)
            far.shutdown(socket.SHUT_RDWR)
            back.join(timeout=5)


def _bring_back(far: socket.socket, near: socket.socket, answers: threading.Event) -> None:
    with suppress(OSError):
        while said := far.recv(65536):
            if not answers.is_set():
                return  # the server has answered; nobody hears it
            near.sendall(said)


@contextmanager
def wire(port: int) -> Iterator[Wire]:
    made = Wire(port)
    try:
        yield made
    finally:
        made.close()
