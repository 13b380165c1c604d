"""Steps that records of every kind share: each gives back what it admits, or refuses and says why."""

from __future__ import annotations

import re
from math import isfinite
from typing import Final, NoReturn

import orjson

from metrics_core.ingest.unfit import quoted, refuse

LONGEST: Final = 200
"""Characters of an id or a name."""
DEEPEST: Final = 20
"""Objects and lists within one another in what a record says besides its own fields."""
LARGEST: Final = 64 * 1024
"""Bytes of the same, as JSON."""
MOST_COUNTED: Final = 10**9

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?")
_ENDLESS: Final = 10**15
_PLAIN = frozenset({str, int, bool, type(None)})


def has_an_id(value: object, field: str) -> str:
    """Text that identifies something: 1 to 200 characters; whole numbers are taken as their digits."""
    if type(value) is str:
        text = value.strip()
        if text.isprintable() and 0 < len(text) <= LONGEST:
            return text
    return _id_from(value, field)


def has_an_id_or_none(value: object, field: str) -> str | None:
    """The same where it may be left out; empty text leaves it out."""
    if value is None:
        return None
    if type(value) is str:
        text = value.strip()
        if text.isprintable() and len(text) <= LONGEST:
            return text or None
    return _id_from(value, field)


def has_clean_text(value: object, field: str, longest: int = LONGEST) -> str | None:
    """A name to split figures by: trimmed, numbers as their digits, empty as not named."""
    if value is None:
        return None
    if type(value) is str:
        text = value.strip()
        if text.isprintable() and len(text) <= longest:
            return text or None
    return _text_from(value, field, longest)


def has_whole_numbers(value: object, field: str, least: int = 0, most: int = MOST_COUNTED) -> int:
    """A count: an integer, or a float or text that is one."""
    if type(value) is int and least <= value <= most:
        return value
    number = _number_from(value)
    if number is None or (isinstance(number, float) and not number.is_integer()):
        refuse("has_whole_numbers", field, f"{field} is {quoted(value)}. Send a whole number, like 2.")
    if not least <= number <= most:
        refuse("has_whole_numbers", field, f"{field} is {quoted(value)}. Send a whole number from {least} to {most}.")
    return int(number)


def has_fitting_numbers(value: object, field: str, most: int = _ENDLESS) -> int | float:
    """A measure of something, not below 0; text that is a number counts as one."""
    number = _number_from(value)
    if number is None:
        refuse("has_fitting_numbers", field, f"{field} is {quoted(value)}, which is no number. Send one, like 12.5.")
    if not 0 <= number <= most:
        refuse("has_fitting_numbers", field, f"{field} is {quoted(value)}. Send a number from 0 to {most}.")
    return number


def has_properties(value: object, field: str) -> dict[str, object]:
    if not isinstance(value, dict):
        refuse("has_plain_properties", field, f'{field} is {quoted(value)}. Send an object, like {{"plan": "pro"}}.')
    return value


def has_plain_properties(value: dict[str, object], field: str | None) -> bytes:
    """Plain JSON values, neither too deep nor too large; as JSON with the keys in order."""
    shown = field or "what the record says besides its own fields"
    _look_inside(value, field, shown)
    try:
        encoded = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        # What can still be wrong is inside the texts and numbers: half a surrogate pair, an integer past 64 bits.
        refuse("has_plain_properties", field, f"{shown} cannot be kept: {error}. Send valid text, and integers of 64 bits.")
    if len(encoded) > LARGEST:
        refuse("is_small_enough", field, f"{shown} takes {len(encoded)} bytes; the most is {LARGEST}. {_KEEP_ELSEWHERE}")
    return encoded


def _look_inside(value: dict[str, object], field: str | None, shown: str) -> None:
    level: list[dict[str, object] | list[object]] = [value]
    for _ in range(DEEPEST):
        below: list[dict[str, object] | list[object]] = []
        for whole in level:
            for part in whole.values() if isinstance(whole, dict) else whole:
                if type(part) in _PLAIN:
                    continue
                if isinstance(part, dict | list):
                    below.append(part)
                elif type(part) is not float or not isfinite(part):
                    refuse("has_plain_properties", field, f"{shown} holds {quoted(part)}, which is not JSON. Leave it out.")
        if not below:
            return
        if len(below) > LARGEST:
            refuse("is_small_enough", field, f"{shown} takes more than {LARGEST} bytes. {_KEEP_ELSEWHERE}")
        level = below
    refuse("is_small_enough", field, f"{shown} is more than {DEEPEST} objects and lists deep. Send it flatter.")


_KEEP_ELSEWHERE = "Keep documents elsewhere, and send what they are called."


def _id_from(value: object, field: str) -> str:
    if isinstance(value, str):
        text = value.strip()
        if not text:
            refuse("has_an_id", field, f"{field} is empty. Send 1 to {LONGEST} characters.")
        if len(text) > LONGEST:
            _too_long("has_an_id", text, field, LONGEST)
        if _UNPRINTABLE.search(text):
            _unprintable("has_an_id", text, field)
        return str(text)
    if not isinstance(value, int) or isinstance(value, bool):
        refuse("has_an_id", field, f"{field} is {quoted(value)}. Send ids as text, or as whole numbers.")
    if value.bit_length() > 600:
        _too_long("has_an_id", value, field, LONGEST)
    return str(int(value))


def _text_from(value: object, field: str, longest: int) -> str | None:
    if isinstance(value, str):
        text = value.strip()
        if len(text) > longest:
            _too_long("has_clean_text", text, field, longest)
        if _UNPRINTABLE.search(text):
            _unprintable("has_clean_text", text, field)
        return str(text) or None
    number = None if isinstance(value, bool) else _number_from(value)
    if number is None:
        refuse("has_clean_text", field, f"{field} is {quoted(value)}. Send text.")
    return str(number) if isinstance(number, int) or abs(number) >= _ENDLESS or not number.is_integer() else str(int(number))


def _number_from(value: object) -> int | float | None:
    """A number that can be reckoned with, None for anything else."""
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            return None
        number = float(text)
        return int(number) if number.is_integer() and abs(number) < _ENDLESS else number
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return int(value) if value.bit_length() <= 600 else None
    return float(value) if isfinite(value) else None


def _too_long(step: str, value: object, field: str, longest: int) -> NoReturn:
    found = f"has {len(value)} characters" if isinstance(value, str) else f"is {quoted(value)}"
    refuse(step, field, f"{field} {found}; the most is {longest}. Shorten it.")


def _unprintable(step: str, text: str, field: str) -> NoReturn:
    refuse(step, field, f"{field} is {quoted(text)}, with characters that cannot be printed or stored. Leave them out.")
