"""How commands talk: sentences, tables and progress bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from metrics_core.model.instant import Instant, moment

WRONG_USE = 2
"""Exit code where a command was not understood, or could not reach what it works on."""

WRONG_FOUND = 1
"""Exit code where a command did its work and found something wrong."""

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def say(text: str = "", *, style: str | None = None) -> None:
    """A line for people; never read as markup."""
    out.print(text, style=style, markup=False, soft_wrap=True)


def fail(text: str, *, code: int = WRONG_USE) -> NoReturn:
    """One sentence on the error stream, and out."""
    err.print(f"[red]Error:[/red] {escape(text)}", soft_wrap=True)
    raise typer.Exit(code)


def has_terminal() -> bool:
    """Whether somebody can answer questions."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def progress(what: str, unit: str = "records") -> Iterator[Callable[[int, int], None]]:
    """A bar that is told (done, of); where there is no terminal, nothing is drawn."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def tell(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of or None)

        yield tell


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """An empty table in the house's plain look."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return made


def show(made: Table) -> None:
    out.print(made)


def number(value: int) -> str:
    return f"{value:,}"


def some(count: int, one: str, many: str | None = None) -> str:
    """`1 record`, `2,400 records`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def when(at: Instant | None) -> str:
    return "" if at is None else f"{moment(at):%Y-%m-%d %H:%M:%S} UTC"


def inventory(counts: Mapping[str, tuple[int, Instant, Instant]]) -> None:
    """What a store holds, by origin."""
    if not counts:
        say("The store is empty.")
        return
    made = table("origin", "events", "first", "last", right=("events",))
    for origin, (count, first, last) in sorted(counts.items()):
        made.add_row(origin, number(count), when(first), when(last))
    show(made)
