"""Import of files: every row is found once, sent by the same door as everything else, and accounted for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Any, NamedTuple, Protocol, TypeAlias
from zoneinfo import ZoneInfo

import orjson

from metrics_core.errors import BadRequestError, BusyError
from metrics_core.ingest.file_orders import Found, Identity, orders
from metrics_core.ingest.file_plan import Plan, Survey, plan, survey, time_key
from metrics_core.ingest.file_rows import FileRows, open_rows
from metrics_core.ingest.file_values import Bad, Read, Times, exact, flag, parsed, present
from metrics_core.ingest.shapes import ACTIVITY, EVENT, ORDER, SHAPES
from metrics_core.model.event import IMPORT, ORIGINS, Receipt, Refusal
from metrics_core.model.instant import HOUR, Instant
from metrics_core.store.protocols import Catalog

SHELF = "imports"
BATCH = 2_000
"""Records sent at a time."""

_READ = "can_be_read"
_ROWS_NAMED = 5
_MOST_SENT_AGAIN = 100_000
_TRIES = 60
EXPORT_KEY = "pulseboard"
"""Under this key, a line that `export --as events` wrote says itself where it is from."""

_FROM_TEXT = {"featuresUsed": parsed, "featureTime": parsed, "properties": parsed, "isActive": flag}


class Accept(Protocol):
    """How records are sent: `Engine.accept`."""

    def __call__(
        self, records: Sequence[Any], /, *, record: str | None, source: str, origin: str, run_id: str | None
    ) -> Receipt: ...


Progress = Callable[[int, int], None]
"""Told the rows done so far and all of them."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows were refused: the first such reason in full, how many share it, and the first of their rows."""

    step: str
    field: str | None
    reason: str
    count: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file: records added, records that were here before, and records refused, by reason."""

    rows: int
    added: int
    duplicates: int
    refused: int
    reasons: tuple[Reason, ...]
    shift: Instant = 0
    """By how much all times were moved, in microseconds."""


class _Address(NamedTuple):
    """Where a batch goes: what it holds and under whose name."""

    record: str | None
    source: str
    origin: str
    run_id: str | None


def import_file(
    accept: Accept,
    path: Path,
    kind: str = "auto",
    mapping: Mapping[str, str] | None = None,
    zone: ZoneInfo | None = None,
    source: str = "import",
    shift_to_now: bool = False,
    now: Instant = 0,
    catalog: Catalog | None = None,
    progress: Progress | None = None,
    origin: str | None = None,
) -> ImportReport:
    """Take a file in; BadRequestError, before anything is taken in, where it cannot be read at all.

    Rows without an id are known by the file's content and their number, orders by the source and their order id: the same
    file again adds nothing. With `shift_to_now` every time moves by one constant, so that the newest becomes now; the
    catalog keeps that constant, and the same file taken in again is moved by the same.
    """
    file = open_rows(path)
    how = plan(file, kind, mapping or {})
    times = Times(zone, latest=now + 24 * 365 * 20 * HOUR)
    seen = survey(file, how, times)
    _require_zone(seen, zone)
    name = _name(file, kind, mapping or {}, zone)
    shift = _shift(catalog, name, seen, now) if shift_to_now else 0
    who = Identity(source, file.sha256)
    sender = _Sender(accept, progress, seen.rows)
    usual = _Address("order", source, origin or IMPORT, None)
    if seen.flat:
        for found in orders(file, how, times, who=who, shift=shift, scattered=seen.scattered, rows=seen.rows):
            sender.take(found, usual)
        sender.leave_out(file)
    if seen.whole:
        for found, address in _whole(file, how, times, who, shift, usual, own_names=origin is None):
            sender.take(found, address)
        if not seen.flat:
            sender.leave_out(file)
    report = sender.report(seen.rows, shift)
    if catalog is not None:
        catalog.put(SHELF, name, {
            "file": path.name, "kind": kind, "source": source, "at": exact(now), "shift": shift, "rows": seen.rows,
            "added": report.added, "duplicates": report.duplicates, "refused": report.refused,
        })  # fmt: skip
    return report


def _whole(
    file: FileRows, how: Plan, times: Times, who: Identity, shift: Instant, usual: _Address, *, own_names: bool
) -> Iterator[tuple[Found, _Address]]:
    """Records that are whole in themselves: events, activity, orders with their lines, statuses, refunds."""
    read = Read(times)
    door = {"events": EVENT.name, "activity": ACTIVITY.name}.get(how.kind)
    for chunk in file.records():
        for number, given in zip(chunk.numbers, chunk.records, strict=True):
            if how.is_flat(given):
                continue
            address = usual._replace(record=door or (ORDER.name if given.get("lines") is not None else None))
            record = _renamed(given, how, from_text=file.is_table)
            exported = _exported(record.pop(EXPORT_KEY, None)) if EXPORT_KEY in record else None
            if exported is not None and own_names:
                address = exported
            if record.get("id") is None:
                record["id"] = who.of_row(number)
            bad = _timed(record, how, read, shift)
            yield Found((number,), bad or record), address


def _renamed(given: dict[str, Any], how: Plan, *, from_text: bool) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key, value in given.items():
        name = how.renamed.get(key, key)
        if name and present(value) is not None:
            read = _FROM_TEXT.get(how.shape.spellings.get(name, "")) if from_text else None
            record[name] = value if read is None else read(value)
    if "id" not in record and record.get("_id") is not None:
        record["id"] = record.pop("_id")
    return record


def _timed(record: dict[str, Any], how: Plan, read: Read, shift: Instant) -> Bad | None:
    key = time_key(record, how)
    at = read.all([record[key] if key is not None else None])[0]
    if not isinstance(at, int) or key is None:
        return at if isinstance(at, Bad) else None
    record[key] = exact(at + shift)
    for other in ("lastActionTime", "last_action_time", "last_action_timestamp"):
        if record.get(other) is not None:
            then = read.all([record[other]])[0]
            if isinstance(then, int):
                record[other] = exact(then + shift)
    return None


def _exported(told: object) -> _Address | None:
    if not isinstance(told, dict):
        return None
    record, source, origin, run_id = (told.get(key) for key in ("record", "source", "origin", "runId"))
    if record in SHAPES and isinstance(source, str) and origin in ORIGINS and isinstance(run_id, str | None):
        return _Address(record, source, origin, run_id)
    return None


def _require_zone(seen: Survey, zone: ZoneInfo | None) -> None:
    if zone is None and seen.naive is not None and not seen.timed:
        msg = (
            f"The times of this file name no zone (the first is {seen.naive!r}), so nothing was imported. "
            "Say which zone they are in: --zone Europe/Berlin at the command, or \"Zone of times that name none\" on the "
            "page."
        )
        raise BadRequestError(msg)


def _name(file: FileRows, kind: str, mapping: Mapping[str, str], zone: ZoneInfo | None) -> str:
    told = orjson.dumps([kind, sorted(mapping.items()), zone.key if zone is not None else None])
    return f"{file.sha256[:16]}-{hashlib.sha256(told).hexdigest()[:8]}"


def _shift(catalog: Catalog | None, name: str, seen: Survey, now: Instant) -> Instant:
    """By how much times move: as much as the first time this file was moved, or else so that the newest is now."""
    kept = catalog.get(SHELF, name) if catalog is not None else None
    before = kept.body.get("shift") if kept is not None else None
    if isinstance(before, int) and before != 0:
        return before
    if seen.newest is None:
        return 0
    shift = now - seen.newest
    if catalog is not None:
        # Kept before the first record is sent: an import that breaks off goes on with the same shift.
        catalog.put(SHELF, name, {"shift": shift})
    return shift


_Sent: TypeAlias = tuple[tuple[int, ...], dict[str, Any]]
"""The rows of a record, and the record."""

_LINE = re.compile(r"lines\[([0-9]+)\]\.?")


@dataclass(slots=True)
class _Tally:
    step: str
    named: str | None
    reason: str
    count: int = 0
    rows: list[int] = field(default_factory=list)


class _Sender:
    """Sends in batches, keeps account, and sends once more at the end what came before what it depends on."""

    def __init__(self, accept: Accept, progress: Progress | None, rows: int) -> None:
        self._accept, self._progress, self._rows = accept, progress, rows
        self._waiting: dict[_Address, list[_Sent]] = {}
        self._again: list[tuple[_Address, _Sent]] = []
        self._tallies: dict[tuple[str, str | None], _Tally] = {}
        self._added = self._duplicates = self._refused = 0

    def take(self, found: Found, address: _Address) -> None:
        if isinstance(found.record, Bad):
            self._refuse(found.rows[0], found.record.step, found.record.field, found.record.reason)
            return
        batch = self._waiting.setdefault(address, [])
        batch.append((found.rows, found.record))
        if len(batch) >= BATCH:
            self._send(address, self._waiting.pop(address), last_time=False)

    def leave_out(self, file: FileRows) -> None:
        unread = file.unread
        for row, reason in unread.first:
            self._refuse(row, _READ, None, reason)
        if unread.total > len(unread.first):
            more = unread.total - len(unread.first)
            self._refused += more
            self._tallies[_READ, None].count += more

    def report(self, rows: int, shift: Instant) -> ImportReport:
        """Send what still waits, and sum up."""
        for address, batch in list(self._waiting.items()):
            self._send(address, batch, last_time=False)
        self._waiting.clear()
        again: dict[_Address, list[_Sent]] = {}
        for address, sent in self._again:
            again.setdefault(address, []).append(sent)
        for address, batch in again.items():
            for start in range(0, len(batch), BATCH):
                self._send(address, batch[start : start + BATCH], last_time=True)
        if self._progress is not None:
            self._progress(self._rows, self._rows)
        reasons = sorted(self._tallies.values(), key=lambda tally: -tally.count)
        told = tuple(Reason(t.step, t.named, t.reason, t.count, tuple(t.rows)) for t in reasons)
        return ImportReport(rows, self._added, self._duplicates, self._refused, told, shift)

    def _send(self, address: _Address, batch: list[_Sent], *, last_time: bool) -> None:
        receipt = self._patiently(address, [record for _, record in batch])
        self._added += receipt.accepted
        self._duplicates += receipt.duplicates
        for refusal in receipt.refused:
            self._answer(address, batch[refusal.index], refusal, last_time=last_time)
        if self._progress is not None:
            self._progress(min(max(rows[-1] for rows, _ in batch), self._rows), self._rows)

    def _answer(self, address: _Address, sent: _Sent, refusal: Refusal, *, last_time: bool) -> None:
        if refusal.retryable and not last_time and len(self._again) < _MOST_SENT_AGAIN:
            self._again.append((address, sent))
            return
        rows, record = sent
        line = _LINE.match(refusal.field or "")
        if line is None or len(rows) != len(record.get("lines", ())):
            self._refuse(rows[0], refusal.step, refusal.field, refusal.reason)
        else:
            # What is wrong in a line of an order made of rows is wrong in one row, and told of that row.
            reason = refusal.reason.removeprefix(f"In {line[0].rstrip('.')}: ")
            self._refuse(rows[int(line[1])], refusal.step, (refusal.field or "")[line.end() :] or None, reason)

    def _patiently(self, address: _Address, records: list[dict[str, Any]]) -> Receipt:
        record, source, origin, run_id = address
        for _ in range(_TRIES):
            try:
                return self._accept(records, record=record, source=source, origin=origin, run_id=run_id)
            except BusyError as busy:
                sleep(min(busy.retry_after or 1, 2))
        return self._accept(records, record=record, source=source, origin=origin, run_id=run_id)

    def _refuse(self, row: int, step: str, field: str | None, reason: str) -> None:
        self._refused += 1
        tally = self._tallies.setdefault((step, field), _Tally(step, field, reason))
        tally.count += 1
        if len(tally.rows) < _ROWS_NAMED:
            tally.rows.append(row)
