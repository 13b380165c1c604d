"""`copy`: moving house. Everything one database keeps, into another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from metrics_core.cli.console import WRONG_FOUND, fail, number, progress, say, some
from metrics_core.cli.desk import opened
from metrics_core.cli.verify import show_checks
from metrics_core.errors import StoreAwayError
from metrics_core.jobs.copy import Copy

From = Annotated[str, typer.Option("--from", metavar="URL", help="The database to copy, as DATABASE_URL names it.")]
To = Annotated[str, typer.Option("--to", metavar="URL", help="An empty database, or one with an unfinished copy.")]

_AGAIN = "Run the same command again: it goes on where it was."


def copy(source: From, target: To) -> None:
    """Copy everything into another database: events, totals, dashboards, people, keys. Stopped anywhere, it goes on where
    it was when it is run again.

    At the end both sides are compared. Exit code 1 where they are not equal, 2 where the copy could not begin or go on.
    """
    _require_two(source, target)
    with opened(source, "--from") as here, opened(target, "--to") as there:
        moving = Copy(here, there)
        moving.begin()
        say(f"From  {here.name}")
        say(f"To    {there.name}")
        try:
            with progress("Copying events", "events") as tell:
                moving.events(tell)
            with progress("Copying documents", "shelves") as tell:
                moving.documents(tell)
            with progress("Comparing", "days") as tell:
                checks = moving.verify(tell)
        except StoreAwayError as error:
            fail(f"{error} {_AGAIN}")
        before = f", {number(moving.before)} were here before" if moving.before else ""
        say(f"{some(moving.copied, 'event')} copied{before}.")
        if moving.grew:
            say(f"{some(moving.grew, 'of them')} came in at the source meanwhile.")
        if not show_checks(checks, every=True):
            fail(_why(moving), code=WRONG_FOUND)
        if moving.behind():
            say("The source is still being written: stop what writes to it, and run the same command again for the rest.")


def _why(moving: Copy) -> str:
    if moving.changed():
        return (
            "The two are not equal, for the source was cleared, purged or rebuilt while it was copied. Run the same command "
            "again; should they still differ, empty the target first."
        )
    return (
        "The two are not equal. Check the source (DATABASE_URL=... python -m metrics_core verify) and mend what is wrong "
        "there; then empty the target and copy again."
    )


def _require_two(source: str, target: str) -> None:
    for option, url in (("--from", source), ("--to", target)):
        if url.strip().lower().startswith("memory:"):
            fail(f"{option} names the memory of a process, which ends with it. Name a database.")
    if _place(source) == _place(target):
        fail("--from and --to name the same database.")
    file = _file(source)
    if file is not None and not file.exists():
        fail(f"--from names {file}, which is not there.")


def _place(url: str) -> str:
    """The URL as it is, but for the many ways to name one file."""
    file = _file(url)
    return url.strip() if file is None else str(file.resolve())


def _file(url: str) -> Path | None:
    try:
        address = make_url(url.strip())
    except (ArgumentError, ValueError):
        return None
    return Path(address.database) if address.get_backend_name() == "sqlite" and address.database else None
