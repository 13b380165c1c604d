"""What a viewer chose: period, comparison, zone, origin, filters and refresh; as JSON and as the parameters of a link."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import unquote

from metrics_core.errors import BadRequestError
from metrics_core.model.dimension import DIMENSIONS
from metrics_core.model.query import Filter, Value
from metrics_core.model.window import PERIODS, WEEKDAYS
from metrics_core.reads.ask import VIEWS, zones
from metrics_core.reads.names import is_list, known, quoted
from metrics_core.reads.where import filters_of

CUSTOM = "custom"
COMPARISONS = ("previous", "off")
SHORTEST_REFRESH, LONGEST_REFRESH = 2, 300
LONGEST = 20_000
"""Characters of a state: longer ones are nothing a person chose."""

PARTS: dict[str, tuple[str, ...]] = {
    "period": ("period", "start", "end"), "compare": ("compare",), "zone": ("zone",), "origin": ("origin",),
    "refresh": ("refresh",),
}
"""The parts of a state besides its filters, and the fields of each."""

_PARAMS = {"period": "period", "start": "from", "end": "to", "compare": "compare", "zone": "zone", "origin": "origin",
           "where": "where", "refresh": "refresh"}  # fmt: skip
"""Fields, and what each is called in a link."""


@dataclass(frozen=True, slots=True)
class State:
    """What a viewer chose. In a link, `period` is always said, so that a link means the same whatever its dashboard says."""

    period: str = "24h"
    """A period's name, or `custom` with a start (and an end; without one until now)."""
    start: str | None = None
    """ISO 8601; without an offset it is read in the zone."""
    end: str | None = None
    compare: str = "previous"
    zone: str | None = None
    """None is the reporting zone."""
    origin: str = "real"
    where: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    """By dimension the values that are kept, as a question names them (`Monday`, 8, None for what has none)."""
    refresh: int = 10
    """Seconds; 0 is off."""

    # --------------------------------------------------------------------------------------------------------- in a link

    @classmethod
    def from_params(cls, params: Mapping[str, str], default: State | None = None) -> State:
        """The state a link says; other parameters are left alone.

        A link that says its period says everything: what it leaves out is as nobody changed it. Any other is laid over
        `default`, the state its dashboard opens with.
        """
        said = {name: params[param] for name, param in _PARAMS.items() if param in params}
        complete = "period" in said or default is None
        return cls._read(said, cls() if complete or default is None else default)

    def to_params(self) -> dict[str, str]:
        """The parameters of a link to this state: `from_params` of them is this state again."""
        plain, params = State(), {"period": self.period}
        for name, param in _PARAMS.items():
            value = getattr(self, name)
            if name not in ("period", "where") and value != getattr(plain, name):
                params[param] = str(value)
        if self.where:
            params["where"] = _told(self.where)
        return params

    # ---------------------------------------------------------------------------------------------------------- as JSON

    @classmethod
    def of(cls, body: object, default: State | None = None) -> State:
        """The state that a JSON object says, with the names of either the fields or the parameters of a link.

        As in a link, what says its period says everything; anything else is laid over `default`.
        """
        if body is None:
            return default or cls()
        if isinstance(body, State):
            return body
        if not isinstance(body, Mapping):
            msg = f'A state is an object like {{"period": "7d", "where": {{"channel": ["online"]}}}}; {quoted(body)} is not.'
            raise BadRequestError(msg)
        fields = {param: name for name, param in _PARAMS.items()} | {name: name for name in _PARAMS}
        said = {fields[known("part of a state", name, fields)]: value for name, value in body.items()}
        complete = said.get("period") is not None or default is None
        given = {name: value for name, value in said.items() if value is not None}
        return cls._read(given, cls() if complete or default is None else default)

    def body(self) -> dict[str, object]:
        """The state as a JSON object."""
        return {
            "period": self.period, "start": self.start, "end": self.end, "compare": self.compare, "zone": self.zone,
            "origin": self.origin, "where": {name: list(values) for name, values in self.where.items()},
            "refresh": self.refresh,
        }  # fmt: skip

    # ---------------------------------------------------------------------------------------------------------- meaning

    @property
    def over(self) -> str | dict[str, str]:
        """The time, as a question names it."""
        if self.period != CUSTOM:
            return self.period
        return {"start": self.start or ""} | ({"end": self.end} if self.end else {})

    def filters(self) -> tuple[Filter, ...]:
        return filters_of({name: list(values) for name, values in self.where.items()})

    def floored(self, floor: int) -> State:
        """The same, refreshed no faster than the administrator allows."""
        return replace(self, refresh=max(self.refresh, floor)) if self.refresh else self

    def key(self) -> tuple[tuple[str, str], ...]:
        """What two states have in common that ask the same."""
        return tuple(sorted(replace(self, refresh=0).to_params().items()))

    @classmethod
    def _read(cls, said: Mapping[str, object], default: State) -> State:
        found: dict[str, object] = {}
        if "period" in said or "start" in said or "end" in said:
            found |= _period(said)
        if "compare" in said:
            found["compare"] = known("comparison", said["compare"], COMPARISONS)
        if "zone" in said:
            found["zone"] = known("time zone", said["zone"], zones()) if said["zone"] else None
        if "origin" in said:
            found["origin"] = known("origin", said["origin"], VIEWS)
        if "where" in said:
            found["where"] = _where(said["where"])
        if "refresh" in said:
            found["refresh"] = _refresh(said["refresh"])
        return replace(default, **found)  # type: ignore[arg-type]


def _period(said: Mapping[str, object]) -> dict[str, object]:
    period = known("period", said.get("period", CUSTOM), (*PERIODS, CUSTOM))
    if period != CUSTOM:
        return {"period": period, "start": None, "end": None}
    start, end = (_time(said.get(name), _PARAMS[name]) for name in ("start", "end"))
    if start is None:
        msg = "A custom period needs a start, as in from=2026-11-01&to=2026-11-08. Without an end it lasts until now."
        raise BadRequestError(msg)
    return {"period": period, "start": start, "end": end}


def _time(text: object, what: str) -> str | None:
    if text is None or text == "":
        return None
    with suppress(ValueError):
        if isinstance(text, str):
            datetime.fromisoformat(text)
            return text
    msg = f"`{what}` is {quoted(text)}, which is no time. Write it as 2026-11-19, or 2026-11-19T14:30."
    raise BadRequestError(msg)


def _refresh(value: object) -> int:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    seconds = int(text) if re.fullmatch(r"[0-9]{1,4}", text) else -1
    if seconds != 0 and not SHORTEST_REFRESH <= seconds <= LONGEST_REFRESH:
        msg = f"`refresh` is {quoted(value)}; it is 0 (off), or {SHORTEST_REFRESH} to {LONGEST_REFRESH} seconds."
        raise BadRequestError(msg)
    return seconds


# ---------------------------------------------------------------------------------------------------------------- filters

_NONE = "~"
"""What stands in a link for "not named"."""
_RESERVED = "%,;:~"


def _told(where: Mapping[str, Sequence[Value]]) -> str:
    """`channel:online,retail;region:Europe`, by dimension."""
    return ";".join(f"{name}:{','.join(_escaped(value) for value in where[name])}" for name in sorted(where))


def _escaped(value: Value) -> str:
    if value is None:
        return _NONE
    return "".join(f"%{ord(letter):02X}" if letter in _RESERVED else letter for letter in str(value))


def _where(where: object) -> dict[str, tuple[Value, ...]]:
    if isinstance(where, str):
        if len(where) > LONGEST:
            msg = f"The filters of this link have {len(where)} characters, more than {LONGEST}."
            raise BadRequestError(msg)
        where = _parsed(where)
    if not isinstance(where, Mapping):
        msg = f'`where` is an object like {{"channel": ["online"]}}, or text like channel:online; {quoted(where)} is not.'
        raise BadRequestError(msg)
    found: dict[str, tuple[Value, ...]] = {}
    for name in sorted(known("dimension", name, DIMENSIONS) for name in where):
        wanted = where[name]
        if isinstance(wanted, Mapping):
            msg = f"The filter on {name} names the values that are kept, as in {{{name!r}: [...]}}."
            raise BadRequestError(msg)
        (read,) = filters_of({name: list(wanted) if is_list(wanted) else [wanted]})
        found[name] = tuple(WEEKDAYS[int(value or 0)].title() for value in read.values) if name == "weekday" else read.values
    if len(_told(found)) > LONGEST:
        msg = f"These filters have more than {LONGEST} characters. Filter by fewer values."
        raise BadRequestError(msg)
    return found


def _parsed(text: str) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    for part in filter(None, text.split(";")):
        name, colon, values = part.partition(":")
        if not colon:
            msg = f"The filter {part[:80]!r} has no values. Write it as channel:online,retail."
            raise BadRequestError(msg)
        found.setdefault(name, []).extend(_value(name, value) for value in values.split(","))
    return found


def _value(name: str, text: str) -> Value:
    if text == _NONE:
        return None
    if name == "hour" and re.fullmatch(r"[0-9]{1,2}", text):
        return int(text)
    return unquote(text)
