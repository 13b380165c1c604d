"""Over the wire: a server in a process of its own, and clients on real connections."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

ROOT = Path(__file__).parents[2]
MEBIBYTE = b" " * (1 << 20)


class Server(NamedTuple):
    process: subprocess.Popen[bytes]
    port: int

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request(method, path, None if body is None else json.dumps(body))
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            line.close()

    def socket(self, query: str = "", **more: Any) -> Any:
        return connect(f"ws://127.0.0.1:{self.port}/ws/metrics{query}", open_timeout=30, **more)

    def memory(self) -> int:
        """Bytes the process has in memory, where the system tells."""
        file = Path(f"/proc/{self.process.pid}/status")
        status = file.read_text(encoding="ascii") if file.exists() else "VmRSS: 0"
        return 1024 * int(status.split("VmRSS:")[1].split()[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from started(tmp_path_factory.mktemp("server"))


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that the test may stop."""
    yield from started(tmp_path)


def started(folder: Path) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{folder / 'wire.db'}"}
    command = [sys.executable, "-m", "uvicorn", "metrics_core.api.server:app", "--port", str(port), "--log-level", "warning"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    server = Server(process, port)
    try:
        while True:
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            try:
                server.call("GET", "/health")
                break
            except OSError:
                time.sleep(0.05)
        yield server
    finally:
        process.kill()
        process.wait(30)


def answer_of(line: socket.socket) -> bytes:
    received = b""
    while b"}}" not in received:
        piece = line.recv(65_536)
        assert piece, received
        received += piece
    return received


def test_a_hundred_megabytes_are_refused_before_they_are_sent(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(b"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n")
        assert answer_of(line).startswith(b"HTTP/1.1 413")


def test_an_endless_body_is_refused_once_it_is_over_the_limit(server: Server) -> None:
    before = server.memory()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(b"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            line.sendall(b"100000\r\n" + MEBIBYTE + b"\r\n")
        assert answer_of(line).startswith(b"HTTP/1.1 413")
    assert server.memory() - before < 100 * len(MEBIBYTE)
    assert server.call("GET", "/health")[0] == 200


def test_an_order_that_comes_in_goes_out_to_who_listens(server: Server) -> None:
    with server.socket() as ws:
        before = json.loads(ws.recv(30))["data"]["revenue"]["total"]
        order = {"orderId": "wire-1", "lines": [{"productId": "lamp", "quantity": 1, "revenue": "12.34"}]}
        assert server.call("POST", "/api/v1/orders", order)[0] == 200
        while (total := json.loads(ws.recv(30))["data"]["revenue"]["total"]) == before:
            pass
        assert round(total - before, 2) == 12.34


def test_a_page_of_another_address_is_turned_away(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        server.socket(origin="https://evil.example")
    assert refused.value.response.status_code == 403


def test_a_stalled_reader_keeps_nobody_waiting(server: Server) -> None:
    stalled = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    stalled.sendall(
        b"GET /ws/metrics?topics=live,curves,metrics HTTP/1.1\r\nHost: localhost\r\n"
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    with stalled, server.socket() as ws:
        before = server.memory()
        seq = json.loads(ws.recv(30))["data"]["snapshot"]["seq"]
        for number in range(150):
            event = {"type": "content_view", "contentId": "guide", "id": f"look-{number}"}
            assert server.call("POST", "/api/v1/events", event)[0] == 200
            while (newer := json.loads(ws.recv(30))["data"]["snapshot"]["seq"]) <= seq:
                pass
            seq = newer
        assert server.memory() - before < 50 * len(MEBIBYTE)


def test_the_server_stops_at_once_though_readers_are_connected(own_server: Server) -> None:
    stream = http.client.HTTPConnection("127.0.0.1", own_server.port, timeout=30)
    stream.request("GET", "/api/v1/stream")
    events = stream.getresponse()
    assert events.readline() == b"retry: 1000\n"
    with own_server.socket() as ws:
        ws.recv(30)
        own_server.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            drained(ws)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    events.read()
    stream.close()
    own_server.process.wait(20)


def drained(ws: Any) -> None:
    while True:
        ws.recv(30)
