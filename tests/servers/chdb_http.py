"""ClickHouse's HTTP interface in front of the engine of this process: as much of it as a client of ours uses."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.servers.chdb import chdb

USER, PASSWORD = "shop", "top@secret"

_OF_HTTP = {
    "database", "query", "query_id", "client_protocol_version", "wait_end_of_query", "enable_http_compression",
    "send_progress_in_http_headers", "http_headers_progress_interval_ms", "session_id", "quota_key",
}  # fmt: skip
_INSERTION = re.compile(rb"(INSERT INTO [^\n]+?) FORMAT Native\n", re.DOTALL)


class Interface:
    """A port. `away()` lets nobody in for a while."""

    def __init__(self) -> None:
        self.is_away = False
        self.asked: list[str] = []
        """The statements that came, for tests that look at them."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"interface": self}))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, database: str, catalog: str, *, password: str = PASSWORD) -> str:
        secret = password.replace("@", "%40")
        return f"clickhouse://{USER}:{secret}@127.0.0.1:{self.port}/{database}?catalog={catalog}"

    @contextmanager
    def away(self) -> Iterator[None]:
        self.is_away = True
        yield
        self.is_away = False

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    interface: Interface
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        return None

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            body = b"".join(parts)
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "lz4":
            import lz4.frame

            return bytes(lz4.frame.decompress(body))
        return body

    def _answer(self, body: bytes) -> None:
        if self.interface.is_away:
            self.close_connection = True  # and not a word
            return
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if not self._may():
            self._send(403, b"Code: 516. DB::Exception: shop: Authentication failed: password is incorrect.", 516)
            return
        try:
            told = self._run(given, body)
        except Exception as error:  # whatever the engine says goes back to who asked
            found = re.search(r"Code: (\d+)", str(error))
            self._send(500, str(error).encode(), int(found[1]) if found else 1)
            return
        self._send(200, told)

    def _may(self) -> bool:
        import base64

        return self.headers.get("Authorization") == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    def _run(self, given: dict[str, str], body: bytes) -> bytes:
        import chdb as engine

        statement = body or given.get("query", "").encode()
        settings = {name: value for name, value in given.items() if name not in _OF_HTTP}
        self.interface.asked.append(statement[:200].decode(errors="replace"))
        with engine.connect(str(chdb().folder)) as connection:
            for name, value in settings.items():
                connection.query(f"SET {name} = '{value}'", "TabSeparated")
            if found := _INSERTION.match(statement):
                with tempfile.NamedTemporaryFile(suffix=".native") as rows:
                    rows.write(statement[found.end() :])
                    rows.flush()
                    return bytes(connection.query(f"{found[1].decode()} FROM INFILE '{rows.name}' FORMAT Native").bytes())
            return bytes(connection.query(statement.decode(), "TabSeparated").bytes())

    def _send(self, status: int, told: bytes, code: int = 0) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)
