"""People by e-mail: the role each has, the part of the data that is theirs, and what signing in tells of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from metrics_core.access.filters import filters_body, filters_from, filters_said
from metrics_core.access.roles import ROLES, require
from metrics_core.cache import Kept
from metrics_core.clock import Clock
from metrics_core.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    NotAllowedError,
    NotFoundError,
    StoreAwayError,
)
from metrics_core.model.access import Noted, Principal, Role, unnoted
from metrics_core.model.instant import HOUR, SECOND, Instant
from metrics_core.model.query import Filter
from metrics_core.store.protocols import Catalog, Document

SHELF = "people"
GLANCE_SECONDS = 2.0
"""So long after somebody's role was changed by another process may they still have the old one here."""
SEEN_EVERY: Instant = HOUR
"""How often it is noted that somebody was here."""
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in, or whom an administrator entered."""

    email: str
    name: str
    given: Role | None
    """The role an administrator gave; it goes before the one that signing in says."""
    claimed: Role | None
    """The role that the provider's claim said when they last signed in."""
    claimed_at: int
    """When that sign-in was, as the provider tells it (`iat`): what an older one says no longer counts."""
    filters: tuple[Filter, ...]
    active: bool
    seen_at: Instant | None
    appointed: bool
    """An administrator by ADMIN_EMAILS, whatever else is kept."""
    version: int

    @property
    def role(self) -> Role | None:
        """The role that holds; None while nobody gave them one."""
        return Role.ADMIN if self.appointed else self.given or self.claimed

    def told(self) -> str:
        """Role, filters and standing in a few words, for the audit log."""
        role = "no role" if self.role is None else self.role.name.lower()
        sees = "" if self.role is Role.ADMIN or not self.filters else f", sees {filters_said(self.filters)}"
        return f"{role}{sees}{'' if self.active else ', shut out'}"

    def principal(self) -> Principal | None:
        """Who they are here; None where they may do nothing."""
        if self.role is None or not (self.active or self.appointed):
            return None
        filters = () if self.role is Role.ADMIN else self.filters
        return Principal(self.email, self.name or self.email, self.role, filters)


class RoleClaim:
    """Which claim of a sign-in says the role, and which of its values mean which."""

    def __init__(self, claim: str, values: Mapping[str, str]) -> None:
        self._path = claim.split(".") if claim else []
        self._roles = {value: ROLES[role] for value, role in values.items()}

    def of(self, claims: Mapping[str, Any]) -> Role | None:
        """The highest role that the claim says. Without a map its values are the roles' own names."""
        found: Any = claims
        for step in self._path:
            found = found.get(step) if isinstance(found, Mapping) else None
        said = [found] if isinstance(found, str) else found if self._path and isinstance(found, list | tuple) else []
        roles = self._roles or ROLES
        return max((roles[value] for value in said if isinstance(value, str) and value in roles), default=None)


class People:
    """The people there are."""

    def __init__(
        self, catalog: Catalog, clock: Clock, *, admins: Iterable[str] = (), claim: RoleClaim | None = None,
        noted: Noted = unnoted,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._admins = frozenset(map(address, admins))
        self._claim = claim or RoleClaim("", {})
        self._noted = noted
        self._glanced: Kept[str, tuple[Instant, Person | None]] = Kept(clock, most=5_000)

    def all(self) -> list[Person]:
        """Everybody, those without a role first: they wait for one."""
        found = {kept.name: self._person(kept) for kept in self._catalog.find(SHELF)}
        for email in self._admins - found.keys():
            found[email] = self._unknown(email)
        return sorted(found.values(), key=lambda person: (person.role is not None, -(person.role or 0), person.email))

    def administrators(self) -> list[str]:
        """Whom to ask for a role, by name."""
        return [person.name or person.email for person in self.all() if person.active and person.role is Role.ADMIN]

    def find(self, email: str) -> Person | None:
        """Somebody as they are now, or were a moment ago; while the database is away, as they were."""
        email = address(email)
        now = self._clock.now()
        read_at, person = self._glanced.get(email) or (None, None)
        if read_at is None or not 0 <= now - read_at < GLANCE_SECONDS * SECOND:
            try:
                kept = self._catalog.get(SHELF, email)
            except StoreAwayError:
                if read_at is None:
                    raise
            else:
                person = self._person(kept) if kept is not None else self._unknown(email) if email in self._admins else None
                self._glanced.put(email, (now, person))
        return person

    def principal(self, email: str) -> Principal:
        """Who somebody is here now; NotAllowedError where they are nobody any more."""
        person = self.find(email)
        who = None if person is None else person.principal()
        if who is None:
            msg = "Your account has no role here any more. Ask an administrator."
            raise NotAllowedError(msg)
        return who

    # --------------------------------------------------------------------------------------------------------- signing in

    def arrive(self, claims: Mapping[str, Any]) -> Person:
        """Who signed in, by what their provider says of them. Whoever comes for the first time is entered, without a role
        unless a claim or ADMIN_EMAILS gives one. ForbiddenError where the provider does not vouch for their address."""
        email = address(claims.get("email"))
        if not _ADDRESS.fullmatch(email):
            msg = "Your sign-in names no e-mail address. The provider must hand over the claim `email` (scope `email`)."
            raise ForbiddenError(msg)
        if str(claims.get("email_verified", True)).lower() == "false":
            msg = f"Your provider has not confirmed that {email} is yours. Confirm it there, then sign in again."
            raise ForbiddenError(msg)
        before = self.find(email) or self._unknown(email)
        now = self._clock.now()
        after = self._with_claims(before, claims)
        if after == before and before.version and before.seen_at and now - before.seen_at < SEEN_EVERY:
            return before
        try:
            after = self._write(replace(after, seen_at=now), expecting=before.version)
        except (ConflictError, StoreAwayError):
            if before.version == 0:
                return self._now(email)  # another of their tabs was first
            self._glanced.drop(email)
            return before
        if before.version == 0:
            self._noted(_principal_of(after), "person.arrive", email, after=after.told())
        elif before.claimed != after.claimed:
            self._noted(_principal_of(after), "person.claim", email, before.told(), after.told())
        return after

    def _with_claims(self, before: Person, claims: Mapping[str, Any]) -> Person:
        said_at = claims.get("iat")
        said_at = int(said_at) if isinstance(said_at, int | float) else before.claimed_at
        if before.version and said_at < before.claimed_at:
            return before  # a tab that signed in earlier, and does not know what has changed since
        name = str(claims.get("name") or "").strip()[:LONGEST_NAME] or before.name
        return replace(before, name=name, claimed=self._claim.of(claims), claimed_at=said_at)

    # ----------------------------------------------------------------------------------------------------- administration

    def keep(
        self, email: str, who: Principal, *, role: Role | None, filters: Mapping[str, Iterable[object]] | None = None,
        active: bool = True, name: str | None = None, expecting: int | None = None,
    ) -> Person:
        """Say what somebody may do and see. It holds within seconds, wherever they are signed in."""
        require(who, "people")
        email = address(email)
        if not _ADDRESS.fullmatch(email):
            msg = f"{email[:80]!r} is no e-mail address. People are known by the address they sign in with."
            raise BadRequestError(msg)
        before = self._now(email)
        if before.appointed:
            msg = f"{email} is an administrator by the setting ADMIN_EMAILS. Change it there."
            raise ConflictError(msg)
        after = replace(
            before, given=role, active=active, name=before.name if name is None else name.strip()[:LONGEST_NAME],
            filters=before.filters if filters is None else filters_from(filters),
        )  # fmt: skip
        if after.role is Role.ADMIN and after.filters:
            msg = "An administrator sees everything. Take the filters away, or give another role."
            raise BadRequestError(msg)
        self._leaves_an_administrator(after, who)
        if expecting is not None and expecting != before.version:
            msg = f"{email} was changed meanwhile: {before.told()}. Look again, then save."
            raise ConflictError(msg)
        after = self._write(after, expecting=before.version)
        if before.version == 0 or before.told() != after.told():
            self._noted(who, "person.save", email, "" if before.version == 0 else before.told(), after.told())
        return after

    def remove(self, email: str, who: Principal) -> None:
        """Forget somebody. Whoever signs in again is entered anew."""
        require(who, "people")
        before = self._now(address(email))
        if before.version == 0:
            msg = f"Nobody is kept under {email[:80]!r}."
            raise NotFoundError(msg)
        if not before.appointed:
            self._leaves_an_administrator(replace(before, given=None, claimed=None), who)
        self._catalog.drop(SHELF, before.email)
        self._glanced.drop(before.email)
        self._noted(who, "person.remove", before.email, before.told())

    def _leaves_an_administrator(self, after: Person, who: Principal) -> None:
        """Nobody takes the last administrator away by mistake: not themselves."""
        if who.name != after.email or (after.active and after.role is Role.ADMIN):
            return
        others = [person for person in self.all() if person.email != after.email]
        if not any(person.active and person.role is Role.ADMIN for person in others):
            msg = "You are the last administrator. Make somebody else one first."
            raise ConflictError(msg)

    # ------------------------------------------------------------------------------------------------------------- inside

    def _now(self, email: str) -> Person:
        kept = self._catalog.get(SHELF, email)
        return self._unknown(email) if kept is None else self._person(kept)

    def _write(self, person: Person, *, expecting: int) -> Person:
        body: dict[str, object] = {
            "name": person.name, "role": _name(person.given), "claimed": _name(person.claimed),
            "claimed_at": person.claimed_at, "filters": filters_body(person.filters), "active": person.active,
            "seen_at": person.seen_at,
        }  # fmt: skip
        try:
            kept = self._catalog.put(SHELF, person.email, body, expecting=expecting)
        except ConflictError:
            newest = self._now(person.email)
            if newest.version == expecting:
                raise
            msg = f"{person.email} was changed meanwhile: {newest.told()}. Look again, then save."
            raise ConflictError(msg) from None
        written = self._person(kept)
        self._glanced.put(person.email, (self._clock.now(), written))
        return written

    def _person(self, kept: Document) -> Person:
        body: dict[str, Any] = kept.body
        return Person(
            kept.name, body["name"], _role(body["role"]), _role(body["claimed"]), body["claimed_at"],
            filters_from(body["filters"]), body["active"], body["seen_at"], kept.name in self._admins, kept.version,
        )  # fmt: skip

    def _unknown(self, email: str) -> Person:
        return Person(email, "", None, None, 0, (), True, None, email in self._admins, 0)


_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


def address(said: object) -> str:
    """An e-mail address as people are known by it: without spaces around, in small letters."""
    return said.strip().lower() if isinstance(said, str) else ""


def _principal_of(person: Person) -> Principal:
    return Principal(person.email, person.name or person.email, person.role or Role.VIEWER)


def _name(role: Role | None) -> str | None:
    return None if role is None else role.name.lower()


def _role(name: str | None) -> Role | None:
    return None if name is None else ROLES[name]
