"""A body as records, each in its place: one, a list, an object that holds a list, or one on each line."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from metrics_core.errors import MalformedError
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


def records_of(body: bytes, content_type: str, lists: Sequence[str]) -> Records:
    """The records of a body: one, a list, an object with a list under one of these names, or one on each line."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in LINES_OF_JSON:
        return _of_lines(body)
    try:
        found = loaded(body)
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
            records.good.append(loaded(line, "line"))
        except MalformedError as error:
            records.broken.append(Refusal(place, None, "is_json", None, str(error)))
        else:
            assert records.places is not None
            records.places.append(place)
        place += 1
    return records


_NO_NUMBERS = re.compile(rb"NaN|Infinity|[eE]\+?[0-9]{3}")


def loaded(body: bytes, what: str = "body") -> Any:
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
