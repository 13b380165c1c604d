"""Tickets: what a page hands to its own scripts, so that what they ask for is asked in the name of its visitor."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from itsdangerous import BadSignature, URLSafeSerializer

from metrics_core.clock import Clock
from metrics_core.errors import ConflictError, NotAllowedError
from metrics_core.model.access import Principal
from metrics_core.model.instant import HOUR, Instant
from metrics_core.store.protocols import Catalog

LASTS: Instant = 12 * HOUR
SHELF = "secrets"


class Tickets:
    """Signs the names of principals and reads them back. A ticket says who somebody is and nothing more: what they may do
    and see is looked up whenever it is used. The secret is in the catalog, so that every replica reads every ticket."""

    def __init__(self, catalog: Catalog, clock: Clock, named: Callable[[str], Principal]) -> None:
        self._catalog = catalog
        self._clock = clock
        self._named = named
        self._signing: URLSafeSerializer | None = None

    def mint(self, who: Principal, *, lasts: Instant = LASTS) -> str:
        """A ticket for somebody, good for so long."""
        return str(self._signer().dumps([who.name, self._clock.now() + lasts]))

    def read(self, ticket: str) -> Principal:
        """Whose ticket it is, as they are now; NotAllowedError where it is none of ours, has run out, or they are shut
        out since."""
        try:
            name, until = self._signer().loads(ticket)
        except (BadSignature, ValueError):
            msg = "The ticket that was sent is not one of this server. Load the page again."
            raise NotAllowedError(msg) from None
        if self._clock.now() >= until:
            msg = "The ticket of this page has run out. Load the page again."
            raise NotAllowedError(msg)
        return self._named(str(name))

    def _signer(self) -> URLSafeSerializer:
        if self._signing is None:
            self._signing = URLSafeSerializer(self._secret(), salt="ticket of a name")
        return self._signing

    def _secret(self) -> str:
        kept = self._catalog.get(SHELF, "tickets")
        if kept is None:
            try:
                kept = self._catalog.put(SHELF, "tickets", {"secret": secrets.token_urlsafe(32)}, expecting=0)
            except ConflictError:  # another replica made it first
                return self._secret()
        return str(kept.body["secret"])
