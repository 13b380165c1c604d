"""Requests over plain sockets, as cheap as a client can be: on two cores a client takes from the server what it uses."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

import orjson

from benchmarks.filled import user_name

ORDERS = "/api/v1/orders"


def request(path: str, body: bytes) -> bytes:
    """A whole POST request, made beforehand so that sending it is one call."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def order(number: int, **fields: Any) -> dict[str, Any]:
    """A completed order that arrives now, for 1.00."""
    lines = [{"productId": f"P{number % 50:02d}", "quantity": 1, "revenue": "1.00"}]
    return {"orderId": f"b-{number}", "userId": user_name(number % 5_000), "lines": lines, **fields}


class Line:
    """One connection, kept open."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def send(self, prepared: bytes) -> None:
        """Send a request and take its answer, which has to be a success."""
        self._socket.sendall(prepared)
        answer = self._socket.recv(65_536)
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        if not head.startswith(b"HTTP/1.1 200") or orjson.loads(body).get("refused"):
            raise RuntimeError(f"The server did not take it: {head[:200]!r} {body[:500]!r}")

    def _more(self) -> bytes:
        piece = self._socket.recv(65_536)
        if not piece:
            raise RuntimeError("The server closed the connection in the middle of an answer.")
        return piece


class Sender:
    """Sends orders at even times, each when it is due, whatever became of those before."""

    def __init__(self, port: int, rate: float, *, hands: int = 8) -> None:
        self.times: dict[int, tuple[float, float]] = {}
        """By the number of the order: when it was sent, and when it was acknowledged."""
        self.failed: list[Exception] = []
        self._port = port
        self._apart = 1 / rate
        self._hands = hands
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        begin = time.monotonic() + 0.05
        self._threads = [threading.Thread(target=self._work, args=(hand, begin)) for hand in range(self._hands)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self.failed and error is None:
            raise self.failed[0]

    def _work(self, hand: int, begin: float) -> None:
        number = hand
        try:
            with Line(self._port) as line:
                while not self._stop.wait(max(0.0, begin + number * self._apart - time.monotonic())):
                    prepared = request(ORDERS, orjson.dumps(order(number)))
                    sent = time.monotonic()
                    line.send(prepared)
                    self.times[number] = (sent, time.monotonic())
                    number += self._hands
        except Exception as error:
            self.failed.append(error)
