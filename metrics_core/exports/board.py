"""What an export is of: the widgets of a dashboard as they were drawn, and the moment, zone and filters they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from metrics_core.errors import NotFoundError
from metrics_core.exports.letters import lacking
from metrics_core.model.dashboard import Dashboard, Place
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.instant import instant
from metrics_core.model.query import Filter, Value
from metrics_core.model.window import Calendar
from metrics_core.widgets import words
from metrics_core.widgets.drawing import Drawing
from metrics_core.widgets.frame import Frame

Json: TypeAlias = Mapping[str, Any]

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many of how many widgets are written."""

_DRAWING: TypeAdapter[Drawing] = TypeAdapter(Drawing)


@dataclass(frozen=True, slots=True)
class Tile:
    """One widget: what it is called, where it sits, and its drawing, or why there is none."""

    id: str
    kind: str
    title: str
    place: Place
    drawing: Drawing | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard, or one widget of it, as somebody saw it."""

    title: str
    description: str
    tiles: tuple[Tile, ...]
    snapshot: int
    as_of: datetime
    data_through: datetime | None
    computed_at: datetime
    """These three in the zone."""
    zone: str
    period: str
    compared: bool
    filters: tuple[tuple[str, str], ...]
    """Dimension and values, in words."""
    limits: tuple[tuple[str, str], ...]
    """The same of what whoever asks is limited to."""
    origin: str
    """The data that is counted, in words."""
    watermark: str | None
    """The words that stand over data that is not all real."""
    currency: str
    digits: int
    frozen: bool

    def facts(self) -> list[tuple[str, str]]:
        """What every file says of itself."""
        return [
            ("Dashboard", self.title), ("Snapshot", str(self.snapshot)), ("Figures of", _time(self.as_of)),
            ("Data through", "n/a" if self.data_through is None else _time(self.data_through)),
            ("Computed", _time(self.computed_at)), ("Time zone", self.zone), ("Period", self.period),
            ("Compared", "with the period before" if self.compared else "with nothing"),
            ("Filters", told(self.filters) or "None"),
            *((("Limited to", told(self.limits)),) if self.limits else ()),
            ("Data", self.origin), ("Currency", self.currency),
            *((("Frozen", "As it was when the link was made"),) if self.frozen else ()),
        ]  # fmt: skip

    def line(self) -> str:
        """The same in one line, under a title."""
        through = "" if self.data_through is None else f"Data through {self.data_through:%H:%M:%S} · "
        day = f"{self.as_of:%a} {self.as_of.day} {self.as_of:%b %Y}"
        return f"{through}computed {self.computed_at:%H:%M:%S} · {day}, {self.zone} · {self.numbered()}"

    def boxed(self) -> str:
        """What a drawn file says where some of its letters are boxes; nothing where all are drawn."""
        drawn = (tile.drawing.model_dump_json() for tile in self.tiles if tile.drawing is not None)
        facts = (value for fact in (*self.filters, *self.limits) for value in fact)
        texts = (self.title, self.description, *facts, *(tile.title for tile in self.tiles), *drawn)
        scripts = " and ".join(lacking("".join(texts)))
        return scripts and f"This server has no font for some letters ({scripts}); they are boxes here."

    def numbered(self) -> str:
        """The number of its snapshot, for those who compare."""
        return f"snapshot {self.snapshot}" if self.snapshot else "between two snapshots"


def told(filters: Sequence[tuple[str, str]]) -> str:
    """Filters in one line."""
    return "; ".join(f"{name}: {values}" for name, values in filters)


def nobody(done: int, of: int) -> None:
    """Nobody waits to be told."""


def board_of(
    dashboard: Dashboard, data: Json, *, widget: str | None, own: Sequence[Filter], calendar: Calendar,
    currency: str, digits: int, frozen: bool = False,
) -> Board:
    """What is exported of an answered dashboard: all of it, or the one widget; `own` are the filters of whoever asks."""
    wanted = [row for row in dashboard.widgets if widget is None or row.id == widget]
    if widget is not None and not wanted:
        msg = f"This dashboard has no widget {widget[:64]!r}. It has: {', '.join(row.id for row in dashboard.widgets)}."
        raise NotFoundError(msg)
    state, moment, origin = data["state"], data["instant"], data["origin"]
    zone = ZoneInfo(moment["zone"])
    as_of = datetime.fromisoformat(moment["asOf"])
    through = moment["dataThrough"]
    over = state["period"] if state["period"] != "custom" else {
        name: state[name] for name in ("start", "end") if state[name]}  # fmt: skip
    frame = Frame(over, instant(as_of), zone=zone.key, week_start=calendar.week_start)
    limits = tuple(dict.fromkeys(_filter(row.dimension, row.values, negated=row.negated) for row in own))
    chosen = dict.fromkeys(_filter(name, values) for name, values in state["where"].items())
    reading_order = sorted(wanted, key=lambda row: (row.place.y, row.place.x))
    data_through = None if through is None else datetime.fromisoformat(through).astimezone(zone)
    return Board(
        title=dashboard.title, description=dashboard.description,
        tiles=tuple(_tile(row, data["widgets"][row.id]) for row in reading_order), snapshot=moment["seq"],
        as_of=as_of.astimezone(zone), data_through=data_through,
        computed_at=datetime.fromisoformat(moment["computedAt"]).astimezone(zone), zone=zone.key,
        period=words.capital(words.period(over, frame)), compared=state["compare"] != "off",
        filters=tuple(row for row in chosen if row not in limits), limits=limits, origin=_origin(origin),
        watermark=origin["watermark"],
        currency=currency, digits=digits, frozen=frozen,
    )  # fmt: skip


def _tile(row: Any, drawn: Json) -> Tile:
    error = drawn.get("error")
    drawing = None if error is not None else _DRAWING.validate_python(drawn["drawing"])
    title = row.title or ("" if drawing is None else drawing.title) or row.kind
    return Tile(row.id, row.kind, title, row.place, drawing, None if error is None else str(error["message"]))


def _filter(dimension: str, values: Sequence[Value], *, negated: bool = False) -> tuple[str, str]:
    said = ", ".join(words.name(dimension, value) for value in values)
    return DIMENSIONS[dimension].label, f"not {said}" if negated else said


def _origin(origin: Json) -> str:
    shown = ", ".join(origin["shown"]) or "none yet"
    return f"{origin['watermark'] or 'Real data'} ({shown})"


def _time(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="milliseconds" if at.microsecond else "seconds")
