"""Take events out again, with exactly their share in every total and set: for made-up data, and for clearing."""

from __future__ import annotations

from collections.abc import Sequence

from metrics_core.model.instant import DAY, HOUR, Instant
from metrics_core.rollup.fold import fold
from metrics_core.store.clickhouse.batch import add_totals
from metrics_core.store.clickhouse.facts import TOLD, told, whole
from metrics_core.store.clickhouse.schema import FACTS, SETS, TOTALS_NAME
from metrics_core.store.clickhouse.states import among, text
from metrics_core.store.clickhouse.tally import IS_ACTIVE, IS_BUYER
from metrics_core.store.clickhouse.turns import Turn
from metrics_core.store.sql.rows import COLUMNS, events_of
from metrics_core.store.sql.schema import LONG_BEFORE

_ROWS = 50_000
"""At once; no event has so many lines."""
_SEQ = COLUMNS.index("seq")
_IN_SET = {"buyers": IS_BUYER, "active": IS_ACTIVE}


def forget(turn: Turn, origins: Sequence[str], run_id: str | None) -> int:
    """Have these events, and their share, gone from this turn on; how many there were."""
    facts, state = turn.server.table(FACTS), turn.state
    if run_id is not None:
        chosen = f"run_id = {text(run_id)}"
    else:
        chosen = among("origin", origins) if origins else "1"
    number = int(turn.server.select(f"SELECT count() FROM {facts} WHERE line = 0 AND {chosen} AND {state.facts}")[0][0])
    turn.generation += 1
    if not number:
        return 0
    if run_id is None:
        for table in (FACTS, TOTALS_NAME, SETS):
            turn.void(table, origins=tuple(origins))
        return number
    days = turn.server.select(
        f"SELECT DISTINCT {_start_of(DAY)} AS day, origin FROM {facts} WHERE line = 0 AND {chosen} AND {state.facts} "
        "ORDER BY origin, day"
    )
    _subtract(turn, chosen)
    turn.void(FACTS, run_id=run_id)
    touched = _stretches([(int(day), origin) for day, origin in days])
    _count_users_again(turn, touched)
    for low, high, origin in touched:
        turn.void(SETS, origins=(origin,), low=low, high=high)
    return number


def _subtract(turn: Turn, chosen: str) -> None:
    """Add what these events added once more, with the sign turned round."""
    after = 0
    while True:
        rows = list(told(turn.server.columns(
            f"SELECT {TOLD} FROM {turn.server.table(FACTS)} WHERE seq > {after} AND {chosen} AND {turn.state.facts} "
            f"ORDER BY seq LIMIT {_ROWS}"
        )))
        end = whole(rows, _ROWS)
        shares = fold(events_of(rows[:end])).rows
        add_totals(turn, [row._replace(totals=tuple([-value for value in row.totals])) for row in shares])
        if len(rows) < _ROWS:
            return
        after = rows[end - 1][_SEQ]


def _count_users_again(turn: Turn, touched: Sequence[tuple[Instant, Instant, str]]) -> None:
    """The sets of these days, and of their hours, from the events that stay."""
    some = " OR ".join(f"(at >= {low} AND at < {high} AND origin = {text(origin)})" for low, high, origin in touched)
    sets, facts = turn.server.table(SETS), turn.server.table(FACTS)
    for name, condition in _IN_SET.items():
        for grain in (HOUR, DAY):
            turn.command(
                f"INSERT INTO {sets} (name, grain, start, origin, users, batch) "
                f"SELECT {text(name)}, {grain}, {_start_of(grain)} AS begin, origin, groupBitmapState(user) AS u, "
                f"{turn.number} FROM {facts} "
                f"WHERE ({some}) AND user != 0 AND {condition} AND {turn.state.facts} GROUP BY begin, origin"
            )


def _start_of(grain: int) -> str:
    return f"at - (at + {LONG_BEFORE}) % {grain}"


def _stretches(days: Sequence[tuple[Instant, str]]) -> list[tuple[Instant, Instant, str]]:
    """Days that follow one another as one stretch, for each origin."""
    found: list[tuple[Instant, Instant, str]] = []
    for day, origin in days:
        if found and found[-1][1:] == (day, origin):
            found[-1] = (found[-1][0], day + DAY, origin)
        else:
            found.append((day, day + DAY, origin))
    return found
