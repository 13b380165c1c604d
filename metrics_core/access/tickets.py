"""Tickets: what a page hands to its own scripts, so that what they ask for is asked in the name of its visitor."""

from __future__ import annotations

import secrets
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from metrics_core.clock import Clock
from metrics_core.errors import ConflictError, NotAllowedError
from metrics_core.model.access import Principal, Role
from metrics_core.model.instant import HOUR, Instant
from metrics_core.model.query import Filter
from metrics_core.store.protocols import Catalog

LASTS: Instant = 12 * HOUR
SHELF = "secrets"


class Tickets:
    """Signs principals and reads them back. The secret is in the catalog, so that every replica reads every ticket."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._signing: URLSafeSerializer | None = None

    def mint(self, who: Principal, *, lasts: Instant = LASTS) -> str:
        """A ticket for somebody, good for so long."""
        filters = [[row.dimension, list(row.values), row.negated] for row in who.filters]
        said = [who.name, who.label, int(who.role), filters, who.link, self._clock.now() + lasts]
        return str(self._signer().dumps(said))

    def read(self, ticket: str) -> Principal:
        """Whose ticket it is; NotAllowedError where it is none of ours or has run out."""
        try:
            name, label, role, filters, link, until = self._signer().loads(ticket)
        except BadSignature:
            msg = "The ticket that was sent is not one of this server. Load the page again."
            raise NotAllowedError(msg) from None
        if self._clock.now() >= until:
            msg = "The ticket of this page has run out. Load the page again."
            raise NotAllowedError(msg)
        return Principal(name, label, Role(role), tuple(_filter(row) for row in filters), link)

    def _signer(self) -> URLSafeSerializer:
        if self._signing is None:
            self._signing = URLSafeSerializer(self._secret(), salt="ticket")
        return self._signing

    def _secret(self) -> str:
        kept = self._catalog.get(SHELF, "tickets")
        if kept is None:
            try:
                kept = self._catalog.put(SHELF, "tickets", {"secret": secrets.token_urlsafe(32)}, expecting=0)
            except ConflictError:  # another replica made it first
                return self._secret()
        return str(kept.body["secret"])


def _filter(row: Any) -> Filter:
    dimension, values, negated = row
    return Filter(dimension, tuple(values), negated)
