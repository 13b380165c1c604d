"""The figures of a snapshot by scanning all rows in DuckDB: window by window, and in the fewest passes that we found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from benchmarks.filled import ORIGIN, columns_in_duckdb
from benchmarks.sales import Facts
from metrics_core.model.event import ORDER_COMPLETED, ORDER_FAILED, REFUND, VIEW
from metrics_core.model.instant import HOUR, MINUTE, Instant
from metrics_core.model.snapshot import Snapshot
from metrics_core.model.window import Calendar, Window
from metrics_core.reads.snapshot import RECENT, SHOWN_PERIODS

_SUMS = {
    "transactions": "sum(placed)",
    "orders": f"count(*) FILTER (kind = '{ORDER_COMPLETED}')",
    "failed": f"count(*) FILTER (kind = '{ORDER_FAILED}')",
    "quantity": f"sum(quantity) FILTER (kind = '{ORDER_COMPLETED}')",
    "gross_revenue": f"sum(amount) FILTER (kind = '{ORDER_COMPLETED}')",
    "refunds": f"sum(amount) FILTER (kind = '{REFUND}')",
    "views": f"sum(count) FILTER (kind = '{VIEW}')",
    "events": "count(*)",
}
_BUYS, _ACTS = f"kind = '{ORDER_COMPLETED}'", f"kind <> '{REFUND}'"


class Found(NamedTuple):
    """What a snapshot shows, in values that can be compared: figures by period, of it and of what it is compared with."""

    periods: dict[str, tuple[Mapping[str, float | None], Mapping[str, float | None] | None]]
    active_now: int
    peak: int
    peak_at: Instant | None
    recent: list[tuple[Instant, str, int]]
    per_minute: int
    counts: dict[str, int]


def found_in(snapshot: Snapshot) -> Found:
    """The same of a snapshot."""
    return Found(
        {
            name: (dict(row.figures), None if row.before is None else dict(row.before))
            for name, row in snapshot.periods.items()
        },
        snapshot.active_now, snapshot.peak, snapshot.peak_at,
        [(event.at, event.kind, sum(line.amount for line in event.lines)) for event in snapshot.recent],
        snapshot.per_minute, dict(snapshot.counts),
    )  # fmt: skip


class Scan:
    """The facts in a table of DuckDB, in memory, on all cores."""

    def __init__(self, facts: Facts) -> None:
        self._columns = columns_in_duckdb(facts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._columns.close()

    def add(self, rows: Sequence[tuple[Instant, int, int]]) -> None:
        """Further completed orders of one line and one unit: when, by which user, for how much."""
        if not rows:
            return
        (newest,) = self._one("SELECT max(seq) FROM facts")
        self._columns.executemany(
            'INSERT INTO facts (seq, "at", kind, "user", placed, quantity, amount, count, origin) '
            f"VALUES (?, ?, '{ORDER_COMPLETED}', ?, 1, 1, ?, 1, '{ORIGIN}')",
            [(newest + number, *row) for number, row in enumerate(rows, 1)],
        )

    def ask(self, calendar: Calendar, now: Instant) -> Found:
        """Every figure of every period and its comparison, and the rest of a snapshot: a question for each window."""
        five = Window(now - 5 * MINUTE + 1, now + 1)
        figures: dict[Window, Mapping[str, float | None]] = {}
        for window in _whole(_windows(calendar, now)):
            sums = ", ".join(f"({statement})::BIGINT" for statement in _SUMS.values())
            *added, buyers, active = self._one(
                f'SELECT {sums}, count(DISTINCT "user") FILTER ({_BUYS}), count(DISTINCT "user") FILTER ({_ACTS}) '
                f"FROM facts WHERE {_within(window)}"
            )
            (pending,) = self._one(
                f"SELECT sum(placed) - count(*) FILTER ({_BUYS}) - count(*) FILTER (kind = '{ORDER_FAILED}') FROM facts "
                f'WHERE "at" < {window.end}'
            )
            figures[window] = _derived({name: value or 0 for name, value in zip(_SUMS, added, strict=True)},
                                       pending or 0, buyers, active)
        (active,) = self._one(f'SELECT count(DISTINCT "user") FILTER ({_ACTS}) FROM facts WHERE {_within(five)}')
        (events,) = self._one(f"SELECT count(*) FROM facts WHERE {_within(Window(now - MINUTE, now))}")
        return self._found(calendar, now, figures, active, events)

    def take(self, calendar: Calendar, now: Instant) -> Found:
        """The same in as few passes over the rows as we found."""
        minute, five = Window(now - MINUTE, now), Window(now - 5 * MINUTE + 1, now + 1)
        figures, active, (events,) = self._figures(_whole(_windows(calendar, now)), five, minute)
        return self._found(calendar, now, figures, active, events)

    def _found(
        self, calendar: Calendar, now: Instant, figures: Mapping[Window, Mapping[str, float | None]], active: int,
        events: int,
    ) -> Found:
        windows = _windows(calendar, now)
        peak, mark = self._peak(now)
        recent = self._columns.execute(
            'SELECT "at", kind::VARCHAR, amount FROM facts WHERE "at" < ? ORDER BY "at" DESC, seq DESC LIMIT ?',
            [now, RECENT],
        ).fetchall()
        counts = dict(self._columns.execute("SELECT origin::VARCHAR, count(*) FROM facts GROUP BY ALL").fetchall())
        return Found(
            {name: (figures[one], None if other is None else figures[other]) for name, (one, other) in windows.items()},
            active, peak, mark, [(at, kind, 0 if kind == REFUND else amount) for at, kind, amount in recent], events, counts,
        )  # fmt: skip

    def _figures(
        self, windows: Sequence[Window], five: Window, minute: Window
    ) -> tuple[dict[Window, Mapping[str, float | None]], int, tuple[int]]:
        # Time is cut at both ends of every window; each row falls into one slot, and a window is some slots in a row. So
        # the sums take one pass over the rows, and the users another: each user's slots are the bits of one number.
        every = (*windows, five, minute)
        edges = sorted({end for window in every for end in (window.start, window.end)})
        slots = {window: range(edges.index(window.start) + 1, edges.index(window.end) + 1) for window in every}
        slot = _slot(edges, 0)
        sums = ", ".join(f"({statement})::BIGINT" for statement in _SUMS.values())
        by_slot: dict[int, list[int]] = {}
        for number, *row in self._columns.execute(f"SELECT {slot} AS slot, {sums} FROM facts GROUP BY slot").fetchall():
            by_slot[number] = [value or 0 for value in row]
        counted: list[str] = []
        for window in windows:
            mask = _mask(slots[window])
            counted += [f"count(*) FILTER (buys & {mask} <> 0)", f"count(*) FILTER (acts & {mask} <> 0)"]
        users = self._one(
            f"SELECT {', '.join(counted)}, count(*) FILTER (acts & {_mask(slots[five])} <> 0) FROM "
            f"(SELECT bit_or(CASE WHEN {_BUYS} THEN 1::BIGINT << slot ELSE 0 END) AS buys, "
            f"bit_or(CASE WHEN {_ACTS} THEN 1::BIGINT << slot ELSE 0 END) AS acts "
            f'FROM (SELECT kind, "user", {slot} AS slot FROM facts) GROUP BY "user")'
        )
        figures: dict[Window, Mapping[str, float | None]] = {}
        for place, window in enumerate(windows):
            values = _added(by_slot, slots[window])
            ever = _added(by_slot, range(slots[window].stop))
            pending = ever["transactions"] - ever["orders"] - ever["failed"]
            figures[window] = _derived(values, pending, users[2 * place], users[2 * place + 1])
        return figures, users[-1], (_added(by_slot, slots[minute])["events"],)

    def _peak(self, now: Instant) -> tuple[int, Instant | None]:
        first, last = (now - 24 * HOUR) // MINUTE + 1, now // MINUTE
        row = self._columns.execute(
            'SELECT count(DISTINCT "user") AS users, mark FROM (SELECT "user", unnest(range('
            f'("at" + {MINUTE - 1}) // {MINUTE}, ("at" + {6 * MINUTE - 1}) // {MINUTE})) AS mark FROM facts '
            f'WHERE "at" > {now - 24 * HOUR - 5 * MINUTE} AND "at" <= {now} AND {_ACTS}) '
            f"WHERE mark BETWEEN {first} AND {last} GROUP BY mark ORDER BY users DESC, mark LIMIT 1"
        ).fetchone()
        return (0, None) if row is None else (row[0], row[1] * MINUTE)

    def _one(self, statement: str) -> tuple[Any, ...]:
        row = self._columns.execute(statement).fetchone()
        assert row is not None
        return row


def _windows(calendar: Calendar, now: Instant) -> dict[str, tuple[Window, Window | None]]:
    """The window of every period, and what it is compared with."""
    found: dict[str, tuple[Window, Window | None]] = {}
    for period in SHOWN_PERIODS:
        compared = calendar.compared(period, now)
        found[period] = (calendar.window(period, now), compared[0] if compared else None)
    return found


def _whole(windows: Mapping[str, tuple[Window, Window | None]]) -> list[Window]:
    return [window for pair in windows.values() for window in pair if window is not None]


def _within(window: Window) -> str:
    return f'"at" >= {window.start} AND "at" < {window.end}'


def _slot(edges: Sequence[Instant], first: int) -> str:
    """The number of the slot a row falls into: a tree of comparisons."""
    if not edges:
        return str(first)
    middle = len(edges) // 2
    below, above = _slot(edges[:middle], first), _slot(edges[middle + 1 :], first + middle + 1)
    return f'CASE WHEN "at" < {edges[middle]} THEN {below} ELSE {above} END'


def _mask(slots: range) -> int:
    return sum(1 << number for number in slots)


def _added(by_slot: Mapping[int, Sequence[int]], slots: range) -> dict[str, int]:
    rows = [by_slot[number] for number in slots if number in by_slot]
    if not rows:
        return dict.fromkeys(_SUMS, 0)
    return dict(zip(_SUMS, (sum(column) for column in zip(*rows, strict=True)), strict=True))


def _derived(values: Mapping[str, int], pending: int, buyers: int, active: int) -> dict[str, float | None]:
    def share(top: int, bottom: int, scale: int) -> float | None:
        return scale * top / bottom if bottom else None

    return {
        **values, "revenue": values["gross_revenue"] - values["refunds"], "pending": pending,
        "completed": values["orders"], "purchases": values["orders"], "buyers": buyers, "active_users": active,
        "avg_order_value": share(values["gross_revenue"], values["orders"], 1),
        "conversion_rate": share(values["orders"], values["views"], 100),
        "visitor_conversion": share(buyers, active, 100),
    }  # fmt: skip
