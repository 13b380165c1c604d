"""Bodies on their way in: bounded, and unpacked."""

from __future__ import annotations

import zlib
from typing import Any

from anyio import to_thread
from starlette.requests import Request

from metrics_core.errors import BadRequestError, MalformedError, TooLargeError, UnsupportedError
from metrics_core.ingest.records import loaded


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
    found = loaded(await read_body(request, limit))
    if not isinstance(found, dict):
        message = f"The body is {_a(found)}. Send a JSON object."
        raise BadRequestError(message)
    return found


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
