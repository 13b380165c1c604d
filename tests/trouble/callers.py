"""Every kind of connection a server can have, held by one process: `python -m tests.trouble.callers PORT [pages]`.

It says `ready` once all of them stand, then the id of each order as it is acknowledged, and goes on until it is killed.
"""

from __future__ import annotations

import http.client
import itertools
import json
import select
import socket
import sys
import threading
from datetime import UTC, datetime
from typing import Any

SENDERS = 4
EACH = 5
_TOPICS = b"topics=live,curves,metrics"
_UPGRADE = (
    b"GET /ws/metrics?" + _TOPICS + b" HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_STREAM = b"GET /api/v1/stream?" + _TOPICS + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
_HALF = b"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n["
_TOLD = threading.Lock()


class Callers:
    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = itertools.count()
        self._standing = threading.Semaphore(0)
        self._kept: list[socket.socket] = []

    def call(self, *, pages: bool) -> None:
        works = [self._send] * SENDERS + [self._look] * (EACH if pages else 0)
        for work in works:
            threading.Thread(target=work, daemon=True).start()
        heard = [self._open(said) for said in (_UPGRADE, _STREAM) for _ in range(EACH)]
        threading.Thread(target=_read, args=(heard,), daemon=True).start()
        for said in (_UPGRADE, _STREAM):
            self._open(said, deaf=True)
        for said in (b"", b"GET /hea", _HALF, _HALF + b" " * 300_000):
            self._open(said, answers=False)
        answered = self._open(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answered.recv(65_536)
        for _ in works:
            self._standing.acquire()
        tell("ready")
        threading.Event().wait()

    def _open(self, said: bytes, *, deaf: bool = False, answers: bool = True) -> socket.socket:
        line = socket.socket()
        if deaf:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.connect(("127.0.0.1", self._port))
        line.sendall(said)
        if answers and not deaf:
            assert line.recv(9) == b"HTTP/1.1 "
        self._kept.append(line)
        return line

    def _send(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        for number in self._numbers:
            name = f"o-{number}"
            lines = [{"productId": "lamp", "quantity": 1, "revenue": "1.00"}]
            now = datetime.now(UTC).isoformat()
            order: dict[str, Any] = {"id": name, "orderId": name, "userId": f"u-{number % 9}", "ts": now, "lines": lines}
            try:
                line.request("POST", "/api/v1/orders", json.dumps(order))
                receipt = json.loads(line.getresponse().read())
            except (OSError, http.client.HTTPException):
                return  # the server has stopped
            if receipt.get("accepted"):
                tell(name)
            if number >= SENDERS:
                self._standing.release()

    def _look(self) -> None:
        from websockets.exceptions import ConnectionClosed

        from benchmarks.visit import Visit

        try:
            with Visit(self._port) as visit:
                self._standing.release()
                while True:
                    visit.rerun()
        except (OSError, ConnectionClosed):
            return


def _read(lines: list[socket.socket]) -> None:
    while lines:
        for line in select.select(lines, [], [])[0]:
            try:
                gone = not line.recv(65_536)
            except OSError:
                gone = True
            if gone:
                lines.remove(line)


def tell(word: str) -> None:
    with _TOLD:
        sys.stdout.write(word + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    Callers(int(sys.argv[1])).call(pages="pages" in sys.argv)
