"""`setup`: the wizard. It looks at the connection, says what is there, fills, clears and resets."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Annotated

import questionary
import typer
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from metrics_core.cli.console import WRONG_FOUND, fail, has_terminal, inventory, say, some
from metrics_core.cli.desk import desk
from metrics_core.cli.generate import add_sample, fill
from metrics_core.cli.sharing import take_in, tell_of_others
from metrics_core.cli.verify import report
from metrics_core.engine import Engine
from metrics_core.errors import SettingError
from metrics_core.ingest.sources import generator
from metrics_core.model.event import DEMO, SIM
from metrics_core.settings import Settings
from metrics_core.store.foreign import shared

WORD = "clear"
"""What has to be typed before everything goes."""

_MADE_UP = (DEMO, SIM)

Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Ask nothing; without an action, fill an empty store: with the sales of other "
                       "programs that stand in its database, or with demo data.")
]
Generate = Annotated[bool, typer.Option("--generate", help="Generate demo data.")]
Sample = Annotated[bool, typer.Option("--sample", help="Add a handful of records, now.")]
ClearMadeUp = Annotated[bool, typer.Option("--clear-made-up", help="Remove demo and simulated data; nothing else changes.")]
Clear = Annotated[bool, typer.Option("--clear", help="Remove everything, real data too.")]
Reset = Annotated[bool, typer.Option("--reset", help="Remove everything, then generate demo data.")]
Verify = Annotated[bool, typer.Option("--verify", help="Check what is kept.")]
Adopt = Annotated[bool, typer.Option("--adopt", help="Take in the sales that other programs wrote into a MongoDB database.")]
Days = Annotated[int, typer.Option("--days", min=1, max=generator.MOST_DAYS, help="How many days to generate.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed makes the same data.")]


def setup(
    yes: Yes = False,
    generate: Generate = False,
    sample: Sample = False,
    clear_made_up: ClearMadeUp = False,
    clear: Clear = False,
    reset: Reset = False,
    verify: Verify = False,
    adopt: Adopt = False,
    days: Days = generator.DAYS,
    seed: Seed = generator.SEED,
) -> None:
    """Set Pulseboard up, step by step, or with flags where there is no terminal."""
    asked = [name for name, wanted in (
        ("clear_made_up", clear_made_up), ("clear", clear), ("reset", reset), ("adopt", adopt), ("generate", generate),
        ("sample", sample), ("verify", verify),
    ) if wanted]  # fmt: skip
    if not asked and not yes and not has_terminal():
        fail("There is no terminal to ask questions in. Say what to do: --yes, --generate, --sample, --verify, --reset ...")
    if ("clear" in asked or "reset" in asked) and not yes and not has_terminal():
        fail("This removes everything. Where there is no terminal to confirm it in, add --yes.")
    _introduce()
    with desk() as ready:
        waiting = _look(ready)
        if asked or yes:
            _do(ready, asked or _usual(ready, waiting), yes=yes, days=days, seed=seed)
        else:
            _ask(ready, days, seed)
        _goodbye()


def _introduce() -> None:
    try:
        settings = Settings()
        address = make_url(settings.database_url)
    except SettingError as error:
        fail(str(error))
    except ArgumentError:
        fail("DATABASE_URL is no address of a database, such as sqlite:///data/pulseboard.db.")
    say("Pulseboard setup", style="bold")
    # Without its options: one of them may be a URL with a password.
    say(f"Database   {address.set(query={}).render_as_string(hide_password=True)}")
    say(f"Reporting  {settings.currency}, {settings.timezone}, weeks start on {settings.week_start.title()}")


def _look(ready: Engine) -> int:
    """Show what is there; how many sales of other programs wait to be taken in."""
    start = perf_counter()
    ready.store.ping()
    say(f"Connection ok, {ready.store.name}, {(perf_counter() - start) * 1_000:.0f} ms", style="green")
    say()
    inventory(ready.store.events.count())
    found = tell_of_others(ready)
    say()
    return 0 if found is None else found.waiting


def _usual(ready: Engine, waiting: int) -> list[str]:
    """What is done where nothing is asked for."""
    if waiting:
        return ["adopt"]
    if ready.store.events.count():
        say("There is data already, so nothing was filled in.")
        return []
    return ["generate"]


def _do(ready: Engine, asked: list[str], *, yes: bool, days: int, seed: int) -> None:
    for action in asked:
        if action in ("clear", "reset") and not yes:
            _confirm_clearing()
        ACTIONS[action](ready, days, seed)


def _ask(ready: Engine, days: int, seed: int) -> None:
    while True:
        action = questionary.select("What next?", choices=[
            questionary.Choice(f"Generate {some(days, 'day')} of demo data", "generate"),
            questionary.Choice("Add a quick sample", "sample"),
            *([] if shared(ready.store) is None else [questionary.Choice("Take in the sales of other programs", "adopt")]),
            questionary.Choice("Verify what is kept", "verify"),
            questionary.Choice("Remove made-up data", "clear_made_up"),
            questionary.Choice("Clear everything", "clear"),
            questionary.Choice("Reset: clear everything, then generate", "reset"),
            questionary.Choice("Leave", "leave"),
        ]).ask()  # fmt: skip
        if action is None or action == "leave":
            return
        if action in ("clear", "reset") and not _typed():
            say("Nothing was removed.")
            continue
        try:
            ACTIONS[action](ready, days, seed)
        except typer.Exit:
            # The wizard told what is wrong; whoever sits before it decides what comes next.
            continue
        finally:
            say()


def _typed() -> bool:
    return bool(questionary.text(f"This removes all data, real data too. Type {WORD!r} to go on:").ask() == WORD)


def _confirm_clearing() -> None:
    if not _typed():
        fail("Nothing was removed.", code=WRONG_FOUND)


def _generate(ready: Engine, days: int, seed: int) -> None:
    fill(ready, days=days, seed=seed)


def _sample(ready: Engine, days: int, seed: int) -> None:
    add_sample(ready, seed=seed)


def _verify(ready: Engine, days: int, seed: int) -> None:
    if not report(ready):
        raise typer.Exit(WRONG_FOUND)


def _adopt(ready: Engine, days: int, seed: int) -> None:
    take_in(ready)


def _clear_made_up(ready: Engine, days: int, seed: int) -> None:
    purge = ready.forget(origins=_MADE_UP)
    kept = "every other total is what it was before" if purge.unchanged else "but other totals moved: run verify"
    say(f"{some(purge.removed, 'made-up event')} removed; {kept}.")


def _clear(ready: Engine, days: int, seed: int) -> None:
    say(f"{some(ready.forget().removed, 'event')} removed. The store is empty.")


def _reset(ready: Engine, days: int, seed: int) -> None:
    _clear(ready, days, seed)
    _generate(ready, days, seed)


ACTIONS: dict[str, Callable[[Engine, int, int], None]] = {
    "generate": _generate,
    "sample": _sample,
    "verify": _verify,
    "adopt": _adopt,
    "clear_made_up": _clear_made_up,
    "clear": _clear,
    "reset": _reset,
}


def _goodbye() -> None:
    say()
    say("Start the app:        make run   (or: streamlit run app.py)")
    say("Simulate a shop:      python -m metrics_core simulate")
    say("Check what is kept:   python -m metrics_core verify")
