"""Pages of a house of one's own: a real engine on an embedded database, read by AppTest or served to a real browser."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from streamlit.testing.v1 import AppTest

from metrics_core.engine import Engine
from metrics_core.settings import Settings
from tests.pages.grid import BOARD, DESKTOP, ten_widgets

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The engine that pages find in this test."""
    engine = Engine(Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'house.db'}", timezone="Europe/Berlin"))
    engine.start()
    monkeypatch.setattr("metrics_core.engine.engine", lambda: engine)
    yield engine
    engine.simulator.stop()
    engine.stop()


@pytest.fixture
def opened(house: Engine) -> Callable[..., AppTest]:
    """Opens a page as a visitor does: `opened("simulator")`."""

    def open_page(name: str = "live", **params: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
        for key, value in params.items():
            at.query_params[key] = value
        at.run()
        if name != "live":
            at.switch_page(f"pages/{name}.py").run()
        return at

    return open_page


class Server:
    """The product, started as its user starts it, on a store and a port of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "server.log"
        self._environment = {
            **os.environ, "DATABASE_URL": f"sqlite:///{folder / 'served.db'}", "TIMEZONE": "Europe/Berlin", **environment,
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        command = [
            sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", str(self.port),
        ]  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        until = time.monotonic() + 60
        while time.monotonic() < until and self.running:
            try:
                if self.get("/health")["status"] != "down":
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self._log.read_text())

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def told(self, lines: int) -> str:
        """The end of what the server logged."""
        return "\n".join(self._log.read_text().splitlines()[-lines:])

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, body: object) -> Any:
        return self._send("POST", path, body)

    def put(self, path: str, body: object) -> Any:
        return self._send("PUT", path, body)

    def delete(self, path: str) -> None:
        with urllib.request.urlopen(urllib.request.Request(self.url + path, method="DELETE"), timeout=30):
            pass

    def _send(self, method: str, path: str, body: object) -> Any:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def sell(self, order: str, amount: str = "10.00", **fields: Any) -> None:
        """One completed order, now."""
        line = {"productId": "lamp", "quantity": 1, "revenue": amount}
        receipt = self.post("/api/v1/orders", {"orderId": order, "userId": f"user-{order}", "lines": [line], **fields})
        assert receipt["accepted"] == 1, receipt


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running server with an empty store."""
    running = Server(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server that the tests of a file share: what one of them sold is there for the next."""
    running = Server(tmp_path_factory.mktemp("shop"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


# --------------------------------------------------------------------------------------------------------- of dashboards


@pytest.fixture(scope="module")
def patience() -> Iterator[None]:
    """A machine that does much else is slow, not wrong."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def stocked(shop: Server) -> Server:
    """The server that a file shares, with a few orders of two channels and two regions."""
    for number in range(8):
        channel, region = ("online", "Europe") if number % 2 else ("retail", "Asia")
        shop.sell(f"b{number}", f"{10 + number}.50", channel=channel, region=region)
    return shop


@pytest.fixture
def ten(stocked: Server) -> str:
    """A dashboard with one widget of each kind; its id."""
    return ten_widgets(stocked)


@pytest.fixture
def looking(browser: Browser, stocked: Server) -> Iterator[Callable[..., Page]]:
    """Opens an address of dashboards as another visitor each time: nothing is shared between two of them."""
    contexts = []

    def open_page(path: str, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(path if path.startswith("http") else f"{stocked.url}/dashboards{path}")
        page.evaluate(BOARD)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test of a page that fails says what stood on the page, and what the server had logged."""
    report = yield
    given = getattr(item, "funcargs", {})
    if report.when == "call" and report.failed and "browser" in given:
        for page in [page for context in given["browser"].contexts for page in context.pages]:
            try:
                report.longrepr.addsection(page.url, page.inner_text("body", timeout=2_000))
            except Error as error:
                report.longrepr.addsection(page.url, str(error))
        for server in {id(found): found for found in given.values() if isinstance(found, Server)}.values():
            report.longrepr.addsection(f"the server at {server.url}", server.told(40))
    return report
