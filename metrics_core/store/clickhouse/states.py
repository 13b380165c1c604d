"""What a reader sees: every batch up to a number, without those that were never finished and without what was taken out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from metrics_core.model.instant import Instant
from metrics_core.store.clickhouse.schema import FACTS


class Void(NamedTuple):
    """What a batch took out: the rows of a table that older batches wrote, all of them or those described."""

    number: int
    """The batch from which on they are gone."""
    table: str
    origins: tuple[str, ...] = ()
    run_id: str = ""
    low: Instant | None = None
    high: Instant | None = None
    """Totals and sets whose bucket starts in [low, high)."""

    @property
    def is_everything(self) -> bool:
        return not self.origins and not self.run_id and self.low is None

    @property
    def condition(self) -> str:
        """Which rows of its table are meant."""
        parts = [f"batch < {self.number}"]
        if self.origins:
            parts.append(f"origin IN ({', '.join(map(text, self.origins))})")
        if self.run_id:
            parts.append(f"run_id = {text(self.run_id)}")
        if self.low is not None and self.high is not None:
            parts.append(f"start >= {self.low} AND start < {self.high}")
        return " AND ".join(parts)


class State(NamedTuple):
    """One state of everything, for as long as somebody reads it."""

    seq: int
    batch: int
    generation: int
    unfinished: tuple[int, ...] = ()
    """Batches below `batch` that broke off: their rows count for nothing, and are cleared away later."""
    voids: tuple[Void, ...] = ()

    def of(self, table: str) -> str:
        """The condition on rows of this table to be in this state."""
        here = [void for void in self.voids if void.table == table]
        floor = max((void.number for void in here if void.is_everything), default=None)
        parts = [f"batch <= {self.batch}"]
        if floor is not None:
            parts.append(f"batch >= {floor}")
        unfinished = [number for number in self.unfinished if floor is None or number >= floor]
        if unfinished:
            parts.append(f"batch NOT IN ({', '.join(map(str, unfinished))})")
        parts += [f"NOT ({void.condition})" for void in here if not void.is_everything and void.number > (floor or 0)]
        return " AND ".join(parts)

    @property
    def facts(self) -> str:
        return self.of(FACTS)


_SIGNS = str.maketrans({"\\": "\\\\", "'": "\\'", "\0": "\\0"})


def text(value: str) -> str:
    """A text as ClickHouse reads it."""
    return f"'{value.translate(_SIGNS)}'"


def among(column: str, values: Iterable[str]) -> str:
    """The column has one of these texts."""
    return f"{column} IN ({', '.join(map(text, values))})"


def in_parts(values: Sequence[str], most: int = 5_000) -> list[Sequence[str]]:
    return [values[first : first + most] for first in range(0, len(values), most)]
