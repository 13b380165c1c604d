"""Keys: long random words that programs show to be let in. Only their hashes are kept."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from metrics_core.access.filters import filters_body, filters_from, filters_said
from metrics_core.access.roles import ROLES, of_role, require
from metrics_core.cache import Kept
from metrics_core.clock import Clock
from metrics_core.errors import BadRequestError, ConflictError, NotAllowedError, NotFoundError, StoreAwayError
from metrics_core.model.access import Noted, Principal, Role, unnoted
from metrics_core.model.instant import DAY, SECOND, Instant
from metrics_core.model.query import Filter
from metrics_core.store.protocols import Catalog, Document

SHORTEST = 16
"""A key with fewer characters is easy to guess; the start-up log says so."""
SHELF = "keys"
PREFIX = "pb_"
NAME = "key:"
"""What the names of keys that were made here begin with."""
LONGEST_DAYS = 3_650
LONGEST_LABEL = 80
GLANCE_SECONDS = 2.0
"""So long after another process revoked a key may it still open doors here; in this one it ends at once."""


class KeyRing:
    """The keys of the setting API_KEYS: each may do everything."""

    def __init__(self, keys: Iterable[str]) -> None:
        words = list(dict.fromkeys(keys))
        self._hashes = tuple(_hash(word) for word in words)
        self.short = sum(len(word) < SHORTEST for word in words)

    def __len__(self) -> int:
        return len(self._hashes)

    def name_of(self, word: str | None) -> str | None:
        """A name for the key that this word is, fit for logs and limits; None when it is none of them."""
        if not word:
            return None
        given, found = _hash(word), None
        # Every key is compared, each in constant time: how long it takes tells nothing about them.
        for known in self._hashes:
            if hmac.compare_digest(known, given):
                found = known
        return _ring_name(found) if found is not None else None

    def principal(self, name: str) -> Principal | None:
        """Who a name stands for, as long as its key is set."""
        there = any(_ring_name(known) == name for known in self._hashes)
        return Principal(name, name.capitalize(), Role.ADMIN) if there else None


@dataclass(frozen=True, slots=True)
class Key:
    """A key that an administrator made for a program."""

    id: str
    label: str
    role: Role | None
    """What it reads as; None is not at all."""
    sends: bool
    """It may send records."""
    filters: tuple[Filter, ...]
    made_by: str
    made_at: Instant
    ends_at: Instant | None
    revoked_at: Instant | None

    def holds(self, now: Instant) -> bool:
        return self.revoked_at is None and (self.ends_at is None or now < self.ends_at)

    def told(self) -> str:
        """What it may do in a few words."""
        reads = "reads nothing" if self.role is None else f"reads as {self.role.name.lower()}"
        sees = f", sees {filters_said(self.filters)}" if self.filters else ""
        return f"{reads}{sees}{', sends' if self.sends else ''}"

    def principal(self) -> Principal:
        may = () if self.role is None else of_role(self.role)
        if self.sends:
            may = tuple(dict.fromkeys((*may, "send")))
        return Principal(NAME + self.id, f"Key {self.label}", self.role or Role.VIEWER, self.filters, permissions=may)


class Keys:
    """The keys that were made here. The word of one is told once and cannot be read back."""

    def __init__(self, catalog: Catalog, clock: Clock, *, noted: Noted = unnoted) -> None:
        self._catalog = catalog
        self._clock = clock
        self._noted = noted
        self._glanced: Kept[str, tuple[Instant, Document | None]] = Kept(clock, most=2_000)

    def make(
        self, label: str, who: Principal, *, role: Role | None = None, sends: bool = False,
        filters: Mapping[str, Iterable[object]] | None = None, days: float | None = None,
    ) -> tuple[Key, str]:
        """A new key, and its word, which nobody is told again."""
        require(who, "people")
        label, narrowed, now = label.strip(), filters_from(filters or {}), self._clock.now()
        if not 0 < len(label) <= LONGEST_LABEL or not label.isprintable():
            msg = f"A key has a name of 1 to {LONGEST_LABEL} characters, such as the program that shows it."
            raise BadRequestError(msg)
        if role is None and not sends:
            msg = "A key that neither reads nor sends opens nothing. Give it a role, or let it send."
            raise BadRequestError(msg)
        if role is Role.ADMIN and narrowed:
            msg = "An administrator sees everything. Take the filters away, or give another role."
            raise BadRequestError(msg)
        if days is not None and not 0 < days <= LONGEST_DAYS:
            msg = f"A key lasts more than 0 and up to {LONGEST_DAYS} days, or until it is revoked."
            raise BadRequestError(msg)
        word = PREFIX + secrets.token_urlsafe(32)
        ends_at = None if days is None else now + int(days * DAY)
        key = Key(_id_of(word), label, role, sends, narrowed, who.label, now, ends_at, None)
        self._catalog.put(SHELF, key.id, {**_body(key), "hash": _hash(word).hex()}, expecting=0)
        self._glanced.drop(key.id)
        self._noted(who, "key.make", f"{label} ({key.id})", after=key.told())
        return key, word

    def all(self) -> list[Key]:
        """Every key there was, the newest first."""
        return sorted((_key(kept) for kept in self._catalog.find(SHELF)), key=lambda key: key.made_at, reverse=True)

    def revoke(self, name: str, who: Principal) -> Key:
        """End a key now."""
        require(who, "people")
        kept = self._catalog.get(SHELF, name)
        if kept is None:
            msg = "There is no such key."
            raise NotFoundError(msg)
        if kept.body["revoked_at"] is None:
            try:
                kept = self._catalog.put(
                    SHELF, name, {**kept.body, "revoked_at": self._clock.now()}, expecting=kept.version
                )
            except ConflictError:
                return self.revoke(name, who)
            key = _key(kept)
            self._noted(who, "key.revoke", f"{key.label} ({key.id})", key.told(), "revoked")
        self._glanced.drop(name)
        return _key(kept)

    def knows(self, word: str | None) -> bool:
        """Whether this can be asked without waiting for the database."""
        read_at, _ = self._glanced.get(_id_of(word or "")) or (None, None)
        return not _is_ours(word) or (read_at is not None and self._is_fresh(read_at))

    def principal(self, word: str | None) -> Principal | None:
        """Who shows this word; None where it is none of these keys, or one that ended."""
        if word is None or not _is_ours(word):
            return None
        kept = self._glance(_id_of(word))
        if kept is None or not hmac.compare_digest(str(kept.body["hash"]), _hash(word).hex()):
            return None
        key = _key(kept)
        return key.principal() if key.holds(self._clock.now()) else None

    def named(self, name: str) -> Principal:
        """Who a key's name stands for now; NotAllowedError where it ended."""
        kept = self._glance(name.removeprefix(NAME))
        if kept is None or not (key := _key(kept)).holds(self._clock.now()):
            msg = "The key this was opened with has ended. Ask an administrator for a new one."
            raise NotAllowedError(msg)
        return key.principal()

    def _glance(self, name: str) -> Document | None:
        now = self._clock.now()
        read_at, kept = self._glanced.get(name) or (None, None)
        if read_at is None or not self._is_fresh(read_at):
            try:
                kept = self._catalog.get(SHELF, name)
            except StoreAwayError:
                if read_at is None:
                    raise
            else:
                self._glanced.put(name, (now, kept))
        return kept

    def _is_fresh(self, read_at: Instant) -> bool:
        return 0 <= self._clock.now() - read_at < GLANCE_SECONDS * SECOND


def _body(key: Key) -> dict[str, object]:
    return {
        "label": key.label, "role": None if key.role is None else key.role.name.lower(), "sends": key.sends,
        "filters": filters_body(key.filters), "made_by": key.made_by, "made_at": key.made_at, "ends_at": key.ends_at,
        "revoked_at": key.revoked_at,
    }  # fmt: skip


def _key(kept: Document) -> Key:
    body: dict[str, Any] = kept.body
    return Key(
        kept.name, body["label"], None if body["role"] is None else ROLES[body["role"]], body["sends"],
        filters_from(body["filters"]), body["made_by"], body["made_at"], body["ends_at"], body["revoked_at"],
    )  # fmt: skip


def _is_ours(word: str | None) -> bool:
    return word is not None and word.startswith(PREFIX) and len(word) < 100


def _ring_name(known: bytes) -> str:
    return f"key {known.hex()[:8]}"


def _id_of(word: str) -> str:
    """The public name of a key: a piece of a hash of its word, from which the word cannot be told."""
    return sha256(b"id of " + word.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _hash(word: str) -> bytes:
    return sha256(word.encode("utf-8", "surrogatepass")).digest()
