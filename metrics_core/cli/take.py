"""`export`: events that can be imported again unchanged, or the collections of seed 000, as JSON lines."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, cast

import typer

from metrics_core.cli.console import err, fail, progress, some
from metrics_core.cli.desk import desk, real_origins
from metrics_core.engine import Engine
from metrics_core.errors import UnknownNameError
from metrics_core.exports import json_lines
from metrics_core.exports.json_lines import Document
from metrics_core.model.event import ORIGINS

KINDS = ("events", "sales", "metrics")

Target = Annotated[
    str, typer.Argument(metavar="PATH", help="The file to write, gzipped if named .gz; - is standard output.")
]
Kind = Annotated[str, typer.Option("--as", help="events (lossless), or the collections sales and metrics.")]
Origin = Annotated[
    str | None,
    typer.Option(
        "--origin", help="real, all, live, import, demo or sim. By default all events, but real sales and metrics."
    ),
]


def take(path: Target, kind: Kind = "events", origin: Origin = None) -> None:
    """Write what is kept as JSON lines that mongoimport takes."""
    if kind not in KINDS:
        fail(str(UnknownNameError(what="kind of export", name=kind, known=KINDS)))
    if origin not in (None, "real", "all", *ORIGINS):
        fail(str(UnknownNameError(what="origin", name=origin, known=("real", "all", *ORIGINS))))
    with desk() as ready:
        origins = _origins(ready, origin or ("all" if kind == "events" else "real"))
        counts = ready.store.events.count()
        total = sum(counts[name][0] for name in origins if name in counts) if kind == "events" else 0
        written = 0
        with progress(f"Exporting {kind}", "lines") as tell, _open(path) as target:
            for document in _documents(ready, kind, origins):
                target.write(json_lines.line(document))
                written += 1
                if written % 1_000 == 0:
                    tell(written, max(total, written))
    marked = ", ".join(origins) or "nothing"
    err.print(f"{some(written, 'line')} written ({kind}; {marked}).", markup=False, soft_wrap=True)


def _documents(ready: Engine, kind: str, origins: tuple[str, ...]) -> Iterator[Document]:
    settings, log = ready.settings, ready.store.events
    if not origins:
        return iter(())
    if kind == "events":
        return json_lines.events(log, currency=settings.currency, digits=settings.currency_digits, origins=origins)
    if kind == "sales":
        return json_lines.sales(log, digits=settings.currency_digits, origins=origins)
    return json_lines.metrics(
        ready.answer, now=ready.clock.now(), calendar=ready.calendar, digits=settings.currency_digits, origins=origins
    )


def _origins(ready: Engine, asked: str) -> tuple[str, ...]:
    if asked == "real":
        return real_origins(ready)
    return tuple(ready.store.events.count()) if asked == "all" else (asked,)


@contextmanager
def _open(path: str) -> Iterator[IO[bytes]]:
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    # Written beside its place and moved there when whole: a half-written file never looks like an export.
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as plain:
            if target.suffix == ".gz":
                with gzip.GzipFile(fileobj=plain, mode="wb", filename="", mtime=0) as packed:
                    yield cast("IO[bytes]", packed)
            else:
                yield plain
        os.replace(part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        fail(f"{path!r} cannot be written: {error.strerror or 'the disk did not take it'}.")
    except BaseException:
        part.unlink(missing_ok=True)
        raise
