"""Share links: who has one sees one dashboard, as far as the link allows, until it ends."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import scrypt, sha256
from typing import Any

from metrics_core.cache import Kept
from metrics_core.clock import Clock
from metrics_core.dashboards import rights
from metrics_core.dashboards.state import PARTS, State
from metrics_core.errors import (
    BadRequestError,
    ConflictError,
    EndedError,
    NotFoundError,
    PasswordNeededError,
    StoreAwayError,
    TooManyError,
)
from metrics_core.model.access import Noted, Principal, Role, unnoted
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.instant import DAY, SECOND, Instant, iso, moment
from metrics_core.model.query import Filter
from metrics_core.reads.names import known
from metrics_core.reads.where import filters_of
from metrics_core.store.protocols import Catalog, Document

SHELF, FROZEN = "shares", "frozen"
LONGEST_DAYS = 3_650
SHORTEST_PASSWORD, LONGEST_PASSWORD = 4, 200
WRONG_PASSWORDS, WRONG_SECONDS = 10, 600
"""So many wrong passwords of a link in a row, each so long after the one before, and no more are tried for that long."""
GLANCE_SECONDS = 2.0
"""So long after a link was revoked by another process may it still be open here; in this one it closes at once."""

FREE = ("period", "compare", "zone", "refresh")
"""What the receiver of a link may change unless it says otherwise. The origin is not among it."""


@dataclass(frozen=True, slots=True)
class Share:
    """One link and what it allows."""

    id: str
    dashboard: str
    label: str
    made_by: str
    made_by_label: str
    made_at: Instant
    ends_at: Instant | None
    revoked_at: Instant | None
    state: State
    """What the sender saw."""
    free: tuple[str, ...]
    """The parts of the state that the receiver may change; the others stay as they were sent."""
    allowed: tuple[str, ...]
    """The dimensions the receiver may filter by; the sender's filters on all others are locked."""
    filters: tuple[Filter, ...]
    """What the sender was narrowed to: nobody sees more by a link than who made it."""
    has_password: bool
    embed: bool
    frozen_at: Instant | None
    export: bool = False
    """The receiver may take away what they see as a file."""

    @property
    def locked(self) -> dict[str, tuple[object, ...]]:
        """The sender's filters that stay, by dimension."""
        return {name: tuple(values) for name, values in self.state.where.items() if name not in self.allowed}

    def principal(self) -> Principal:
        """Who comes by this link: a viewer who sees what it lets through, and nothing else."""
        locked = filters_of({name: list(values) for name, values in self.locked.items()})
        return Principal(
            f"link:{self.id}", f"Link {self.label}" if self.label else "Link", Role.VIEWER,
            tuple(dict.fromkeys((*self.filters, *locked))), link=self.id,
        )  # fmt: skip

    def bound(self, asked: State) -> State:
        """What is left of a state somebody asks for: only what the link lets them change differs from what was sent."""
        if self.frozen_at is not None:
            return replace(self.state, refresh=asked.refresh)
        said = {field: getattr(asked, field) for part in self.free for field in PARTS[part]}
        mine = {name: values for name, values in asked.where.items() if name in self.allowed}
        theirs = {name: values for name, values in self.state.where.items() if name not in self.allowed}
        return replace(self.state, **said, where=dict(sorted({**mine, **theirs}.items())))

    def terms(self) -> dict[str, object]:
        """What the link allows, for who came by it."""
        return {
            "id": self.id, "label": self.label, "ends_at": _iso(self.ends_at), "free": list(self.free),
            "allowed": list(self.allowed), "locked": {name: list(values) for name, values in self.locked.items()},
            "embed": self.embed, "frozen_at": _iso(self.frozen_at), "export": self.export,
        }  # fmt: skip

    def body(self) -> dict[str, object]:
        """The link for those who may see it in the list of links; its token is told once, when it is made."""
        return {
            **self.terms(), "dashboard": self.dashboard, "made_by": self.made_by_label, "made_at": iso(self.made_at),
            "revoked_at": _iso(self.revoked_at), "state": self.state.body(), "password": self.has_password,
        }  # fmt: skip


class Shares:
    """The links there are. A token is kept as its hash, a password as its scrypt: neither can be read back."""

    def __init__(self, catalog: Catalog, clock: Clock, *, noted: Noted = unnoted) -> None:
        self._catalog = catalog
        self._clock = clock
        self._noted = noted
        self._glanced: Kept[str, tuple[Instant, Share]] = Kept(clock, most=1_000)
        self._frozen: Kept[str, Mapping[str, Any]] = Kept(clock, most=50)
        self._wrong: Kept[str, int] = Kept(clock, most=10_000)

    def create(
        self, dashboard: str, who: Principal, *, state: State, label: str = "", days: float | None = None,
        password: str | None = None, free: Sequence[str] = FREE, allowed: Sequence[str] = (), embed: bool = False,
        export: bool = False, frozen: Mapping[str, object] | None = None, frozen_at: Instant | None = None,
    ) -> tuple[Share, str]:
        """A new link and its token, which nobody is told again. `frozen` is what the sender saw, to be kept with it."""
        rights.require(rights.may_make_links(who), _NOT_YOURS)
        token = secrets.token_urlsafe(24)
        now = self._clock.now()
        share = Share(
            id=_id_of(token), dashboard=dashboard, label=_label(label), made_by=who.name, made_by_label=who.label,
            made_at=now, ends_at=None if days is None else now + _lasting(days), revoked_at=None, state=state,
            free=tuple(dict.fromkeys(known("part of a state", part, PARTS) for part in free)),
            allowed=tuple(dict.fromkeys(known("dimension", name, DIMENSIONS) for name in allowed)),
            filters=who.filters, has_password=password is not None, embed=embed, frozen_at=frozen_at,
            export=export,
        )  # fmt: skip
        body = {**_kept(share), "hash": _hash(token), "secret": None if password is None else _scrypt(password)}
        if frozen is not None:
            self._catalog.put(FROZEN, share.id, dict(frozen))
        self._catalog.put(SHELF, share.id, body, expecting=0)
        self._noted(who, "share.create", f"{dashboard}/{share.id}", after=_said(share))
        return share, token

    def open(self, token: str, password: str | None = None) -> Share:
        """The link of a token; NotFoundError, EndedError or PasswordNeededError where it does not open."""
        kept = self._catalog.get(SHELF, _id_of(token)) if len(token) <= 100 else None
        if kept is None or not hmac.compare_digest(str(kept.body["hash"]), _hash(token)):
            raise NotFoundError(_UNKNOWN)
        share = self._in_force(_share(kept))
        secret = kept.body["secret"]
        if secret is not None:
            if not password:
                msg = "This link opens with a password. Ask whoever sent it."
                raise PasswordNeededError(msg)
            self._try(share.id, password, str(secret))
        return share

    def current(self, link: str) -> Share:
        """The link by its id, as long as it is in force; EndedError or NotFoundError otherwise."""
        now = self._clock.now()
        read_at, share = self._glanced.get(link) or (None, None)
        if read_at is None or not 0 <= now - read_at < GLANCE_SECONDS * SECOND:
            try:
                kept = self._catalog.get(SHELF, link)
            except StoreAwayError:
                if share is None:
                    raise
            else:
                share = None if kept is None else _share(kept)
            if share is not None:
                self._glanced.put(link, (now, share))
        if share is None:
            raise NotFoundError(_UNKNOWN)
        return self._in_force(share)

    def of(self, dashboard: str) -> list[Share]:
        """The links of a dashboard, the newest first, those that ended too."""
        found = [_share(kept) for kept in self._catalog.find(SHELF) if kept.body["dashboard"] == dashboard]
        return sorted(found, key=lambda share: share.made_at, reverse=True)

    def all(self) -> list[Share]:
        """Every link there was, the newest first."""
        return sorted(map(_share, self._catalog.find(SHELF)), key=lambda share: share.made_at, reverse=True)

    def revoke(self, dashboard: str, link: str, who: Principal) -> Share:
        """End a link now. Whoever has it is told that it ended."""
        rights.require(rights.may_make_links(who), _NOT_YOURS)
        return self._end(dashboard, link, who)

    def end_all(self, dashboard: str, who: Principal) -> None:
        """End every link of a dashboard that goes, with the right to let it go."""
        for share in self.of(dashboard):
            self._end(dashboard, share.id, who)

    def frozen(self, link: str) -> Mapping[str, Any]:
        """What the sender of a frozen link saw."""
        name = self.current(link).id
        seen = self._frozen.get(name)
        if seen is None:
            kept = self._catalog.get(FROZEN, name)
            if kept is None:
                msg = "This link is not frozen: it shows the figures of now."
                raise NotFoundError(msg)
            seen = self._frozen.put(name, kept.body)
        return seen

    def _end(self, dashboard: str, link: str, who: Principal) -> Share:
        kept = self._catalog.get(SHELF, link)
        if kept is None or kept.body["dashboard"] != dashboard:
            raise NotFoundError(_UNKNOWN)
        if kept.body["revoked_at"] is None:
            body = {**kept.body, "revoked_at": self._clock.now()}
            try:
                kept = self._catalog.put(SHELF, link, body, expecting=kept.version)
            except ConflictError:
                return self._end(dashboard, link, who)
            self._noted(who, "share.revoke", f"{dashboard}/{link}", _said(_share(kept)), "revoked")
        self._glanced.drop(link)
        self._frozen.drop(link)
        self._catalog.drop(FROZEN, link)
        return _share(kept)

    def _try(self, link: str, password: str, secret: str) -> None:
        wrong = self._wrong.get(link) or 0
        if wrong >= WRONG_PASSWORDS:
            msg = f"Too many wrong passwords were tried. Come back in {WRONG_SECONDS // 60} minutes."
            raise TooManyError(msg, retry_after=WRONG_SECONDS)
        if len(password) > LONGEST_PASSWORD or not _fits(password, secret):
            self._wrong.put(link, wrong + 1, seconds=WRONG_SECONDS)
            msg = "That is not the password of this link. Ask whoever sent it."
            raise PasswordNeededError(msg)
        self._wrong.drop(link)

    def _in_force(self, share: Share) -> Share:
        if share.revoked_at is not None:
            msg = f"This link was revoked {_on(share.revoked_at)}. Ask whoever sent it for a new one."
            raise EndedError(msg)
        if share.ends_at is not None and self._clock.now() >= share.ends_at:
            msg = f"This link ended {_on(share.ends_at)}. Ask whoever sent it for a new one."
            raise EndedError(msg)
        return share


def _on(at: Instant) -> str:
    """An instant for whoever comes by a link, wherever they are."""
    when = moment(at)
    return f"on {when.day} {when:%b %Y} at {when:%H:%M} UTC"


_NOT_YOURS = "Links are made and ended by managers and above."
_UNKNOWN = "There is no such link. Check that all of its address was copied, or ask for it again."

# ---------------------------------------------------------------------------------------------------------- as it is kept


def _kept(share: Share) -> dict[str, object]:
    return {
        "dashboard": share.dashboard, "label": share.label, "made_by": share.made_by, "made_by_label": share.made_by_label,
        "made_at": share.made_at, "ends_at": share.ends_at, "revoked_at": share.revoked_at, "state": share.state.body(),
        "free": list(share.free), "allowed": list(share.allowed),
        "filters": [[row.dimension, list(row.values), row.negated] for row in share.filters],
        "embed": share.embed, "frozen_at": share.frozen_at, "export": share.export,
    }  # fmt: skip


def _share(kept: Document) -> Share:
    body: dict[str, Any] = kept.body
    return Share(
        id=kept.name, dashboard=body["dashboard"], label=body["label"], made_by=body["made_by"],
        made_by_label=body["made_by_label"], made_at=body["made_at"], ends_at=body["ends_at"],
        revoked_at=body["revoked_at"], state=State.of(body["state"]), free=tuple(body["free"]),
        allowed=tuple(body["allowed"]),
        filters=tuple(Filter(name, tuple(values), negated) for name, values, negated in body["filters"]),
        has_password=body["secret"] is not None, embed=body["embed"], frozen_at=body["frozen_at"],
        export=body.get("export", False),
    )  # fmt: skip


def _said(share: Share) -> str:
    """What it allows, in a few words."""
    ends = "until revoked" if share.ends_at is None else f"until {iso(share.ends_at)}"
    marks = (("with a password", share.has_password), ("frozen", share.frozen_at is not None), ("embedded", share.embed),
             ("may be exported", share.export))  # fmt: skip
    return ", ".join((share.label or "no label", ends, *(name for name, holds in marks if holds)))


def _label(text: str) -> str:
    plain = text.strip()
    if len(plain) > 120:
        msg = f"The label of a link has {len(plain):,} characters, more than 120."
        raise BadRequestError(msg)
    return plain


def _lasting(days: float) -> Instant:
    if not 0 < days <= LONGEST_DAYS:
        msg = f"A link lasts more than 0 and up to {LONGEST_DAYS} days; {days:g} is not. Without, until revoked."
        raise BadRequestError(msg)
    return int(days * DAY)


def _iso(at: Instant | None) -> str | None:
    return None if at is None else iso(at)


# ------------------------------------------------------------------------------------------------------------- secrets


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _id_of(token: str) -> str:
    """The public name of a link: a piece of a hash of its token, from which the token cannot be told."""
    return sha256(b"id of " + token.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _scrypt(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        msg = f"The password of a link has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
        raise BadRequestError(msg)
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_stretched(password, salt).hex()}"


def _fits(password: str, secret: str) -> bool:
    salt, _, stretched = secret.partition("$")
    return hmac.compare_digest(_stretched(password, bytes.fromhex(salt)), bytes.fromhex(stretched))


def _stretched(password: str, salt: bytes) -> bytes:
    return scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, n=2**14, r=8, p=1)
