"""`generate`: past days at once; `sample`: a handful, now."""

from __future__ import annotations

from typing import Annotated

import typer

from metrics_core.cli.console import WRONG_FOUND, WRONG_USE, fail, progress, say, some
from metrics_core.cli.desk import desk
from metrics_core.engine import Engine
from metrics_core.ingest.sources import generator
from metrics_core.model.event import DEMO, SIM
from metrics_core.synth.sample import sample as handful

Days = Annotated[int, typer.Option("--days", min=1, max=generator.MOST_DAYS, help="How many days up to now.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed makes the same data.")]
Origin = Annotated[str, typer.Option("--origin", help="How the rows are marked: demo or sim.")]


def generate(days: Days = generator.DAYS, seed: Seed = generator.SEED, origin: Origin = DEMO) -> None:
    """Fill in past days of a made-up shop: some 35,000 orders in 30 days, with views, refunds and user activity.

    Every row is marked as made up. The same seed again adds only what happened since.
    """
    _require_made_up(origin)
    with desk() as ready:
        fill(ready, days=days, seed=seed, origin=origin)


def sample(seed: Seed = generator.SEED, origin: Origin = DEMO) -> None:
    """Add a handful of orders, views and active users of the last minutes, marked as made up."""
    _require_made_up(origin)
    with desk() as ready:
        add_sample(ready, seed=seed, origin=origin)


def fill(ready: Engine, *, days: int, seed: int, origin: str = DEMO) -> None:
    """Generate with a progress bar, and say what became of it."""
    settings = ready.settings
    with progress(f"Generating {some(days, 'day')}") as tell:
        made = generator.generate(
            ready.accept,
            now=ready.clock.now(),
            zone=settings.zone,
            digits=settings.currency_digits,
            days=days,
            seed=seed,
            origin=origin,
            progress=tell,
        )
    before = f", {some(made.duplicates, 'was', 'were')} here before" if made.duplicates else ""
    say(f"{some(made.accepted, 'record')} of {some(days, 'day')} added (seed {seed}, marked {origin}){before}.")
    if made.refused and made.first_refusal is not None:
        fail(f"{some(made.refused, 'record')} refused. The first: {made.first_refusal.reason}", code=WRONG_FOUND)


def add_sample(ready: Engine, *, seed: int = generator.SEED, origin: str = DEMO) -> None:
    """Take in a handful, and say so."""
    settings = ready.settings
    records = handful(now=ready.clock.now(), zone=settings.zone, digits=settings.currency_digits, seed=seed)
    receipt = ready.accept(records, source="sample", origin=origin)
    if receipt.refused:
        fail(f"{some(len(receipt.refused), 'record')} refused. The first: {receipt.refused[0].reason}", code=WRONG_FOUND)
    say(f"{some(receipt.accepted, 'record')} of the last minutes added, marked {origin}.")


def _require_made_up(origin: str) -> None:
    if origin not in (DEMO, SIM):
        fail(f"Made-up data is marked demo or sim, not {origin!r}.", code=WRONG_USE)
