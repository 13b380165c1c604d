"""Which installation this is: whether several processes can share its store, and the name they all know it by."""

from __future__ import annotations

import secrets
from contextlib import suppress

from metrics_core.errors import ConflictError
from metrics_core.store.protocols import Catalog

SHELF, NAME = "installation", "id"
_SHARED = ("postgresql", "postgres", "mongodb", "clickhouse")


def is_shared(url: str) -> bool:
    """Whether replicas can work on this store together. A file, or memory, is one server's."""
    return url.partition(":")[0].partition("+")[0].strip().lower() in _SHARED


def installation(catalog: Catalog) -> str:
    """The name of this installation, the same for all who use the store, however they reach it."""
    kept = catalog.get(SHELF, NAME)
    if kept is None:
        with suppress(ConflictError):
            catalog.put(SHELF, NAME, {"id": secrets.token_hex(8)}, expecting=0)
        kept = catalog.get(SHELF, NAME)
    return str(kept.body["id"]) if kept is not None else ""
