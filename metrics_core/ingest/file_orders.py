"""Rows made orders: the rows of one order id are one order wherever they stand; a row without one is a sale of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby, repeat
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeAlias
from zlib import crc32

import orjson

from metrics_core.ingest.file_plan import BESIDE, FLAT, OF_LINES, Plan
from metrics_core.ingest.file_rows import FileRows
from metrics_core.ingest.file_values import Bad, Read, Times, beside, exact, money, present, text
from metrics_core.ingest.unfit import quoted
from metrics_core.model.instant import Instant
from metrics_core.store.foreign import PREFIX

ROWS_A_PART = 250_000
"""Rows that are sorted in memory at a time, where the rows of an order do not stand together."""

Row: TypeAlias = Sequence[Any]
"""The number of a row, its values in the order of FLAT, and last what a document of `sales` says besides."""

_AT = {name: place for place, name in enumerate(FLAT, 1)}
_ID, _ORDER, _TS = _AT["id"], _AT["orderId"], _AT["ts"]
_WHOLE = tuple(name for name in FLAT if name not in (*OF_LINES, "id", "orderId", "ts"))
_BESIDE = len(FLAT) + 1
_LINE = tuple((name, _AT[name]) for name in OF_LINES)


class Found(NamedTuple):
    """A record with the rows it was made of, a line each; or why there is none."""

    rows: tuple[int, ...]
    record: dict[str, Any] | Bad


class Identity(NamedTuple):
    """What ids are made of where rows have none: the source with the order's id, or the file with the row."""

    source: str
    sha256: str

    def of_order(self, order_id: str) -> str:
        return f"{self.source}:{order_id}"

    def of_row(self, number: int) -> str:
        return f"file-{self.sha256[:16]}-{number}"


def orders(
    file: FileRows, how: Plan, times: Times, *, who: Identity, shift: Instant, scattered: bool, rows: int
) -> Iterator[Found]:
    """The orders of a file's flat rows; each order's time is the earliest of its rows, and its lines keep their order."""
    flat = _table_rows(file, how, times) if file.is_table else _record_rows(file, how, times)
    if scattered:
        parts = -(-rows // ROWS_A_PART)
        groups = _gathered(flat, parts)
    else:
        groups = (list(group) for _, group in groupby(flat, key=_order_of))
    used = [(name, _AT[name]) for name in _WHOLE if name in how.where]
    keyed = how.where.get("id") == "_id"
    for group in groups:
        yield _order(group, used, who, shift, keyed=keyed)


def _table_rows(file: FileRows, how: Plan, times: Times) -> Iterator[Row]:
    readers = _readers(times)
    wanted = list(dict.fromkeys(column for field, column in how.where.items() if field in _AT))
    for numbers, values in file.tables(wanted):
        columns = [
            readers[field].all(values[how.where[field]]) if field in how.where else repeat(None, len(numbers))
            for field in FLAT
        ]
        yield from zip(numbers, *columns, repeat(None, len(numbers)), strict=True)


def _record_rows(file: FileRows, how: Plan, times: Times) -> Iterator[Row]:
    readers = _readers(times)
    for chunk in file.records():
        pairs = [(n, record) for n, record in zip(chunk.numbers, chunk.records, strict=True) if how.is_flat(record)]
        columns = [
            readers[field].all([record.get(how.where[field]) for _, record in pairs])
            if field in how.where
            else repeat(None, len(pairs))
            for field in FLAT
        ]
        more = [_beside(record) for _, record in pairs] if how.where.get("id") == "_id" else repeat(None, len(pairs))
        yield from zip([n for n, _ in pairs], *columns, more, strict=True)


def _readers(times: Times) -> dict[str, Read]:
    own: dict[str, Callable[[object], object]] = {"ts": times, "quantity": present, "revenue": money}
    return {field: Read(own.get(field, text)) for field in FLAT}


def _order_of(row: Row) -> object:
    order = row[_ORDER]
    return row[0] if order is None else order


def _beside(record: dict[str, Any]) -> dict[str, object]:
    return beside({name: record[name] for name in BESIDE if name in record})


def _order(group: list[Row], used: Sequence[tuple[str, int]], who: Identity, shift: Instant, *, keyed: bool) -> Found:
    first = group[0]
    order_id = first[_ORDER]
    record: dict[str, Any] = {}
    for name, place in used:
        value = first[place]
        if len(group) > 1:
            several: list[Any] = []
            for row in group:
                if row[place] is not None and row[place] not in several:
                    several.append(row[place])
            if len(several) > 1:
                return Found((first[0],), _differs(group, name, place, several))
            value = several[0] if several else None
        if value is not None:
            record[name] = value
    for row in group:
        if isinstance(row[_TS], Bad):
            return Found((row[0],), row[_TS])
    own = first[_ID]
    if order_id is None:
        # A document of the collection `sales` is known by the id that it has where that collection is followed.
        keeps = own if own is None or not keyed else f"{PREFIX}{own}"
        record["id"] = record["orderId"] = keeps or who.of_row(first[0])
        record.update(first[_BESIDE] or {})
    else:
        record["orderId"] = order_id
        record["id"] = own if own is not None and all(row[_ID] == own for row in group) else who.of_order(str(order_id))
    record["ts"] = exact(min(row[_TS] for row in group) + shift)
    record["lines"] = [{name: row[place] for name, place in _LINE if row[place] is not None} for row in group]
    return Found(tuple(row[0] for row in group), record)


def _differs(group: list[Row], name: str, place: int, several: list[object]) -> Bad:
    one, other = several[:2]
    rows = [next(row[0] for row in group if row[place] == value) for value in (one, other)]
    return Bad(
        "says_it_once",
        name,
        f"The rows of one order differ in {name}: {quoted(one)} in row {rows[0]} and {quoted(other)} in row {rows[1]}. "
        f"Make them agree, or leave the column out with --map {name}=",
    )


def _gathered(rows: Iterable[Row], parts: int) -> Iterator[list[Row]]:
    """Groups of rows with one order id, gathered on disk in parts that fit in memory."""
    with tempfile.TemporaryDirectory(prefix="pulseboard-") as folder:
        paths = [Path(folder) / str(part) for part in range(parts)]
        with ExitStack() as stack:
            files: list[IO[bytes]] = [stack.enter_context(path.open("wb")) for path in paths]
            for row in rows:
                files[crc32(str(_order_of(row)).encode()) % parts].write(orjson.dumps(row, default=_dumped) + b"\n")
        for path in paths:
            groups: dict[object, list[Row]] = {}
            with path.open("rb") as part:
                for line in part:
                    row = orjson.loads(line)
                    if isinstance(row[_TS], list):
                        row[_TS] = Bad(*row[_TS])
                    groups.setdefault(_order_of(row), []).append(row)
            yield from sorted(groups.values(), key=lambda group: group[0][0])


def _dumped(value: object) -> object:
    return [value.step, value.field, value.reason] if isinstance(value, Bad) else str(value)
