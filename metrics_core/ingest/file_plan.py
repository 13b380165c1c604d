"""What a file holds and which of its columns is which field; and the look through it before anything is taken in."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from metrics_core.errors import BadRequestError, UnknownNameError
from metrics_core.ingest.file_rows import FileRows
from metrics_core.ingest.file_values import Bad, Read, Times, is_naive, text
from metrics_core.ingest.shapes import ACTIVITY, EVENT, ORDER, SALE, Shape

KINDS = ("auto", "orders", "events", "activity")

FLAT = (
    "id",
    "orderId",
    "userId",
    "ts",
    "status",
    "channel",
    "region",
    "staffId",
    "contentId",
    "segment",
    "company",
    "currency",
    "productId",
    "quantity",
    "revenue",
)
"""The fields a row of an order can have, in the order in which rows are kept."""

OF_LINES = ("productId", "quantity", "revenue")
BESIDE = ("createdAt", "updatedAt")
"""What else is kept of a document of the collection `sales`."""
_IDS = ("id", "_id")
_METRICS = {"period", "totalRevenue", "totalOrders"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is read. `where` leads from a field to its column, `kind` is never auto for a table."""

    kind: str
    shape: Shape
    where: dict[str, str]
    renamed: dict[str, str]
    """Columns that go by another name than their own, and that name; empty text leaves one out."""

    def is_flat(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is a line of an order or a sale, rather than a whole record of its own."""
        if self.kind not in ("orders", "auto") or record.get("lines") is not None or record.get("type") is not None:
            return False
        return any(record.get(self.where.get(field, "")) is not None for field in ("productId", "revenue"))


@dataclass(frozen=True, slots=True)
class Survey:
    """What one look through a file found."""

    rows: int
    newest: int | None
    flat: bool
    """Some rows are lines of orders or sales."""
    whole: bool
    """Some are whole records."""
    scattered: bool
    """Rows of one order do not all stand together."""
    naive: str | None
    """The first time that names no zone."""
    timed: bool
    """Some time names its zone, or is a number."""


def plan(file: FileRows, kind: str, mapping: Mapping[str, str]) -> Plan:
    """Which column is which field; UnknownNameError for a field or a column that there is not."""
    if kind not in KINDS:
        raise UnknownNameError(what="kind of import", name=kind, known=KINDS)
    if set(file.columns) >= _METRICS:
        msg = (
            "These are computed metrics, not facts; they are worked out from orders. Import the sales or the events instead."
        )
        raise BadRequestError(msg)
    shape = {"events": EVENT, "activity": ACTIVITY, "orders": SALE}.get(kind) or _told_by(file.columns, mapping)
    renamed: dict[str, str] = {}
    where: dict[str, str] = {}
    for field, column in mapping.items():
        name = shape.spellings.get(field)
        if name is None:
            raise UnknownNameError(what="field", name=field, known=[*_snake_names(shape), *shape.names])
        if column == "":
            renamed.update({own: "" for own in file.columns if shape.spellings.get(own) == name})
            continue
        if column not in file.columns:
            raise UnknownNameError(what="column", name=column, known=file.columns)
        where[name] = column
        renamed[column] = name
    taken = set(renamed)
    for column in file.columns:
        own = "id" if column == "_id" and "id" not in file.columns else shape.spellings.get(column)
        if own is not None and own not in where and column not in taken:
            where[own] = column
    if file.is_table:
        # A column that is not what its name says, because another was named for that field, is left out.
        renamed.update({column: "" for column in file.columns if _displaced(column, shape, where, renamed)})
    if "_id" in file.columns and where.get("id") == "_id":
        renamed["_id"] = "id"
    found = kind
    if kind == "auto" and file.is_table:
        found = {"sale": "orders", "event": "events", "activity": "activity"}.get(shape.name, "orders")
    _require(file, shape, found, where)
    return Plan(found, shape, where, renamed)


def survey(file: FileRows, how: Plan, times: Times) -> Survey:
    """Look through a file once: how many rows, the newest time, and whether the rows of each order stand together."""
    look = _Look(Read(times))
    if file.is_table:
        flat = any(field in how.where for field in ("productId", "revenue")) and how.kind == "orders"
        ts, order = how.where.get(how_time(how)), how.where.get("orderId") if flat else None
        for numbers, values in file.tables([column for column in dict.fromkeys((ts, order)) if column is not None]):
            look.times(values[ts] if ts is not None else [])
            look.orders(values[order] if order is not None else [])
            look.rows += len(numbers)
        return look.found(flat=flat, whole=not flat)
    any_flat = any_whole = False
    for chunk in file.records():
        lines = [record for record in chunk.records if how.is_flat(record)]
        any_flat, any_whole = any_flat or bool(lines), any_whole or len(lines) < len(chunk.records)
        look.times([_time_of(record, how) for record in chunk.records])
        look.orders([record.get(how.where.get("orderId", "")) for record in lines])
        look.rows += len(chunk.records)
    return look.found(flat=any_flat, whole=any_whole)


def how_time(how: Plan) -> str:
    """The name of the field that says when."""
    return "timestamp" if how.shape is ACTIVITY else "ts"


def time_key(record: Mapping[str, Any], how: Plan) -> str | None:
    """Under which key a record says when it happened."""
    for key in (how.where.get(how_time(how)), "ts", "timestamp", "date"):
        if key is not None and record.get(key) is not None and how.renamed.get(key) != "":
            return key
    return None


class _Look:
    def __init__(self, read: Read) -> None:
        self.rows = 0
        self._read = read
        self._newest: int | None = None
        self._naive: str | None = None
        self._timed = False
        self._starts = array("q")
        self._last: object = None

    def times(self, values: list[object]) -> None:
        for at, value in zip(self._read.all(values), values, strict=True):
            if not isinstance(at, Bad) and isinstance(at, int):
                self._newest = at if self._newest is None or at > self._newest else self._newest
            if self._naive is None and is_naive(value):
                self._naive = str(value)
            elif not self._timed and value is not None and value != "" and not is_naive(value):
                self._timed = True

    def orders(self, values: Sequence[object]) -> None:
        for order, _ in groupby(values):
            if order != self._last or order is None:
                if order is not None and order != "":
                    self._starts.append(hash(str(text(order))))
                self._last = order

    def found(self, *, flat: bool, whole: bool) -> Survey:
        starts = np.frombuffer(self._starts, dtype=np.int64) if len(self._starts) else np.empty(0, dtype=np.int64)
        scattered = len(np.unique(starts)) < len(starts)
        return Survey(self.rows, self._newest, flat, whole, scattered, self._naive, self._timed)


def _time_of(record: Mapping[str, Any], how: Plan) -> object:
    key = time_key(record, how)
    return record[key] if key is not None else None


def _told_by(columns: tuple[str, ...], mapping: Mapping[str, str]) -> Shape:
    named = {*columns, *mapping}

    def has(shape: Shape, *fields: str) -> bool:
        return any(shape.spellings.get(name) in fields for name in named)

    if has(SALE, "productId", "revenue") or has(ORDER, "lines", "orderId"):
        return SALE
    if has(EVENT, "type"):
        return EVENT
    if has(ACTIVITY, "sessionDuration", "pageViews", "activeFeature", "isActive", "lastAction", "clickCount"):
        return ACTIVITY
    names = ", ".join(columns[:12])
    msg = f"What these rows are cannot be told from their columns ({names}). Say it with --as orders, events or activity."
    raise BadRequestError(msg)


def _require(file: FileRows, shape: Shape, kind: str, where: Mapping[str, str]) -> None:
    if not file.is_table:
        return
    needed = ["timestamp" if shape is ACTIVITY else "ts"]
    if kind == "events":
        needed.append("type")
    elif kind == "activity":
        needed.append("userId")
    elif any(field in where for field in OF_LINES):
        needed.extend(OF_LINES)
    for field in needed:
        if field not in where:
            columns = ", ".join(file.columns[:20])
            msg = (
                f"No column says {_SAYS[field]}. Name one with --map {_snake_of(field)}=COLUMN. The columns are: {columns}."
            )
            raise BadRequestError(msg)


_SAYS = {
    "ts": "when each row happened",
    "timestamp": "when each row happened",
    "userId": "who did it",
    "productId": "which product was bought",
    "quantity": "how many units",
    "revenue": "what was paid for them",
    "type": "what kind of event each row is",
}


def _displaced(column: str, shape: Shape, where: Mapping[str, str], renamed: Mapping[str, str]) -> bool:
    field = shape.spellings.get(column)
    return field is not None and column not in renamed and where.get(field) not in (None, column)


def _snake_names(shape: Shape) -> Iterator[str]:
    return (_snake_of(name) for name in shape.names)


def _snake_of(name: str) -> str:
    return "ts" if name == "timestamp" else "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
