"""An answer leaves as it is written: nobody waits for the confirmation of its first part."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from metrics_core.api.server import build_parts
from metrics_core.engine import Engine
from metrics_core.settings import Settings


@pytest.fixture
def opened_before() -> Iterator[socket.socket]:
    """A socket as `streamlit run` opens it for its server: without a word about the protocol."""
    with socket.socket(socket.AF_INET) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        sock.setblocking(False)
        yield sock


async def waits(sock: socket.socket, app: Starlette) -> bool:
    """Whether the server of this app holds back the second part of an answer on this socket."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.01)
    try:
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"200" in await reader.readline()
        (connection,) = server.server_state.connections
        accepted = connection.transport.get_extra_info("socket")  # type: ignore[union-attr]
        writer.close()
        return accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
    finally:
        server.should_exit = True
        await serving


def test_an_answer_on_a_socket_that_was_opened_before_does_not_wait(tmp_path: Path, opened_before: socket.socket) -> None:
    engine = Engine(Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'house.db'}"))
    app = Starlette(**build_parts(engine=engine))
    with ThreadPoolExecutor(1) as elsewhere:
        assert not elsewhere.submit(asyncio.run, waits(opened_before, app)).result()
