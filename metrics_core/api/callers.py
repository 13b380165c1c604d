"""Who calls: the visitor of a page by the ticket it was given, a program by its key, or whoever this machine lets in."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from anyio import to_thread
from starlette.requests import HTTPConnection

from metrics_core.api.desk import Desk, desk_of, knock_of
from metrics_core.engine import Engine
from metrics_core.errors import PulseboardError
from metrics_core.model.access import LOCAL, Principal, Role

T = TypeVar("T")

VISITOR = Principal("visitor", "Visitor", Role.VIEWER)
"""Whoever reads where reading is open."""


class Caller(NamedTuple):
    """The desk that was called, and who calls."""

    desk: Desk
    who: Principal

    async def run(self, work: Callable[[Engine, Principal], T]) -> T:
        """Work for the caller, in a thread: the others at the door do not wait."""
        return await to_thread.run_sync(work, self.desk.engine, self.who)


async def caller(connection: HTTPConnection) -> Caller:
    """Somebody who may read; what a route depends on. NotAllowedError for a ticket that is not good."""
    desk = desk_of(connection)
    desk.lets_read(connection)
    who = await to_thread.run_sync(_known, connection, desk)
    return Caller(desk, VISITOR if who is None else who)


async def changer(connection: HTTPConnection) -> Caller:
    """Somebody who may change what is theirs to change; what a route depends on."""
    desk = desk_of(connection)
    desk.lets_read(connection)
    who = await to_thread.run_sync(_known, connection, desk)
    if who is None:
        desk.lets_change(connection)  # says why not
        who = LOCAL
    desk.rates.count(who.name)
    return Caller(desk, who)


def _known(connection: HTTPConnection, desk: Desk) -> Principal | None:
    ticket = connection.headers.get("x-ticket") or connection.query_params.get("ticket")
    if ticket:
        who = desk.engine.tickets.read(ticket)
        # What a link allows is read again each time, so that it ends at once when it is revoked.
        return who if who.link is None else desk.engine.shares.current(who.link).principal()
    knock = knock_of(connection)
    try:
        name = desk.guard.may_change(knock)
    except PulseboardError:
        return None
    return Principal(name, name.capitalize(), Role.ADMIN) if knock.key and desk.guard.holds(knock.key) else LOCAL
