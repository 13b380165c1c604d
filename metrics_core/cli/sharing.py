"""What a database that we share with other programs holds of theirs, and taking it in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from metrics_core.cli.console import number, progress, say, some, when
from metrics_core.engine import Engine
from metrics_core.jobs import adoption
from metrics_core.jobs.shared_collections import SharedCollections
from metrics_core.store.foreign import Found, shared

_REASONS = 3


@contextmanager
def others_told(ready: Engine) -> Iterator[None]:
    """What a command changed can be read by other programs at its end, also where no server runs."""
    here, settings, store = shared(ready.store), ready.settings, ready.store
    if here is None or not settings.write_collections:
        yield
        return
    before = (store.newest_seq(), store.generation())
    yield
    if (store.newest_seq(), store.generation()) != before:
        SharedCollections(
            store, here.mirror, now=ready.clock.now, calendar=ready.calendar, digits=settings.currency_digits
        ).write()


def tell_of_others(ready: Engine) -> Found | None:
    """Say what stands in the collection `sales`; None where no other program wrote there."""
    found = adoption.found(ready.store)
    if found is None:
        return None
    say(
        f"The collection sales holds {some(found.others, 'sale')} of other programs: {number(found.taken)} taken in, "
        f"{number(found.waiting)} waiting, {number(found.refused)} refused."
    )
    if found.since is not None:
        say(f"  The first was taken in {when(found.since)}.")
    for reason, count in found.reasons[:_REASONS]:
        say(f"  {number(count)} refused, such as: {reason}")
    return found


def take_in(ready: Engine) -> None:
    """Take in what waits, and judge again what was refused."""
    with progress("Taking in the sales of other programs", "sales") as tell:
        told = ready.adopt(progress=tell)
    say(f"{some(told.taken, 'sale')} of other programs taken in, {number(told.refused)} refused; none was changed.")
    say("While the app runs, what other programs write there comes in by itself.")
