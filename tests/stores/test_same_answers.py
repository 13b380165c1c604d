"""The same records, shuffled and cut differently and sent twice: every store gives the same answers, to the byte."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from zlib import crc32

import pytest

from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.settings import Settings
from metrics_core.store.memory.store import MemoryStore
from metrics_core.store.protocols import Store
from tests.stores.conftest import Row
from tests.stores.mixed import NOW, QUESTIONS, Sent, answers, mixed, send

pytestmark = pytest.mark.timeout(1800)  # a hundred thousand records on a machine that does much else

NUMBER = 100_000 if os.environ.get("STORES") else 4_000
"""All of them where `make stores` runs; `make test` takes fewer."""


@cache
def records() -> list[Sent]:
    return mixed(NUMBER)


@contextmanager
def engine_on(store: Store) -> Iterator[Engine]:
    engine = Engine(Settings(_env_file=None), clock=SetClock(NOW), store=store)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


@cache
def truth() -> tuple[int, list[bytes]]:
    """How many of the records are new to an empty store, and what the memory store then answers."""
    with engine_on(MemoryStore()) as engine:
        return send(engine, records(), seed=0), answers(engine)


def test_there_are_sixty_questions_and_each_has_an_answer_with_rows() -> None:
    assert len(QUESTIONS) == 60
    assert [question for question, answer in zip(QUESTIONS, truth()[1], strict=True) if b'"rows":[]' in answer] == []


@pytest.mark.slow
def test_the_answers_are_the_same_to_the_byte(row: Row, store: Store) -> None:
    accepted, expected = truth()
    with engine_on(store) as engine:
        assert send(engine, records(), seed=crc32(row.name.encode())) == accepted
        found = answers(engine)
    differing = [question for question, ours, theirs in zip(QUESTIONS, found, expected, strict=True) if ours != theirs]
    assert differing == []
    assert accepted > 0.9 * NUMBER
