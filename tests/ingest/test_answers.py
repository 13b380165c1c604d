"""Answers come after what they answer for is durable, in order, and nobody who writes waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from metrics_core.errors import StoreAwayError
from metrics_core.ingest.answers import Answers

WAIT = 30


class Disk:
    """A disk that can be made to take its time, and to fail."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.begun = threading.Semaphore(0)
        self.flushes = 0
        self.error: Exception | None = None

    def flush(self) -> None:
        self.begun.release()
        assert self.free.wait(WAIT)
        self.flushes += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def answers(disk: Disk) -> Answers:
    return Answers(disk.flush)


def test_one_who_has_nothing_else_to_do_is_answered_at_once_and_durably(disk: Disk, answers: Answers):
    told: list[int] = []
    answers.give(lambda why: told.append(disk.flushes), here=True)
    assert told == [1]


def test_while_the_disk_is_busy_others_are_taken_and_answered_together_in_their_order(disk: Disk, answers: Answers):
    told: list[tuple[str, int]] = []
    done = threading.Event()
    disk.free.clear()
    answers.give(tell(told, "a", disk), here=False)
    assert disk.begun.acquire(timeout=WAIT)
    answers.give(tell(told, "b", disk), here=False)
    answers.give(tell(told, "c", disk), here=True)  # others are before it
    answers.give(lambda why: done.set(), here=False)
    assert told == []
    disk.free.set()
    assert done.wait(WAIT)
    assert told == [("a", 1), ("b", 2), ("c", 2)]
    assert disk.flushes == 2


def test_where_the_disk_fails_all_are_told_why_and_the_next_is_tried_anew(disk: Disk, answers: Answers):
    told: list[Exception | None] = []
    disk.error = StoreAwayError("The disk is gone.")
    answers.give(told.append, here=True)
    answers.give(told.append, here=False)
    answers.stop()
    assert told == [disk.error, disk.error]
    disk.error = None
    answers.give(told.append, here=False)
    answers.stop()
    assert told[2:] == [None]


def test_whoever_waits_is_answered_before_the_end(disk: Disk, answers: Answers):
    told: list[tuple[str, int]] = []
    disk.free.clear()
    answers.give(tell(told, "a", disk), here=False)
    ending = threading.Thread(target=answers.stop)
    ending.start()
    disk.free.set()
    ending.join(WAIT)
    assert told == [("a", 1)]


def tell(told: list[tuple[str, int]], name: str, disk: Disk) -> Callable[[Exception | None], None]:
    return lambda why: told.append((name, disk.flushes))
