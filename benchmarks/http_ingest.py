"""Bulk ingest over HTTP with totals and durable commits; against bare `executemany` of the same rows."""

from __future__ import annotations

import statistics
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from sqlite3 import Connection
from time import perf_counter, process_time, time_ns
from typing import Any, NamedTuple

import orjson

from benchmarks import sales
from benchmarks.filled import user_name
from benchmarks.measure import Outcome, alternate, side
from benchmarks.server import Server, serving
from benchmarks.wire import Line, request
from metrics_core.ingest.admit import Admission
from metrics_core.model.event import Event
from metrics_core.model.instant import DAY, SECOND, Instant, iso
from metrics_core.store.connect import connect
from metrics_core.store.sql.connections import Connections
from metrics_core.store.sql.rows import COLUMNS, Row, rows_of

CLIENTS = 8
BATCH = 1_000
ROUNDS = 6
APART: Instant = 2_592_000
"""Microseconds from order to order: a million a month."""


class Bare(NamedTuple):
    """What the product is compared with: a driver that writes what the store would write for the same orders."""

    name: str
    rows: Callable[[list[Event], int, dict[str, int]], list[Any]]
    """What is written for these events, numbered from so many on, with these numbers of users."""
    write: Callable[[list[Any]], None]
    """Write that, and commit it."""
    alone: Callable[[], object] = lambda: None
    """Before it is timed: until the product has nothing left to do."""


def run(size: float) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="pulseboard-") as name:
        store = connect(f"sqlite:///{Path(name) / 'bare.db'}")
        store.prepare()
        store.close()
        # The product's own way to connect, for the same durability, cache and checkpoints.
        connections = Connections(f"sqlite:///{Path(name) / 'bare.db'}")
        bare: Any = connections.writer.raw_connection().driver_connection
        bare.execute("PRAGMA synchronous=FULL")  # in the product, a commit is waited for beside the next
        try:
            return against(
                Bare("sqlite3.executemany", rows_of, lambda rows: _insert(bare, rows)), Path(name) / "served.db", size
            )
        finally:
            bare.close()
            connections.close()


def against(bare: Bare, store: Path | str, size: float) -> Outcome:
    """Orders to a server over this store, and what it writes for them by the bare driver, in turns."""
    requests = max(CLIENTS, round(size / BATCH / ROUNDS))
    batches = _batches(requests * (ROUNDS + 1))
    used: dict[str, list[float]] = {"server": [], "client": []}
    with serving(store=store) as server:
        over_http = [request("/api/v1/orders", orjson.dumps(batch)) for batch in batches]
        rows = _rows(batches, bare)

        def served() -> None:
            before = server.cpu, process_time()
            _post(server, [over_http.pop(0) for _ in range(requests)])
            used["server"].append(server.cpu - before[0])
            used["client"].append(process_time() - before[1])

        def written() -> float:
            bare.alone()
            started = perf_counter()
            for _ in range(requests):
                bare.write(rows.pop(0))
            return perf_counter() - started

        taken = alternate({"served": served, "bare": written}, ROUNDS)
    number = requests * BATCH
    rates = {name: [number / seconds for seconds in found] for name, found in taken.items()}
    each = {name: statistics.median(found) / number * 1e6 for name, found in used.items()}
    return Outcome(
        statistics.median(rates["served"]) / statistics.median(rates["bare"]),
        (
            side(f"Pulseboard, {CLIENTS} clients, {BATCH:,} a request", rates["served"], "rows/s"),
            side(f"{bare.name}, {BATCH:,} a commit", rates["bare"], "rows/s"),
        ),
        (
            f"{number:,} orders a round, the same table, indexes, durability and rows on both sides.",
            f"Processor time for a row: server {each['server']:.1f} us, client {each['client']:.1f} us "
            "(plain sockets, requests made beforehand).",
        ),
    )


def _post(server: Server, requests: Sequence[bytes]) -> None:
    failed: list[Exception] = []

    def client(line: Line, share: Sequence[bytes]) -> None:
        try:
            for prepared in share:
                line.send(prepared)
        except Exception as error:
            failed.append(error)

    lines = [Line(server.port) for _ in range(CLIENTS)]
    clients = [threading.Thread(target=client, args=(line, requests[n::CLIENTS])) for n, line in enumerate(lines)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    for line in lines:
        line.__exit__(None, None, None)
    if failed:
        raise failed[0]


def _insert(connection: Connection, rows: list[Row]) -> None:
    named, marks = ", ".join(f'"{name}"' for name in COLUMNS), ", ".join("?" * len(COLUMNS))
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(f"INSERT INTO facts ({named}) VALUES ({marks})", rows)
    connection.execute("COMMIT")


def _batches(number: int) -> list[list[dict[str, Any]]]:
    """Orders as README shows them, in the order of time, up to now."""
    end = time_ns() // 1_000 - 60 * SECOND
    start = max(end - number * BATCH * APART, end - 365 * DAY)
    made = sales.facts(number * BATCH)
    amounts, users = made.amount.tolist(), made.user.tolist()
    regions, channels, products = made.region.tolist(), made.channel.tolist(), made.product.tolist()
    records = [
        {
            "orderId": f"o{place:010d}", "userId": user_name(users[place]),
            "ts": iso(start + place * APART), "status": "completed", "channel": sales.CHANNELS[max(0, channels[place])],
            "region": sales.REGIONS[max(0, regions[place])],
            "lines": [{
                "productId": sales.PRODUCTS[max(0, products[place])], "quantity": 1 + place % 5,
                "revenue": (100 + amounts[place]) / 100,
            }],
        }
        for place in range(number * BATCH)
    ]  # fmt: skip
    return [records[first : first + BATCH] for first in range(0, len(records), BATCH)]


def _rows(batches: Sequence[list[dict[str, Any]]], bare: Bare) -> list[list[Any]]:
    """What the store writes for these orders."""
    admission = Admission()
    users = {user_name(number): number for number in range(1, sales.USERS + 1)}
    found: list[list[Any]] = []
    seq = 1
    for batch in batches:
        admitted = admission.admit(batch, record="order", source="api", origin="live", run_id=None, now=time_ns() // 1_000)
        found.append(bare.rows(admitted.events, seq, users))
        seq += BATCH
    return found
