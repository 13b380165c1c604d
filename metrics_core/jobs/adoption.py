"""Checks of what other programs keep in the database that we share with them."""

from __future__ import annotations

from time import sleep

from metrics_core.jobs.verify import Check
from metrics_core.store.foreign import shared
from metrics_core.store.protocols import Store

MEND = "python -m metrics_core setup --adopt"
_UNDER_WAY = 2.0
"""Seconds in which a sale that is being followed is taken in."""


def checks(store: Store) -> list[Check]:
    """Every sale of another program was taken in once, or refused with a reason; nothing to check where there is none."""
    here = shared(store)
    if here is None:
        return []
    found = here.foreign.found()
    if found.waiting:
        sleep(_UNDER_WAY)
        found = here.foreign.found()
    if not found.others:
        return []
    said = [f"{found.taken:,} taken in"]
    if found.refused:
        said.append(f"{found.refused:,} refused with a reason")
    if found.waiting:
        said.append(f"{found.waiting:,} waiting")
    name = "Every sale of other programs was taken in once, or refused"
    return [Check(name, f"{found.others:,}", ", ".join(said), not found.waiting, MEND)]
