"""The desk behind every door: the engine, who may come in, and how often; and who stands at the door."""

from __future__ import annotations

from functools import cached_property

from anyio import CapacityLimiter
from starlette.requests import HTTPConnection

from metrics_core import engine as house
from metrics_core.access.guard import Guard, Knock
from metrics_core.access.rates import Rates
from metrics_core.engine import Engine
from metrics_core.feed.hub import Hub


class Desk:
    """Everything is made at first use, so that a server can be put together before its settings are known."""

    def __init__(self, engine: Engine | None = None) -> None:
        self._given = engine

    @cached_property
    def engine(self) -> Engine:
        return self._given or house.engine()

    @cached_property
    def guard(self) -> Guard:
        return Guard(self.engine.settings)

    @cached_property
    def rates(self) -> Rates:
        return Rates(self.engine.settings.rate_limit, self.engine.clock)

    @cached_property
    def threads(self) -> CapacityLimiter:
        """Threads for large requests: a few, as the pages share them."""
        return CapacityLimiter(8)

    @property
    def hub(self) -> Hub:
        return self.engine.hub

    def lets_read(self, connection: HTTPConnection) -> None:
        self.guard.may_read(knock_of(connection))

    def lets_change(self, connection: HTTPConnection) -> None:
        """Whoever may not send or change, or does so too often, is told so."""
        self.rates.count(self.guard.may_change(knock_of(connection)))


def desk_of(connection: HTTPConnection) -> Desk:
    """The desk of the application that is being called."""
    desk: Desk = connection.app.state.desk
    return desk


async def reader(connection: HTTPConnection) -> Desk:
    """A caller who may read; what a route depends on."""
    desk = desk_of(connection)
    desk.lets_read(connection)
    return desk


async def sender(connection: HTTPConnection) -> Desk:
    """A caller who may send and change; what a route depends on."""
    desk = desk_of(connection)
    desk.lets_change(connection)
    return desk


def knock_of(connection: HTTPConnection) -> Knock:
    """What a connection tells of its caller."""
    headers, server, client = connection.headers, connection.scope.get("server"), connection.client
    scheme, _, word = headers.get("authorization", "").partition(" ")
    key = word.strip() if scheme.lower() == "bearer" else headers.get("x-api-key")
    # A browser cannot set headers on a socket or an event stream: there the key may be in the address.
    if not key and (connection.scope["type"] == "websocket" or connection.scope["path"].endswith("/stream")):
        key = connection.query_params.get("key")
    return Knock(
        server=server[0] if server else None,
        client=client.host if client else None,
        host=headers.get("host"),
        origin=headers.get("origin"),
        forwarded="x-forwarded-for" in headers or "forwarded" in headers,
        key=key or None,
    )
