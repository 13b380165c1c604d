"""Bodies on their way in: bounded, unpacked, and read as records, each in its place."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from anyio import to_thread
from starlette.requests import Request

from metrics_core.errors import BadRequestError, MalformedError, TooLargeError, UnsupportedError
from metrics_core.model.event import Refusal

LINES_OF_JSON = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines",
                 "application/jsonlines", "application/json-lines")


@dataclass(slots=True)
class Records:
    """What a body holds: the records that could be read, where each stood, and those that could not be read."""

    good: list[object]
    places: list[int] | None = None
    """None: each stands where it is in the list."""
    broken: list[Refusal] = field(default_factory=list)

    def place(self, index: int) -> int:
        return self.places[index] if self.places is not None else index


async def read_body(request: Request, limit: int) -> bytes:
    """The body, unpacked; TooLargeError as soon as it is known to be larger than the limit, packed or unpacked."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip"):
        message = f"Content-Encoding {encoding[:40]!r} is not taken. Send the body as it is, or with gzip."
        raise UnsupportedError(message)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        pieces.append(piece)
    body = b"".join(pieces)
    if encoding in ("gzip", "x-gzip"):
        return await to_thread.run_sync(_unpacked, body, limit)
    return body


async def read_object(request: Request, limit: int) -> dict[str, Any]:
    """The one object that a body is."""
    found = _loaded(await read_body(request, limit))
    if not isinstance(found, dict):
        message = f"The body is {_a(found)}. Send a JSON object."
        raise BadRequestError(message)
    return found


def records_of(body: bytes, content_type: str, lists: Sequence[str]) -> Records:
    """The records of a body: one, a list, an object with a list under one of these names, or one on each line."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in LINES_OF_JSON:
        return _of_lines(body)
    try:
        found = _loaded(body)
    except MalformedError:
        # Lines of JSON without their content type: the first line is then a whole record, which broken JSON has not.
        head, line_end, _ = body.lstrip().partition(b"\n")
        if line_end and head[:1] == b"{" and _is_json(head):
            return _of_lines(body)
        raise
    if isinstance(found, list):
        return Records(found)
    if isinstance(found, dict):
        for name in lists:
            listed = found.get(name)
            if isinstance(listed, list):
                return Records(listed)
    return Records([found])


def _of_lines(body: bytes) -> Records:
    records = Records([], [])
    place = 0
    for line in body.split(b"\n"):
        line = line.strip()
        if not line:
            continue
        try:
            records.good.append(_loaded(line, "line"))
        except MalformedError as error:
            records.broken.append(Refusal(place, None, "is_json", None, str(error)))
        else:
            assert records.places is not None
            records.places.append(place)
        place += 1
    return records


_NO_NUMBERS = re.compile(rb"NaN|Infinity|[eE]\+?[0-9]{3}")


def _loaded(body: bytes, what: str = "body") -> Any:
    """What the JSON says. Infinite and impossible numbers come through, for the one record that has them to be refused."""
    if not body.strip():
        message = "The body is empty. Send JSON."
        raise MalformedError(message)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if _NO_NUMBERS.search(body):
            found = _leniently(body)
            if found is not None:
                return found[0]
        raise MalformedError(_what_is_wrong(body, what, error)) from None


def _leniently(body: bytes) -> tuple[Any] | None:
    try:
        found = json.loads(body.decode(), parse_int=_whole)
        orjson.dumps(found)  # no lone surrogates, and no deeper than the rest of the product goes
    except (ValueError, TypeError, RecursionError):
        return None
    return (found,)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 19 else float(digits)


def _what_is_wrong(body: bytes, what: str, error: orjson.JSONDecodeError) -> str:
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return f"The {what} starts with a byte order mark. Send UTF-8 without one."
    try:
        body.decode()
    except UnicodeDecodeError as bad:
        return f"The {what} is not UTF-8: byte {bad.start} is 0x{body[bad.start]:02x}. Send JSON in UTF-8."
    where = f"at column {error.colno}" if what == "line" else f"at line {error.lineno}, column {error.colno}"
    if "depth" in error.msg:
        return f"The {what} is nested too deeply, {where}. Send flatter JSON."
    return f"The {what} is not JSON: {error.msg.partition(': line ')[0]}, {where}."


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _unpacked(packed: bytes, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    rest = packed
    while rest:
        unpacker = zlib.decompressobj(wbits=31)
        while not unpacker.eof:
            try:
                piece = unpacker.decompress(rest, min(limit - size + 1, 1 << 20))
            except zlib.error:
                message = "The body is not gzip, though its Content-Encoding says so."
                raise MalformedError(message) from None
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            pieces.append(piece)
            rest = unpacker.unconsumed_tail
            if not piece and not rest and not unpacker.eof:
                message = "The body ends in the middle of its gzip data. Send it again."
                raise MalformedError(message)
        rest = unpacker.unused_data
    return b"".join(pieces)


def _too_large(limit: int) -> TooLargeError:
    message = f"The body is larger than {limit} bytes, which is the most that is taken (MAX_BODY_BYTES). Send it in parts."
    return TooLargeError(message)


def _a(found: object) -> str:
    names: dict[type, str] = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}
    return names.get(type(found), "null")
