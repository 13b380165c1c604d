"""Files as numbered rows: CSV and JSON lines, also gzipped, and Parquet, a bounded number of rows at a time."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from metrics_core.errors import BadRequestError
from metrics_core.ingest.file_values import unwrapped

CHUNK = 50_000
"""Rows held at a time."""

_BLOCK = 1 << 20
_LARGEST_ARRAY = 256 << 20
_KEPT = 100


class Unreadable(NamedTuple):
    """A row that could not even be taken apart."""

    row: int
    reason: str


class Unread:
    """The rows that the last reading left out: how many, and the first of them."""

    def __init__(self) -> None:
        self.total = 0
        self.first: list[Unreadable] = []

    def add(self, row: int, reason: str) -> None:
        self.total += 1
        if len(self.first) < _KEPT:
            self.first.append(Unreadable(row, reason))

    def clear(self) -> None:
        self.total = 0
        self.first.clear()


class Columns(NamedTuple):
    """Some rows of a table, column by column; `numbers` are the rows as a person counts them, the header not counted."""

    numbers: list[int]
    values: dict[str, list[object]]


class Records(NamedTuple):
    """Some records of a JSON file; `numbers` are its lines."""

    numbers: list[int]
    records: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FileRows:
    """A file that can be read from its start as often as needed."""

    path: Path
    format: str
    """csv, parquet, jsonl or json"""
    gzipped: bool
    sha256: str
    lines: int | None
    """Lines of a text file: roughly its rows."""
    columns: tuple[str, ...]
    """The columns of a table; of a JSON file the keys of its first records."""
    delimiter: str = ","
    unread: Unread = field(default_factory=Unread)

    @property
    def is_table(self) -> bool:
        return self.format in ("csv", "parquet")

    def tables(self, wanted: Sequence[str]) -> Iterator[Columns]:
        """The wanted columns of a table."""
        self.unread.clear()
        return _csv(self, wanted) if self.format == "csv" else _parquet(self, wanted)

    def records(self) -> Iterator[Records]:
        """The records of a JSON file, extended JSON made plain; of a table, its rows as records."""
        self.unread.clear()
        if self.is_table:
            return _as_records(self.tables(self.columns))
        return _json_lines(self) if self.format == "jsonl" else _json_array(self)


def open_rows(path: Path) -> FileRows:
    """Look at a file: what it is (by its content, not its name), its hash and its columns; BadRequestError in a sentence."""
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
    except OSError as error:
        msg = f"{path.name!r} cannot be read: {error.strerror or 'the file does not open'}."
        raise BadRequestError(msg) from None
    if not start:
        msg = f"{path.name!r} is empty."
        raise BadRequestError(msg)
    if start == b"PAR1":
        return FileRows(path, "parquet", False, _hash(path), None, tuple(_parquet_file(path).schema_arrow.names))
    gzipped = start[:2] == b"\x1f\x8b"
    sha256, lines = _hash(path), _checked_lines(path, gzipped)
    with _opened(path, gzipped) as stream:
        head = stream.read(_BLOCK).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] in (b"{", b"["):
        form = "jsonl" if head[:1] == b"{" else "json"
        rows = FileRows(path, form, gzipped, sha256, lines, ())
        first = next(rows.records(), Records([], [])).records[:200]
        if not first:
            problem = rows.unread.first[0].reason if rows.unread.first else "it holds no objects"
            msg = f"{path.name!r} has no record that can be read: {problem}. Write one JSON object a line."
            raise BadRequestError(msg)
        return FileRows(path, form, gzipped, sha256, lines, tuple(dict.fromkeys(key for record in first for key in record)))
    header = head.split(b"\n", 1)[0].decode("utf-8").strip()
    delimiter = max(",;\t|", key=header.count)
    columns = tuple(name.strip() for name in next(csv.reader([header], delimiter=delimiter), []))
    if not header or len(set(columns)) < len(columns) or not all(columns):
        msg = f"{path.name!r} needs a first line that names every column once; it begins with {header[:60]!r}."
        raise BadRequestError(msg)
    return FileRows(path, "csv", gzipped, sha256, max((lines or 1) - 1, 0), columns, delimiter)


def _opened(path: Path, gzipped: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if gzipped else path.open("rb")


def _hash(path: Path) -> str:
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def _checked_lines(path: Path, gzipped: bool) -> int:
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, last, at = 0, b"\n", 0
    try:
        with _opened(path, gzipped) as stream:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
                lines += block.count(b"\n")
                at += len(block)
                last = block[-1:]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line = lines + 1 + error.object[: error.start].count(b"\n")
        msg = (
            f"{path.name!r} is not UTF-8 text: line {line} has the byte 0x{error.object[error.start]:02x}. "
            "Convert it first: iconv -f latin1 -t utf8 OLD > NEW"
        )
        raise BadRequestError(msg) from None
    except (OSError, EOFError, ValueError):
        msg = f"{path.name!r} is a damaged gzip file: it breaks off or does not unpack."
        raise BadRequestError(msg) from None
    return lines + (last != b"\n")


# -------------------------------------------------------------------------------------------------------------- tables


def _csv(file: FileRows, wanted: Sequence[str]) -> Iterator[Columns]:
    left_out: list[int] = []

    def invalid(row: Any) -> str:
        # Rows are counted from the header, which is the first.
        left_out.append(row.number - 1)
        reason = f"The row has {row.actual_columns} columns where the first line names {row.expected_columns}"
        file.unread.add(row.number - 1, reason)
        return "skip"

    with _opened(file.path, file.gzipped) as stream:
        try:
            reader = pc_csv.open_csv(
                stream,
                read_options=pc_csv.ReadOptions(
                    use_threads=False, block_size=4 * _BLOCK, column_names=file.columns, skip_rows=1
                ),
                parse_options=pc_csv.ParseOptions(
                    delimiter=file.delimiter, newlines_in_values=True, invalid_row_handler=invalid
                ),
                convert_options=pc_csv.ConvertOptions(
                    include_columns=list(wanted),
                    column_types=dict.fromkeys(wanted, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
            read = 0
            for batch in reader:
                numbers = _numbered(read, batch.num_rows, sorted(left_out))
                read += batch.num_rows
                yield Columns(numbers, {name: batch.column(name).to_pylist() for name in wanted})
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            msg = f"{file.path.name!r} cannot be read as CSV: {str(error)[:200]}."
            raise BadRequestError(msg) from None


def _numbered(read: int, count: int, left_out: list[int]) -> list[int]:
    """Numbers in the file of `count` rows after the first `read` good ones; rows that were left out have theirs too."""
    if not left_out:
        return list(range(read + 1, read + count + 1))
    # The good row number g stands behind as many bad ones as have, each taken with the good ones before it, not passed g.
    good_before = [number - 1 - place for place, number in enumerate(left_out)]
    return [good + bisect_right(good_before, good - 1) for good in range(read + 1, read + count + 1)]


def _parquet_file(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        msg = f"{path.name!r} is a damaged Parquet file: {str(error)[:120]}."
        raise BadRequestError(msg) from None


def _parquet(file: FileRows, wanted: Sequence[str]) -> Iterator[Columns]:
    read = 0
    with _parquet_file(file.path) as table:
        for batch in table.iter_batches(batch_size=CHUNK, columns=list(wanted)):
            values = {name: _plain_times(batch.column(name)).to_pylist() for name in wanted}
            yield Columns(list(range(read + 1, read + batch.num_rows + 1)), values)
            read += batch.num_rows


def _plain_times(column: Any) -> Any:
    """Times no finer than a microsecond, which is what we keep."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return pc.cast(column, pa.timestamp("us", column.type.tz), safe=False)
    return column


def _as_records(chunks: Iterator[Columns]) -> Iterator[Records]:
    for numbers, values in chunks:
        names = tuple(values)
        yield Records(numbers, [dict(zip(names, row, strict=True)) for row in zip(*values.values(), strict=True)])


# ---------------------------------------------------------------------------------------------------------------- JSON


def _json_lines(file: FileRows) -> Iterator[Records]:
    numbers: list[int] = []
    records: list[dict[str, Any]] = []
    with _opened(file.path, file.gzipped) as stream:
        for number, line in enumerate(stream, 1):
            text = line.lstrip(b"\xef\xbb\xbf").strip()
            if not text:
                continue
            try:
                record = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                file.unread.add(number, f"The line is not JSON: {error.msg}")
                continue
            _kept(file, number, record, numbers, records)
            if len(records) >= CHUNK:
                yield Records(numbers, records)
                numbers, records = [], []
    if records:
        yield Records(numbers, records)


def _json_array(file: FileRows) -> Iterator[Records]:
    with _opened(file.path, file.gzipped) as stream:
        content = stream.read(_LARGEST_ARRAY + 1)
    if len(content) > _LARGEST_ARRAY:
        msg = f"{file.path.name!r} is one JSON list of more than 256 MiB. Write one record a line instead."
        raise BadRequestError(msg)
    try:
        listed = orjson.loads(content.lstrip(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        msg = f"{file.path.name!r} is not JSON: {error.msg} in line {error.lineno}."
        raise BadRequestError(msg) from None
    numbers: list[int] = []
    records: list[dict[str, Any]] = []
    for number, record in enumerate(listed, 1):
        _kept(file, number, record, numbers, records)
    for start in range(0, len(records), CHUNK):
        yield Records(numbers[start : start + CHUNK], records[start : start + CHUNK])


def _kept(file: FileRows, number: int, record: object, numbers: list[int], records: list[dict[str, Any]]) -> None:
    plain = unwrapped(record)
    if isinstance(plain, dict):
        numbers.append(number)
        records.append(plain)
    else:
        file.unread.add(number, "The line is no JSON object")
