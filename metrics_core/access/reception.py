"""The reception: tells of everybody who comes, by whichever door, who they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from metrics_core.access.guard import Guard, Knock
from metrics_core.access.keys import NAME, KeyRing, Keys
from metrics_core.access.people import People, Person, RoleClaim
from metrics_core.access.roles import allows, require
from metrics_core.access.tickets import Tickets
from metrics_core.clock import Clock
from metrics_core.errors import NotAllowedError, PulseboardError
from metrics_core.model.access import LOCAL, NOBODY, VISITOR, Noted, Principal, unnoted
from metrics_core.settings import Settings
from metrics_core.store.protocols import Catalog

LINK = "link:"
"""What the names of those who came by a link begin with."""


class Reception:
    """Knows keys, tickets and people, and what is open without any of them."""

    def __init__(
        self, settings: Settings, catalog: Catalog, clock: Clock, *, link: Callable[[str], Principal],
        noted: Noted = unnoted,
    ) -> None:
        """`link` tells who comes by the link of an id, and refuses where it ended."""
        self._ring = KeyRing(settings.api_keys)
        self._link = link
        self.guard = Guard(settings, self._ring)
        self.keys = Keys(catalog, clock, noted=noted)
        claim = RoleClaim(settings.role_claim, settings.role_map)
        self.people = People(catalog, clock, admins=settings.admin_emails, claim=claim, noted=noted)
        self.tickets = Tickets(catalog, clock, self.named)

    @property
    def signs_in(self) -> bool:
        """Whether people sign in here."""
        return self.guard.sign_in

    def caller(self, knock: Knock, ticket: str | None = None) -> Principal:
        """Who calls: by their ticket, by their key, or by where they call from. NotAllowedError for a ticket or key that
        is not good, and for nobody where people sign in; ForbiddenError for pages that may not call."""
        if ticket:
            self.guard.may_read(knock)
            return self.tickets.read(ticket)
        shown = self.by_key(knock.key)
        if shown is not None:
            self.guard.comes_by_key(knock)
            return shown
        self.guard.may_read(knock)
        try:
            self.guard.may_change(knock)
        except PulseboardError:
            if self.signs_in:
                raise
            return VISITOR
        return LOCAL

    def changer(self, knock: Knock, ticket: str | None = None) -> Principal:
        """As `caller`, of somebody who wants to change something: a visitor is told how they could."""
        who = self.caller(knock, ticket)
        if who is VISITOR:
            self.guard.may_change(knock)
        return who

    def sender(self, knock: Knock, ticket: str | None = None) -> Principal:
        """Somebody who may send records."""
        who = self.changer(knock, ticket)
        require(who, "send")
        return who

    def by_key(self, word: str | None) -> Principal | None:
        """Whoever shows this word, where it is a key."""
        name = self._ring.name_of(word)
        return self.keys.principal(word) if name is None else self._ring.principal(name)

    def named(self, name: str) -> Principal:
        """Who a name stands for, as they are now; NotAllowedError where they are nobody any more."""
        if name.startswith(LINK):
            return self._link(name.removeprefix(LINK))
        if name.startswith(NAME):
            return self.keys.named(name)
        if "@" in name:
            return self.people.principal(name)
        known = {LOCAL.name: LOCAL, VISITOR.name: VISITOR}.get(name) or self._ring.principal(name)
        # Whom nobody had to name is somebody only as long as things stand open for them.
        open_still = known is not LOCAL or not self.guard.needs_key
        if known is None or not open_still or (known is VISITOR and self.signs_in):
            msg = "What this page was opened with has ended. Load it again."
            raise NotAllowedError(msg)
        return known

    def signed_in(self, claims: Mapping[str, Any]) -> tuple[Principal, Person]:
        """Who signed in, and what is kept of them; NOBODY as long as they have no role."""
        person = self.people.arrive(claims)
        return person.principal() or NOBODY, person

    def here(self, knock: Knock) -> Principal:
        """Who looks at a page where nobody signs in; `knock` has the key they typed, if they did."""
        shown = self.by_key(knock.key)
        if shown is not None and allows(shown, "look"):
            return shown
        try:
            self.guard.may_change(knock)
        except PulseboardError:
            return VISITOR
        return LOCAL
