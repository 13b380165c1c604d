"""The generator: past days of a made-up shop, sent at once by the same door as everyone else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from metrics_core.errors import BadRequestError
from metrics_core.model.event import DEMO, Receipt, Refusal
from metrics_core.model.instant import DAY, Instant
from metrics_core.synth.history import expected, history
from metrics_core.synth.records import Record

SOURCE = "generator"
DAYS = 30
SEED = 1
CHUNK = 2_000
MOST_DAYS = 400


class Door(Protocol):
    """How records are sent: `Engine.accept`."""

    def __call__(self, records: Sequence[Record], /, *, source: str, origin: str, run_id: str | None) -> Receipt: ...


@dataclass(frozen=True, slots=True)
class Generated:
    """What became of the records; `stopped` where somebody stopped it half way."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    first_refusal: Refusal | None = None
    stopped: bool = False


def generate(
    accept: Door,
    *,
    now: Instant,
    zone: ZoneInfo,
    digits: int,
    days: int = DAYS,
    seed: int = SEED,
    origin: str = DEMO,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Generated:
    """Send the `days` up to now. The same seed again adds only the time that passed since; its run is `demo-SEED`."""
    if not 1 <= days <= MOST_DAYS:
        msg = f"The number of days must be from 1 to {MOST_DAYS}, not {days}."
        raise BadRequestError(msg)
    start, total = now - days * DAY, expected(now - days * DAY, now)
    accepted = duplicates = refused = done = 0
    first: Refusal | None = None
    for chunk in history(seed=seed, start=start, end=now, zone=zone, digits=digits, chunk=CHUNK):
        if stop is not None and stop():
            return Generated(accepted, duplicates, refused, first, stopped=True)
        receipt = accept(chunk, source=SOURCE, origin=origin, run_id=f"{origin}-{seed}")
        accepted += receipt.accepted
        duplicates += receipt.duplicates
        refused += len(receipt.refused)
        first = first or next(iter(receipt.refused), None)
        done += len(chunk)
        if progress is not None:
            progress(done, max(done, total))
    if progress is not None:
        progress(done, done)
    return Generated(accepted, duplicates, refused, first)
