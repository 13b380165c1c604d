"""Load that never gives up: a known list of records, sent at a steady pace, again and again until each is acknowledged."""

from __future__ import annotations

import http.client
import json
import queue
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

Record = dict[str, Any]
AT_ONCE = 25
_SECONDS = 60


def records(number: int, seed: int = 1) -> list[Record]:
    """Orders, their ends, money back, and looks; what follows an order is in the same body as the order."""
    chance, made = random.Random(seed), list[Record]()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    while len(made) < number:
        name = f"o{len(made)}"
        ts = (start + timedelta(seconds=chance.randrange(3600))).isoformat()
        who = {"userId": f"u{chance.randrange(60)}", "ts": ts, "channel": chance.choice(("online", "retail"))}
        revenue = f"{chance.randrange(100, 9999) / 100:.2f}"
        line = {"productId": chance.choice(("lamp", "desk")), "quantity": 1, "revenue": revenue}
        order: Record = {"id": name, "orderId": name, "lines": [line], "status": "completed", **who}
        room = AT_ONCE - len(made) % AT_ONCE
        if room > 1 and chance.random() < 0.3:
            order["status"] = "pending"
            made += [order, {"id": f"{name}-end", "orderId": name, "status": "completed", "ts": ts}]
        elif room > 1 and chance.random() < 0.2:
            made += [order, {"id": f"{name}-back", "refundId": f"r-{name}", "orderId": name, "amount": "1.00", "ts": ts}]
        elif chance.random() < 0.4:
            made.append({"id": f"{name}-look", "type": "content_view", "contentId": "home", "count": 2, **who})
        else:
            made.append(order)
    return made


def figures_of(sent: list[Record]) -> dict[str, Any]:
    """What they add up to, found without the product."""
    orders = [record for record in sent if "lines" in record]
    cents = sum(round(float(order["lines"][0]["revenue"]) * 100) for order in orders)
    back = [record for record in sent if "amount" in record]
    return {
        "gross_revenue": cents / 100, "refunds": float(len(back)), "orders": len(orders), "pending": 0,
        "views": sum(record.get("count", 0) for record in sent), "buyers": len({order["userId"] for order in orders}),
    }  # fmt: skip


class Load:
    """Senders that keep a pace together. What got no receipt, or a 503, is sent again as it was."""

    def __init__(
        self, line: Callable[[], http.client.HTTPConnection], sent: list[Record], *, per_second: int, senders: int = 5,
        **headers: str,
    ) -> None:
        self.acknowledged: set[str] = set()
        self.failures: list[str] = []
        self.turned_away = 0
        """How often a body was not taken in."""
        self._line = line
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self._bodies: queue.SimpleQueue[tuple[float, list[Record]] | None] = queue.SimpleQueue()
        started = time.monotonic()
        for first in range(0, len(sent), AT_ONCE):
            self._bodies.put((started + first / per_second, sent[first : first + AT_ONCE]))
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(senders)]
        for thread in self._threads:
            self._bodies.put(None)
            thread.start()

    def until(self, holds: Callable[[Load], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.failures or holds(self), _SECONDS), len(self.acknowledged)
        assert not self.failures, self.failures[:3]

    def end(self) -> None:
        """Everything was acknowledged."""
        for thread in self._threads:
            thread.join(_SECONDS)
        assert not self.failures, self.failures[:3]
        assert not any(thread.is_alive() for thread in self._threads)

    def _send(self) -> None:
        while (taken := self._bodies.get()) is not None:
            due, body = taken
            time.sleep(max(0, due - time.monotonic()))
            while not self._is_acknowledged(body):
                time.sleep(0.1)

    def _is_acknowledged(self, body: list[Record]) -> bool:
        line = self._line()
        try:
            line.request("POST", "/api/v1/ingest", json.dumps(body), self._headers)
            answer = line.getresponse()
            status, told = answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException) as error:
            status, told = 0, str(error)
        finally:
            line.close()
        with self._changed:
            if status == 200 and told["accepted"] + told["duplicates"] == len(body):
                self.acknowledged.update(record["id"] for record in body)
            elif status == 503:
                self.turned_away += 1
            else:
                self.failures.append(f"{status}: {told} to {body}")
            self._changed.notify_all()
        return status != 503


class Watch:
    """A page's socket: every message it was sent, in order. It is never opened a second time."""

    def __init__(self, port: int) -> None:
        self.messages: list[dict[str, Any]] = []
        self.over = False
        self._changed = threading.Condition()
        self._socket = connect(f"ws://127.0.0.1:{port}/ws/metrics?topics=live", max_size=None, legacy=True)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def until(self, holds: Callable[[dict[str, Any]], bool], *, after: int = 0) -> int:
        """The place of the first message for which it holds, from a place on."""

        def place() -> int | None:
            return next((at for at in range(after, len(self.messages)) if holds(self.messages[at])), None)

        with self._changed:
            found = self._changed.wait_for(lambda: self.over or place() is not None, _SECONDS)
            assert found, self.messages[-1]
            assert not self.over, "the socket was closed"
            at = place()
        assert at is not None
        return at

    def close(self) -> None:
        self._socket.close()
        self._thread.join(_SECONDS)

    def _listen(self) -> None:
        try:
            for message in self._socket:
                with self._changed:
                    self.messages.append(json.loads(message)["data"])
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        with self._changed:
            self.over = True
            self._changed.notify_all()
