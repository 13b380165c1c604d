"""Who an event is: the id it goes by, and the digest that tells its content from any other."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import orjson


def identity(given: str | None, source: str, said: tuple[object, ...], payload: bytes) -> tuple[str, int]:
    """The id (of the content and its source, where the sender gave none) and the digest (of the content alone).

    `said` is what the sender said, normalised; a time that is filled in on arrival is no part of it, so that sending
    the same again gives the same id and digest. Its order is kept for ever: stored digests depend on it.
    """
    seal = blake2b(orjson.dumps(said), digest_size=16)
    if payload:
        seal.update(payload)
    digest = int.from_bytes(seal.digest()[:8], "big", signed=True)
    if given is None:
        seal.update(b"\n" + source.encode())
        given = f"h:{seal.hexdigest()}"
    return given, digest


def flat(lines: Sequence[tuple[str | None, int, int]]) -> tuple[object, ...]:
    """Lines as one row of values, as digests read them."""
    if len(lines) == 1:
        return tuple(lines[0])
    return tuple(value for line in lines for value in line)
