"""What is written to a socket leaves at once."""

from __future__ import annotations

import asyncio
import socket
from typing import Any


def answers_at_once(loop: asyncio.AbstractEventLoop) -> None:
    """An open socket that the loop is given to serve on sends what is written at once, as one that it opens itself does.

    `streamlit run` gives it one. An answer is written in two parts, and the second would wait until the browser's system
    confirms the first, which takes 40 ms: for every file, every answer of the API and many a message of a socket.
    """
    serve = loop.create_server

    async def create_server(*given: Any, sock: socket.socket | None = None, **more: Any) -> asyncio.Server:
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # whoever connects to it inherits this
        return await serve(*given, sock=sock, **more)

    loop.create_server = create_server  # type: ignore[method-assign]
