"""What other programs keep in the database that we share with them: what was found of it, and whether all was taken in."""

from __future__ import annotations

from time import sleep

from metrics_core.jobs.verify import Check
from metrics_core.store.foreign import Found, shared
from metrics_core.store.protocols import Store

MEND = "python -m metrics_core setup --adopt"
_UNDER_WAY = 2.0
"""Seconds in which a sale that is being followed is taken in."""


def found(store: Store) -> Found | None:
    """What stands in the collection `sales`; None where no other program wrote there."""
    here = shared(store)
    there = None if here is None else here.foreign.found()
    return there if there is not None and there.others else None


def checks(store: Store) -> list[Check]:
    """Every sale of another program was taken in once, or refused with a reason; nothing to check where there is none."""
    there = found(store)
    if there is not None and there.waiting:
        sleep(_UNDER_WAY)
        there = found(store)
    if there is None:
        return []
    said = [f"{there.taken:,} taken in"]
    if there.refused:
        said.append(f"{there.refused:,} refused with a reason")
    if there.waiting:
        said.append(f"{there.waiting:,} waiting")
    name = "Every sale of other programs was taken in once, or refused"
    return [Check(name, f"{there.others:,}", ", ".join(said), not there.waiting, MEND)]
