"""A server elsewhere, as commands send to it: receipts, refusals, and each way of not taking records."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from metrics_core.cli.server import Server
from metrics_core.errors import BusyError, NotAllowedError, StoreAwayError
from metrics_core.ingest.admit import Admission
from tests.given import NOON, order_record


class Shop(ThreadingHTTPServer):
    """Answers over HTTP: with receipts of real admission, or with what it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.asked: dict[str, list[str]] = {}
        self.key: str | None = None
        self.answer: tuple[int, dict[str, str], dict[str, Any]] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Desk(BaseHTTPRequestHandler):
    server: Shop

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked = parse_qs(urlsplit(self.path).query)
        self.server.key = self.headers["x-api-key"]
        status, headers, said = self.server.answer or (200, {}, self._receipt(json.loads(body)))
        content = json.dumps(said).encode()
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _receipt(self, records: list[Any]) -> dict[str, Any]:
        admitted = Admission().admit(records, record=None, source="s", origin="sim", run_id=None, now=NOON)
        refused = [{"index": one.index, "id": one.id, "step": one.step, "field": one.field, "reason": one.reason}
                   for one in admitted.refused]  # fmt: skip
        return {"accepted": len(admitted.events), "duplicates": 0, "refused": refused}

    def log_message(self, format: str, *args: object) -> None:
        return None


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def send(shop: Shop, *records: dict[str, Any], key: str | None = None) -> Any:
    with Server(shop.url + "/", key) as server:
        return server.accept(records, source="simulator", origin="sim", run_id="r-0042")


def test_records_are_sent_with_their_mark_and_the_receipt_comes_back(shop: Shop) -> None:
    receipt = send(shop, order_record(), order_record(amount=-1), key="secret")
    assert (receipt.accepted, receipt.duplicates) == (1, 0)
    assert [(one.index, one.step, one.retryable) for one in receipt.refused] == [(1, "is_not_negative", False)]
    assert shop.asked == {"source": ["simulator"], "origin": ["sim"], "run_id": ["r-0042"]}
    assert shop.key == "secret"


def test_a_busy_server_says_when_to_come_back(shop: Shop) -> None:
    shop.answer = (503, {"retry-after": "7"}, {"error": {"code": "busy", "message": "The inbox is full."}})
    with pytest.raises(BusyError, match="The inbox is full") as busy:
        send(shop, order_record())
    assert busy.value.retry_after == 7


def test_a_server_that_wants_a_key_says_so(shop: Shop) -> None:
    shop.answer = (401, {}, {"error": {"code": "key_needed", "message": "Send a key."}})
    with pytest.raises(NotAllowedError, match="Send a key"):
        send(shop, order_record())


def test_something_else_at_that_address_is_no_pulseboard(shop: Shop) -> None:
    shop.answer = (404, {}, {"hello": "world"})
    with pytest.raises(StoreAwayError, match="answered 404"):
        send(shop, order_record())


def test_no_server_at_all_is_said_with_its_address(shop: Shop) -> None:
    shop.server_close()
    with pytest.raises(StoreAwayError, match="does not answer"), Server("127.0.0.1:9") as server:
        server.accept([order_record()], source="simulator", origin="sim", run_id=None)
