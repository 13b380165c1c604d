"""The desk behind every door: the engine, who may come in, and how often; and who stands at the door."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from anyio import CapacityLimiter, to_thread
from starlette.requests import HTTPConnection

from metrics_core import engine as house
from metrics_core.access.guard import Guard, Knock
from metrics_core.access.rates import Rates
from metrics_core.engine import Engine
from metrics_core.feed.hub import Hub
from metrics_core.model.access import LOCAL, Principal


class Desk:
    """Everything is made at first use, so that a server can be put together before its settings are known."""

    def __init__(self, engine: Engine | None = None) -> None:
        self._given = engine

    @cached_property
    def engine(self) -> Engine:
        return self._given or house.engine()

    @property
    def guard(self) -> Guard:
        return self.engine.reception.guard

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

    def lets_in(self, connection: HTTPConnection) -> None:
        """ForbiddenError for pages elsewhere that come under a name of their own."""
        self.guard.may_read(knock_of(connection))

    def shows_key(self, connection: HTTPConnection) -> bool:
        return knock_of(connection).key is not None

    def counts(self, who: Principal, connection: HTTPConnection) -> None:
        """One more change by this caller; TooManyError where it is one too many. Nameless callers go by their address."""
        client = connection.client
        self.rates.count(who.name if who is not LOCAL else client.host if client else who.name)


Judge = Callable[[Knock, str | None], Principal]
"""The reception's view of a caller: any, one who changes, or one who sends."""


async def principal_of(desk: Desk, connection: HTTPConnection, judge: Judge | None = None) -> Principal:
    """Who calls. Where that takes the database, the others at the door do not wait."""
    judge = judge or desk.engine.reception.caller
    knock, ticket = knock_of(connection), ticket_of(connection)
    if ticket is None and desk.engine.keys.knows(knock.key):
        return judge(knock, None)
    return await to_thread.run_sync(judge, knock, ticket)


def desk_of(connection: HTTPConnection) -> Desk:
    """The desk of the application that is being called."""
    desk: Desk = connection.app.state.desk
    return desk


async def sender(connection: HTTPConnection) -> Desk:
    """A caller who may send; what a route depends on."""
    desk = desk_of(connection)
    who = await principal_of(desk, connection, desk.engine.reception.sender)
    desk.counts(who, connection)
    return desk


def ticket_of(connection: HTTPConnection) -> str | None:
    """The ticket that was shown; in the address where a browser can set no header."""
    return connection.headers.get("x-ticket") or connection.query_params.get("ticket") or None


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
