"""Senders who never give up: what got no answer is sent again as it was, until a receipt says what became of it."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Record = dict[str, Any]
Receipt = dict[str, Any]

DOORS = {"order": "/api/v1/orders", "refund": "/api/v1/refunds", "event": "/api/v1/events", "mixed": "/api/v1/ingest"}
CHANNELS = ("online", "retail", "wholesale")
PRODUCTS = ("lamp", "desk", "chair", "shelf", "rug")
START = datetime(2026, 3, 1, tzinfo=UTC)
_ENTRIES = 60
"""How many rival orders there are, and how many duels."""


class Book:
    """What receipts said, of all senders together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.kept: dict[str, Record] = {}
        """By name, the records that a receipt said are accepted, or were here before."""
        self.winners: dict[str, set[str]] = {}
        """By what several tried and one could have, who were told that they have it."""
        self.failures: list[str] = []
        """What was answered otherwise than promised."""
        self.answered = self.unanswered = 0
        """Requests that brought a receipt, and requests that did not, so that they were sent again."""

    def keep(self, records: Sequence[Record]) -> None:
        with self._lock:
            self.kept.update((name_of(record), record) for record in records)

    def tell(self, prize: str, sender: str, *, won: bool) -> None:
        with self._lock:
            winners = self.winners.setdefault(prize, set())
            if won:
                winners.add(sender)

    def count(self, *, answered: bool) -> None:
        with self._lock:
            self.answered += answered
            self.unanswered += not answered

    def known(self, chance: random.Random, number: int) -> list[Record]:
        """Some that are kept."""
        with self._lock:
            names = list(self.kept)
            return [self.kept[name] for name in chance.sample(names, min(number, len(names)))]


def name_of(record: Record) -> str:
    """What a record is known by, here and in an export."""
    return str(record["orderId"] if str(record.get("id", "h:")).startswith("h:") else record["id"])


class Sender(threading.Thread):
    """One client, which does what its seed says until it is told to stop. It sends while `up` says that somebody listens."""

    def __init__(self, number: int, seed: int, port: int, book: Book, up: threading.Event) -> None:
        super().__init__(name=f"s{number}", daemon=True)
        self._chance = random.Random(seed)
        self._book, self._up = book, up
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._ended = threading.Event()
        self._made = 0

    def stop(self) -> None:
        """Begin nothing new; what was begun is brought to its end."""
        self._ended.set()

    def run(self) -> None:
        deeds = (
            self._buy, self._buy, self._order_and_settle, self._look_around, self._send_a_mixed_body, self._send_without_ids,
            self._repeat, self._contradict, self._claim_an_id, self._settle_a_duel,
        )  # fmt: skip
        try:
            while not self._ended.is_set():
                self._chance.choice(deeds)()
        except Exception as error:
            self._book.failures.append(f"{self.name} broke off: {error!r}")
        finally:
            self._line.close()

    # ---------------------------------------------------------------------------------------------------- what is sent

    def _buy(self) -> None:
        """An order, at times twice in one body, and now and then some money back."""
        order = self._order()
        self._send_new(DOORS["order"], [order] * self._chance.choice((1, 1, 2)))
        if self._chance.random() < 0.4:
            self._send_new(DOORS["refund"], [self._refund(order)])

    def _order_and_settle(self) -> None:
        order = self._order("pending")
        self._send_new(DOORS["order"], [order])
        if self._chance.random() < 0.8:
            status = self._status(order, self._chance.choice(("completed", "completed", "failed")))
            self._send_new(f"/api/v1/orders/{order['orderId']}/status", [status])

    def _look_around(self) -> None:
        some = [self._event() for _ in range(self._chance.randrange(1, 40))]
        self._send_new(DOORS["event"], [*some, *some[:2]])

    def _send_a_mixed_body(self) -> None:
        """Later records need earlier ones, and one is no good."""
        order, pending = self._order(), self._order("pending")
        good = [order, self._event(), pending, self._status(pending, "completed"), self._refund(order)]
        self._send_new(DOORS["mixed"], good, beside=({**self._order(), "ts": "some day"}, "has_a_time"))

    def _send_without_ids(self) -> None:
        orders = [self._order() for _ in range(3)]
        for order in orders:
            del order["id"]
        self._send_new(DOORS["order"], orders)

    def _repeat(self) -> None:
        """What anybody was told is kept, once more."""
        known = self._book.known(self._chance, 8)
        if known:
            _, receipt = self._send(DOORS["mixed"], known)
            if receipt != {"accepted": 0, "duplicates": len(known), "refused": []}:
                self._broken(f"sent again: {receipt} to {known}")

    def _contradict(self) -> None:
        """Other content under an id that is kept, beside a good record."""
        for record in self._book.known(self._chance, 1):
            if "id" in record:
                other = {**record, "ts": (datetime.fromisoformat(record["ts"]) + timedelta(seconds=1)).isoformat()}
                self._send_new(DOORS["mixed"], [self._event()], beside=(other, "is_not_in_conflict"))

    def _claim_an_id(self) -> None:
        """Every sender has an order of its own under the same id."""
        name = f"rival-{self._chance.randrange(_ENTRIES)}"
        order = self._order(name=name, line={"productId": f"of {self.name}", "quantity": 1, "revenue": "1.00"})
        _, receipt = self._send(DOORS["order"], [order])
        self._found(name, [order], receipt, "is_not_in_conflict")

    def _settle_a_duel(self) -> None:
        """Every sender settles the same pending order, in its own way."""
        name = f"duel-{self._chance.randrange(_ENTRIES)}"
        order = self._order("pending", name=name, line={"productId": "duel", "quantity": 2, "revenue": "7.77"})
        status = self._status(order, "failed" if self.name == "s0" else "completed", by=self.name)
        _, receipt = self._send(DOORS["mixed"], [order, status])
        self._book.keep([order])
        self._found(f"{name}'s end", [order, status], receipt, "is_of_a_pending_order")

    # ------------------------------------------------------------------------------------------------- how it is sent

    def _send_new(self, path: str, records: list[Record], beside: tuple[Record, str] | None = None) -> None:
        """Records of this sender alone: taken whole the first time, or found whole where an answer got lost."""
        body = records if beside is None else [*records[:1], beside[0], *records[1:]]
        times, receipt = self._send(path, body)
        different = len({name_of(record) for record in records})
        steps = [refusal["step"] for refusal in receipt["refused"]]
        taken = (receipt["accepted"], receipt["duplicates"])
        promised = [(different, len(records) - different)]
        if times > 1:
            promised.append((0, len(records)))
        if taken not in promised or steps != ([] if beside is None else [beside[1]]):
            self._broken(f"{path}, sent {times} times: {receipt} to {body}")
            return
        self._book.keep(records)

    def _found(self, prize: str, records: list[Record], receipt: Receipt, step: str) -> None:
        steps = [refusal["step"] for refusal in receipt["refused"]]
        if receipt["accepted"] + receipt["duplicates"] + len(steps) != len(records) or steps not in ([], [step]):
            self._broken(f"{prize}: {receipt} to {records}")
        self._book.tell(prize, self.name, won=not steps)
        if not steps:
            self._book.keep(records[-1:])

    def _send(self, path: str, body: list[Record]) -> tuple[int, Receipt]:
        """How often it was sent until there was an answer, and the answer."""
        times = 0
        while True:
            self._up.wait()
            times += 1
            try:
                self._line.request("POST", path, json.dumps(body[0] if path.endswith("/status") else body))
                answer = self._line.getresponse()
                receipt = json.loads(answer.read())
            except (OSError, http.client.HTTPException):
                self._book.count(answered=False)
                self._line.close()
                time.sleep(0.02)
                continue
            if answer.status in (200, 422) and "refused" in receipt:
                self._book.count(answered=True)
                return times, receipt
            self._broken(f"{path}: {answer.status} {receipt} to {body}")
            return times, {"accepted": 0, "duplicates": 0, "refused": []}

    def _broken(self, promise: str) -> None:
        self._book.failures.append(f"{self.name}: {promise}")
        self._ended.set()

    # ------------------------------------------------------------------------------------------------------- records

    def _new_name(self, what: str) -> str:
        self._made += 1
        return f"{what}-{self.name}-{self._made}"

    def _time(self) -> str:
        return (START + timedelta(seconds=self._chance.randrange(5 * 86_400))).isoformat()

    def _order(self, status: str = "completed", *, name: str | None = None, line: Record | None = None) -> Record:
        """An order; with a name and a line given, whoever makes it makes the same."""
        order = name or self._new_name("o")
        lines = [line] if line is not None else [
            {
                "productId": self._chance.choice(PRODUCTS), "quantity": self._chance.randrange(1, 5),
                "revenue": f"{self._chance.randrange(100, 90_000) / 100:.2f}",
            }
            for _ in range(self._chance.choice((1, 1, 2, 3)))
        ]  # fmt: skip
        return {
            "id": order, "orderId": order, "status": status, "lines": lines,
            "userId": "anybody" if line is not None else f"u{self._chance.randrange(50)}",
            "ts": START.isoformat() if line is not None else self._time(),
            "channel": CHANNELS[0] if line is not None else self._chance.choice(CHANNELS),
        }  # fmt: skip

    def _status(self, order: Record, status: str, by: str = "") -> Record:
        return {"id": f"end-{order['id']}{by}", "orderId": order["orderId"], "status": status, "ts": order["ts"]}

    def _refund(self, order: Record) -> Record:
        later = datetime.fromisoformat(order["ts"]) + timedelta(hours=self._chance.randrange(30))
        back = {"id": f"back-{order['id']}", "refundId": f"r-{order['id']}", "orderId": order["orderId"]}
        return {**back, "amount": f"{self._chance.randrange(1, 101) / 100:.2f}", "ts": later.isoformat()}

    def _event(self) -> Record:
        return {
            "id": self._new_name("e"), "type": "content_view", "contentId": "home", "count": self._chance.randrange(1, 4),
            "userId": f"u{self._chance.randrange(50)}", "ts": self._time(), "channel": self._chance.choice(CHANNELS),
        }  # fmt: skip
