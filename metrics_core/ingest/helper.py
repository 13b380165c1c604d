"""The helper of `large.py`: a process that reads bodies and admits their records, one body after the other.

Run as `python -m metrics_core.ingest.helper DIGITS CURRENCY IDLE_SECONDS`. It answers on its standard output what comes on
its standard input, and ends with it, or when nothing came for a while. It keeps nothing, and can be killed at any time.
"""

from __future__ import annotations

import gc
import marshal
import os
import signal
import struct
import sys
import threading
from typing import Any, BinaryIO, NamedTuple

from metrics_core.errors import PulseboardError
from metrics_core.ingest.admit import Admission, Admitted
from metrics_core.ingest.records import Records, records_of
from metrics_core.model.event import Refusal
from metrics_core.model.events import EventColumns, Events, columns_of
from metrics_core.model.instant import Instant
from metrics_core.rollup.fold import Folded, fold
from metrics_core.rollup.totals import Grain, RollupRow, SetRow

_MANY = 100
"""Of fewer events, the writer folds those of many requests at once."""
_GIVES_WAY = 10
"""Less urgent than the process that serves: what it has read waits for the writer anyway."""
_SIZE = struct.Struct("<q")
_LINES = EventColumns._fields.index("lines")


class Asked(NamedTuple):
    """A body as it came, and as what its records are to be admitted; see `Admission.admit`."""

    body: bytes
    content_type: str
    lists: tuple[str, ...]
    """Names under which an object may hold the list of its records."""
    record: str | None
    source: str
    origin: str
    run_id: str | None
    now: Instant


class Read(NamedTuple):
    """What came of a body."""

    records: Records
    """Where each stood, and what could not be read; those that could are events by now."""
    admitted: Admitted
    folded: Folded | None
    """The totals of its events, where they are many: they hold if all of them are new."""


def read(admission: Admission, asked: Asked) -> Read:
    """Read a body and admit its records; MalformedError where it cannot be read at all."""
    records = records_of(asked.body, asked.content_type, asked.lists)
    admitted = admission.admit(
        records.good, record=asked.record, source=asked.source, origin=asked.origin, run_id=asked.run_id, now=asked.now
    )
    records.good.clear()
    return Read(records, admitted, fold(admitted.events) if len(admitted.events) >= _MANY else None)


def encoded(found: Read) -> tuple[Any, ...]:
    """The same in plain values, which cost little to hand over: events by column."""
    records, admitted, folded = found
    columns: list[Any] = list(columns_of(admitted.events))
    if not isinstance(admitted.events, Events):
        columns[_LINES] = [tuple(map(tuple, lines)) for lines in columns[_LINES]]
    return columns, admitted.indexes, _told(admitted.refused), records.places, _told(records.broken), _plain(folded)


def decoded(told: Any) -> Read | None:
    """What `encoded` was given."""
    if told is None:
        return None
    columns, indexes, refused, places, broken, totals = told
    admitted = Admitted(Events(EventColumns(*columns)), indexes, _refusals(refused))
    return Read(Records([], places, _refusals(broken)), admitted, _folded(totals))


def _plain(folded: Folded | None) -> Any:
    if folded is None:
        return None
    rows = [(row.by, int(row.grain), *row[2:]) for row in folded.rows]
    groups = {users: place for place, users in enumerate(dict.fromkeys([row.users for row in folded.sets]))}
    sets = [(row.name, int(row.grain), row.start, row.origin, groups[row.users]) for row in folded.sets]
    return rows, sets, list(map(tuple, groups))


def _folded(told: Any) -> Folded | None:
    if told is None:
        return None
    rows, sets, users = told
    groups = list(map(frozenset, users))
    return Folded(
        [RollupRow(by, Grain(grain), *rest) for by, grain, *rest in rows],
        [SetRow(name, Grain(grain), start, origin, groups[place]) for name, grain, start, origin, place in sets],
    )  # fmt: skip


def send(pipe: BinaryIO, told: Any) -> None:
    found = marshal.dumps(told)
    pipe.write(_SIZE.pack(len(found)))
    pipe.write(found)
    pipe.flush()


def receive(pipe: BinaryIO) -> Any:
    """What `send` was given; EOFError where the other end is gone."""
    return marshal.loads(_exactly(pipe, _SIZE.unpack(_exactly(pipe, _SIZE.size))[0]))


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    found = pipe.read(size)
    if len(found) < size:
        raise EOFError
    return found


def _told(refusals: list[Refusal]) -> list[tuple[Any, ...]]:
    return [(one.index, one.id, one.step, one.field, one.reason, one.retryable) for one in refusals]


def _refusals(told: list[tuple[Any, ...]]) -> list[Refusal]:
    return [Refusal(*one) for one in told]


def main(digits: int, currency: str, idle: float) -> None:
    # Who presses Ctrl-C means the server, which ends its helpers when nothing needs them any more.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_GIVES_WAY)
    admission = Admission(digits, currency)
    come, go = sys.stdin.buffer, sys.stdout.buffer
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    send(go, None)
    while True:
        too_long = threading.Timer(idle, os._exit, (0,))
        too_long.daemon = True
        too_long.start()
        try:
            asked = Asked(*receive(come))
        except EOFError:
            return
        too_long.cancel()
        try:
            told = encoded(read(admission, asked))
        except PulseboardError:
            told = None  # it is read again where it came from, and refused there
        send(go, told)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
