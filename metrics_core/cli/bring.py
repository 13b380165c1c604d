"""`import`: files of orders, events and user activity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape

from metrics_core.cli.console import WRONG_FOUND, fail, number, progress, say, show, some, table
from metrics_core.cli.desk import desk
from metrics_core.errors import UnknownNameError
from metrics_core.ingest.file_plan import KINDS
from metrics_core.ingest.files import ImportReport, import_file
from metrics_core.model.event import ORIGINS
from metrics_core.model.instant import DAY, HOUR, MINUTE, SECOND, Instant

File = Annotated[Path, typer.Argument(metavar="PATH", help="CSV, Parquet or JSON lines; text also gzipped.")]
Kind = Annotated[str, typer.Option("--as", help=f"What the rows are: {', '.join(KINDS)}.")]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN ...", help="Which column is which field; FIELD= leaves a field out."),
]
Zone = Annotated[str | None, typer.Option("--zone", help="The zone of times without an offset, such as Europe/Berlin.")]
Source = Annotated[str, typer.Option("--source", help="Who sent it; order ids are kept apart by it.")]
Shift = Annotated[
    str | None, typer.Option("--shift-to", help="now: move all times by one amount, so that the newest is now.")
]
Origin = Annotated[
    str | None, typer.Option("--origin", help="How the rows are marked. By default import; our own exports keep theirs.")
]


def bring(
    path: File,
    kind: Kind = "auto",
    maps: Maps = None,
    zone: Zone = None,
    source: Source = "import",
    shift_to: Shift = None,
    origin: Origin = None,
) -> None:
    """Take in a file. Rows with one order id are one order; the same file again adds nothing.

    Exit code 1 where some rows were refused (the others are kept), 2 where the file could not be read at all.
    """
    mapping = dict(_pair(text) for text in maps or ())
    if shift_to not in (None, "now"):
        fail(f"--shift-to takes only `now`, not {shift_to!r}.")
    if origin is not None and origin not in ORIGINS:
        fail(str(UnknownNameError(what="origin", name=origin, known=ORIGINS)))
    named = _zone(zone)
    with desk() as ready:
        with progress(f"Importing {path.name}", "rows") as tell:
            report = import_file(
                ready.accept,
                path,
                kind,
                mapping,
                zone=named,
                source=source,
                shift_to_now=shift_to is not None,
                now=ready.clock.now(),
                catalog=ready.store.catalog,
                progress=tell,
                origin=origin,
            )
        _tell(report)
    if report.refused:
        raise typer.Exit(WRONG_FOUND)


def _tell(report: ImportReport) -> None:
    say(
        f"{some(report.rows, 'row')} read: {some(report.added, 'record')} added, {number(report.duplicates)} here before, "
        f"{number(report.refused)} refused."
    )
    if report.shift:
        say(f"All times were moved by {_length(report.shift)}.")
    if report.reasons:
        made = table("refused", "field", "first rows", "reason (of the first)", right=("refused",))
        for reason in report.reasons:
            rows = ", ".join(str(row) for row in reason.rows) + (", ..." if reason.count > len(reason.rows) else "")
            made.add_row(number(reason.count), escape(reason.field or ""), rows, escape(reason.reason))
        show(made)


def _pair(text: str) -> tuple[str, str]:
    field, equals, column = text.partition("=")
    if not equals or not field.strip():
        fail(f"--map takes field=column, not {text!r}.")
    return field.strip(), column.strip()


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        fail(f"No time zone is called {name!r}. Name one of the time zone database, such as Europe/Berlin or UTC.")


def _length(shift: Instant) -> str:
    left = abs(shift)
    parts = []
    for unit, length in (("d", DAY), ("h", HOUR), ("min", MINUTE)):
        parts.append(f"{left // length} {unit}")
        left %= length
    return f"{'-' if shift < 0 else ''}{' '.join(parts)} {left / SECOND:g} s"
