"""Names and values in a question: known and of the right sort, or answered with what was meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeGuard

from metrics_core.errors import BadRequestError, UnknownNameError


def known(what: str, name: object, names: Collection[str]) -> str:
    """The name itself, if it is one of these."""
    if not isinstance(name, str):
        msg = f"{quoted(name).capitalize()} is no {what}; it is named in text. There are: {', '.join(list(names)[:20])}."
        raise BadRequestError(msg)
    if name not in names:
        raise UnknownNameError(what, name[:80], names)
    return name


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def quoted(value: object) -> str:
    """A value as an error quotes it: short, and however deep it is nested."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return repr(value[:80])
    if isinstance(value, int | float):
        return f"{value:.17g}" if isinstance(value, float) else hex(value)[:20] if abs(value) >= 10**30 else str(value)
    return "a list" if is_list(value) else "an object"
