"""Keys: long random words that programs show to be let in. Only their hashes are kept."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256

SHORTEST = 16
"""A key with fewer characters is easy to guess; the start-up log says so."""


class KeyRing:
    """The keys that open the doors."""

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
        return f"key {found.hex()[:8]}" if found is not None else None


def _hash(word: str) -> bytes:
    return sha256(word.encode("utf-8", "surrogatepass")).digest()
