"""What the tests of the proxy share: everything that runs, and what a reader, a sender and a browser do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.deploy.house import NAME, PROXY, Answer, Proxy, Replica, all_of
from tests.servers.postgres import postgres

KEY, BUSY_KEY, LOAD_KEY = "a-long-random-key-of-a-shop", "another-long-random-key-of-a-busy-one", "and-one-of-a-steady-one"
MOST = 40
BODY = 256 * 1024


class House(NamedTuple):
    """Everything that runs."""

    proxy: Proxy
    pages: list[Replica]
    doors: Replica

    def sell(self, order: str, amount: str = "10.00", at: Replica | Proxy | None = None) -> Answer:
        """One completed order, now, with the key."""
        line = {"productId": "lamp", "quantity": 1, "revenue": amount}
        body = {"id": order, "orderId": order, "userId": f"user-{order}", "lines": [line]}
        answer = (at or self.proxy).call("POST", "/api/v1/orders", body, X_API_Key=KEY)
        assert (answer.status, answer.json()["accepted"]) == (200, 1), answer
        return answer

    def revenue(self) -> float:
        body = {"measures": ["revenue"], "over": "all_time"}
        return float(self.proxy.call("POST", "/api/v1/query", body).json()["rows"][0][0])


@contextmanager
def house_in(folder: Path, signing_in: Callable[[str], dict[str, str]] | None = None) -> Iterator[House]:
    """Two replicas that serve pages, a third that serves the doors alone, and the proxy in front. `signing_in` is told the
    public address, and gives the settings of those that let people sign in."""
    pages = [Replica(folder, f"pages-{number}", pages=True) for number in range(2)]
    doors = Replica(folder, "doors", pages=False)
    names = [replica.name for replica in pages]
    proxy = Proxy(names, [doors.name, *(f"{name} backup" for name in names)])
    with postgres().database() as url:
        given = {
            "DATABASE_URL": url, "API_KEYS": f"{KEY},{BUSY_KEY},{LOAD_KEY}",
            "FORWARDED_ALLOW_IPS": PROXY, "EVENT_PROCESSING_RATE_LIMIT": f"{MOST}/minute", "MAX_BODY_BYTES": str(BODY),
            "CORS_ORIGIN": proxy.url,
        }  # fmt: skip
        for replica in (*pages, doors):
            replica.environment.update(given)
        if signing_in is not None:
            doors.environment["SIGN_IN"] = "true"
            for replica in pages:
                replica.environment.update(signing_in(proxy.url))
        pages[1].environment["STREAMLIT_SERVER_ADDRESS"] = "0.0.0.0"  # as on a machine of its own
        with all_of(*pages, doors):
            yield House(proxy, pages, doors)
    proxy.close()


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def replica_of(house: House, cookie: str) -> Replica:
    """Where this browser's requests go."""
    path = f"/api/where-{time.monotonic_ns()}"
    assert house.proxy.call("GET", path, Cookie=cookie).status == 404
    return next(replica for replica in house.pages if replica.name == went(house, path)[-1])


def went(house: House, path: str) -> list[str]:
    """nginx writes it down once the answer is out."""
    while not (found := house.proxy.went(path)):
        time.sleep(0.01)
    return found


def socket_to(house: House, path: str = "/ws/metrics", *, source: str = PROXY, **headers: str) -> ClientConnection:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    address = f"wss://{house.proxy.authority}{path}"
    sock = house.proxy.reach(source)
    return connect(address, sock=sock, ssl=house.proxy.tls, server_hostname=NAME, additional_headers=sent, max_size=None)


def revenue_in(message: dict[str, Any]) -> float:
    found = message["data"]["revenue"]["total"]
    return float(found["value"] if isinstance(found, dict) else found)


def shows(page: Page, revenue: float) -> None:
    expect(page.locator("[data-is=today].counter")).to_have_attribute("data-text", f"${revenue:,.2f}", timeout=60_000)
    expect(page.locator("[data-is=pill]")).to_have_attribute("data-mood", "live", timeout=60_000)


def renamed(record: dict[str, Any], how: str) -> dict[str, Any]:
    """The same of another shop."""
    names = {name: f"{how} {record[name]}" for name in ("id", "orderId", "refundId") if name in record}
    return {**record, **names}


def heard(ws: ClientConnection) -> None:
    """Everything, to the end."""
    try:
        while True:
            ws.recv(30)
    except ConnectionClosed as error:
        raise ConnectionError from error


def again(told: Callable[[], bool]) -> None:
    """Until it holds; the proxy takes a replica up again within seconds."""
    until = time.monotonic() + 60
    while not told():
        assert time.monotonic() < until
        time.sleep(0.2)
