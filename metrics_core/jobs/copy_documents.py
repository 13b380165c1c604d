"""Copying documents: every shelf of one catalog in another, each document up to its version."""

from __future__ import annotations

from metrics_core.jobs.verify import Progress
from metrics_core.store.protocols import Catalog, Document

COPIES = "copies"
"""The shelf on which a store notes what is copied into it."""
LEFT_OUT = frozenset({COPIES, "installation", "leases", "letters", "replicas", "simulator"})
"""Shelves that are about one store alone, or say what goes on in it right now: they mean nothing in another."""


def shelves_of(catalog: Catalog) -> list[str]:
    """The shelves that are copied."""
    return [shelf for shelf in catalog.shelves() if shelf not in LEFT_OUT]


def bring(
    source: Catalog, target: Catalog, *, in_use: bool = False, progress: Progress | None = None
) -> tuple[int, list[str]]:
    """Make the target's documents those of the source: how many there are, and which could not be made the same.

    Where the target may be in use, nothing is removed from it, and no version goes down.
    """
    shelves = sorted({*shelves_of(source), *shelves_of(target)})
    number = 0
    differing: list[str] = []
    for done, shelf in enumerate(shelves, 1):
        wanted = {document.name: document for document in source.find(shelf)}
        _put_all(target, shelf, wanted, in_use)
        found = {document.name: document for document in target.find(shelf)}
        number += len(wanted)
        differing += [f"{shelf}/{name}" for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)]
        if progress is not None:
            progress(done, len(shelves))
    return number, differing


def _put_all(target: Catalog, shelf: str, wanted: dict[str, Document], in_use: bool) -> None:
    kept = {document.name: document for document in target.find(shelf)}
    if not in_use:
        for name in kept.keys() - wanted.keys():
            target.drop(shelf, name)
    for name, document in wanted.items():
        before = kept.get(name)
        if before is not None and before != document and before.version >= document.version:
            if in_use:
                continue
            target.drop(shelf, name)
            before = None
        version = 0 if before is None else before.version
        # A version is a number of changes, and those who read a document before may hold it to its version.
        while version < document.version:
            version = target.put(shelf, name, document.body, expecting=version).version
