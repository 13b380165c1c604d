"""Errors are sentences to the person who can act: what was wrong, and what to do. Each has an HTTP status."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class PulseboardError(Exception):
    """Anything the product says on purpose; its text is safe to show to anyone."""

    status = 500
    retry_after: int | None = None


class BadRequestError(PulseboardError):
    """The question or the record cannot be understood as it stands."""

    status = 422


MOST_NAMED = 40
"""More names than these are not all told."""


class UnknownNameError(BadRequestError):
    """A name that is in no table, with the one that was probably meant."""

    def __init__(self, what: str, name: object, known: Iterable[str]) -> None:
        names = list(known)
        close = get_close_matches(str(name), names, n=1, cutoff=0.6)
        there = f"There are: {', '.join(names)}." if len(names) <= MOST_NAMED else f"One of {len(names)} is {names[0]!r}."
        hint = f"Did you mean {close[0]!r}?" if close else there
        shown = str(name)[:80]
        super().__init__(f"No {what} is called {shown!r}. {hint}")


class MalformedError(PulseboardError):
    """What was sent is not the format it should be in, so that nothing in it could be read."""

    status = 400


class UnsupportedError(PulseboardError):
    """What was sent is in a format that is not taken here."""

    status = 415


class ConflictError(PulseboardError):
    """It would contradict something that is already there."""

    status = 409


class SavedMeanwhileError(ConflictError):
    """Somebody saved it since it was read: the message says who, what and when, `saved` has it for programs."""

    def __init__(self, message: str, *, saved: dict[str, object]) -> None:
        super().__init__(message)
        self.saved = saved


class NotFoundError(PulseboardError):
    """There is nothing of that name, or not for who asks."""

    status = 404


class EndedError(PulseboardError):
    """It was there and is over: a link that was revoked or has run out."""

    status = 410


class PasswordNeededError(PulseboardError):
    """A link opens with a password, and none or a wrong one was given."""

    status = 403


class NotAllowedError(PulseboardError):
    """Who asks may not do this."""

    status = 401


class ForbiddenError(PulseboardError):
    """Nobody may do this here, or not this caller."""

    status = 403


class TooLargeError(PulseboardError):
    """More than the product takes in one piece."""

    status = 413


class BusyError(PulseboardError):
    """The inbox is full or a limit is reached; nothing was taken in. Come back after `retry_after` seconds."""

    status = 503

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyError(BusyError):
    """This caller asks too often; others are served."""

    status = 429


class StoreAwayError(PulseboardError):
    """The database does not answer; nothing was taken in."""

    status = 503
    retry_after = 5


class StorePlaceError(StoreAwayError):
    """The same, and the sentence names where the database should be: for whoever starts us, not for those who ask."""


class ContendedError(StoreAwayError):
    """Others were writing the same rows, and this transaction gave way; the same again may well go through."""


class SettingError(PulseboardError):
    """A setting has a value the product cannot work with."""
