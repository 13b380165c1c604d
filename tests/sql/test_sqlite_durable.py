"""SQLite: what is acknowledged was handed to the disk before, also where a commit does not wait for it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from metrics_core.errors import StoreAwayError
from metrics_core.ingest.writer import Writer
from metrics_core.model.event import Event, Receipt
from metrics_core.rollup.fold import fold
from metrics_core.store.connect import connect
from metrics_core.store.protocols import Store
from tests import given


class Disk:
    """Sees what is handed to the disk, and can refuse it."""

    def __init__(self, log: Path, patch: pytest.MonkeyPatch) -> None:
        self.log = log
        self.handed = 0
        """Bytes of the log that are on it."""
        self.fails = False
        self._really = os.fsync
        patch.setattr(os, "fsync", self._fsync)

    def _fsync(self, file: int) -> None:
        if os.path.samestat(os.fstat(file), self.log.stat()):
            if self.fails:
                raise OSError(errno.EIO, "Input/output error")
            self.handed = self.log.stat().st_size
        self._really(file)

    def has_all(self) -> bool:
        return self.handed == self.log.stat().st_size > 0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(connect(f"sqlite:///{tmp_path / 'kept.db'}")) as made:
        made.prepare()
        yield made


@pytest.fixture
def disk(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(tmp_path / "kept.db-wal", monkeypatch)


def put(store: Store, event: Event, *, later: bool = False) -> None:
    with store.batch(later=later) as batch:
        assert batch.append([event])
        batch.merge(*fold([event]))


def test_a_batch_is_on_the_disk_at_its_end(store: Store, disk: Disk) -> None:
    put(store, given.viewed("ann"))
    assert disk.has_all()
    put(store, given.viewed("bob"))
    assert disk.has_all()


def test_one_that_may_be_durable_later_is_there_at_its_end_and_on_the_disk_after_the_flush(store: Store, disk: Disk) -> None:
    put(store, given.viewed("ann"), later=True)
    assert store.newest_seq() == 1
    assert not disk.has_all()
    store.flush()
    assert disk.has_all()


def test_a_document_is_on_the_disk_at_its_end(store: Store, disk: Disk) -> None:
    store.catalog.put("shelf", "name", {"said": "something"})
    assert disk.has_all()


def test_a_sender_is_answered_after_its_records_are_on_the_disk(store: Store, disk: Disk) -> None:
    writer = Writer(store, limit=1_000)
    writer.start()
    for number in range(20):
        assert writer.submit([given.viewed("ann", id=f"e{number}")], [0], []).result(30) == Receipt(1, 0)
        assert disk.has_all()
    writer.stop()


def test_where_the_disk_refuses_nobody_is_told_it_is_kept_and_sending_again_counts_once(store: Store, disk: Disk) -> None:
    writer = Writer(store, limit=1_000)
    writer.start()
    disk.fails = True
    with pytest.raises(StoreAwayError, match="Send them again"):
        writer.submit([given.viewed("ann", id="one")], [0], []).result(30)
    disk.fails = False
    answer = writer.submit([given.viewed("ann", id="one"), given.viewed("ann", id="two")], [0, 1], []).result(30)
    assert (answer.accepted, answer.duplicates) == (1, 1)
    assert disk.has_all()
    writer.stop()
