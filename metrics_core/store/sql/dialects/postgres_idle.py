"""Connections that lay idle: one that did not outlive the server's last restart is replaced before anyone works with it."""

from __future__ import annotations

import selectors
from time import monotonic
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

_SECONDS = 1.0
"""For so long, a connection on which nothing has come in is one to a server that is there. After that it is asked: a network
may have gone without a word."""


def watch(engine: Engine) -> None:
    """Look at each connection of this engine before it is handed out, with a question to the server where need be."""

    def left(_connection: Any, record: Any) -> None:
        record.info["left"] = monotonic()

    def taken(connection: Any, record: Any, _fairy: Any) -> None:
        since = record.info.get("left")
        if since is None or (monotonic() - since < _SECONDS and _is_quiet(connection)):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            if not engine.dialect.is_disconnect(error, connection, None):
                raise
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", left)
    event.listen(engine, "checkout", taken)


def _is_quiet(connection: Any) -> bool:
    """Nothing has come in, not even its end: a server that stops says so, or its machine does."""
    if connection.closed:
        return False
    with selectors.DefaultSelector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        return not selector.select(timeout=0)
