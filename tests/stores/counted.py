"""Tallies counted by pandas, a row a line: written for these tests, from the words of the promise alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from metrics_core.model.instant import DAY, HOUR, MINUTE
from metrics_core.model.query import Value
from metrics_core.store.protocols import Tally
from tests.truth.frames import frame_of as frame_of

Rows = set[tuple[Value, ...]]


def counted(frame: pd.DataFrame, tally: Tally) -> Rows:
    """The rows of the answer; those of a split that come to nothing are left out."""
    kept = _kept(_local(frame, tally), tally)
    keys = [*(["bucket"] if tally.grain else []), *tally.by]
    if tally.grain:
        kept = kept.assign(bucket=_buckets(kept, tally))
    if not keys:
        return {tuple(_term(kept, term) for term in tally.terms)}
    found: dict[tuple[Value, ...], list[int]] = {}
    for number, term in enumerate(tally.terms):
        some, column, adds = _part(kept, term)
        groups = some.groupby(keys, dropna=False, sort=False)[column]
        for place, value in (groups.sum() if adds else groups.nunique()).items():
            key = tuple(_plain(one) for one in (place if isinstance(place, tuple) else (place,)))
            found.setdefault(key, [0] * len(tally.terms))[number] = int(value)
    return {(*key, *terms) for key, terms in found.items() if any(terms)}


def _local(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    starts = np.array([start for start, _ in tally.shifts])
    offsets = np.array([offset for _, offset in tally.shifts])
    at = frame["at"].to_numpy()
    which = np.searchsorted(starts, at, side="right") - 1
    local = at + offsets[which]
    return frame.assign(
        local=local, since=starts[which], day=local // DAY, hour=local % DAY // HOUR, weekday=(local // DAY + 3) % 7
    )


def _kept(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    kept = frame[(frame["at"] >= tally.window.start) & (frame["at"] < tally.window.end)]
    if tally.origins:
        kept = kept[kept["origin"].isin(tally.origins)]
    for row in tally.where:
        named = kept[row.dimension].isin([value for value in row.values if value is not None])
        if None in row.values:
            named |= kept[row.dimension].isna()
        kept = kept[~named if row.negated else named]
    return kept


def _buckets(frame: pd.DataFrame, tally: Tally) -> Sequence[int]:
    if tally.grain in ("minute", "hour"):
        length = MINUTE if tally.grain == "minute" else HOUR
        return list(np.maximum(frame["at"] - frame["local"] % length, frame["since"]))
    if tally.grain == "month":
        dates = pd.to_datetime(frame["day"], unit="D")
        return list(dates.dt.year * 12 + dates.dt.month - 1)
    back = (frame["weekday"] - tally.week_start) % 7 if tally.grain == "week" else 0
    return list(frame["day"] - back)


def _term(frame: pd.DataFrame, term: str) -> int:
    some, column, adds = _part(frame, term)
    return int(some[column].sum() if adds else some[column].nunique())


def _part(frame: pd.DataFrame, term: str) -> tuple[pd.DataFrame, str, bool]:
    """The rows a term is made of, their column, and whether it adds up; else its different values are counted."""
    completed, failed, refund = (frame["kind"] == kind for kind in ("order_completed", "order_failed", "refund"))
    which, column, adds = {
        "quantity": (completed, "quantity", True),
        "gross": (completed, "amount", True),
        "refunds": (refund, "amount", True),
        "views": (frame["kind"] == "content_view", "count", True),
        "placed": (frame["placed"], "id", False),
        "completed": (completed, "id", False),
        "failed": (failed, "id", False),
        "events": (frame["id"].notna(), "id", False),
        "buyers": (completed, "user", False),
        "active": (~refund & (~failed | frame["placed"]), "user", False),
    }[term]
    return frame[which], column, adds


def _plain(value: object) -> Value:
    if value is None or value != value:
        return None
    return value if isinstance(value, str) else int(value)  # type: ignore[call-overload]
