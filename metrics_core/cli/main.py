"""The commands under one roof, and what happens when one of them cannot go on."""

from __future__ import annotations

import logging
import sys
from typing import Any

import typer
from typer.core import TyperCommand

from metrics_core.cli.bring import bring
from metrics_core.cli.console import err, fail
from metrics_core.cli.copy import copy
from metrics_core.cli.generate import generate, sample
from metrics_core.cli.setup import setup
from metrics_core.cli.simulate import simulate
from metrics_core.cli.take import take
from metrics_core.cli.verify import verify
from metrics_core.errors import PulseboardError

_FAULT = 70
_INTERRUPTED = 130

app = typer.Typer(
    name="pulseboard",
    help="Pulseboard's commands. They work on the database that DATABASE_URL names, by default data/pulseboard.db, also "
    "while the server runs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class ManyMaps(TyperCommand):
    """Takes several pairs after one --map: `--map order_id=basket user_id=customer`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        spread: list[str] = []
        mapping = False
        for before, word in zip(["", *args], args, strict=False):
            pair = mapping and "=" in word and not word.startswith("-")
            mapping = pair or word == "--map"
            spread += ["--map", word] if pair and before != "--map" else [word]
        return super().parse_args(ctx, spread)


app.command("setup", short_help="The wizard: check, fill, clear, reset.")(setup)
app.command("generate", short_help="Past days of a made-up shop at once.")(generate)
app.command("simulate", short_help="A made-up shop, until Ctrl-C.")(simulate)
app.command("verify", short_help="Check every total; --rebuild mends.")(verify)
app.command("sample", short_help="A handful of made-up records, now.")(sample)
app.command("import", cls=ManyMaps, short_help="Take in a file.")(bring)
app.command("export", short_help="Write events, sales or metrics.")(take)
app.command("copy", short_help="Everything, into another database.")(copy)


def run() -> None:
    """Run the command the process was started with. Whatever goes wrong, it is a sentence and an exit code."""
    logging.getLogger("metrics_core").addHandler(logging.NullHandler())
    try:
        app(prog_name="python -m metrics_core")
    except KeyboardInterrupt:
        err.print("Stopped.")
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has had enough of it.
        sys.stderr.close()
        sys.exit(0)
    except PulseboardError as error:
        _exit_with(str(error))
    except Exception as error:
        logging.getLogger(__name__).debug("The command failed", exc_info=True)
        _exit_with(f"The command broke off ({type(error).__name__}), a fault of ours. Nothing acknowledged is lost.", _FAULT)


def _exit_with(text: str, code: int = 2) -> None:
    try:
        fail(text, code=code)
    except typer.Exit as leaving:
        sys.exit(leaving.exit_code)
