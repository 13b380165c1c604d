"""`verify`: what is there, whether every total is what its events say, and the command that mends what is not."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from metrics_core.cli.console import WRONG_FOUND, inventory, number, out, progress, say, show, some, table
from metrics_core.cli.desk import desk
from metrics_core.cli.sharing import tell_of_others
from metrics_core.engine import Check, Engine

MEND = "python -m metrics_core verify --rebuild"

Rebuild = Annotated[bool, typer.Option("--rebuild", help="First work out every total again from the events.")]
Every = Annotated[bool, typer.Option("--all", help="List the checks that are right, too.")]


def verify(rebuild: Rebuild = False, every: Every = False) -> None:
    """Check what is kept. Exit code 0: all is right. 1: something is wrong; the command that mends it is shown."""
    with desk() as ready:
        if rebuild:
            with progress("Rebuilding totals from events", "days") as tell:
                ready.rebuild(progress=tell)
            say("Every total was worked out again from the events.")
        if not report(ready, every=every):
            raise typer.Exit(WRONG_FOUND)


def report(ready: Engine, *, every: bool = False) -> bool:
    """Show what exists and run the checks; whether all of them are right."""
    say(ready.store.name)
    inventory(ready.store.events.count())
    tell_of_others(ready)
    with progress("Checking", "checks") as tell:
        checks = ready.verify(progress=tell)
    say()
    right = show_checks(checks, every=every)
    for command in dict.fromkeys(check.mend or MEND for check in checks if not check.ok):
        say(f"To mend it: {command}")
    return right


def show_checks(checks: list[Check], *, every: bool = False) -> bool:
    """List those that are wrong, or every one, and say how many are right; whether all are."""
    wrong = [check for check in checks if not check.ok]
    shown = [*wrong, *(check for check in checks if check.ok)] if every else wrong
    if shown:
        _list(shown)
    say(f"{some(len(checks), 'check')}, {number(len(checks) - len(wrong))} right.", style="red" if wrong else "green")
    return not wrong


def _list(checks: list[Check]) -> None:
    made = table("check", "expected", "found", "")
    for check in checks:
        verdict = "[green]right[/green]" if check.ok else "[red]wrong[/red]"
        made.add_row(escape(str(check.name)), escape(str(check.expected)), escape(str(check.found)), verdict)
    show(made)
    out.print()
