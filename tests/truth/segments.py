"""The segments of buyers as pandas works them out, row by row, past everything the product does."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import pandas as pd

from metrics_core.model.event import Event
from metrics_core.model.instant import DAY
from tests.truth.world import world

NAMED = ("vip", "new")
"""What some orders name themselves; one is also a name that is worked out."""


def some_named(seed: int, size: int) -> list[Event]:
    """The world, where one order in five names a segment, and some who did something else do too."""
    found = []
    for event in world(seed, size):
        number = crc32((event.order_id or event.id).encode()) % 10
        found.append(event._replace(segment=NAMED[number]) if number < len(NAMED) else event)
    return found


def with_segments(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame of `frame_of`, with the segment of every order's buyer where the order names none."""
    placed_at = frame[frame["placed"]].drop_duplicates("order_id").set_index("order_id")["at"]
    bought = frame[(frame["kind"] == "order_completed") & frame["user"].notna()].drop_duplicates("id")
    times = {key: some["at"] for key, some in bought.assign(world=_worlds(bought)).groupby(["world", "user"])}
    found = []
    for segment, user, order_id, among in zip(
        frame["segment"], frame["user"], frame["order_id"], _worlds(frame), strict=True
    ):
        if pd.notna(segment) or pd.isna(user) or pd.isna(order_id):
            found.append(segment)
            continue
        before = times.get((among, user), pd.Series(dtype="int64"))
        before = before[before < placed_at[order_id]]
        if before.empty:
            found.append("new")
        elif placed_at[order_id] - before.max() > 90 * DAY:
            found.append("won back")
        else:
            found.append("loyal" if len(before) >= 4 else "returning")
    return frame.assign(segment=pd.Series(found, index=frame.index, dtype=object))


def _worlds(frame: pd.DataFrame) -> Sequence[str]:
    return [{"live": "real", "import": "real"}.get(origin, origin) for origin in frame["origin"]]
