"""Who calls: a person by the ticket of their page, a program by its key, or whoever this machine lets in; and what for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from anyio import to_thread
from starlette.requests import HTTPConnection

from metrics_core.access.roles import require
from metrics_core.api.desk import Desk, desk_of, principal_of, ticket_of
from metrics_core.engine import Engine
from metrics_core.model.access import LOCAL, NOBODY, Principal
from metrics_core.model.access import VISITOR as VISITOR

T = TypeVar("T")


class Caller(NamedTuple):
    """The desk that was called, and who calls."""

    desk: Desk
    who: Principal

    async def run(self, work: Callable[[Engine, Principal], T]) -> T:
        """Work for the caller, in a thread: the others at the door do not wait."""
        return await to_thread.run_sync(work, self.desk.engine, self.who)


async def anyone(connection: HTTPConnection) -> Caller:
    """Whoever calls, signed in or not: for what a link opens."""
    desk = desk_of(connection)
    desk.lets_in(connection)
    return Caller(desk, NOBODY)


async def caller(connection: HTTPConnection) -> Caller:
    """Somebody who may look, at everything or at what their link is of; what a route depends on."""
    desk = desk_of(connection)
    who = await principal_of(desk, connection)
    if who.link is None:
        require(who, "look")
    return Caller(desk, who)


async def changer(connection: HTTPConnection) -> Caller:
    """Somebody who may change what is theirs to change; what a route depends on."""
    desk = desk_of(connection)
    who = await principal_of(desk, connection, desk.engine.reception.changer)
    if who.link is None:
        require(who, "look")
    desk.counts(who, connection)
    return Caller(desk, who)


def may(permission: str) -> Callable[[HTTPConnection], Awaitable[Caller]]:
    """Somebody who may do this; what a route depends on. Nobody may by a link."""

    async def allowed(connection: HTTPConnection) -> Caller:
        desk = desk_of(connection)
        who = await principal_of(desk, connection)
        require(who, permission)
        return Caller(desk, who)

    return allowed


async def watcher(connection: HTTPConnection) -> Caller:
    """Somebody who asks how the product feels: anybody, who is told the more the more they may."""
    return await watcher_at(desk_of(connection), connection)


async def watcher_at(desk: Desk, connection: HTTPConnection) -> Caller:
    if desk.guard.sign_in and not (ticket_of(connection) or desk.shows_key(connection)):
        return Caller(desk, NOBODY)
    return Caller(desk, await principal_of(desk, connection))


__all__ = ["LOCAL", "VISITOR", "Caller", "anyone", "caller", "changer", "may", "watcher", "watcher_at"]
