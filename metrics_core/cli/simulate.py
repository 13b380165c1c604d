"""`simulate`: a made-up shop that goes on until Ctrl-C, into the store or to a server elsewhere."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated

import typer

from metrics_core.cli.console import fail, number, say, some
from metrics_core.cli.desk import desk
from metrics_core.cli.server import Server
from metrics_core.clock import SystemClock
from metrics_core.engine import Engine
from metrics_core.errors import BadRequestError, SettingError
from metrics_core.ingest.sources.simulator import Simulator, SimulatorSettings, SimulatorState
from metrics_core.model.access import LOCAL
from metrics_core.model.instant import SECOND, moment
from metrics_core.settings import Settings

_OWNER = "the simulate command"

Url = Annotated[str | None, typer.Option("--url", help="Send to a running server, such as http://127.0.0.1:8501.")]
Key = Annotated[str | None, typer.Option("--key", envvar="PULSEBOARD_KEY", help="The API key of that server.")]
Seconds = Annotated[float, typer.Option("--seconds", help="Seconds between two ticks.")]
Rate = Annotated[float, typer.Option("--rate", help="Orders in an ordinary tick.")]
Speed = Annotated[float, typer.Option("--speed", help="How many times faster ticks come, 1 to 20.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed makes the same orders.")]
_LEVEL = "NAME=0..2"
Channel = Annotated[list[str] | None, typer.Option("--channel", metavar=_LEVEL, help="Intensity of a channel; 1 is usual.")]
Region = Annotated[list[str] | None, typer.Option("--region", metavar=_LEVEL, help="Intensity of a region; 1 is usual.")]
Ticks = Annotated[int, typer.Option("--ticks", min=0, help="Stop after so many ticks; 0 goes on until Ctrl-C.")]


def simulate(
    url: Url = None,
    key: Key = None,
    seconds: Seconds = 5.0,
    rate: Rate = 12.0,
    speed: Speed = 1.0,
    seed: Seed = 1,
    channel: Channel = None,
    region: Region = None,
    ticks: Ticks = 0,
) -> None:
    """Simulate a shop, a line a tick, until Ctrl-C. Every row is marked sim and carries the id of the run."""
    try:
        settings = SimulatorSettings(
            seconds=seconds, rate=rate, speed=speed, seed=seed, channels=_levels(channel), regions=_levels(region)
        )
    except BadRequestError as error:
        fail(str(error))
    if url is not None:
        _to_server(url, key, settings, ticks)
        return
    with desk() as ready:
        _into_store(ready, settings, ticks)


def _into_store(ready: Engine, settings: SimulatorSettings, ticks: int) -> None:
    config = ready.settings
    simulator = Simulator(
        ready.accept,
        clock=ready.clock,
        zone=config.zone,
        digits=config.currency_digits,
        next_number=ready.next_run_number,
        owner=_OWNER,
    )
    who = replace(LOCAL, label=_OWNER[:1].upper() + _OWNER[1:])
    try:
        _run(simulator, settings, ticks, ready.store.name)
    finally:
        state = simulator.state()
        if state.run_id is not None:
            ready.audit.note(who, "simulator.start", f"run {state.run_id}", after=f"{state.sent['records']:,} records sent")


def _to_server(url: str, key: str | None, settings: SimulatorSettings, ticks: int) -> None:
    try:
        config = Settings()
    except SettingError as error:
        fail(str(error))
    clock = SystemClock()
    with Server(url, key) as server:
        simulator = Simulator(
            server.accept,
            clock=clock,
            zone=config.zone,
            digits=config.currency_digits,
            # A number of our own: the server's runs count from 1, and these start long after.
            next_number=lambda: clock.now() // SECOND,
            owner=_OWNER,
        )
        _run(simulator, settings, ticks, url)


def _run(simulator: Simulator, settings: SimulatorSettings, ticks: int, target: str) -> None:
    state = simulator.start(settings, by="the command line", thread=False)
    say(f"Run {state.run_id} into {target}, a tick every {settings.pace:g} s. Ctrl-C stops it.")
    over = threading.Event()
    with _interrupts_set(over):
        done = 0
        while not over.is_set():
            before = simulator.state()
            simulator.tick(SystemClock().now())
            say(_line(before, simulator.state()))
            done += 1
            if done == 1 and simulator.state().trouble is not None:
                # Later troubles pass; the first means that we came to the wrong address, or without a key.
                fail(simulator.stop().trouble or "Nothing could be sent.")
            if ticks and done >= ticks:
                break
            over.wait(settings.pace)
    state = simulator.stop()
    sent = state.sent
    say(f"Stopped. Run {state.run_id}: {some(sent['records'], 'record')} sent, {number(sent['refused'])} refused.")


def _line(before: SimulatorState, after: SimulatorState) -> str:
    if after.trouble is not None:
        return f"{moment(SystemClock().now()):%H:%M:%S}  not sent, tried again next tick: {after.trouble}"
    tick = after.ticks[-1]

    def more(name: str) -> int:
        return after.sent[name] - before.sent[name]

    placed = tick["completed"] + tick["pending"] + tick["failed"]
    refused = f", {more('refused')} refused" if more("refused") else ""
    return (
        f"{tick['at'][11:19]}  {some(placed, 'order'):>10}: {tick['completed']} completed, {tick['pending']} pending, "
        f"{tick['failed']} failed; {some(more('views'), 'view')}, {some(more('activities'), 'active user')}{refused}"
    )


def _levels(pairs: list[str] | None) -> dict[str, float]:
    levels: dict[str, float] = {}
    for pair in pairs or ():
        name, equals, value = pair.rpartition("=")
        try:
            levels[name] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            fail(f"An intensity is written NAME=NUMBER, such as online=1.5, not {pair!r}.")
    return levels


@contextmanager
def _interrupts_set(over: threading.Event) -> Iterator[None]:
    """Ctrl-C and a polite kill end the loop after the tick under way, instead of breaking into it."""

    def stop(*_: object) -> None:
        over.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
