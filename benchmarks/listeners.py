"""Thousands of sockets in a process of their own, which note when each message came: nothing is decoded that need not be."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

AT_ONCE = 64
_PING, _PONG = 0x89, 0x8A
_TOTAL = re.compile(rb'"total":([0-9]+)')
_HELLO = (
    b"GET /ws/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

Heard = list[tuple[int, float]]
"""For each message of one socket: the total revenue it shows, and when it came (monotonic seconds)."""


def open_files(number: int) -> None:
    """See that this process, and those it starts, may have so many sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number + 1_000
    if soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise RuntimeError(f"{number} sockets need `ulimit -n {wanted}`; this machine allows {hard}.")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def listening(port: int, sockets: int, *, processes: int = 2) -> Iterator[list[Connection]]:
    """That many sockets on `/ws/metrics`, all connected, in some processes. `collect` gets what they heard."""
    context = multiprocessing.get_context("spawn")
    pipes, started = [], []
    try:
        for share in range(processes):
            mine, theirs = context.Pipe()
            number = sockets * (share + 1) // processes - sockets * share // processes
            process = context.Process(target=_listen, args=(port, number, theirs), daemon=True)
            process.start()
            pipes.append(mine)
            started.append(process)
        for pipe in pipes:
            said = pipe.recv()
            if said != "connected":
                raise RuntimeError(said)
        yield pipes
    finally:
        for process in started:
            process.terminate()
            process.join(20)


def collect(pipes: list[Connection]) -> list[Heard]:
    """What each socket has heard; they stop listening."""
    for pipe in pipes:
        pipe.send("stop")
    return [heard for pipe in pipes for heard in pipe.recv()]


class _Ear(asyncio.Protocol):
    """One socket: frames are taken apart by their lengths, and the first total in each is what it shows."""

    def __init__(self, upgraded: asyncio.Future[None]) -> None:
        self.heard: Heard = []
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self._upgraded: asyncio.Future[None] | None = upgraded

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_HELLO)

    def connection_lost(self, error: Exception | None) -> None:
        if self._upgraded is not None and not self._upgraded.done():
            self._upgraded.set_exception(error or ConnectionError("The server closed a socket that was to listen."))

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        data = self._rest + data
        if self._upgraded is not None:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if b" 101 " in head.partition(b"\r\n")[0]:
                self._upgraded.set_result(None)
            else:
                self._upgraded.set_exception(ConnectionError(head.decode(errors="replace")))
            self._upgraded = None
        while (length := _frame(data)) is not None and len(data) >= length:
            if data[0] == _PING and self._transport is not None:
                # Who does not answer is taken for gone after a minute. A client masks what it sends; zeros change nothing.
                self._transport.write(bytes((_PONG, 0x80 | data[1], 0, 0, 0, 0)) + data[2:length])
            found = _TOTAL.search(data, 0, length)
            if found is not None:
                self.heard.append((int(found[1]), at))
            data = data[length:]
        self._rest = data


def _frame(data: bytes) -> int | None:
    """The bytes of the first frame with its head; None where not even the head is there. Servers do not mask."""
    if len(data) < 2:
        return None
    length = data[1]
    if length < 126:
        return 2 + length
    size = 2 if length == 126 else 8
    return 2 + size + int.from_bytes(data[2 : 2 + size], "big") if len(data) >= 2 + size else None


def _listen(port: int, number: int, pipe: Connection) -> None:
    open_files(number)
    asyncio.run(_listening(port, number, pipe))


async def _listening(port: int, number: int, pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    coming = asyncio.Semaphore(AT_ONCE)

    async def come() -> _Ear:
        async with coming:
            upgraded: asyncio.Future[None] = loop.create_future()
            _, ear = await loop.create_connection(lambda: _Ear(upgraded), "127.0.0.1", port)
            async with asyncio.timeout(60):
                await upgraded
            return ear

    try:
        ears = await asyncio.gather(*(come() for _ in range(number)))
    except Exception as error:
        pipe.send(repr(error))
        return
    pipe.send("connected")
    await loop.run_in_executor(None, pipe.recv)
    pipe.send([ear.heard for ear in ears])
    await loop.run_in_executor(None, pipe.recv)
